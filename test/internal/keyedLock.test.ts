import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as KeyedLock from "../../src/internal/keyedLock.js"
import { withRandomYields } from "../support/randomYields.js"

/** Counts the effects that run at the same time. */
const makeCounter = () => {
  let running = 0
  const counter = {
    maximum: 0,
    count: <A>(effect: Effect.Effect<A>) =>
      Effect.suspend(() => {
        counter.maximum = Math.max(counter.maximum, ++running)
        return Effect.ensuring(effect, Effect.sync(() => running--))
      })
  }
  return counter
}

describe("keyedLock", () => {
  it.effect("runs effects of one key one after the other, and of two keys at the same time", () =>
    Effect.gen(function*() {
      const lock = KeyedLock.makeUnsafe()
      const counter = makeCounter()
      const run = (key: string) => lock(key, counter.count(Effect.sleep("1 second")))
      const fibers = yield* Effect.forEach(["a", "a", "a"].map(run), (effect) => Effect.forkChild(effect))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.joinAll(fibers)
      assert.strictEqual(counter.maximum, 1)
      const others = yield* Effect.forEach(["a", "b"].map(run), (effect) => Effect.forkChild(effect))
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(others)
      assert.strictEqual(counter.maximum, 2)
    }))

  it.effect("excludes wherever the fibers yield", () =>
    Effect.gen(function*() {
      const lock = KeyedLock.makeUnsafe()
      const counter = makeCounter()
      const run = lock("a", counter.count(Effect.repeat(Effect.yieldNow, { times: 5 })))
      for (let round = 0; round < 100; round++) {
        yield* Effect.all(Array.from({ length: 6 }, () => run), { concurrency: "unbounded" })
      }
      assert.strictEqual(counter.maximum, 1)
    }).pipe(withRandomYields))

  it.effect("passes a failure and an interruption on, and is free afterwards", () =>
    Effect.gen(function*() {
      const lock = KeyedLock.makeUnsafe()
      assert.strictEqual(yield* Effect.flip(lock("a", Effect.fail("rejected"))), "rejected")
      const holder = yield* Effect.forkChild(lock("a", Effect.never))
      yield* Effect.yieldNow
      const waiting = yield* Effect.forkChild(lock("a", Effect.void))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holder)
      assert.strictEqual(yield* lock("a", Effect.succeed("free")), "free")
    }))
})
