import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"

// It is safe to repeat: existing resources stay as they are unless they differ.
export const setUp = Effect.gen(function*() {
  yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: ["https://agent.example.com/consent"] })

  const github = CredentialProvider.github({
    name: "github",
    clientId: "my-agent",
    clientSecret: yield* Config.Redacted("GITHUB_CLIENT_SECRET")
  })
  const okta = CredentialProvider.okta({
    name: "okta",
    clientId: "my-agent",
    // A reference: the secret stays in Secrets Manager.
    clientSecret: { secretId: "okta-client", jsonKey: "secret" },
    issuer: "https://example.okta.com",
    authorizationEndpoint: "https://example.okta.com/oauth2/v1/authorize",
    tokenEndpoint: "https://example.okta.com/oauth2/v1/token",
    offlineAccess: true
  })
  const weather = CredentialProvider.apiKey({ name: "weather", apiKey: yield* Config.Redacted("WEATHER_API_KEY") })
  return [
    yield* CredentialProvider.ensure(github),
    yield* CredentialProvider.ensure(okta),
    yield* CredentialProvider.ensure(weather)
  ]
})
