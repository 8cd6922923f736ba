/** Digests that stand for secrets and requests in keys. */
import * as Redacted from "effect/Redacted"
import { hash } from "node:crypto"

const digest = (text: string): string => hash("sha256", text, "base64url")

export type DigestOf = (secret: Redacted.Redacted) => string

/** Remembers digests by the object of the secret: one token object serves many requests, and a token may be long. */
export const makeDigestOf = (): DigestOf => {
  const known = new WeakMap<Redacted.Redacted, string>()
  return (secret) => {
    const found = known.get(secret)
    if (found !== undefined) return found
    const made = digest(Redacted.value(secret))
    known.set(secret, made)
    return made
  }
}

export const ofValues = (values: ReadonlyArray<unknown>): string => digest(JSON.stringify(values))
