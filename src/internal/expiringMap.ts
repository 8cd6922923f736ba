/** A map whose entries expire. Every operation takes O(log n). */
import * as Heap from "./priorityQueue.js"

export const make = <A>() => {
  const entries = new Map<string, { readonly value: A; readonly expiry: Heap.Entry<string> }>()
  const expiries = Heap.make<string>()
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
    /** Removes the expired entries, and returns their number. */
    removeExpired: (now: number): number => {
      let removed = 0
      for (let first = expiries.first(); first !== undefined && first.key <= now; first = expiries.first()) {
        remove(first.value)
        removed++
      }
      return removed
    }
  }
}
