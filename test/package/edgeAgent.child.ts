// The agent of an edge runtime, which has `fetch` and Web Crypto, and passes the settings. Prints the API
// key.
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const live = WorkloadAccessToken.layerWorkload({ name: "agent" }).pipe(
  Layer.provideMerge(Identity.layer),
  Layer.provideMerge(AwsPlanes.layerHttp()),
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.flatMap(Identity.Identity, (identity) => identity.getApiKey({ provider: "weather" }))

void Effect.runPromise(Effect.provide(program, live)).then((apiKey) =>
  console.log(JSON.stringify({ apiKey: Redacted.value(apiKey) }))
)
