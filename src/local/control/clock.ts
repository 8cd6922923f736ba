/** The clock of the backend: the clock of the caller, and an offset that can change. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LocalControlError } from "../LocalControl.js"

export type ShiftedClock = ReturnType<typeof make>

/** A clock that is ahead of another one. Sleeps take real time. */
const makeShifted = (clock: Clock.Clock, offset: () => number): Clock.Clock => ({
  sleep: (duration) => clock.sleep(duration),
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset()),
  currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(offset()) * 1_000_000n),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset(),
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(offset()) * 1_000_000n
})

/** The end of 9999, the last year with four digits in ISO 8601. A later expiry would not fit in a `Date`. */
const maxTime = 253_402_300_799_999

/** Validates the time that a clock with this offset shows. */
export const checkOffset = (offset: number): Effect.Effect<void, LocalControlError> =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      now + offset >= 0 && now + offset <= maxTime ? Effect.void : new LocalControlError({
        reason: "InvalidTime",
        message: "The time is out of range: the clock goes from 1970 to 9999"
      })
  )

/** Makes a clock that passes each new offset to `follow`. Offsets are in milliseconds. */
export const make = (follow: (milliseconds: number) => Effect.Effect<void>) => {
  let current = 0
  const offset = () => current
  return {
    offset,
    setOffset: (milliseconds: number) =>
      Effect.suspend(() => {
        current = Math.round(milliseconds)
        return follow(milliseconds)
      }),
    shift: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() =>
        current === 0
          ? effect
          : Effect.clockWith((clock) => Effect.provideService(effect, Clock.Clock, makeShifted(clock, offset)))
      )
  }
}
