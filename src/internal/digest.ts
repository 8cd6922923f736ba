/** Digests of secrets and requests, for use in keys. */
import { memoize } from "effect/Function"
import * as Redacted from "effect/Redacted"
import { hash } from "node:crypto"

const digest = (value: string): string => hash("sha256", value, "base64url")

export type DigestOf = (secret: Redacted.Redacted) => string

/** Remembers digests by secret object: a token may be long, and one object serves many requests. */
export const makeDigestOf = (): DigestOf => memoize((secret) => digest(Redacted.value(secret)))

export const ofValues = (values: ReadonlyArray<unknown>): string => digest(JSON.stringify(values))

/** Sorts a list and removes duplicates, because neither changes the credential. */
export const setOf = (list: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  list.length < 2 ? list : [...new Set(list)].sort()

export const pairsOf = (record: { readonly [name: string]: string } = {}): ReadonlyArray<readonly [string, string]> =>
  Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1)
