// An agent as a user writes it, for a bundler: static imports only.
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { request, workloadAccessToken } from "../fixture.mjs"

/** Returns a function that obtains an access token over the data plane. */
export const agent = (dataPlane) => {
  const runtime = ManagedRuntime.make(
    Layer.merge(
      Layer.provide(Identity.layer, dataPlane),
      WorkloadAccessToken.layer(Redacted.make(workloadAccessToken))
    )
  )
  return () =>
    runtime.runPromise(
      Effect.flatMap(Identity.Identity, ({ getAccessToken }) => Effect.map(getAccessToken(request), Redacted.value))
    )
}
