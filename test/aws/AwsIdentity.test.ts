import { assert, describe, it } from "@effect/vitest"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { credentials, failure, json, noVariables, server, token } from "./utils.js"

describe("AwsIdentity.layer", () => {
  it.live("provides Identity over the planes that it provides", () =>
    Effect.gen(function*() {
      const http = yield* server((response, seen) =>
        json(200, seen.path.endsWith("api-key") ? { apiKey: "key" } : { workloadAccessToken: token })(response, seen)
      )
      const layer = AwsIdentity.layer({ region: "us-west-2", credentials, endpoint: http.url, maxAttempts: 1 }).pipe(
        Layer.provide(noVariables)
      )
      yield* Effect.gen(function*() {
        const identity = yield* Identity.Identity
        const dataPlane = yield* DataPlane.DataPlane
        yield* ControlPlane.ControlPlane
        const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
        const key = yield* identity.getApiKey({ provider: "weather" }).pipe(
          Effect.provide(WorkloadAccessToken.layer(workloadAccessToken))
        )
        assert.strictEqual(Redacted.value(key), "key")
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(JSON.parse(http.seen[1]!.body), {
        workloadIdentityToken: token,
        resourceCredentialProviderName: "weather"
      })
    }))

  it.live("layerConfig reads options from configuration", () =>
    Effect.gen(function*() {
      const variables = (map: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromEnv({ env: map }))
      const layer = AwsIdentity.layerConfig({ region: Config.String("AGENT_REGION") })
      yield* Layer.build(layer.pipe(Layer.provide(variables({ AGENT_REGION: "eu-central-1" }))))
      yield* failure(Layer.build(layer.pipe(Layer.provide(variables({ AGENT_REGION: "not a region" })))))
      yield* failure(Layer.build(layer.pipe(Layer.provide(variables({})))))
    }))
})
