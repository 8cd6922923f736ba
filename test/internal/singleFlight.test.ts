import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as Flight from "../../src/internal/singleFlight.js"

const many = <A, E>(n: number, effect: Effect.Effect<A, E>) =>
  Effect.forEach(Array.from({ length: n }), () => Effect.fork(effect))

describe("flight", () => {
  it.effect("runs once for all who come while it runs, and again for who comes later", () =>
    Effect.gen(function*() {
      const flights = Flight.make<number, never>()
      const runs = yield* Ref.make(0)
      const joined = yield* Ref.make(0)
      const share = (key: string) =>
        flights.share(
          key,
          Effect.delay(Ref.updateAndGet(runs, (n) => n + 1), "1 second"),
          Ref.update(joined, (n) => n + 1)
        )
      const first = yield* many(5, share("a"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([...yield* Fiber.join(Fiber.all(first))], [1, 1, 1, 1, 1])
      assert.strictEqual(yield* Ref.get(joined), 4)
      const others = yield* Effect.forEach(["a", "b"], (key) => Effect.fork(share(key)))
      yield* TestClock.adjust("1 second")
      assert.sameMembers([...yield* Fiber.join(Fiber.all(others))], [2, 3])
      assert.strictEqual(yield* Ref.get(joined), 4)
    }))

  it.effect("a failure and a defect are those of all, and do not stay", () =>
    Effect.gen(function*() {
      const flights = Flight.make<string, string>()
      for (const effect of [Effect.fail("refused"), Effect.die("broken"), Effect.succeed("well")]) {
        const fibers = yield* many(3, flights.share("a", Effect.delay(effect, "1 second"), Effect.void))
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

  it.effect("who comes while an abandoned run still cleans up starts anew, and does not wait for it", () =>
    Effect.gen(function*() {
      const flights = Flight.make<string, never>()
      const cleansUp = Effect.onInterrupt(Effect.never, () => Effect.sleep("1 minute"))
      const abandoned = yield* Effect.fork(flights.share("a", cleansUp, Effect.void))
      yield* TestClock.adjust("1 second")
      const interruption = yield* Effect.fork(Fiber.interrupt(abandoned))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* flights.share("a", Effect.succeed("anew"), Effect.void), "anew")
      // Whoever left last waits, as for a call of his own.
      assert.strictEqual((yield* Fiber.poll(interruption))._tag, "None")
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interruption)))
    }))

  it.effect("a caller who leaves does not take others with him, whoever began", () =>
    Effect.gen(function*() {
      const flights = Flight.make<string, never>()
      const [first, second] = yield* many(
        2,
        flights.share("a", Effect.delay(Effect.succeed("done"), "1 second"), Effect.void)
      )
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first!)
      const third = yield* Effect.fork(flights.share("a", Effect.dieMessage("must not run"), Effect.void))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(second!)
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(yield* Fiber.join(third), "done")
    }))

  it.effect("runs with the services of whoever began it", () =>
    Effect.gen(function*() {
      const flights = Flight.make<string, never>()
      const annotation = Effect.map(Effect.logAnnotations, (annotations) => JSON.stringify([...annotations]))
      const said = yield* Effect.annotateLogs(flights.share("a", annotation, Effect.void), "caller", "alice")
      assert.strictEqual(said, "[[\"caller\",\"alice\"]]")
    }))
})
