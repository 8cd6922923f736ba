/**
 * Credentials as a store holds them, sealed. The sealed value contains its key of the store, so that it does not open under another one.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StoredCredential } from "../../internal/credentialCache/store.js"
import * as Sealing from "../../internal/sealing.js"

/** @internal */
export interface CredentialSealing {
  readonly seal: (key: string, stored: StoredCredential) => Effect.Effect<string>
  /** Fails for a value that was not sealed under one of the secrets and for this key. */
  readonly open: (key: string, sealed: unknown) => Effect.Effect<StoredCredential, void>
}

const Content = Schema.Tuple(Schema.String, Schema.Redacted(Schema.String), Schema.Number)

const encode = Schema.encodeSync(Content)
const decode = Schema.decodeUnknown(Content)

const makeKey = (secret: Uint8Array): Effect.Effect<readonly [kid: string, key: CryptoKey]> =>
  Effect.map(Sealing.importKey(Sealing.deriveKey(secret, "credential store 1 values")), (key) => [
    Buffer.from(Sealing.deriveKey(secret, "credential store 1 kid", 9)).toString("base64url"),
    key
  ])

/**
 * The first secret seals, all of them open.
 *
 * @internal
 */
export const make = (
  first: Uint8Array,
  others: ReadonlyArray<Uint8Array>
): Effect.Effect<CredentialSealing> =>
  Effect.gen(function*() {
    const [kid, key] = yield* makeKey(first)
    const keys = new Map([...yield* Effect.forEach(others, makeKey), [kid, key]])
    return {
      seal: (storeKey, { credential, usableUntil }) =>
        Effect.suspend(() => Sealing.seal(encode([storeKey, credential, usableUntil]), key, kid)),
      open: (storeKey, sealed) =>
        Sealing.open(String(sealed), (kid) => keys.get(String(kid))).pipe(
          Effect.flatMap(decode),
          Effect.filterOrFail(([boundTo]) => boundTo === storeKey),
          Effect.map(([, credential, usableUntil]) => ({ credential, usableUntil })),
          // A `ParseError` quotes the value.
          Effect.mapError(() => undefined)
        )
    }
  })
