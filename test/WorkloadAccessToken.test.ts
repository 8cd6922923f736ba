import { assert, describe, it } from "@effect/vitest"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { failures, same, secret } from "./utils.js"

const get = Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (token) => token.get)

const calls = Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) => planes.calls)

const workload = (
  options: Parameters<typeof WorkloadAccessToken.layerWorkload>[0],
  script: ScriptedPlanes.Script
) => WorkloadAccessToken.layerWorkload(options).pipe(Layer.provideMerge(ScriptedPlanes.layer(script)))

const numbered = (_: unknown, index: number) => Effect.succeed({ workloadAccessToken: secret(`token-${index + 1}`) })

describe("WorkloadAccessToken", () => {
  it.effect("is a given token, or one from the configuration", () =>
    Effect.gen(function*() {
      const given = yield* Effect.provide(get, WorkloadAccessToken.layer(secret("given")))
      assert.strictEqual(Redacted.value(given), "given")
      const configured = yield* Effect.provide(
        get,
        WorkloadAccessToken.layerConfig(Config.redacted("WORKLOAD_ACCESS_TOKEN"))
      ).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["WORKLOAD_ACCESS_TOKEN", "configured"]]))))
      assert.strictEqual(Redacted.value(configured), "configured")
    }))

  it.effect("asks for the workload alone", () =>
    Effect.gen(function*() {
      yield* get
      same((yield* calls).map(({ operation, request }) => ({ operation, request })), [
        { operation: "getWorkloadAccessToken", request: { workloadName: "my-agent" } }
      ])
    }).pipe(Effect.provide(workload({ name: "my-agent" }, { getWorkloadAccessToken: numbered }))))

  it.effect("asks by user id", () =>
    Effect.gen(function*() {
      yield* get
      same((yield* calls).map(({ operation, request }) => ({ operation, request })), [
        { operation: "getWorkloadAccessTokenForUserId", request: { workloadName: "my-agent", userId: "alice" } }
      ])
    }).pipe(Effect.provide(
      workload({ name: "my-agent", user: { userId: "alice" } }, { getWorkloadAccessTokenForUserId: numbered })
    )))

  it.effect("asks by the user's JWT", () =>
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

  it.effect("makes one call for callers that come at once, and an interrupted one stops nobody", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const planes = workload({ name: "my-agent" }, {
        getWorkloadAccessToken: (request, index) => Effect.zipRight(Deferred.await(gate), numbered(request, index))
      })
      yield* Effect.gen(function*() {
        const first = yield* Effect.fork(get)
        const others = yield* Effect.forkAll(Array.from({ length: 20 }, () => get))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        yield* Deferred.succeed(gate, undefined)
        const tokens = yield* Fiber.join(others)
        assert.lengthOf(new Set(tokens.map(Redacted.value)), 1)
        assert.isAtMost((yield* calls).length, 2)
      }).pipe(Effect.provide(planes))
    }))

  it.effect("does not keep a failure", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(get))._tag, "ThrottlingException")
      assert.strictEqual(Redacted.value(yield* get), "token-1")
    }).pipe(Effect.provide(workload({ name: "my-agent" }, {
      getWorkloadAccessToken: [failures.throttling, numbered({}, 0)]
    }))))
})
