// Calls the control plane and STS without the AWS SDK. Prints the results.
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
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
void Effect.runPromise(Effect.provide(program, AwsPlanes.layerHttpNode())).then((result) =>
  console.log(JSON.stringify(result))
)
