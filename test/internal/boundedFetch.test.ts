/** The limits of outgoing requests. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { hasProperty } from "effect/Predicate"
import { gzipSync } from "node:zlib"
import { BodyTooLarge } from "../../src/internal/boundedBody.js"
import { boundedFetch, type Limits, withTimeLimit } from "../../src/internal/boundedFetch.js"
import * as FaultyServer from "../support/faultyServer.js"
import { collecting } from "../support/garbage.js"
import * as Server from "../support/server.js"

const get = (url: string, limits: Omit<Limits, "signal"> = { timeout: 10_000 }) =>
  Effect.tryPromise({
    try: (signal) => boundedFetch(url, { redirect: "manual" }, { ...limits, signal }),
    catch: (cause) => cause
  })

const nameOf = (cause: unknown): unknown => hasProperty(cause, "name") ? cause.name : cause

describe("the time limit", () => {
  for (const fault of FaultyServer.endless) {
    it.live(`ends every ${fault} response, also after garbage collections`, () =>
      Effect.gen(function*() {
        const server = yield* FaultyServer.start(() => fault)
        yield* collecting
        const errors = yield* Effect.forEach(
          Array.from({ length: 20 }),
          () => Effect.flip(get(server.url, { timeout: 300 })),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([...new Set(errors.map(nameOf))], ["TimeoutError"])
        // Every connection is closed.
        yield* server.idle
      }).pipe(Effect.timeout("30 seconds")))
  }
})

describe("the size limit", () => {
  for (const fault of FaultyServer.oversized) {
    it.live(`ends a response that is ${fault}`, () =>
      Effect.gen(function*() {
        const server = yield* FaultyServer.start(() => fault)
        assert.instanceOf(yield* Effect.flip(get(server.url)), BodyTooLarge)
        yield* server.idle
      }).pipe(Effect.timeout("30 seconds")))
  }

  it.live("counts the bytes after decompression, and accepts the exact size", () =>
    Effect.gen(function*() {
      const url = yield* Server.serve((request, response) => {
        response.setHeader("content-encoding", "gzip").end(gzipSync("0".repeat(Number(request.url?.slice(1)))))
      })
      const limits = { timeout: 10_000, maxBytes: 1000 }
      const response = yield* get(`${url}/1000`, limits)
      assert.strictEqual(yield* Effect.promise(() => response.text()), "0".repeat(1000))
      assert.isNull(response.headers.get("content-encoding"))
      assert.instanceOf(yield* Effect.flip(get(`${url}/1001`, limits)), BodyTooLarge)
    }))
})

describe("interruption", () => {
  for (const fault of FaultyServer.endless) {
    it.live(`closes the connection of a ${fault} response`, () =>
      Effect.gen(function*() {
        const server = yield* FaultyServer.start(() => fault)
        yield* collecting
        const fiber = yield* Effect.forkChild(get(server.url, { timeout: 60_000 }))
        yield* server.arrived(1)
        // The body has begun, and a collection has run.
        yield* Effect.sleep("100 millis")
        yield* Fiber.interrupt(fiber)
        yield* server.idle
      }).pipe(Effect.timeout("30 seconds")))
  }

  it.effect("sends nothing when it precedes the request", () =>
    Effect.gen(function*() {
      const reason = new Error("left")
      const request = Effect.tryPromise({
        try: () => boundedFetch("http://127.0.0.1:1", {}, { timeout: 1000, signal: AbortSignal.abort(reason) }),
        catch: (cause) => cause
      })
      assert.strictEqual(yield* Effect.flip(request), reason)
    }))
})

describe("a response", () => {
  it.live("keeps status, headers and body, and follows no redirect that the caller handles", () =>
    Effect.gen(function*() {
      const url = yield* Server.serve((request, response) => {
        const status = Number(request.url?.slice(1))
        response.writeHead(status, { location: "/200", "x-test": "1" }).end(status === 200 ? "text" : undefined)
      })
      for (const status of [200, 204, 205, 302, 304, 404, 503]) {
        const response = yield* get(`${url}/${status}`)
        assert.strictEqual(response.status, status)
        assert.strictEqual(response.headers.get("x-test"), "1")
        assert.strictEqual(yield* Effect.promise(() => response.text()), status === 200 ? "text" : "")
      }
    }))

  it.live("fails with the error of fetch when it breaks off", () =>
    Effect.gen(function*() {
      const url = yield* Server.serve((_, response) => {
        response.writeHead(200, { "content-length": 10 }).write("half", () => response.socket?.destroy())
      })
      assert.instanceOf(yield* Effect.flip(get(url)), TypeError)
      const gone = yield* Effect.scoped(Server.serve(() => {}))
      assert.instanceOf(yield* Effect.flip(get(gone)), TypeError)
    }))
})

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => assert.fail("expected a failure"), (cause: unknown) => cause)

const never = () => new Promise<never>(() => {})

describe("withTimeLimit", () => {
  it("does not wait for a run that ignores its signal", async () => {
    let signal: AbortSignal | undefined
    const cause = await failureOf(withTimeLimit(10, undefined, (given) => {
      signal = given
      return never()
    }))
    assert.strictEqual((cause as Error).name, "TimeoutError")
    assert.isTrue(signal?.aborted)
  })

  it("ends with the caller's signal and its reason, also if that was aborted before", async () => {
    const caller = new AbortController()
    const reason = new Error("left")
    const ended = failureOf(withTimeLimit(60_000, caller.signal, never))
    caller.abort(reason)
    assert.strictEqual(await ended, reason)
    assert.strictEqual(
      await failureOf(withTimeLimit(60_000, caller.signal, () => assert.fail("it must not run"))),
      reason
    )
  })

  it("aborts its signal after a failure, in both ways that a run fails, and not after a success", async () => {
    const reason = new Error("failed")
    const runs: ReadonlyArray<() => Promise<unknown>> = [
      () => Promise.reject(reason),
      () => {
        throw reason
      },
      () => Promise.resolve(1)
    ]
    const aborted = runs.map(async (run) => {
      let signal: AbortSignal | undefined
      const end = await withTimeLimit(60_000, undefined, (given) => {
        signal = given
        return run()
      }).catch((cause: unknown) => cause)
      return [end, signal?.aborted]
    })
    assert.deepStrictEqual(await Promise.all(aborted), [[reason, true], [reason, true], [1, false]])
  })

  it("treats a time that is too long for a timer as no limit", async () => {
    for (const timeout of [2 ** 31, Number.POSITIVE_INFINITY]) {
      const run = () => new Promise((resolve) => setImmediate(() => setTimeout(resolve, 20)))
      await withTimeLimit(timeout, undefined, run)
    }
  })
})
