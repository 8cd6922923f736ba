// Calls the control plane and STS without the AWS SDK. Prints the results.
import * as AwsHttpPlanes from "effect-agentcore-identity/aws/AwsHttpPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"

const program = Effect.gen(function*() {
  const { name } = yield* (yield* ControlPlane.ControlPlane).getWorkloadIdentity({ name: "agent" })
  const { expiration } = yield* (yield* SecurityTokenService.SecurityTokenService).getWebIdentityToken({
    audience: ["https://api.example.com"],
    signingAlgorithm: "ES384"
  })
  return { name, expires: expiration !== undefined }
})

// No top-level await: a CommonJS bundle cannot have it.
void Effect.runPromise(Effect.provide(program, AwsHttpPlanes.layerNode())).then((result) =>
  console.log(JSON.stringify(result))
)
