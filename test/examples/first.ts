import { Effect, Redacted } from "effect"
import { ApiKey, IdentitySetup, WorkloadAccessToken } from "effect-agentcore-identity"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"

const setUp = IdentitySetup.apply({
  workloadIdentities: [{ name: "my-agent" }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("for development") }]
})

const agent = Effect.map(ApiKey.ApiKey, (key) => `a key of ${Redacted.value(key).length} characters`).pipe(
  ApiKey.withApiKey({ provider: "weather" })
)

const program = Effect.zipRight(setUp, agent).pipe(
  Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent" })),
  Effect.provide(LocalIdentity.layer())
)

console.log(await Effect.runPromise(program))
