/**
 * Counts the sleeps of the test clock. `TestClock.adjust` does not wait for a fiber that awaits a promise, which would
 * sleep too late.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { setImmediate as nextTurn } from "node:timers/promises"

interface Sleeps {
  /** Counts the sleeps of an effect. */
  readonly counted: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Waits until this number of effects sleep. */
  readonly until: (count: number) => Effect.Effect<void>
}

export const make: Effect.Effect<Sleeps> = Effect.map(Clock.Clock, (clock) => {
  let sleeping = 0
  const counting: Clock.Clock = {
    ...clock,
    sleep: (duration) =>
      Effect.acquireUseRelease(
        Effect.sync(() => ++sleeping),
        () => clock.sleep(duration),
        () => Effect.sync(() => --sleeping)
      )
  }
  return {
    counted: Effect.provideService(Clock.Clock, counting),
    until: (count) =>
      Effect.whileLoop({
        while: () => sleeping < count,
        body: () => Effect.promise(() => nextTurn()),
        step: () => {}
      })
  }
})
