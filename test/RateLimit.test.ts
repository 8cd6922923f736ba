import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as RateLimit from "effect-agentcore-identity/RateLimit"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { secret } from "./utils.js"

const planes = ScriptedPlanes.layer({
  getResourceApiKey: () => Effect.succeed({ apiKey: secret("the-key") }),
  completeResourceTokenAuth: () => Effect.void,
  createWorkloadIdentity: ({ name }) => Effect.succeed({ name, workloadIdentityArn: "arn" }),
  deleteWorkloadIdentity: () => Effect.void
})

const countOf = (operation: keyof ScriptedPlanes.Operations) =>
  Effect.flatMap(
    ScriptedPlanes.ScriptedPlanes,
    (scripted) => Effect.map(scripted.callsOf(operation), (calls) => calls.length)
  )

const many = <A, E, R>(n: number, effect: Effect.Effect<A, E, R>) =>
  Effect.forkAll(Array.from({ length: n }, () => effect), { discard: true })

describe("RateLimit", () => {
  it.effect("keeps the data plane within its quotas, and operations do not wait for each other", () =>
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
    }).pipe(Effect.provide(Layer.provideMerge(RateLimit.dataPlane(), planes))))

  it.effect("takes quotas of one's own", () =>
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane.DataPlane
      yield* many(
        30,
        dataPlane.getResourceApiKey({ workloadIdentityToken: secret("wat"), resourceCredentialProviderName: "weather" })
      )
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(yield* countOf("getResourceApiKey"), 10)
    }).pipe(Effect.provide(Layer.provideMerge(RateLimit.dataPlane({ getResourceApiKey: 10 }), planes))))

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
    }).pipe(Effect.provide(Layer.provideMerge(RateLimit.controlPlane(), planes))))
})
