/**
 * Obtains an API key of the endpoint by `layerNode`, and prints it, or the error. Node reads trusted certificates only
 * at the start of a process.
 */
import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
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
  Effect.provide(AwsHttpDataPlane.layerNode({ maxAttempts: 1 }))
)

console.log(await Effect.runPromise(program))
