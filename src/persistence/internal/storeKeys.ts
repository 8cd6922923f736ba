/** The keys of a store. They seal its values and make its names. A name is a digest. */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { createHmac } from "node:crypto"
import * as Sealing from "../../internal/sealing.js"

export interface KeyOptions {
  readonly key: Redacted.Redacted
  readonly previousKeys?: ReadonlyArray<Redacted.Redacted> | undefined
}

/** Returns the secrets of a store, the current one first. An error names the key and `store`. */
export const parse = ({ key, previousKeys = [] }: KeyOptions, store: string) =>
  Effect.forEach(
    Array.prepend(previousKeys, key),
    (key, index) =>
      Effect.fromResult(
        Sealing.parseSecret(key, `${index === 0 ? "The" : "A previous"} key of ${store}`)
      )
  )

/** HMAC-SHA-256 in base64url: 43 characters. */
export const makeDigestOf = (secret: Uint8Array, purpose: string): (value: string) => string => {
  const key = Sealing.deriveKey(secret, purpose)
  return (value) => createHmac("sha256", key).update(value).digest("base64url")
}

const makeKey = (purpose: string) => (secret: Uint8Array): Effect.Effect<readonly [kid: string, key: CryptoKey]> =>
  Effect.map(Sealing.importKey(Sealing.deriveKey(secret, `${purpose} values`)), (key) => [
    Buffer.from(Sealing.deriveKey(secret, `${purpose} kid`, 9)).toString("base64url"),
    key
  ])

/**
 * The first secret seals, all secrets open. A sealed value contains its name in the store, so that it does not open
 * under another name. Nor does a value that was sealed with another `purpose`.
 */
export const makeSealing = (purpose: string, secrets: Array.NonEmptyReadonlyArray<Uint8Array>) =>
  Effect.map(Effect.forEach(secrets, makeKey(purpose)), (keys) => {
    const [kid, key] = keys[0]
    const byId = new Map(keys)
    return {
      /** Seals values, which have to be JSON, for a name. */
      seal: (name: string, ...values: ReadonlyArray<unknown>) => Sealing.seal([name, ...values], key, kid),
      /** Returns the values. Fails unless they were sealed for this name and under one of the secrets. */
      open: (name: string, sealed: unknown) =>
        Effect.flatMap(
          Sealing.open(String(sealed), (kid) => byId.get(String(kid))),
          (content) => {
            const [boundTo, ...values] = Array.isArray(content) ? content : []
            return boundTo === name ? Effect.succeed<ReadonlyArray<unknown>>(values) : Effect.fail(undefined)
          }
        )
    }
  })
