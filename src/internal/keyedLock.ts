/** Mutual exclusion by key. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Runs an effect while no other effect runs under the key. A key without users takes no memory. */
export type KeyedLock = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const makeUnsafe = (): KeyedLock => {
  const locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()
  const acquire = (key: string) => {
    const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
    lock.users++
    locks.set(key, lock)
    return lock
  }
  return (key, effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => acquire(key)),
      ({ semaphore }) => semaphore.withPermit(effect),
      (lock) => Effect.sync(() => --lock.users === 0 && locks.delete(key))
    )
}
