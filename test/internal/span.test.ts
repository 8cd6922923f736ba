import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import type * as Tracer from "effect/Tracer"
import { inSpan } from "../../src/internal/span.js"

class Name extends Context.Service<Name, string>()("test/Name") {}

const options: Tracer.SpanOptions = { captureStackTrace: false }

/** The names of the current span and of its parent. */
const names = Effect.map(Effect.option(Effect.currentSpan), (span) =>
  Option.match(span, {
    onNone: () => [],
    onSome: (span) => [
      span.name,
      ...Option.match(span.parent, {
        onNone: () => [],
        onSome: (parent) => parent._tag === "Span" ? [parent.name] : []
      })
    ]
  }))

/** Runs in a span, and returns it. */
const spanOf = <A, E>(run: Effect.Effect<A, E>): Effect.Effect<readonly [span: Tracer.Span, exit: Exit.Exit<A, E>]> =>
  Effect.gen(function*() {
    const made = yield* Deferred.make<Tracer.Span>()
    const exit = yield* Effect.exit(inSpan("span", options, (span) => {
      Deferred.doneUnsafe(made, Effect.succeed(span))
      return { effect: run }
    }))
    return [yield* Deferred.await(made), exit] as const
  })

const endOf = (span: Tracer.Span): Exit.Exit<unknown, unknown> => {
  assert(span.status._tag === "Ended")
  return span.status.exit
}

describe("inSpan", () => {
  it.effect("is the span of what runs in it, under the one around it", () =>
    Effect.gen(function*() {
      const inner = inSpan("inner", options, () => ({ effect: names }))
      const outer = inSpan("outer", options, () => ({ effect: Effect.zip(inner, names) }))
      assert.deepStrictEqual(yield* outer, [["inner", "outer"], ["outer"]])
      assert.deepStrictEqual(yield* Effect.withSpan(inner, "other"), ["inner", "other"])
      assert.deepStrictEqual(yield* names, [])
    }))

  it.effect("is over for what handles a failure, a defect or an interruption", () =>
    Effect.gen(function*() {
      for (const end of [Effect.fail("failure"), Effect.die("defect"), Effect.interrupt]) {
        const after = inSpan("span", options, () => ({ effect: end })).pipe(Effect.catchCause(() => names))
        assert.deepStrictEqual(yield* Effect.withSpan(after, "outer"), ["outer"])
      }
    }))

  it.effect("ends with the exit, and takes as long as it did", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(spanOf(Effect.as(Effect.sleep("3 seconds"), 1)))
      yield* TestClock.adjust("3 seconds")
      const [span, exit] = yield* Fiber.join(fiber)
      assert.deepStrictEqual(exit, Exit.succeed(1))
      assert(span.status._tag === "Ended")
      assert.deepStrictEqual(span.status.exit, Exit.succeed(1))
      assert.strictEqual(span.status.endTime - span.status.startTime, 3_000_000_000n)
    }))

  it.effect("ends with a failure, a defect, and what is thrown", () =>
    Effect.gen(function*() {
      const [failed, failure] = yield* spanOf(Effect.fail("failure"))
      assert.deepStrictEqual(failure, Exit.fail("failure"))
      assert.deepStrictEqual(endOf(failed), Exit.fail("failure"))
      const [died, defect] = yield* spanOf(Effect.sync(() => {
        throw new Error("defect")
      }))
      assert(Exit.isFailure(defect))
      assert.isTrue(Cause.hasDies(defect.cause))
      assert.deepStrictEqual(endOf(died), defect)
    }))

  it.effect("ends when it is interrupted", () =>
    Effect.gen(function*() {
      const made = yield* Deferred.make<Tracer.Span>()
      const fiber = yield* Effect.forkChild(inSpan("span", options, (span) => {
        Deferred.doneUnsafe(made, Effect.succeed(span))
        return { effect: Effect.never }
      }))
      const span = yield* Deferred.await(made)
      assert.strictEqual(span.status._tag, "Started")
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.interrupt(fiber)))
      assert.isTrue(Exit.hasInterrupts(endOf(span)))
    }))

  it.effect("leaves the effect as interruptible as it found it", () =>
    Effect.gen(function*() {
      const isInterruptible = inSpan("span", options, () => ({
        effect: Effect.checkInterruptible((interruptible) => Effect.succeed(interruptible))
      }))
      assert.isTrue(yield* isInterruptible)
      assert.isFalse(yield* Effect.uninterruptible(isInterruptible))
    }))

  it.effect("gives services for as long as it lasts, and tells the exit before the span ends", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const named = inSpan("span", options, (span) => ({
        effect: Effect.serviceOption(Name),
        provide: Context.add(Name, "inside"),
        onExit: (exit) => void seen.push(exit, span.status._tag)
      }))
      const [inside, after] = yield* Effect.provideService(Effect.zip(named, Name), Name, "outside")
      assert.deepStrictEqual([inside, after], [Option.some("inside"), "outside"])
      assert.deepStrictEqual(seen, [Exit.succeed(Option.some("inside")), "Started"])
      assert.isTrue(Option.isNone(yield* Effect.serviceOption(Name)))
    }))

  it.effect("runs where there is no tracing, and reads no clock where times are not wanted", () =>
    Effect.gen(function*() {
      const run = inSpan("span", options, () => ({ effect: Effect.succeed(1) }))
      assert.strictEqual(yield* Effect.withTracerEnabled(run, false), 1)
      const [span] = yield* Effect.withTracerTiming(spanOf(Effect.void), false)
      assert(span.status._tag === "Ended")
      assert.strictEqual(span.status.endTime, 0n)
    }))
})
