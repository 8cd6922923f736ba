import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { variables } from "../support/utils.js"
import { credentials, failure, json, noVariables, server, token } from "./utils.js"

describe("a layer of one plane", () => {
  const options = (endpoint: string) => ({ region: "us-west-2", credentials, endpoint })

  it.live("of AwsDataPlane sends calls by its options", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { workloadAccessToken: token }))
      const { workloadAccessToken } = yield* Effect.flatMap(
        DataPlane.DataPlane,
        (plane) => plane.getWorkloadAccessToken({ workloadName: "agent" })
      ).pipe(Effect.provide(AwsDataPlane.layer(options(http.url))))
      assert.strictEqual(Redacted.value(workloadAccessToken), token)
      assert.deepStrictEqual(JSON.parse(http.seen[0]!.body), { workloadName: "agent" })
    }).pipe(Effect.provide(noVariables)))
})

it.live("AwsIdentity.layer provides Identity over the planes that it provides", () =>
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

it.live("AwsIdentity.layerConfig reads options from configuration, and rejects invalid ones", () =>
  Effect.gen(function*() {
    const build = (env: Record<string, string>) =>
      AwsIdentity.layerConfig({ region: Config.String("AGENT_REGION") }).pipe(
        Layer.provide(variables(env)),
        Layer.build
      )
    yield* build({ AGENT_REGION: "eu-central-1" })
    const error = yield* failure(build({ AGENT_REGION: "not a region" }))
    assert(error instanceof Config.ConfigError)
    assert.include(String(error), "Expected an AWS region")
    yield* failure(build({}))
  }))
