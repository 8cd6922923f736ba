/** Mutual exclusion by key. */
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

/** Runs an effect while no other effect runs under the key. A key without users takes no memory. */
export type KeyedLock = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const makeUnsafe = (): KeyedLock => {
  const locks = Effect.runSync(
    // The locks live as long as the function. They hold nothing that has to be closed.
    Scope.provide(RcMap.make({ lookup: (_key: string) => Semaphore.make(1) }), Scope.makeUnsafe())
  )
  return (key, effect) =>
    Effect.scopedWith((scope) =>
      Effect.flatMap(Scope.provide(RcMap.get(locks, key), scope), (lock) => lock.withPermit(effect))
    )
}

export const make: Effect.Effect<KeyedLock> = Effect.sync(makeUnsafe)
