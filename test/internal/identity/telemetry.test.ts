import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import type * as Tracer from "effect/Tracer"
import * as Telemetry from "../../../src/internal/identity/telemetry.js"

const observe = Telemetry.make()

const inner = <A, E>(run: Effect.Effect<A, E, Telemetry.Attempts>) => observe("getApiKey", undefined, run)

const outer = <A, E>(run: Effect.Effect<A, E>) => observe("getAccessToken", undefined, run)

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

/** Runs an operation, and returns its span. */
const spanOf = <A, E>(run: Effect.Effect<A, E>): Effect.Effect<readonly [span: Tracer.Span, exit: Exit.Exit<A, E>]> =>
  Effect.gen(function*() {
    const made = yield* Deferred.make<Tracer.Span>()
    const exit = yield* Effect.exit(inner(
      Effect.andThen(Effect.flatMap(Effect.orDie(Effect.currentSpan), (span) => Deferred.succeed(made, span)), run)
    ))
    return [yield* Deferred.await(made), exit] as const
  })

const endOf = (span: Tracer.Span): Exit.Exit<unknown, unknown> => {
  assert(span.status._tag === "Ended")
  return span.status.exit
}

describe("the span of an operation", () => {
  it.effect("is the span of what runs in it, under the one around it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* outer(Effect.zip(inner(names), names)), [
        ["Identity.getApiKey", "Identity.getAccessToken"],
        ["Identity.getAccessToken"]
      ])
      assert.deepStrictEqual(yield* Effect.withSpan(inner(names), "other"), ["Identity.getApiKey", "other"])
      assert.deepStrictEqual(yield* names, [])
    }))

  it.effect("has ended when a handler of a failure, a defect or an interruption runs", () =>
    Effect.gen(function*() {
      for (const end of [Effect.fail("failure"), Effect.die("defect"), Effect.interrupt]) {
        const after = inner(end).pipe(Effect.catchCause(() => names))
        assert.deepStrictEqual(yield* Effect.withSpan(after, "outer"), ["outer"])
      }
    }))

  it.effect("ends with the exit of the operation, and has its duration", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(spanOf(Effect.as(Effect.sleep("3 seconds"), 1)))
      yield* TestClock.adjust("3 seconds")
      const [span, exit] = yield* Fiber.join(fiber)
      assert.deepStrictEqual(exit, Exit.succeed(1))
      assert(span.status._tag === "Ended")
      assert.deepStrictEqual(span.status.exit, Exit.succeed(1))
      assert.strictEqual(span.status.endTime - span.status.startTime, 3_000_000_000n)
    }))

  it.effect("ends with a failure, a defect, and a thrown value", () =>
    Effect.gen(function*() {
      const [failed, failure] = yield* spanOf(Effect.fail("failure"))
      assert.deepStrictEqual(failure, Exit.fail("failure"))
      assert.deepStrictEqual(endOf(failed), Exit.fail("failure"))
      const [died, defect] = yield* spanOf(Effect.suspend((): Effect.Effect<never> => {
        throw new Error("defect")
      }))
      assert(Exit.isFailure(defect))
      assert.isTrue(Cause.hasDies(defect.cause))
      assert.deepStrictEqual(endOf(died), defect)
    }))

  it.effect("ends when it is interrupted", () =>
    Effect.gen(function*() {
      const made = yield* Deferred.make<Tracer.Span>()
      const fiber = yield* Effect.forkChild(inner(
        Effect.andThen(Effect.flatMap(Effect.currentSpan, (span) => Deferred.succeed(made, span)), Effect.never)
      ))
      const span = yield* Deferred.await(made)
      assert.strictEqual(span.status._tag, "Started")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.isTrue(Exit.hasInterrupts(endOf(span)))
    }))

  it.effect("does not change whether the effect is interruptible", () =>
    Effect.gen(function*() {
      let slept = 0
      const sleep = inner(Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => slept++)))
      const fibers = yield* Effect.forEach([sleep, Effect.uninterruptible(sleep)], (effect) => Effect.forkChild(effect))
      yield* Effect.yieldNow
      for (const fiber of fibers) fiber.interruptUnsafe()
      yield* TestClock.adjust("1 second")
      yield* Fiber.awaitAll(fibers)
      assert.strictEqual(slept, 1)
    }))

  it.effect("has its own count of attempts, and reports the outcome before it ends", () =>
    Effect.gen(function*() {
      const count = Effect.flatMap(Telemetry.countAttempt(Telemetry.Attempts), Ref.get)
      const [first, second] = yield* Effect.zip(inner(Effect.andThen(count, count)), inner(count))
      assert.deepStrictEqual([first, second], [2, 1])
      const seen: Array<unknown> = []
      const [span] = yield* spanOf(Effect.map(Effect.orDie(Effect.currentSpan), (span) => {
        const { attribute } = span
        span.attribute = (key, value) => {
          seen.push(`${key} ${String(value)} ${span.status._tag}`)
          attribute.call(span, key, value)
        }
      }))
      assert.deepStrictEqual(seen, ["agentcore.outcome ok Started", "agentcore.attempts 0 Started"])
      assert.strictEqual(span.attributes.get("agentcore.outcome"), "ok")
    }))

  it.effect("runs without tracing, and reads no clock when spans have no times", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Effect.withTracerEnabled(inner(Effect.succeed(1)), false), 1)
      const [span] = yield* Effect.provideService(spanOf(Effect.void), References.TracerTimingEnabled, false)
      assert(span.status._tag === "Ended")
      assert.strictEqual(span.status.endTime, 0n)
    }))
})
