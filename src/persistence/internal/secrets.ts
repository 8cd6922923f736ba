/** The keys of a store: those of its options, and names that are digests under them. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createHmac } from "node:crypto"
import { deriveKey, parseSecret } from "../../internal/sealing.js"

export interface KeyOptions {
  readonly key: Redacted.Redacted
  readonly previousKeys?: ReadonlyArray<Redacted.Redacted> | undefined
}

/** The secrets of a store. It fails with what is wrong with a key. `store` is the name of the store in that message. */
export const parse = (
  { key, previousKeys = [] }: KeyOptions,
  store: string
): Effect.Effect<readonly [first: Uint8Array, others: ReadonlyArray<Uint8Array>], string> =>
  Effect.all([
    Effect.fromResult(parseSecret(Redacted.value(key), `The key of ${store}`)),
    Effect.forEach(previousKeys, (key) =>
      Effect.fromResult(parseSecret(Redacted.value(key), `A previous key of ${store}`)))
  ])

export type DigestOf = (text: string) => string

/** HMAC-SHA-256 in base64url: 43 characters. */
export const makeDigestOf = (purpose: string) => (secret: Uint8Array): DigestOf => {
  const key = deriveKey(secret, purpose)
  return (text) => createHmac("sha256", key).update(text).digest("base64url")
}
