/**
 * Spans with the attributes of their outcome.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/**
 * An effect to run in a span.
 *
 * @internal
 */
export interface Run<A, E, R> {
  readonly effect: Effect.Effect<A, E, R>
  /** Adds services for the effect besides the span. */
  readonly provide?: ((context: Context.Context<never>) => Context.Context<never>) | undefined
  /** Called with the exit before the span ends. */
  readonly onExit?: ((exit: Exit.Exit<A, E>) => void) | undefined
}

/**
 * Runs an effect in a span. The span is the parent of all spans within.
 *
 * It does what `Effect.withSpan` and a finalizer do, in one region instead of three. A wait for consent suspends in a span, and each
 * region takes more than a kilobyte.
 *
 * @internal
 */
export const inSpan = <A, E, R>(
  name: string,
  options: Tracer.SpanOptions,
  start: (span: Tracer.Span, fiber: Fiber.Fiber<unknown, unknown>) => Run<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.makeSpan(name, options), (span) =>
    Effect.withFiber((fiber) => {
      const { effect, onExit, provide } = start(span, fiber)
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(
          FiberRef.getAndUpdate(
            FiberRef.currentContext,
            (context) => Context.add(provide === undefined ? context : provide(context), Tracer.ParentSpan, span)
          ),
          (outer) => {
            const end = (exit: Exit.Exit<A, E>) =>
              Effect.andThen(
                FiberRef.set(FiberRef.currentContext, outer),
                Effect.suspend(() => {
                  onExit?.(exit)
                  const isTimed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
                  const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
                  span.end(isTimed ? clock.currentTimeNanosUnsafe() : 0n, exit)
                  return exit
                })
              )
            return Effect.matchCauseEffect(restore(effect), {
              onFailure: (cause) => end(Exit.failCause(cause)),
              onSuccess: (value) => end(Exit.succeed(value))
            })
          }
        )
      )
    }))

/**
 * `Effect.withSpan`, at no cost where the tracer is disabled.
 *
 * @internal
 */
export const withSpan = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  name: string,
  options: Tracer.SpanOptions
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) =>
    fiber.getFiberRef(FiberRef.currentTracerEnabled)
      // The span is the parent of spans within. No effect of this package needs one.
      ? Effect.withSpan(effect, name, options) as Effect.Effect<A, E, R>
      : effect
  )

/**
 * Makes the current span small before a long wait. Effect's tracer puts ids together character by character. V8 keeps the pieces, a
 * kilobyte and a half for each span, until something reads the id.
 *
 * @internal
 */
export const compactSpans: Effect.Effect<void> = Effect.map(Effect.serviceOption(Tracer.ParentSpan), (current) => {
  for (let span = current; Option.isSome(span); span = span.value._tag === "Span" ? span.value.parent : Option.none()) {
    span.value.traceId.charCodeAt(0)
    span.value.spanId.charCodeAt(0)
  }
})
