import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

class Github extends AccessToken.Tag<Github>()("app/Github", { provider: "github", flow: "M2M", scopes: ["repo"] }) {}
class Slack extends AccessToken.Tag<Slack>()("app/Slack", { provider: "slack", flow: "M2M" }) {}
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
