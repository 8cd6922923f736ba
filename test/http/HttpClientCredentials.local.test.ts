import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as World from "../support/localWorld.js"
import * as ProtectedApi from "../support/protectedApi.js"

/**
 * Starts the protected API behind a gateway that knows the revoked tokens. The API alone would accept a revoked JWT
 * until it expires. `heard` has the tokens of the requests, in order.
 */
const startInWorld = Effect.gen(function*() {
  const options = yield* AuthorizationServer.AuthorizationServer
  const revoked = new Set<string>()
  const heard: Array<string> = []
  const gateway = <E, R>(api: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
      const token = headers.authorization?.replace("Bearer ", "") ?? ""
      heard.push(token)
      return revoked.has(token)
        ? Effect.succeed(HttpServerResponse.text("revoked", {
          status: 401,
          headers: { "www-authenticate": "Bearer error=\"invalid_token\"" }
        }))
        : api
    })
  return { url: yield* ProtectedApi.serve(options, gateway), revoked, heard }
})

class Reports
  extends AccessToken.Tag<Reports>()("test/Reports", { provider: "calendar", flow: "M2M", scopes: ["reports:read"] })
{}

/** The client of Alice, and the statuses of the pages of her consents. */
const alicesClient = (
  url: string,
  returnUrl: string,
  options: Partial<HttpClientCredentials.AccessTokenOptions> = {}
) =>
  Effect.gen(function*() {
    const browser = yield* World.person("alice")
    const consents: Array<number> = []
    const calendar = AccessToken.Tag<unknown>()("test/Calendar", {
      provider: "calendar",
      flow: "USER_FEDERATION",
      scopes: World.scopes,
      returnUrl
    })
    const client = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, calendar, {
      ...options,
      origins: [url],
      consent: ({ authorizationUrl }) =>
        Effect.map(
          browser.approves(authorizationUrl),
          ({ status }) => consents.push(status)
        )
    })
    return { client, consents }
  })

const world = Effect.provide([World.layer, FetchHttpClient.layer])

describe("the protected API", () => {
  it.live("fails for a revoked token of a user, because the vault keeps it, until reauthenticate is set", () =>
    Effect.gen(function*() {
      const { returnUrl } = yield* World.setUp()
      const { heard, revoked, url } = yield* startInWorld
      const careful = yield* alicesClient(url, returnUrl)
      assert.strictEqual((yield* careful.client.get(`${url}/me`)).status, 200)
      revoked.add(heard[0] ?? "")

      const error = yield* Effect.flip(careful.client.get(`${url}/me`))
      assert(error._tag === "CredentialRejected")
      assert.strictEqual(error.reason, "Unchanged")
      assert.include(error.message, "the service returned the same one again")
      assert.deepStrictEqual(careful.consents, [200])

      const bold = yield* alicesClient(url, returnUrl, { reauthenticate: true })
      const response = yield* bold.client.get(`${url}/me`)
      assert.deepInclude(yield* response.json, { subject: "alice", kind: "user" })
      assert.deepStrictEqual(bold.consents, [200])
      // The vault has the new consent of Alice, for the careful client too.
      assert.strictEqual((yield* careful.client.get(`${url}/me`)).status, 200)
      assert.deepStrictEqual(careful.consents, [200])
    }).pipe(World.as("agent", "alice"), world))

  it.live("asks the user for the scope that the API requires, with stepUp", () =>
    Effect.gen(function*() {
      const { returnUrl } = yield* World.setUp()
      const { url } = yield* startInWorld
      const { client, consents } = yield* alicesClient(url, returnUrl, { stepUp: true })
      assert.strictEqual((yield* client.get(`${url}/me`)).status, 200)
      const response = yield* client.get(`${url}/reports`)
      assert.deepInclude(yield* response.json, {
        caller: { subject: "alice", client: "calendar-client", kind: "user", scopes: ["profile:read", "reports:read"] }
      })
      assert.deepStrictEqual(consents, [200, 200])
    }).pipe(World.as("agent", "alice"), world))

  it.live("renews a revoked token of an agent, and the cache drops it", () =>
    Effect.gen(function*() {
      yield* World.setUp()
      const { heard, revoked, url } = yield* startInWorld
      const client = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Reports, { origins: [url] })
      const get = Effect.map(client.get(`${url}/reports`), ({ status }) => status)
      yield* Effect.gen(function*() {
        assert.deepStrictEqual([yield* get, yield* get], [200, 200])
        assert.lengthOf(new Set(heard), 1)
        revoked.add(heard[0] ?? "")
        assert.deepStrictEqual([yield* get, yield* get], [200, 200])
      }).pipe(Effect.provide(Layer.provide(Identity.layer, CredentialCache.layer())))
      const [first, second, rejected, ...fresh] = heard
      assert.strictEqual(second, first)
      assert.strictEqual(rejected, first)
      assert.lengthOf(fresh, 2)
      assert.strictEqual(fresh[0], fresh[1])
      assert.notStrictEqual(fresh[0], first)
      assert.strictEqual(World.claimsOf(Redacted.make(fresh[0] ?? "")).scope, "reports:read")
    }).pipe(World.as("agent"), world))
})
