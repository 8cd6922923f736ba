import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// Of a user: the vendors know no agents of their own (`M2M`). `Consent.ReturnUrl` of the program is their return URL.
class Github extends AccessToken.Tag<Github>()("app/Github", {
  provider: "github",
  flow: "USER_FEDERATION",
  scopes: ["repo"]
}) {}
class Slack extends AccessToken.Tag<Slack>()("app/Slack", {
  provider: "slack",
  flow: "USER_FEDERATION",
  scopes: ["channels:read"]
}) {}
class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

const digest = Effect.gen(function*() {
  const credentials = [yield* Github, yield* Slack, yield* Weather]
  return credentials.map(Redacted.value)
})

export const program = digest.pipe(
  AccessToken.withAccessToken(Github),
  AccessToken.withAccessToken(Slack),
  ApiKey.withApiKey(Weather)
)
