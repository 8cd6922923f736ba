import { assert, describe, it } from "@effect/vitest"
import * as AwsControlPlane from "effect-agentcore-identity/aws/AwsControlPlane"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { credentials, failure, json, noVariables, server } from "./utils.js"

const getWorkloadIdentity = Effect.flatMap(
  ControlPlane.ControlPlane,
  (controlPlane) => controlPlane.getWorkloadIdentity({ name: "agent" })
)

describe("AwsControlPlane.layer", () => {
  it.live("sends calls by its options", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, {
        name: "agent",
        workloadIdentityArn: "arn",
        createdTime: 1,
        lastUpdatedTime: 2
      }))
      const identity = yield* getWorkloadIdentity.pipe(
        Effect.provide(AwsControlPlane.layer({ region: "us-west-2", credentials, endpoint: http.url })),
        Effect.provide(noVariables)
      )
      assert.strictEqual(identity.workloadIdentityArn, "arn")
      assert.deepStrictEqual(JSON.parse(http.seen[0]!.body), { name: "agent" })
    }))

  it.live("layerConfig reads options from configuration, and rejects invalid ones", () =>
    Effect.gen(function*() {
      const build = (region: string) =>
        AwsControlPlane.layerConfig({ region: Config.String("AGENT_REGION") }).pipe(
          Layer.provide(
            ConfigProvider.layer(ConfigProvider.fromEnv({ env: Object.fromEntries([["AGENT_REGION", region]]) }))
          ),
          Layer.build
        )
      yield* build("eu-central-1")
      const error = yield* failure(build("not a region"))
      assert(error instanceof Config.ConfigError)
      assert.include(String(error), "Expected an AWS region")
    }))
})
