/**
 * Spans at two thirds of the cost of `Effect.withSpan`: it enters one region for the span and one for the context, and
 * here they are one region. Two spans are a tenth of the time of a call over the loopback interface (`npm run bench`).
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

const end = <A, E, R>(
  span: Tracer.Span,
  run: Run<A, E, R>,
  before: Context.Context<never>,
  exit: Exit.Exit<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiberRuntime((fiber) => {
    run.onExit?.(exit)
    const isTimed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
    span.end(isTimed ? Context.get(fiber.currentDefaultServices, Clock.Clock).unsafeCurrentTimeNanos() : 0n, exit)
    return Effect.zipRight(FiberRef.set(FiberRef.currentContext, before), exit)
  })

/**
 * Runs an effect in a span. The span is the parent of all spans within.
 *
 * @internal
 */
export const inSpan = <A, E, R>(
  name: string,
  options: Tracer.SpanOptions,
  start: (span: Tracer.Span, fiber: Fiber.RuntimeFiber<unknown, unknown>) => Run<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.makeSpan(name, options), (span) =>
      Effect.withFiberRuntime((fiber) => {
        const run = start(span, fiber)
        const before = fiber.currentContext
        const parent = Context.add(before, Tracer.ParentSpan, span)
        const inside = run.provide === undefined ? parent : run.provide(parent)
        return Effect.zipRight(
          FiberRef.set(FiberRef.currentContext, inside),
          Effect.matchCauseEffect(restore(run.effect), {
            onFailure: (cause) => end(span, run, before, Exit.failCause(cause)),
            onSuccess: (value) => end(span, run, before, Exit.succeed(value))
          })
        )
      }))
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
