import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { withDeadline } from "../../src/internal/deadline.js"

const limited = withDeadline({ duration: "1 second", onTimeout: () => "late" })

describe("withDeadline", () => {
  for (
    const [kind, region] of [["interruptible", Effect.interruptible], [
      "uninterruptible",
      Effect.uninterruptible
    ]] as const
  ) {
    it.effect(`ends an uninterruptible effect in an ${kind} region`, () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(region(Effect.exit(limited(Effect.uninterruptible(Effect.never)))))
        yield* TestClock.adjust("999 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail("late"))
      }))
  }

  it.effect("interrupts an effect at its deadline, also in an uninterruptible region", () =>
    Effect.gen(function*() {
      const interrupted = yield* Deferred.make<void>()
      const effect = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(Effect.exit(limited(effect))))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      yield* Deferred.await(interrupted)
    }))

  it.effect("an uninterruptible caller that is interrupted gets the result", () =>
    Effect.gen(function*() {
      const [started, proceed] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const effect = Deferred.succeed(started, undefined).pipe(
        Effect.andThen(Deferred.await(proceed)),
        Effect.as("result")
      )
      const outcome = yield* Deferred.make<Exit.Exit<string, string>>()
      const caller = Effect.uninterruptible(
        Effect.flatMap(Effect.exit(limited(effect)), (exit) => Deferred.succeed(outcome, exit))
      )
      const fiber = yield* Effect.forkChild(caller)
      yield* Deferred.await(started)
      fiber.interruptUnsafe()
      yield* Effect.yieldNow
      yield* Deferred.succeed(proceed, undefined)
      assert.deepStrictEqual(yield* Deferred.await(outcome), Exit.succeed("result"))
    }))

  it.effect("an interruptible caller ends at once", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(limited(Effect.uninterruptible(Effect.never)))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    }))

  it.effect("passes failures on", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Effect.flip(limited(Effect.fail("broken"))), "broken")
    }))
})
