import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import { buildProgram } from "../support/build.mjs"
import * as Child from "../support/child.js"
import { secret } from "../support/utils.js"

/** The packages of the SDK that are loaded after each step of the child. */
const steps = (environment: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const program = yield* Effect.promise(() => buildProgram("aws/load.child.ts"))
    const { next } = yield* Child.start([program], { AWS_CONFIG_FILE: "/dev/null", ...environment })
    return (yield* next) as Readonly<Record<string, ReadonlyArray<string>>>
  })

const environment = Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* controlPlane.createWorkloadIdentity({ name: "agent" })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: secret("api-key") })
  return (yield* LocalIdentity.LocalServer).environment
})

const local = LocalIdentity.layerPlanes()

const data = "@aws-sdk/client-bedrock-agentcore"
const control = "@aws-sdk/client-bedrock-agentcore-control"
const sts = "@aws-sdk/client-sts"
const clients = (packages: ReadonlyArray<string> = []) => packages.filter((name) => name.includes("/client-")).sort()

describe("loading of the AWS SDK", () => {
  it.live("loads nothing before the first call, then the client of that call", () =>
    Effect.gen(function*() {
      const loaded = yield* steps(yield* environment)
      assert.deepStrictEqual(loaded["import"], [])
      assert.deepStrictEqual(loaded["layer"], [])
      assert.deepStrictEqual(clients(loaded["getResourceApiKey"]), [data])
      assert.deepStrictEqual(clients(loaded["getWebIdentityToken"]), [data, sts])
      assert.deepStrictEqual(clients(loaded["getWorkloadIdentity"]), [data, control, sts])
    }).pipe(Effect.provide(local)))

  it.live("loads one client with the layer when the SDK has to search for the region", () =>
    Effect.gen(function*() {
      const { AWS_DEFAULT_REGION: _, AWS_REGION: __, ...rest } = yield* environment
      const loaded = yield* steps(rest)
      assert.deepStrictEqual(loaded["import"], [])
      assert.deepStrictEqual(clients(loaded["layer"]), [data])
    }).pipe(Effect.provide(local)))
})
