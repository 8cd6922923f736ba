import { assert, describe, it } from "@effect/vitest"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { failures, same, secret } from "./support/utils.js"

const get = Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (token) => token.get)

const calls = Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) => planes.calls)

const workload = (
  options: Parameters<typeof WorkloadAccessToken.layerWorkload>[0],
  script: ScriptedPlanes.Script
) => WorkloadAccessToken.layerWorkload(options).pipe(Layer.provideMerge(ScriptedPlanes.layer(script)))

const numbered = (_: unknown, index: number) => Effect.succeed({ workloadAccessToken: secret(`token-${index + 1}`) })

describe("WorkloadAccessToken", () => {
  it.effect("provides a given token", () =>
    Effect.gen(function*() {
      const given = yield* Effect.provide(get, WorkloadAccessToken.layer(secret("given")))
      assert.strictEqual(Redacted.value(given), "given")
      const service = WorkloadAccessToken.make(secret("of a request"))
      const provided = yield* Effect.provideService(get, WorkloadAccessToken.WorkloadAccessToken, service)
      assert.strictEqual(Redacted.value(provided), "of a request")
      yield* service.invalidate(provided)
      assert.strictEqual(Redacted.value(yield* service.get), "of a request")
    }))

  it.effect("keeps no empty token, which a program's own plane may return", () =>
    Effect.gen(function*() {
      assert.strictEqual(Redacted.value(yield* get), "")
      assert.strictEqual(Redacted.value(yield* get), "")
      assert.lengthOf(yield* calls, 2)
    }).pipe(Effect.provide(workload({ name: "my-agent" }, {
      getWorkloadAccessToken: () => Effect.succeed({ workloadAccessToken: secret("") })
    }))))

  it.effect("obtains a token for the workload itself", () =>
    Effect.gen(function*() {
      yield* get
      same((yield* calls).map(({ operation, request }) => ({ operation, request })), [
        { operation: "getWorkloadAccessToken", request: { workloadName: "my-agent" } }
      ])
    }).pipe(Effect.provide(workload({ name: "my-agent" }, { getWorkloadAccessToken: numbered }))))

  it.effect("obtains a token by user id", () =>
    Effect.gen(function*() {
      yield* get
      same((yield* calls).map(({ operation, request }) => ({ operation, request })), [
        { operation: "getWorkloadAccessTokenForUserId", request: { workloadName: "my-agent", userId: "alice" } }
      ])
    }).pipe(Effect.provide(
      workload({ name: "my-agent", user: { userId: "alice" } }, { getWorkloadAccessTokenForUserId: numbered })
    )))

  it.effect("obtains a token by the user's JWT", () =>
    Effect.gen(function*() {
      yield* get
      same((yield* calls).map(({ operation, request }) => ({ operation, request })), [
        { operation: "getWorkloadAccessTokenForJwt", request: { workloadName: "my-agent", userToken: secret("a.b.c") } }
      ])
    }).pipe(Effect.provide(
      workload({ name: "my-agent", user: { userToken: secret("a.b.c") } }, { getWorkloadAccessTokenForJwt: numbered })
    )))

  it.effect("keeps a token until it is invalidated, and ignores the invalidation of an older one", () =>
    Effect.gen(function*() {
      const token = yield* WorkloadAccessToken.WorkloadAccessToken
      const first = yield* token.get
      same(yield* token.get, first)
      yield* token.invalidate(first)
      const second = yield* token.get
      assert.strictEqual(Redacted.value(second), "token-2")
      yield* token.invalidate(first)
      same(yield* token.get, second)
      assert.lengthOf(yield* calls, 2)
    }).pipe(Effect.provide(workload({ name: "my-agent" }, { getWorkloadAccessToken: numbered }))))

  it.effect("makes one call for concurrent callers, even if some are interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const planes = workload({ name: "my-agent" }, {
        getWorkloadAccessToken: (request, index) => Effect.andThen(Deferred.await(gate), numbered(request, index))
      })
      yield* Effect.gen(function*() {
        const first = yield* Effect.forkChild(get)
        const others = yield* Effect.forEach(
          Array.from({ length: 20 }, () => get),
          (effect) => Effect.forkChild(effect)
        )
        yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        yield* Deferred.succeed(gate, undefined)
        const tokens = yield* Fiber.joinAll(others)
        assert.deepStrictEqual([...new Set(tokens.map(Redacted.value))], ["token-1"])
        assert.lengthOf(yield* calls, 1)
      }).pipe(Effect.provide(planes))
    }))

  it.effect("does not keep a failure", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(get))._tag, "ThrottlingException")
      assert.strictEqual(Redacted.value(yield* get), "token-1")
    }).pipe(Effect.provide(workload({ name: "my-agent" }, {
      getWorkloadAccessToken: [failures.throttling, numbered({}, 0)]
    }))))

  describe("renewal", () => {
    const value = Effect.map(get, Redacted.value)

    it.effect("happens at the first use after 10 minutes, and not before", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* value, "token-1")
        yield* TestClock.adjust("599999 millis")
        assert.strictEqual(yield* value, "token-1")
        yield* TestClock.adjust("1 millis")
        assert.lengthOf(yield* calls, 1)
        assert.strictEqual(yield* value, "token-2")
        assert.strictEqual(yield* value, "token-2")
        assert.lengthOf(yield* calls, 2)
      }).pipe(Effect.provide(workload({ name: "my-agent" }, { getWorkloadAccessToken: numbered }))))

    it.effect("happens after `renewAfter`, counted from the start of the request", () =>
      Effect.gen(function*() {
        const first = yield* Effect.forkChild(value)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* Fiber.join(first), "token-1")
        yield* TestClock.adjust("39999 millis")
        assert.strictEqual(yield* value, "token-1")
        yield* TestClock.adjust("1 millis")
        const second = yield* Effect.forkChild(value)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* Fiber.join(second), "token-2")
      }).pipe(Effect.provide(workload({ name: "my-agent", renewAfter: "1 minute" }, {
        getWorkloadAccessToken: (request, index) => Effect.delay(numbered(request, index), "20 seconds")
      }))))

    it.effect("happens only after invalidate when `renewAfter` is infinite", () =>
      Effect.gen(function*() {
        const first = yield* get
        yield* TestClock.adjust("365 days")
        same(yield* get, first)
        yield* Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (token) => token.invalidate(first))
        assert.strictEqual(yield* value, "token-2")
      }).pipe(Effect.provide(
        workload({ name: "my-agent", renewAfter: Duration.infinity }, { getWorkloadAccessToken: numbered })
      )))

    const transient = {
      throttling: failures.throttling,
      internal: failures.internal,
      lost: failures.lost,
      timeout: failures.timeout,
      badGateway: failures.badGateway,
      unavailable: failures.unavailable
    }

    for (const [name, failure] of Object.entries(transient)) {
      it.effect(`returns the old token for a minute after a transient failure: ${name}`, () =>
        Effect.gen(function*() {
          yield* get
          yield* TestClock.adjust("1 hour")
          assert.strictEqual(yield* value, "token-1")
          yield* TestClock.adjust("59999 millis")
          assert.strictEqual(yield* value, "token-1")
          assert.lengthOf(yield* calls, 2)
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* value, "token-3")
        }).pipe(Effect.provide(workload({ name: "my-agent" }, {
          getWorkloadAccessToken: [numbered({}, 0), failure, numbered({}, 2)]
        }))))
    }

    it.effect("returns the old token until it is invalidated when the user's JWT has expired", () =>
      Effect.gen(function*() {
        const old = yield* get
        yield* TestClock.adjust("1 hour")
        same(yield* get, old)
        yield* Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (token) => token.invalidate(old))
        assert.strictEqual((yield* Effect.flip(get))._tag, "UnauthorizedException")
      }).pipe(Effect.provide(workload({ name: "my-agent", user: { userToken: secret("a.b.c") } }, {
        getWorkloadAccessTokenForJwt: [numbered({}, 0), failures.unauthorized, failures.unauthorized]
      }))))

    it.effect("fails when the service rejects it and the user has no JWT", () =>
      Effect.gen(function*() {
        yield* get
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* Effect.flip(get))._tag, "UnauthorizedException")
      }).pipe(Effect.provide(workload({ name: "my-agent", user: { userId: "alice" } }, {
        getWorkloadAccessTokenForUserId: [numbered({}, 0), failures.unauthorized]
      }))))

    it.effect("fails after a permanent failure, and is tried again", () =>
      Effect.gen(function*() {
        yield* get
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* Effect.flip(get))._tag, "AccessDeniedException")
        assert.strictEqual(yield* value, "token-3")
      }).pipe(Effect.provide(workload({ name: "my-agent" }, {
        getWorkloadAccessToken: [numbered({}, 0), failures.denied, numbered({}, 2)]
      }))))

    it.effect("never returns a token that was invalidated, even during the failed call", () =>
      Effect.gen(function*() {
        const token = yield* WorkloadAccessToken.WorkloadAccessToken
        const old = yield* token.get
        yield* token.invalidate(old)
        assert.strictEqual((yield* Effect.flip(token.get))._tag, "ThrottlingException")
        const next = yield* token.get
        yield* TestClock.adjust("1 hour")
        const renewal = yield* Effect.forkChild(Effect.flip(token.get))
        yield* Effect.yieldNow
        yield* token.invalidate(next)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(renewal))._tag, "InternalServerException")
      }).pipe(Effect.provide(workload({ name: "my-agent" }, {
        getWorkloadAccessToken: [
          numbered({}, 0),
          failures.throttling,
          numbered({}, 2),
          Effect.delay(failures.internal, "1 second")
        ]
      }))))
  })

  describe("capture", () => {
    type Job = Effect.Effect<
      string,
      WorkloadAccessToken.WorkloadAccessTokenError,
      WorkloadAccessToken.WorkloadAccessToken
    >

    const job: Job = Effect.map(get, Redacted.value)

    /** Two requests queue work for a worker. The worker is a caller itself, and runs the work after both responses. */
    const runByWorker = (
      handle: (queue: Queue.Queue<Job>) => Effect.Effect<unknown, never, WorkloadAccessToken.WorkloadAccessToken>
    ) =>
      Effect.gen(function*() {
        const queue = yield* Queue.unbounded<Job>()
        for (const user of ["alice", "bob"]) {
          yield* Effect.provide(handle(queue), WorkloadAccessToken.layer(secret(user)))
        }
        return yield* Effect.replicateEffect(Effect.flatten(Queue.take(queue)), 2).pipe(
          Effect.provide(WorkloadAccessToken.layer(secret("worker")))
        )
      })

    it.effect("is what deferred work needs: otherwise it runs for the caller that runs it", () =>
      Effect.gen(function*() {
        const users = yield* runByWorker((queue) => Queue.offer(queue, job))
        assert.deepStrictEqual(users, ["worker", "worker"])
      }))

    it.effect("lets deferred work run for the caller that requested it", () =>
      Effect.gen(function*() {
        const users = yield* runByWorker((queue) =>
          Effect.flatMap(WorkloadAccessToken.capture, (asCaller) => Queue.offer(queue, asCaller(job)))
        )
        assert.deepStrictEqual(users, ["alice", "bob"])
      }))

    it.effect("captures the caller, not a token, so that work after hours gets a new token", () =>
      Effect.gen(function*() {
        const asCaller = yield* WorkloadAccessToken.capture
        const before = yield* get
        const later = yield* Effect.forkChild(Effect.delay(asCaller(get), "5 hours"))
        yield* TestClock.adjust("5 hours")
        assert.strictEqual(Redacted.value(before), "token-1")
        assert.strictEqual(Redacted.value(yield* Fiber.join(later)), "token-2")
      }).pipe(Effect.provide(workload({ name: "my-agent" }, { getWorkloadAccessToken: numbered }))))
  })
})
