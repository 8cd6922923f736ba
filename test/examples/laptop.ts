import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

// AgentCore Identity, and an OAuth2 authorization server, each on a free port.
export const laptop = Layer.merge(LocalIdentity.layer(), AuthorizationServer.layer())

// Once per environment: a client at the authorization server, a workload identity, and a credential provider.
export const setUp = Effect.gen(function*() {
  const client = { clientId: "my-agent", clientSecret: Redacted.make("development-only") }
  const identity = yield* LocalServer.LocalServer
  const oauth = yield* AuthorizationServer.AuthorizationServer
  yield* oauth.registerClient({
    ...client,
    scopes: ["reports:read"],
    redirectUris: [`${identity.url}/identities/oauth2/callback/*`]
  })
  yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: ["http://127.0.0.1:8765/consent"] })
  yield* CredentialProvider.ensure(
    CredentialProvider.custom({ name: "reports", discovery: oauth.discoveryUrl, ...client })
  )
})
