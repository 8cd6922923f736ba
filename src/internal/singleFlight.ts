/**
 * Single flight: concurrent callers share one run of an effect. `RcMap` of Effect keeps a failed run until its last
 * caller has left, so that a caller who retries immediately gets the old failure (`effect` 4.1.0).
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

interface Flight<A, E> {
  readonly result: Deferred.Deferred<A, E>
  callers: number
  fiber: Fiber.Fiber<unknown> | undefined
}

/**
 * Returns the result of the flight of the key. The first caller starts it with `effect`. Later callers run `onJoin`,
 * and wait for it.
 *
 * A flight runs in a separate fiber, with the context of the first caller. Interrupting a caller interrupts no other
 * caller. When all callers are interrupted, so is the flight, and the last caller waits for its finalizers.
 */
type SingleFlight<A, E> = (
  key: string,
  effect: Effect.Effect<A, E>,
  onJoin?: Effect.Effect<void>
) => Effect.Effect<A, E>

export const makeUnsafe = <A, E>(): SingleFlight<A, E> => {
  const flights = new Map<string, Flight<A, E>>()

  return (key, effect, onJoin = Effect.void) =>
    Effect.uninterruptibleMask((restore) => {
      const joined = flights.get(key)
      const flight = joined ?? { result: Deferred.makeUnsafe<A, E>(), callers: 0, fiber: undefined }
      flight.callers++
      flights.set(key, flight)

      // The flight leaves the map before its callers get the result, and before it is interrupted. So the next caller
      // starts a new one.
      const remove = (): boolean => flights.get(key) === flight && flights.delete(key)
      const start = Effect.interruptible(effect).pipe(
        Effect.ensuring(Effect.sync(remove)),
        Deferred.into(flight.result),
        Effect.forkDetach,
        Effect.map((fiber) => {
          flight.fiber = fiber
        })
      )
      const leave = Effect.suspend(() =>
        --flight.callers === 0 && remove() && flight.fiber !== undefined ? Fiber.interrupt(flight.fiber) : Effect.void
      )
      return Effect.andThen(
        joined === undefined ? start : onJoin,
        Effect.ensuring(restore(Deferred.await(flight.result)), leave)
      )
    })
}
