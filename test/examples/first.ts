import { Effect, Layer, Redacted } from "effect"
import { ApiKey, IdentitySetup, WorkloadAccessToken } from "effect-agentcore-identity"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"

class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

const setUp = IdentitySetup.apply({
  workloadIdentities: [{ name: "my-agent" }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("for development") }]
})

const agent = Effect.map(Weather, (key) => `a key of ${Redacted.value(key).length} characters`).pipe(
  ApiKey.withApiKey(Weather)
)

const laptop = WorkloadAccessToken.layerWorkload({ name: "my-agent" }).pipe(
  Layer.provideMerge(LocalIdentity.layer())
)

console.log(await Effect.runPromise(Effect.provide(Effect.andThen(setUp, agent), laptop)))
