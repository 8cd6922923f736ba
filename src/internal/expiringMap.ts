/** A map whose entries expire. Every operation takes O(log n). */
import * as Heap from "./priorityQueue.js"

export interface ExpiringMap<in out A> {
  readonly size: () => number
  readonly get: (key: string) => A | undefined
  readonly values: () => ReadonlyArray<A>
  /** `expiresAt` is a time in the unit of `now`. */
  readonly set: (key: string, value: A, expiresAt: number) => void
  readonly remove: (key: string) => void
  /** Removes the expired entries, and returns their number. */
  readonly removeExpired: (now: number) => number
}

export const make = <A>(): ExpiringMap<A> => {
  const entries = new Map<string, { readonly value: A; readonly expiry: Heap.Entry<string> }>()
  const expiries = Heap.make<string>()
  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    expiries.remove(entry.expiry)
  }
  return {
    size: () => entries.size,
    get: (key) => entries.get(key)?.value,
    values: () => Array.from(entries.values(), ({ value }) => value),
    set: (key, value, expiresAt) => {
      remove(key)
      entries.set(key, { value, expiry: expiries.add(expiresAt, key) })
    },
    remove,
    removeExpired: (now) => {
      let removed = 0
      for (let first = expiries.first(); first !== undefined && first.key <= now; first = expiries.first()) {
        remove(first.value)
        removed++
      }
      return removed
    }
  }
}
