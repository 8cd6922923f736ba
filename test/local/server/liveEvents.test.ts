import { assert, describe, it } from "@effect/vitest"
import type { RequestRecord } from "effect-agentcore-identity/local/LocalControl"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
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
  const requests = yield* Requests.make
  const events = LiveEvents.make(requests)
  const write = (...ids: ReadonlyArray<number>) => Effect.forEach(ids, (id) => requests.write(recordOf(id)))
  return { events, write }
})

/** The ids that a reader gets until the events end. */
const read = (stream: Stream.Stream<Uint8Array>) =>
  Stream.runCollect(Stream.decodeText(stream)).pipe(
    Effect.map((texts) => Array.from(texts.join("").matchAll(/"id":"(\d+)"/g), ([, id]) => id)),
    Effect.forkScoped
  )

describe("live events", () => {
  it.effect("go to all readers, until they end", () =>
    Effect.gen(function*() {
      const { events, write } = yield* start
      yield* write(1)
      const readers = yield* Effect.replicateEffect(Effect.flatMap(events.open, read), 10)
      yield* write(2, 3)
      yield* TestClock.adjust("1 second")
      yield* write(4)
      yield* TestClock.adjust("1 second")
      yield* events.end
      for (const reader of readers) assert.deepStrictEqual(yield* Fiber.join(reader), ["2", "3", "4"])
    }))

  it.effect("drop the oldest events of a slow reader, and none of the others", () =>
    Effect.gen(function*() {
      const { events, write } = yield* start
      const slow = yield* events.open
      const fast = yield* Effect.flatMap(events.open, read)
      const ids = Array.from({ length: 300 }, (_, id) => id)
      for (const id of ids) {
        yield* write(id)
        yield* TestClock.adjust("1 millis")
      }
      const late = yield* read(slow)
      yield* TestClock.adjust("1 second")
      yield* events.end
      assert.deepStrictEqual(yield* Fiber.join(fast), ids.map(String))
      assert.deepStrictEqual(yield* Fiber.join(late), ids.slice(-256).map(String))
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
