import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { responses, secret, sessionUntil } from "./support/utils.js"

const planes = ScriptedPlanes.layer({
  getResourceApiKey: () => Effect.succeed({ apiKey: secret("the-key") }),
  completeResourceTokenAuth: () => Effect.void,
  createWorkloadIdentity: ({ name }) => Effect.succeed({ name, workloadIdentityArn: "arn" }),
  deleteWorkloadIdentity: () => Effect.void
})

const countOf = (operation: keyof ScriptedPlanes.Script) =>
  Effect.flatMap(
    ScriptedPlanes.ScriptedPlanes,
    (scripted) => Effect.map(scripted.callsOf(operation), (calls) => calls.length)
  )

const many = <A, E, R>(n: number, effect: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: n }), () => Effect.forkChild(effect), { discard: true })

describe("layerRateLimit", () => {
  it.effect("keeps the data plane within its quotas, separately for each operation", () =>
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane.DataPlane
      const user = { userId: "alice" }
      const sessionUri = secret("urn:ietf:params:oauth:request_uri:1")
      yield* many(250, dataPlane.completeResourceTokenAuth({ userIdentifier: user, sessionUri }))
      yield* many(
        150,
        dataPlane.getResourceApiKey({ workloadIdentityToken: secret("wat"), resourceCredentialProviderName: "weather" })
      )
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(yield* countOf("completeResourceTokenAuth"), 100)
      assert.strictEqual(yield* countOf("getResourceApiKey"), 150)
      yield* TestClock.adjust("1 second")
      const second = yield* countOf("completeResourceTokenAuth")
      assert.isAtLeast(second, 199)
      assert.isAtMost(second, 201)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* countOf("completeResourceTokenAuth"), 250)
    }).pipe(Effect.provide(Layer.provideMerge(DataPlane.layerRateLimit(), planes))))

  it.effect("uses given quotas", () =>
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane.DataPlane
      yield* many(
        30,
        dataPlane.getResourceApiKey({ workloadIdentityToken: secret("wat"), resourceCredentialProviderName: "weather" })
      )
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(yield* countOf("getResourceApiKey"), 10)
    }).pipe(Effect.provide(Layer.provideMerge(DataPlane.layerRateLimit({ getResourceApiKey: 10 }), planes))))

  it.effect("keeps the control plane within its quota", () =>
    Effect.gen(function*() {
      const controlPlane = yield* ControlPlane.ControlPlane
      yield* many(30, controlPlane.createWorkloadIdentity({ name: "my-agent" }))
      yield* many(20, controlPlane.deleteWorkloadIdentity({ name: "my-agent" }))
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(yield* countOf("createWorkloadIdentity"), 20)
      assert.strictEqual(yield* countOf("deleteWorkloadIdentity"), 20)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* countOf("createWorkloadIdentity"), 30)
    }).pipe(Effect.provide(Layer.provideMerge(ControlPlane.layerRateLimit(), planes))))

  describe("the order of waiting calls", () => {
    /** The numbers of sessions and first requests, in the order in which they reached the service. */
    const order = Effect.flatMap(
      ScriptedPlanes.ScriptedPlanes,
      (planes) =>
        Effect.map(
          planes.callsOf("getResourceOauth2Token"),
          (calls) =>
            calls.map(({ request }) =>
              request.sessionUri === undefined ? "ask" : Redacted.value(request.sessionUri).slice(-4)
            )
        )
    )

    const tokenRequest = {
      workloadIdentityToken: secret("wat"),
      resourceCredentialProviderName: "google",
      oauth2Flow: "USER_FEDERATION",
      scopes: []
    } as const

    const poll = (dataPlane: DataPlane.DataPlane["Service"]) =>
      dataPlane.getResourceOauth2Token({
        ...tokenRequest,
        sessionUri: secret("urn:ietf:params:oauth:request_uri:poll")
      })

    const pending = ScriptedPlanes.layer({ getResourceOauth2Token: () => responses.inProgress })

    const limited = Effect.provide(
      Layer.provideMerge(DataPlane.layerRateLimit({ getResourceOauth2Token: 10 }), pending)
    )

    it.effect("polls run last, and leave half of a burst", () =>
      Effect.gen(function*() {
        const dataPlane = yield* DataPlane.DataPlane
        yield* many(100, poll(dataPlane))
        yield* TestClock.adjust("0 millis")
        assert.deepStrictEqual(yield* order, Array.from({ length: 5 }, () => "poll"))
        yield* many(8, dataPlane.getResourceOauth2Token(tokenRequest))
        yield* TestClock.adjust("0 millis")
        assert.deepStrictEqual((yield* order).slice(5), Array.from({ length: 5 }, () => "ask"))
        // The other first requests run as soon as the quota allows, the polls when half of the burst is back.
        yield* TestClock.adjust("300 millis")
        assert.deepStrictEqual((yield* order).slice(10), ["ask", "ask", "ask"])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual((yield* order).slice(13, 17), ["poll", "poll", "poll", "poll"])
        yield* TestClock.adjust("1 second")
        assert.lengthOf(yield* order, 13 + 5 + 10)
      }).pipe(limited))

    it.effect("polls run last even with a quota of one call per second", () =>
      Effect.gen(function*() {
        const dataPlane = yield* DataPlane.DataPlane
        yield* many(10, poll(dataPlane))
        yield* TestClock.adjust("0 millis")
        yield* many(3, dataPlane.getResourceOauth2Token(tokenRequest))
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual((yield* order).slice(0, 6), ["poll", "ask", "ask", "ask", "poll", "poll"])
        assert.isAtLeast((yield* order).length, 10)
      }).pipe(
        Effect.provide(Layer.provideMerge(DataPlane.layerRateLimit({ getResourceOauth2Token: 1 }), pending))
      ))

    it.effect("a poll after a user's consent does not wait for other polls", () =>
      Effect.gen(function*() {
        const dataPlane = yield* DataPlane.DataPlane
        yield* many(100, poll(dataPlane))
        yield* TestClock.adjust("0 millis")
        const sessionUri = secret("urn:ietf:params:oauth:request_uri:back")
        const session = new ConsentSession({ ...sessionUntil(600_000), sessionUri })
        yield* Effect.forkChild(Effect.flatMap(Identity.Identity, (identity) =>
          identity.resumeAccessToken(session, {
            consent: () => Effect.void
          })))
        yield* TestClock.adjust("0 millis")
        assert.deepStrictEqual((yield* order).slice(5), ["back"])
      }).pipe(
        Effect.provide(Layer.merge(Identity.layer, WorkloadAccessToken.layer(secret("wat")))),
        limited
      ))

    it.effect("an interrupted call leaves the queue", () =>
      Effect.gen(function*() {
        const dataPlane = yield* DataPlane.DataPlane
        yield* many(10, dataPlane.getResourceOauth2Token(tokenRequest))
        const waiting = yield* Effect.forEach(
          Array.from({ length: 50 }, () => dataPlane.getResourceOauth2Token(tokenRequest)),
          (effect) => Effect.forkChild(effect)
        )
        yield* TestClock.adjust("0 millis")
        yield* Fiber.interruptAll(waiting)
        yield* Effect.forkChild(dataPlane.getResourceOauth2Token(tokenRequest))
        yield* TestClock.adjust("100 millis")
        assert.lengthOf(yield* order, 11)
      }).pipe(limited))
  })
})
