import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** A clock that is ahead of another one by an offset in milliseconds. Sleeps take real time. */
export const shifted = (clock: Clock.Clock, offset: () => number): Clock.Clock =>
  Object.assign(Object.create(clock), {
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset()),
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(offset()) * 1_000_000n),
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset(),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(offset()) * 1_000_000n
  })
