/** One timer for many waits. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

export interface Alarm {
  /** Rings at this time, in milliseconds since the epoch, unless it rings earlier already. */
  readonly set: (clock: Clock.Clock, at: number) => void
  readonly clear: () => void
}

/** In milliseconds. Effect never runs a timer of more than 24 days. A bell without need is harmless. */
const maxSleep = 3_600_000

/** `ring` may set the alarm again. */
export const make = (ring: (clock: Clock.Clock) => void): Alarm => {
  let armed: { readonly at: number; fiber: Fiber.Fiber<void> | undefined } | undefined
  const clear = (): void => {
    armed?.fiber?.interruptUnsafe()
    armed = undefined
  }
  return {
    clear,
    set: (clock, at) => {
      if (armed !== undefined && armed.at <= at) return
      clear()
      const timer: NonNullable<typeof armed> = { at, fiber: undefined }
      armed = timer
      const sleep = Math.ceil(Math.min(Math.max(at - clock.currentTimeMillisUnsafe(), 0), maxSleep))
      // The fiber of a caller would keep the context of that caller, with its spans, for all later waits. The clock of a test may
      // end the sleep before `runFork` returns.
      timer.fiber = Effect.runFork(Effect.flatMap(clock.sleep(Duration.millis(sleep)), () =>
        Effect.sync(() => {
          if (armed !== timer) return
          armed = undefined
          ring(clock)
        })))
    }
  }
}
