import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

// What an agent does with a token. It requires the token by a tag, and does not depend on its source.
const useToken = Effect.gen(function*() {
  const token = yield* AccessToken.AccessToken
  return `a token of ${Redacted.value(token).length} characters`
})

// Every run obtains a token. The combinator removes the tag from the requirements.
export const agent = useToken.pipe(
  AccessToken.withAccessToken({ provider: "reports", flow: "M2M", scopes: ["reports:read"] })
)

// Once per environment: the agent's workload identity and its credential provider.
export const setUp = Effect.gen(function*() {
  const server = yield* AuthorizationServer.AuthorizationServer
  yield* WorkloadIdentity.ensure({ name: "my-agent" })
  yield* CredentialProvider.ensure(CredentialProvider.custom({
    name: "reports",
    discovery: server.discoveryUrl,
    clientId: "my-agent",
    clientSecret: Redacted.make("development-only")
  }))
})

// The laptop: AgentCore Identity and an authorization server.
export const laptop = Layer.merge(
  LocalIdentity.layer(),
  AuthorizationServer.layer({
    clients: [{
      clientId: "my-agent",
      clientSecret: Redacted.make("development-only"),
      scopes: ["reports:read"]
    }]
  })
)

export const program = Effect.zipRight(setUp, agent).pipe(
  Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent" })),
  Effect.provide(laptop)
)

// Effect.runPromise(program).then(console.log)
