import { assert, it } from "@effect/vitest"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { agent } from "./agent.ts"

it.effect("uses the token", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* agent, "a token of 5 characters")
  }).pipe(
    Effect.provide(Layer.mock(Identity.Identity, { getAccessToken: () => Effect.succeed(Redacted.make("token")) })),
    Effect.provide(WorkloadAccessToken.layer(Redacted.make("workload-token")))
  ))
