/**
 * Mutual exclusion by key.
 *
 * `RcMap` is not used: on Effect 3 the fiber that adds a key may yield before the key is in the map, so that two fibers
 * get two locks of one key (measured with 3.22.4). With 4.1.0 this was not seen.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Runs an effect while no other effect runs under the key. A key without users takes no memory. */
export type KeyedLock = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const unsafeMake = (): KeyedLock => {
  const locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()
  return (key, effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
        lock.users++
        locks.set(key, lock)
        return lock
      }),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (lock) =>
        Effect.sync(() => {
          if (--lock.users === 0) locks.delete(key)
        })
    )
}

export const make: Effect.Effect<KeyedLock> = Effect.sync(unsafeMake)
