/** A map whose entries expire. Every operation takes O(log n). */

export const make = <A>() => {
  const entries = new Map<string, { readonly value: A; readonly expiry: HeapEntry<string> }>()
  const expiries = makeHeap<string>()
  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    expiries.remove(entry.expiry)
  }
  return {
    size: (): number => entries.size,
    get: (key: string): A | undefined => entries.get(key)?.value,
    values: (): ReadonlyArray<A> => Array.from(entries.values(), ({ value }) => value),
    /** `expiresAt` is a time in the unit of `now`. */
    set: (key: string, value: A, expiresAt: number): void => {
      remove(key)
      entries.set(key, { value, expiry: expiries.add(expiresAt, key) })
    },
    remove,
    /** The value of the key that was added first. */
    oldest: (): A | undefined => entries.values().next().value?.value,
    /** Removes the expired entries, and returns their values. */
    removeExpired: (now: number): ReadonlyArray<A> => {
      const removed: Array<A> = []
      for (let first = expiries.first(); first !== undefined && first.key <= now; first = expiries.first()) {
        const entry = entries.get(first.value)
        if (entry !== undefined) removed.push(entry.value)
        remove(first.value)
      }
      return removed
    }
  }
}

// -----------------------------------------------------------------------------
// A binary heap whose entries can be removed. Every operation takes O(log n)
// -----------------------------------------------------------------------------

/** An entry of a heap. A lower key comes first. Of equal keys, the entry that was added first comes first. */
export interface HeapEntry<out A> {
  readonly key: number
  readonly order: number
  readonly value: A
  /** The index in the heap, or -1 after the removal. */
  index: number
}

const isBefore = (self: HeapEntry<unknown>, that: HeapEntry<unknown>): boolean =>
  self.key < that.key || (self.key === that.key && self.order < that.order)

export const makeHeap = <A>() => {
  const entries: Array<HeapEntry<A>> = []
  let order = 0

  const put = (entry: HeapEntry<A>, index: number): void => {
    entries[index] = entry
    entry.index = index
  }

  const rise = (entry: HeapEntry<A>): void => {
    let index = entry.index
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = entries[parentIndex]
      if (parent === undefined || !isBefore(entry, parent)) break
      put(parent, index)
      index = parentIndex
    }
    put(entry, index)
  }

  const sink = (entry: HeapEntry<A>): void => {
    let index = entry.index
    while (true) {
      const left = entries[2 * index + 1]
      const right = entries[2 * index + 2]
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || !isBefore(child, entry)) break
      const childIndex = child.index
      put(child, index)
      index = childIndex
    }
    put(entry, index)
  }

  return {
    size: (): number => entries.length,
    first: (): HeapEntry<A> | undefined => entries[0],
    add: (key: number, value: A): HeapEntry<A> => {
      const entry: HeapEntry<A> = { key, order: order++, value, index: entries.length }
      entries.push(entry)
      rise(entry)
      return entry
    },
    /** Does nothing for an entry that was removed before. */
    remove: (entry: HeapEntry<A>): void => {
      const { index } = entry
      if (index === -1) return
      entry.index = -1
      const last = entries.pop()
      if (last === undefined || last === entry) return
      put(last, index)
      rise(last)
      sink(last)
    }
  }
}
