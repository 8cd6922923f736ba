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

export const make = <A>() => {
  const entries = new Map<string, Entry<A>>()
  const heap: Array<Entry<A>> = []

  const put = (entry: Entry<A>, index: number): void => {
    heap[index] = entry
    entry.index = index
  }
  const rise = (entry: Entry<A>): void => {
    while (entry.index > 0) {
      const { index } = entry
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (parent === undefined || parent.expiresAt <= entry.expiresAt) return
      put(parent, index)
      put(entry, parentIndex)
    }
  }
  const sink = (entry: Entry<A>): void => {
    while (true) {
      const { index } = entry
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      const child = left !== undefined && right !== undefined && right.expiresAt < left.expiresAt ? right : left
      if (child === undefined || entry.expiresAt <= child.expiresAt) return
      const childIndex = child.index
      put(child, index)
      put(entry, childIndex)
    }
  }
  const remove = (key: string): void => {
    const entry = entries.get(key)
    const last = entry && heap.pop()
    entries.delete(key)
    if (entry === undefined || last === undefined || last === entry) return
    put(last, entry.index)
    rise(last)
    sink(last)
  }
  return {
    size: (): number => entries.size,
    get: (key: string): A | undefined => entries.get(key)?.value,
    values: (): ReadonlyArray<A> => Array.from(entries.values(), ({ value }) => value),
    /** `expiresAt` is a time in the unit of `now`. */
    set: (key: string, value: A, expiresAt: number): void => {
      remove(key)
      const entry = { key, value, expiresAt, index: heap.length }
      entries.set(key, entry)
      heap.push(entry)
      rise(entry)
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
      for (let first = heap[0]; first !== undefined && first.expiresAt <= now; first = heap[0]) {
        remove(first.key)
        removed.push(first.value)
      }
      return removed
    }
  }
}
