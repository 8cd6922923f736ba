import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { RequestRecord } from "../../../src/local/control/controlModels.js"
import * as Requests from "../../../src/local/control/requestRecords.js"
import * as LiveEvents from "../../../src/local/server/liveEvents.js"

const recordOf = (id: number): RequestRecord => ({
  id: String(id),
  at: DateTime.makeUnsafe(0),
  duration: 0,
  operation: "health",
  status: Option.some(200),
  user: Option.none(),
  request: Option.none(),
  response: Option.none(),
  error: Option.none(),
  reasons: []
})

const start = Effect.gen(function*() {
  const encoded: Array<string> = []
  const requests = yield* Requests.make
  const events = yield* LiveEvents.make(requests, ({ id }) => {
    encoded.push(id)
    return id
  })
  const write = (...ids: ReadonlyArray<number>) => Effect.forEach(ids, (id) => requests.write(recordOf(id)))
  return { encoded, events, write }
})

/** The ids that a reader gets until the events end. */
const read = (stream: Stream.Stream<Uint8Array>) =>
  Stream.runCollect(Stream.decodeText(stream)).pipe(
    Effect.map((texts) => Array.from(texts.join("").matchAll(/data: (\d+)/g), ([, id]) => id)),
    Effect.forkScoped
  )

describe("live events", () => {
  it.effect("encodes an event once for all readers, and none without a reader", () =>
    Effect.gen(function*() {
      const { encoded, events, write } = yield* start
      yield* write(1)
      yield* Effect.scoped(Effect.andThen(events.open, Effect.andThen(write(2), TestClock.adjust("20 millis"))))
      assert.deepStrictEqual(encoded, ["2"])
      yield* write(3)
      const readers = yield* Effect.replicateEffect(Effect.flatMap(events.open, read), 10)
      yield* write(4, 5)
      yield* TestClock.adjust("20 millis")
      yield* write(6)
      yield* TestClock.adjust("20 millis")
      yield* events.end
      for (const reader of readers) assert.deepStrictEqual(yield* Fiber.join(reader), ["4", "5", "6"])
      assert.deepStrictEqual(encoded, ["2", "4", "5", "6"])
    }))

  it.effect("drops the oldest events of a slow reader, and none of the others", () =>
    Effect.gen(function*() {
      const { events, write } = yield* start
      const slow = yield* events.open
      const fast = yield* Effect.flatMap(events.open, read)
      const ids = Array.from({ length: 100 }, (_, id) => id)
      for (const id of ids) {
        yield* write(id)
        yield* TestClock.adjust("20 millis")
      }
      const late = yield* read(slow)
      yield* Effect.yieldNow
      yield* write(100)
      yield* TestClock.adjust("20 millis")
      yield* events.end
      assert.deepStrictEqual(yield* Fiber.join(fast), [...ids, 100].map(String))
      assert.deepStrictEqual((yield* Fiber.join(late)).at(-1), "100")
      assert.isAtMost((yield* Fiber.join(late)).length, 17)
    }))

  it.effect("sends a heartbeat when there are no events", () =>
    Effect.gen(function*() {
      const { events } = yield* start
      const reader = yield* events.open
      const text = yield* Effect.forkChild(Stream.runCollect(Stream.decodeText(reader)))
      yield* TestClock.adjust("31 seconds")
      yield* events.end
      assert.strictEqual((yield* Fiber.join(text)).join(""), ": connected\n\n:\n\n:\n\n")
    }))

  it.effect("rejects a reader when the limit of readers is reached", () =>
    Effect.gen(function*() {
      const { events } = yield* start
      yield* Effect.replicateEffect(events.open, LiveEvents.maxReaders - 1)
      yield* Effect.scoped(Effect.andThen(
        events.open,
        Effect.gen(function*() {
          assert.strictEqual(yield* Effect.flip(events.open), "TooManyReaders")
          assert.strictEqual(yield* Effect.flip(Effect.scoped(events.open)), "TooManyReaders")
        })
      ))
      assert.isDefined(yield* events.open)
    }))
})
