/**
 * A map whose entries expire: a hash map, with a binary heap of its entries by expiry. Every operation takes O(log n).
 */

interface Entry<out A> {
  readonly key: string
  readonly value: A
  readonly expiresAt: number
  /** The index in the heap. */
  index: number
}

/** A binary heap: the entry that expires first is its root. */
const makeHeap = <A>() => {
  const entries: Array<Entry<A>> = []

  const put = (entry: Entry<A>, index: number): void => {
    entries[index] = entry
    entry.index = index
  }
  const rise = (entry: Entry<A>): void => {
    while (entry.index > 0) {
      const { index } = entry
      const parentIndex = (index - 1) >> 1
      const parent = entries[parentIndex]
      if (parent === undefined || parent.expiresAt <= entry.expiresAt) return
      put(parent, index)
      put(entry, parentIndex)
    }
  }
  const sink = (entry: Entry<A>): void => {
    while (true) {
      const { index } = entry
      const left = entries[2 * index + 1]
      const right = entries[2 * index + 2]
      const child = left !== undefined && right !== undefined && right.expiresAt < left.expiresAt ? right : left
      if (child === undefined || entry.expiresAt <= child.expiresAt) return
      const childIndex = child.index
      put(child, index)
      put(entry, childIndex)
    }
  }
  return {
    first: (): Entry<A> | undefined => entries[0],
    add: (key: string, value: A, expiresAt: number): Entry<A> => {
      const entry = { key, value, expiresAt, index: entries.length }
      entries.push(entry)
      rise(entry)
      return entry
    },
    remove: (entry: Entry<A>): void => {
      const last = entries.pop()
      if (last === undefined || last === entry) return
      put(last, entry.index)
      rise(last)
      sink(last)
    }
  }
}

export const make = <A>() => {
  const entries = new Map<string, Entry<A>>()
  const heap = makeHeap<A>()

  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (entry !== undefined) heap.remove(entry)
    entries.delete(key)
  }
  return {
    size: (): number => entries.size,
    get: (key: string): A | undefined => entries.get(key)?.value,
    values: (): ReadonlyArray<A> => Array.from(entries.values(), ({ value }) => value),
    /** `expiresAt` is a time in the unit of `now`. */
    set: (key: string, value: A, expiresAt: number): void => {
      remove(key)
      entries.set(key, heap.add(key, value, expiresAt))
    },
    remove,
    /** The value of the key that was added first, of those that match. */
    oldest: (matches: (value: A) => boolean = () => true): A | undefined => {
      for (const { value } of entries.values()) if (matches(value)) return value
      return undefined
    },
    /** Removes the expired entries, and returns their values. Those that expired first come first. */
    removeExpired: (now: number): ReadonlyArray<A> => {
      const removed: Array<A> = []
      for (let first = heap.first(); first !== undefined && first.expiresAt <= now; first = heap.first()) {
        remove(first.key)
        removed.push(first.value)
      }
      return removed
    }
  }
}
