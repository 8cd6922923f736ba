/** A map that returns pages in the order of its keys. It sorts the keys at the first page, and keeps them sorted. */

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

export type SortedMap<A> = ReturnType<typeof make<A>>

export const make = <A>() => {
  const values = new Map<string, A>()
  let keys: Array<string> | undefined
  return {
    get: (key: string): A | undefined => values.get(key),
    set: (key: string, value: A): void => {
      if (keys !== undefined && !values.has(key)) keys.splice(countBefore(keys, key), 0, key)
      values.set(key, value)
    },
    delete: (key: string): void => {
      if (values.delete(key)) keys?.splice(countBefore(keys, key), 1)
    },
    /** Returns all entries, in any order. */
    all: (): Iterable<readonly [key: string, value: A]> => values,
    /** Returns at most `limit` entries after a key, ordered by the code units of their keys. */
    page: (after: string | undefined, limit: number): ReadonlyArray<readonly [key: string, value: A]> => {
      keys ??= [...values.keys()].sort()
      const start = after === undefined ? 0 : countBefore(keys, after) + (values.has(after) ? 1 : 0)
      // Every key has a value.
      return keys.slice(start, start + limit).map((key) => [key, values.get(key) as A])
    }
  }
}
