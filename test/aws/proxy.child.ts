/**
 * Obtains an API key of the endpoint by `layerHttpNode`, and prints it, or the error. Node reads trusted certificates
 * only at the start of a process.
 */
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const program = Effect.flatMap(
  DataPlane.DataPlane,
  (plane) =>
    plane.getResourceApiKey({
      workloadIdentityToken: Redacted.make("token"),
      resourceCredentialProviderName: "weather"
    })
).pipe(
  Effect.map(({ apiKey }) => Redacted.value(apiKey)),
  Effect.catchTag("TransportError", ({ code, kind }) => Effect.succeed(`${kind} ${code}`)),
  Effect.provide(AwsDataPlane.layerHttpNode({ maxAttempts: 1 }))
)

console.log(await Effect.runPromise(program))
