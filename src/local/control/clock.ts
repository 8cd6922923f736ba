/** The clock of the backend: the clock of the caller, and an offset that can change. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface ShiftedClock {
  /** In milliseconds. */
  readonly offset: () => number
  readonly setOffset: (milliseconds: number) => Effect.Effect<void>
  /** Runs an effect by this clock. Sleeps take real time. */
  readonly shift: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** A clock that is ahead of another one. Sleeps take real time. */
export const shifted = (clock: Clock.Clock, offset: () => number): Clock.Clock => ({
  sleep: (duration) => clock.sleep(duration),
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset()),
  currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(offset()) * 1_000_000n),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset(),
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(offset()) * 1_000_000n
})

export const make: Effect.Effect<ShiftedClock> = Effect.sync(() => {
  let current = 0
  const offset = () => current
  return {
    offset,
    setOffset: (milliseconds) =>
      Effect.sync(() => {
        current = Math.round(milliseconds)
      }),
    shift: (effect) =>
      Effect.suspend(() =>
        current === 0
          ? effect
          : Effect.clockWith((clock) => Effect.provideService(effect, Clock.Clock, shifted(clock, offset)))
      )
  }
})
