/** A map whose entries expire. Every operation takes O(log n). */
import * as Heap from "./priorityQueue.js"

export interface ExpiringMap<in out A> {
  readonly size: () => number
  readonly get: (key: string) => A | undefined
  readonly values: () => ReadonlyArray<A>
  /** `end` in milliseconds since the epoch. */
  readonly set: (key: string, value: A, end: number) => void
  readonly remove: (key: string) => void
  /** Removes the entries that have ended, and returns their number. */
  readonly removeEnded: (now: number) => number
}

export const make = <A>(): ExpiringMap<A> => {
  const entries = new Map<string, { readonly value: A; readonly end: Heap.Entry<string> }>()
  const ends = Heap.make<string>()
  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    ends.remove(entry.end)
  }
  return {
    size: () => entries.size,
    get: (key) => entries.get(key)?.value,
    values: () => Array.from(entries.values(), ({ value }) => value),
    set: (key, value, end) => {
      remove(key)
      entries.set(key, { value, end: ends.add(end, key) })
    },
    remove,
    removeEnded: (now) => {
      let removed = 0
      for (let first = ends.first(); first !== undefined && first.key <= now; first = ends.first()) {
        remove(first.value)
        removed++
      }
      return removed
    }
  }
}
