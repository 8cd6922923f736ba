/** Credentials in memory, up to a capacity. The oldest is dropped first. */
import * as Redacted from "effect/Redacted"
import type { StoredCredential } from "./store.js"

export const isSame = (a: Redacted.Redacted, b: Redacted.Redacted): boolean =>
  a === b || Redacted.value(a) === Redacted.value(b)

export interface Memory<Entry extends StoredCredential> {
  readonly get: (key: string) => Entry | undefined
  readonly set: (key: string, entry: Entry) => void
  readonly remove: (key: string) => void
  readonly keysOf: (credential: Redacted.Redacted) => ReadonlyArray<string>
}

export const make = <Entry extends StoredCredential>(capacity: number): Memory<Entry> => {
  const entries = new Map<string, Entry>()
  return {
    get: (key) => entries.get(key),
    set: (key, entry) => {
      // A key that is set again becomes the newest.
      entries.delete(key)
      entries.set(key, entry)
      if (entries.size <= capacity) return
      for (const oldest of entries.keys()) {
        entries.delete(oldest)
        return
      }
    },
    remove: (key) => void entries.delete(key),
    keysOf: (credential) => [...entries].filter(([, entry]) => isSame(entry.credential, credential)).map(([key]) => key)
  }
}
