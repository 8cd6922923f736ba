/**
 * Credentials in memory: so many at most, the oldest goes first.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"

/** @internal */
export interface Entry {
  readonly credential: Redacted.Redacted
  /** In milliseconds since the epoch: from then on it is not given out. */
  readonly usableUntil: number
}

/** @internal */
export const isSame = (a: Redacted.Redacted, b: Redacted.Redacted): boolean =>
  a === b || Redacted.value(a) === Redacted.value(b)

/** @internal */
export interface Memory<E extends Entry> {
  readonly get: (key: string) => E | undefined
  readonly set: (key: string, entry: E) => void
  readonly remove: (key: string) => void
  readonly keysOf: (credential: Redacted.Redacted) => ReadonlyArray<string>
}

/** @internal */
export const make = <E extends Entry>(capacity: number): Memory<E> => {
  const entries = new Map<string, E>()
  return {
    get: (key) => entries.get(key),
    set: (key, entry) => {
      // What is written again is new.
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
