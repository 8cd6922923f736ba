/** Spans of the operations of a plane. */
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import type * as Tracer from "effect/Tracer"

/** `Effect.withSpan`, at no cost where the tracer is disabled. */
export const withSpan = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  name: string,
  options: Tracer.SpanOptions
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(References.TracerEnabled)
      // The span is the parent of spans within. No effect of this package needs one.
      ? Effect.withSpan(effect, name, options) as Effect.Effect<A, E, R>
      : effect
  )
