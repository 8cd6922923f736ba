// An agent as a user writes it, for a bundler: static imports only.
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { request, workloadAccessToken } from "../fixture.mjs"

/**
 * Returns a function that obtains an access token over the data plane. AgentCore Runtime gives a workload access token
 * to every request.
 */
export const agent = (dataPlane) => {
  const runtime = ManagedRuntime.make(Layer.provide(Identity.layer, dataPlane))
  return () =>
    runtime.runPromise(
      Effect.flatMap(Identity.Identity, ({ getAccessToken }) => Effect.map(getAccessToken(request), Redacted.value))
        .pipe(
          Effect.provideService(
            WorkloadAccessToken.WorkloadAccessToken,
            WorkloadAccessToken.make(Redacted.make(workloadAccessToken))
          )
        )
    )
}
