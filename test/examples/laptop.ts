import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// AgentCore Identity, and an authorization server that stands in for all others: no client secret leaves this machine.
export const laptop = LocalIdentity.layer({ authorizationServer: true, offline: true })

// Once per environment: a workload identity, and a credential provider.
export const setUp = Effect.gen(function*() {
  const { discoveryUrl } = yield* AuthorizationServer.AuthorizationServer
  yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: ["http://127.0.0.1:8765/consent"] })
  yield* CredentialProvider.ensure(CredentialProvider.custom({
    name: "reports",
    discovery: discoveryUrl,
    clientId: "my-agent",
    clientSecret: Redacted.make("development-only")
  }))
})
