// Reports the packages of the AWS SDK that this process has loaded after each step.
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createRequire } from "node:module"
import { report } from "../support/report.mjs"

const { cache } = createRequire(import.meta.url)

const loaded = (): ReadonlyArray<
  string
> => [
  ...new Set(
    Object.keys(cache).flatMap((file) => /.*\/node_modules\/(@(?:aws-sdk|smithy)\/[^/]+)/.exec(file)?.[1] ?? [])
  )
]

const steps: Record<string, ReadonlyArray<string>> = { import: loaded() }

const program = Effect.gen(function*() {
  const context = yield* Layer.build(AwsPlanes.layer())
  steps["layer"] = loaded()

  const dataPlane = Context.get(context, DataPlane.DataPlane)
  const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
  yield* dataPlane.getResourceApiKey({
    workloadIdentityToken: workloadAccessToken,
    resourceCredentialProviderName: "weather"
  })
  steps["getResourceApiKey"] = loaded()

  yield* Context.get(context, SecurityTokenService.SecurityTokenService).getWebIdentityToken({
    audience: ["https://api.example.com"],
    signingAlgorithm: "ES384"
  })
  steps["getWebIdentityToken"] = loaded()

  yield* Context.get(context, ControlPlane.ControlPlane).getWorkloadIdentity({ name: "agent" })
  steps["getWorkloadIdentity"] = loaded()
})

await Effect.runPromise(Effect.scoped(program))

report(steps)
