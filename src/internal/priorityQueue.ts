/** A binary heap whose entries can be removed. Every operation takes O(log n). */

/** An entry of a heap. A lower key comes first. Of equal keys, the entry that was added first comes first. */
export interface Entry<out A> {
  readonly key: number
  readonly order: number
  readonly value: A
  /** The index in the heap, or -1 after the removal. */
  index: number
}

const isBefore = (self: Entry<unknown>, that: Entry<unknown>): boolean =>
  self.key < that.key || (self.key === that.key && self.order < that.order)

export const make = <A>() => {
  const entries: Array<Entry<A>> = []
  let order = 0

  const put = (entry: Entry<A>, index: number): void => {
    entries[index] = entry
    entry.index = index
  }

  const rise = (entry: Entry<A>): void => {
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

  const sink = (entry: Entry<A>): void => {
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
    first: (): Entry<A> | undefined => entries[0],
    add: (key: number, value: A): Entry<A> => {
      const entry: Entry<A> = { key, order: order++, value, index: entries.length }
      entries.push(entry)
      rise(entry)
      return entry
    },
    /** Does nothing for an entry that was removed before. */
    remove: (entry: Entry<A>): void => {
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
