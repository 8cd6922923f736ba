/**
 * One at a time by name, for each owner. A lock that nobody holds or waits for is gone.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

interface Lock {
  readonly semaphore: Effect.Semaphore
  users: number
}

/** @internal */
export const make = <Owner extends object>() => {
  const owners = new WeakMap<Owner, Map<string, Lock>>()

  return <A, E, R>(owner: Owner, name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const locks = owners.get(owner) ?? new Map<string, Lock>()
        owners.set(owner, locks)
        const lock = locks.get(name) ?? { semaphore: Effect.unsafeMakeSemaphore(1), users: 0 }
        lock.users++
        locks.set(name, lock)
        return { lock, locks }
      }),
      ({ lock }) => lock.semaphore.withPermits(1)(effect),
      ({ lock, locks }) =>
        Effect.sync(() => {
          if (--lock.users === 0) {
            locks.delete(name)
          }
        })
    )
}
