import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "M2M",
  scopes: ["reports:read"]
}) {}

// A client of one API. Each request carries the token of its own caller. No other origin receives a token.
export const reportsClient = (origin: string) =>
  Effect.map(HttpClient.HttpClient, (client) =>
    client.pipe(
      HttpClient.mapRequest(HttpClientRequest.prependUrl(origin)),
      HttpClientCredentials.withAccessToken(Reports, { origins: [origin] }),
      HttpClient.followRedirects()
    ))

export const program = (origin: string) =>
  Effect.gen(function*() {
    const client = yield* reportsClient(origin)
    const response = yield* client.get("/reports")
    return yield* response.json
  }).pipe(
    // The client has already renewed the token once.
    Effect.catchTag("CredentialRejected", ({ message }) => Effect.fail(message)),
    Effect.catchTag("InsufficientScope", ({ required }) => Effect.fail(`also request ${required.join(" ")}`))
  )
