/**
 * What stands for a secret, and for a request, wherever it is only to be recognised.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import { hash } from "node:crypto"

/** @internal */
export const digest = (text: string): string => hash("sha256", text, "base64url")

// A caller's token is one object for many requests, and may be long. Nothing is kept alive by it.
const known = new WeakMap<Redacted.Redacted, string>()

/** @internal */
export const ofSecret = (secret: Redacted.Redacted): string => {
  const found = known.get(secret)
  if (found !== undefined) return found
  const made = digest(Redacted.value(secret))
  known.set(secret, made)
  return made
}

/** @internal */
export const ofValues = (values: ReadonlyArray<unknown>): string => digest(JSON.stringify(values))
