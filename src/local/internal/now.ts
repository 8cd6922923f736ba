/** The time of a fiber's clock, without an effect of its own. */
import * as Clock from "effect/Clock"
import type * as Fiber from "effect/Fiber"

/** In milliseconds since the epoch. */
export const nowOf = (fiber: Fiber.Fiber<unknown, unknown>): number =>
  fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
