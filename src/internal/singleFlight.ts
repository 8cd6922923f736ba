/**
 * One run of an effect for all who ask for it at the same time.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"

interface Flight<A, E> {
  readonly result: Deferred.Deferred<A, E>
  callers: number
  fiber: Fiber.RuntimeFiber<unknown> | undefined
}

/** @internal */
export interface Flights<A, E> {
  /**
   * The result of what runs under the key, or else of `effect`, which then runs for whoever joins later. It runs in a fiber of its own:
   * a caller who is interrupted stops nobody else, and when all are gone it is interrupted. `onJoin` is run by a caller who joins.
   */
  readonly share: (key: string, effect: Effect.Effect<A, E>, onJoin: Effect.Effect<void>) => Effect.Effect<A, E>
}

/** @internal */
export const make = <A, E>(): Flights<A, E> => {
  const flights = new Map<string, Flight<A, E>>()

  // Gone from the map before it is interrupted: whoever comes now starts anew.
  const land = (key: string, flight: Flight<A, E>): boolean => flights.get(key) === flight && flights.delete(key)

  const leave = (key: string, flight: Flight<A, E>): Effect.Effect<void> =>
    Effect.suspend(() => {
      flight.callers--
      return flight.callers === 0 && land(key, flight) && flight.fiber !== undefined
        ? Fiber.interrupt(flight.fiber)
        : Effect.void
    })

  return {
    share: (key, effect, onJoin) =>
      // Between being counted and waiting nobody can be lost.
      Effect.uninterruptibleMask((restore) => {
        const wait = (flight: Flight<A, E>): Effect.Effect<A, E> =>
          Effect.ensuring(restore(Deferred.await(flight.result)), leave(key, flight))

        const running = flights.get(key)
        if (running !== undefined) {
          running.callers++
          return Effect.zipRight(onJoin, wait(running))
        }
        const flight: Flight<A, E> = { result: Deferred.unsafeMake(FiberId.none), callers: 1, fiber: undefined }
        flights.set(key, flight)
        return Effect.interruptible(effect).pipe(
          Effect.ensuring(Effect.sync(() => land(key, flight))),
          Effect.intoDeferred(flight.result),
          Effect.forkDaemon,
          Effect.flatMap((fiber) => {
            flight.fiber = fiber
            return wait(flight)
          })
        )
      })
  }
}
