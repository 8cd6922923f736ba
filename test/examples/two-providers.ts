import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

class GithubToken extends Context.Tag("GithubToken")<GithubToken, Redacted.Redacted>() {}
class SlackToken extends Context.Tag("SlackToken")<SlackToken, Redacted.Redacted>() {}

const digest = Effect.gen(function*() {
  const credentials = [yield* GithubToken, yield* SlackToken, yield* ApiKey.ApiKey]
  return credentials.map(Redacted.value)
})

export const program = digest.pipe(
  AccessToken.withAccessToken({ into: GithubToken, provider: "github", flow: "M2M", scopes: ["repo"] }),
  AccessToken.withAccessToken({ into: SlackToken, provider: "slack", flow: "M2M" }),
  ApiKey.withApiKey({ provider: "weather" })
)
