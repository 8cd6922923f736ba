import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { credentials, failure, json, noVariables, server, token } from "./utils.js"

const getWorkloadAccessToken = Effect.flatMap(
  DataPlane.DataPlane,
  (dataPlane) => dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
)

describe("AwsDataPlane.layer", () => {
  it.live("sends calls by its options", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { workloadAccessToken: token }))
      const { workloadAccessToken } = yield* getWorkloadAccessToken.pipe(
        Effect.provide(AwsDataPlane.layer({ region: "us-west-2", credentials, endpoint: http.url })),
        Effect.provide(noVariables)
      )
      assert.strictEqual(Redacted.value(workloadAccessToken), token)
      assert.deepStrictEqual(JSON.parse(http.seen[0]!.body), { workloadName: "agent" })
    }))

  it.live("layerConfig reads options from configuration, and rejects invalid ones", () =>
    Effect.gen(function*() {
      const build = (region: string) =>
        AwsDataPlane.layerConfig({ region: Config.String("AGENT_REGION") }).pipe(
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
