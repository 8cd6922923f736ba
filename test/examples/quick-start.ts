import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

// What an agent does with a token. It asks for one by a tag, and knows nothing of where it comes from.
const useToken = Effect.gen(function*() {
  const token = yield* AccessToken.AccessToken
  return `a token of ${Redacted.value(token).length} characters`
})

// The combinator obtains the token at every run, and takes the tag off the requirements.
export const agent = useToken.pipe(
  AccessToken.withAccessToken({ provider: "reports", flow: "M2M", scopes: ["reports:read"] })
)

// Once per environment: who the agent is, and where its tokens come from.
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

// The laptop: AgentCore Identity, and an authorization server to go with it.
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
