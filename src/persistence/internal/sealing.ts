/**
 * Values as a store holds them, sealed. A sealed value contains its name in the store, so that it does not open under another one.
 */
import * as Effect from "effect/Effect"
import * as Sealing from "../../internal/sealing.js"

export interface StoreSealing {
  /** Seals values, which have to be JSON, for a name. */
  readonly seal: (name: string, ...values: ReadonlyArray<unknown>) => Effect.Effect<string>
  /** Returns the values. It fails for what was not sealed under one of the secrets and for this name. */
  readonly open: (name: string, sealed: unknown) => Effect.Effect<ReadonlyArray<unknown>, void>
}

const makeKey = (purpose: string) => (secret: Uint8Array): Effect.Effect<readonly [kid: string, key: CryptoKey]> =>
  Effect.map(Sealing.importKey(Sealing.deriveKey(secret, `${purpose} values`)), (key) => [
    Buffer.from(Sealing.deriveKey(secret, `${purpose} kid`, 9)).toString("base64url"),
    key
  ])

/**
 * The first secret seals, all of them open. `purpose` is a part of the keys: a store cannot open what another kind of store has sealed.
 */
export const make = (
  purpose: string,
  first: Uint8Array,
  others: ReadonlyArray<Uint8Array>
): Effect.Effect<StoreSealing> =>
  Effect.gen(function*() {
    const [kid, key] = yield* makeKey(purpose)(first)
    const keys = new Map([...yield* Effect.forEach(others, makeKey(purpose)), [kid, key]])
    return {
      seal: (name, ...values) => Sealing.seal([name, ...values], key, kid),
      open: (name, sealed) =>
        Effect.flatMap(
          Sealing.open(String(sealed), (kid) => keys.get(String(kid))),
          (content) => {
            const [boundTo, ...values] = Array.isArray(content) ? content : []
            return boundTo === name ? Effect.succeed(values) : Effect.fail(undefined)
          }
        )
    }
  })
