// An agent that fetches an API key, without the AWS SDK. Prints the key, or the error.
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const live = WorkloadAccessToken.layerWorkload({ name: "agent" }).pipe(
  Layer.provideMerge(Identity.layer),
  Layer.provideMerge(AwsDataPlane.layerHttpNode())
)

const program = Effect.flatMap(Identity.Identity, (identity) => identity.getApiKey({ provider: "weather" })).pipe(
  Effect.match({
    onFailure: (error) => ({ ...error, message: error.message }),
    onSuccess: (apiKey) => ({ apiKey: Redacted.value(apiKey) })
  })
)

void Effect.runPromise(Effect.provide(program, live)).then((printed) => console.log(JSON.stringify(printed)))
