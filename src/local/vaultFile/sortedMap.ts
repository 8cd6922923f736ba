/** A map that returns pages in the order of its keys. It sorts the keys at the first page, and keeps them sorted. */

export interface SortedMap<A> {
  readonly get: (key: string) => A | undefined
  readonly has: (key: string) => boolean
  readonly set: (key: string, value: A) => void
  readonly delete: (key: string) => void
  /** Returns all entries, in any order. */
  readonly all: () => Iterable<readonly [key: string, value: A]>
  /** Returns at most `limit` entries after a key, ordered by the code units of their keys. */
  readonly page: (after: string | undefined, limit: number) => ReadonlyArray<readonly [key: string, value: A]>
}

/** Counts the keys before a key. */
const countBefore = (keys: ReadonlyArray<string>, key: string): number => {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}

export const make = <A>(): SortedMap<A> => {
  const values = new Map<string, A>()
  let keys: Array<string> | undefined
  return {
    get: (key) => values.get(key),
    has: (key) => values.has(key),
    set: (key, value) => {
      if (keys !== undefined && !values.has(key)) keys.splice(countBefore(keys, key), 0, key)
      values.set(key, value)
    },
    delete: (key) => {
      if (values.delete(key)) keys?.splice(countBefore(keys, key), 1)
    },
    all: () => values,
    page: (after, limit) => {
      keys ??= [...values.keys()].sort()
      const start = after === undefined ? 0 : countBefore(keys, after) + (values.has(after) ? 1 : 0)
      // Every key has a value.
      return keys.slice(start, start + limit).map((key) => [key, values.get(key) as A])
    }
  }
}
