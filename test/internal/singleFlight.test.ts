import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as SingleFlight from "../../src/internal/singleFlight.js"
import { withRandomYields } from "../support/randomYields.js"

const many = <A, E>(n: number, effect: Effect.Effect<A, E>) =>
  Effect.forEach(Array.from({ length: n }), () => Effect.forkChild(effect))

describe("singleFlight", () => {
  it.effect("runs once for all callers during the run, and again for a later caller", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<number, never>()
      const runs = yield* Ref.make(0)
      const joined = yield* Ref.make(0)
      const call = (key: string) =>
        share(
          key,
          Effect.delay(Ref.updateAndGet(runs, (n) => n + 1), "1 second"),
          Ref.update(joined, (n) => n + 1)
        )
      const first = yield* many(5, call("a"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.joinAll(first), [1, 1, 1, 1, 1])
      assert.strictEqual(yield* Ref.get(joined), 4)
      const others = yield* Effect.forEach(["a", "b"], (key) => Effect.forkChild(call(key)))
      yield* TestClock.adjust("1 second")
      assert.sameMembers(yield* Fiber.joinAll(others), [2, 3])
      assert.strictEqual(yield* Ref.get(joined), 4)
    }))

  it.effect("returns a failure and a defect to all callers, and not to later ones", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<string, string>()
      for (const effect of [Effect.fail("rejected"), Effect.die("broken"), Effect.succeed("well")]) {
        const fibers = yield* many(3, share("a", Effect.delay(effect, "1 second")))
        yield* TestClock.adjust("1 second")
        for (const fiber of fibers) {
          const exit = yield* Fiber.await(fiber)
          const expected = yield* Effect.exit(effect)
          assert.strictEqual(
            Exit.isSuccess(exit) ? exit.value : Cause.squash(exit.cause),
            Exit.isSuccess(expected) ? expected.value : Cause.squash(expected.cause)
          )
        }
      }
    }))

  it.effect("starts a new run when a caller retries before others have the failure", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<never, number>()
      const runs = yield* Ref.make(0)
      const call = share(
        "a",
        Effect.delay(Effect.flatMap(Ref.updateAndGet(runs, (n) => n + 1), Effect.fail), "1 second")
      )
      const fibers = yield* Effect.forEach(
        Array.from({ length: 5 }, () => Effect.zip(Effect.flip(call), Effect.flip(call))),
        (effect) => Effect.forkChild(effect)
      )
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.joinAll(fibers), Array.from({ length: 5 }, () => [1, 2]))
    }))

  it.effect("runs once wherever the fibers yield", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<number, never>()
      const runs = yield* Ref.make(0)
      const call = share(
        "a",
        Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 50 }), Ref.updateAndGet(runs, (n) => n + 1))
      )
      for (let round = 1; round <= 100; round++) {
        const results = yield* Effect.all(Array.from({ length: 6 }, () => call), { concurrency: "unbounded" })
        assert.deepStrictEqual([...new Set(results)], [round])
      }
    }).pipe(withRandomYields))

  it.effect("a new caller does not wait for the finalizers of an interrupted run", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<string, never>()
      const cleansUp = Effect.onInterrupt(Effect.never, () => Effect.sleep("1 minute"))
      const abandoned = yield* Effect.forkChild(share("a", cleansUp))
      yield* TestClock.adjust("1 second")
      const interruption = yield* Effect.forkChild(Fiber.interrupt(abandoned))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* share("a", Effect.succeed("new")), "new")
      // The last caller waits for the finalizers.
      assert.strictEqual(interruption.pollUnsafe(), undefined)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(interruption)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(abandoned)))
    }))

  it.effect("interrupting a caller, also the first one, interrupts no other", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<string, never>()
      const [first, second] = yield* many(2, share("a", Effect.delay(Effect.succeed("done"), "1 second")))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first!)
      const third = yield* Effect.forkChild(share("a", Effect.die(new Error("must not run"))))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(second!)
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(yield* Fiber.join(third), "done")
    }))

  it.effect("runs with the context of the first caller", () =>
    Effect.gen(function*() {
      const share = SingleFlight.makeUnsafe<string, never>()
      const annotation = Effect.map(References.CurrentLogAnnotations, (annotations) => JSON.stringify(annotations))
      const result = yield* Effect.annotateLogs(share("a", annotation), "caller", "alice")
      assert.strictEqual(result, "{\"caller\":\"alice\"}")
    }))
})
