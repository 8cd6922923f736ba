import { assert, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { program } from "./custom-schedule.ts"

// The real flow over a scripted service. With TestClock, minutes of waiting take no time.
it.effect("times out when the user does not consent", () =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.flip(program))
    yield* TestClock.adjust("6 minutes")
    assert.strictEqual(yield* Fiber.join(fiber), "The user is away")

    const planes = yield* ScriptedPlanes.ScriptedPlanes
    const [first, second] = yield* planes.callsOf("getResourceOauth2Token")
    assert.strictEqual(first?.request.resourceCredentialProviderName, "calendar")
    assert.strictEqual(second?.at, 1_000)
  }).pipe(
    Effect.provide(Identity.layer.pipe(
      Layer.provideMerge(ScriptedPlanes.layer({
        getResourceOauth2Token: (request) =>
          Effect.succeed(
            request.sessionUri === undefined
              ? new DataPlane.ConsentRequired({
                authorizationUrl: Redacted.make("https://example.com/authorize"),
                sessionUri: Redacted.make("urn:ietf:params:oauth:request_uri:1")
              })
              : new DataPlane.InProgress()
          )
      })),
      Layer.merge(WorkloadAccessToken.layer(Redacted.make("workload-token")))
    ))
  ))
