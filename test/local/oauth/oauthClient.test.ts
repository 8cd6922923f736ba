import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { randomBytes } from "node:crypto"
import { inspect } from "node:util"
import * as Utils from "../../support/authorizationServer.js"
import {
  ask,
  backendOverHttp,
  BrowserResponse,
  consent,
  createProvider,
  createWorkload,
  LocalBackend,
  OAuthClient,
  OAuthHttp,
  Scripted,
  tokenFor,
  updateProvider
} from "../../support/localBackend.js"
import * as Server from "../../support/server.js"
import * as SimulatedUser from "../../support/simulatedUser.js"

const value = Redacted.value

const secret = () => Redacted.make(randomBytes(32).toString("base64url"))

type Account = Extract<OAuthClient.AuthorizationServer, { readonly clientSecret: Redacted.Redacted }>

const account = (discovery: Account["discovery"], options: Partial<Account> = {}): Account => ({
  discovery,
  clientId: Utils.clientId,
  clientSecret: Utils.clientSecret,
  clientAuthenticationMethod: "CLIENT_SECRET_BASIC",
  ...options
})

const posting = { clientId: "posting", clientSecret: Redacted.make("another-development-secret") }

const start = () =>
  Effect.map(
    Utils.start({
      clients: [{ ...posting, authenticationMethod: "client_secret_post", scopes: ["reports:read"] }]
    }),
    ({ callbackUrl, server }) => ({
      server,
      callbackUrl,
      agent: account({ discoveryUrl: server.discoveryUrl }),
      metadata: Utils.metadataOf(server.issuer).authorizationServerMetadata
    })
  )

const reason = <A, R>(effect: Effect.Effect<A, OAuthClient.OAuthError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

/** The callback URL to which a user's browser returns. */
const authorized = (
  agent: OAuthClient.AuthorizationServer,
  redirectUri: string,
  decision: "allow" | "deny" = "allow"
) =>
  Effect.gen(function*() {
    const client = yield* OAuthClient.OAuthClient
    const state = secret()
    const codeVerifier = secret()
    const authorizationUrl = yield* client.authorizationUrl(agent, {
      redirectUri,
      scopes: ["openid", "offline_access", "reports:read"],
      state,
      codeVerifier,
      customParameters: { prompt: "consent" }
    })
    const page = yield* SimulatedUser.consent({ authorizationUrl, userName: "alice", decision })
    return { callbackUrl: page.url, state, codeVerifier }
  })

const changed = (url: Redacted.Redacted, change: (query: URLSearchParams) => void) => {
  const copy = new URL(value(url))
  change(copy.searchParams)
  return Redacted.make(copy.href)
}

describe("layer, over a real authorization server", () => {
  it.live("returns a token for the client itself, with both authentication methods", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { agent, metadata } = yield* start()
      const post = { ...posting, clientAuthenticationMethod: "CLIENT_SECRET_POST" as const }
      const before = yield* Clock.currentTimeMillis
      const tokens = yield* client.clientCredentials(agent, { scopes: ["reports:read"] })
      const after = yield* Clock.currentTimeMillis
      const end = DateTime.toEpochMillis(Option.getOrThrow(tokens.expiresAt))
      assert.isAtLeast(end, before + 600_000)
      assert.isAtMost(end, after + 600_000)
      assert.isTrue(Option.isNone(tokens.refreshToken))
      assert.isNotEmpty(value(tokens.accessToken))
      yield* client.clientCredentials({ ...agent, ...post }, { scopes: ["reports:read"] })
      yield* client.clientCredentials(account({ authorizationServerMetadata: metadata }), { scopes: [] })
      yield* client.clientCredentials(account({ authorizationServerMetadata: metadata }, post), { scopes: [] })
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("reports why the server rejects a client", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { agent } = yield* start()
      const clientSecret = Redacted.make("sentinel-wrong-secret")
      const errors = yield* Effect.all([
        Effect.flip(client.clientCredentials({ ...agent, clientSecret }, { scopes: [] })),
        Effect.flip(client.clientCredentials({
          ...agent,
          ...posting,
          clientSecret,
          clientAuthenticationMethod: "CLIENT_SECRET_POST"
        }, { scopes: [] }))
      ])
      for (const error of errors) {
        assert.deepStrictEqual([error.reason, error.code], ["InvalidClient", "invalid_client"])
        assert.notInclude(inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error), "sentinel")
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("checks the callback of the browser", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { agent, callbackUrl } = yield* start()
      const request = yield* authorized(agent, callbackUrl)
      const check = (url: Redacted.Redacted) => reason(client.checkCallback(agent, { ...request, callbackUrl: url }))
      assert.deepStrictEqual(
        yield* Effect.all([
          reason(client.checkCallback(agent, { ...request, state: secret() })),
          check(changed(request.callbackUrl, (query) => query.set("iss", "https://other.example.com"))),
          check(changed(request.callbackUrl, (query) => query.delete("iss"))),
          check(changed(request.callbackUrl, (query) => query.delete("code"))),
          check(changed(request.callbackUrl, (query) => query.append("code", "second"))),
          reason(client.exchangeCode(agent, {
            ...request,
            callbackUrl: changed(request.callbackUrl, (query) => query.set("iss", "https://other.example.com"))
          }))
        ]),
        ["Rejected", "Rejected", "Rejected", "Rejected", "Rejected", "Rejected"]
      )
      const denied = yield* authorized(agent, callbackUrl, "deny")
      assert.strictEqual(yield* reason(client.checkCallback(agent, denied)), "AccessDenied")
      assert.strictEqual(yield* reason(client.exchangeCode(agent, denied)), "AccessDenied")
      // The code is still unused.
      yield* client.exchangeCode(agent, request)
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("accepts no approval that no authorization server sent", () =>
    Effect.gen(function*() {
      const { discoveryUrl } = yield* AuthorizationServer.make()
      yield* Effect.gen(function*() {
        const backend = yield* LocalBackend.LocalBackend
        yield* createWorkload("agent")
        yield* createProvider("reports", { oauthDiscovery: { discoveryUrl } })
        const { sessionUri } = yield* consent(yield* tokenFor("alice"), { resourceCredentialProviderName: "reports" })
        assert.strictEqual((yield* Effect.flip(backend.approve(sessionUri))).reason, "Failed")
      }).pipe(Effect.provide(backendOverHttp()))
    }))
})

describe("layer, over servers that misbehave", () => {
  const sentinel = "sentinel-9f8e7d6c"

  it.live("keeps no part of their responses", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const responses: Record<string, readonly [status: number, type: string, body: string]> = {
        "/unavailable": [503, "text/html", sentinel],
        "/throttled": [429, "application/json", `{"error":"${sentinel}"}`],
        "/html": [200, "text/html", sentinel],
        "/broken": [200, "application/json", `{"access_token": "${sentinel}`],
        "/empty": [200, "application/json", `{"token":"${sentinel}"}`],
        "/own": [400, "application/json", `{"error":"${sentinel}","error_description":"${sentinel}"}`],
        "/grant": [400, "application/json", `{"error":"invalid_grant","error_description":"${sentinel}"}`],
        "/moved": [302, "text/plain", sentinel]
      }
      const base = yield* Server.serve((request, response) => {
        const [status, type, body] = responses[request.url ?? ""] ?? [200, "application/json", sentinel]
        response.writeHead(status, { "content-type": type, location: "/elsewhere" }).end(body)
      })
      const run = (path: string) =>
        client.refresh(
          account(Utils.metadataOf(base, path), { clientSecret: Redacted.make(sentinel) }),
          { refreshToken: Redacted.make(sentinel) }
        )
      const errors = yield* Effect.forEach(Object.keys(responses), (path) =>
        Effect.map(Effect.sandbox(Effect.flip(Effect.sandbox(run(path)))), (cause) => {
          const error = Option.getOrThrow(Cause.findErrorOption(cause))
          const messages = [
            String(error),
            error.message,
            error.stack,
            JSON.stringify(error),
            Cause.pretty(cause),
            inspect(error, { depth: 10, showHidden: true })
          ].join("\n")
          assert.notInclude(messages, sentinel.slice(0, 8))
          return error.reason
        }))
      assert.deepStrictEqual(errors, [
        "Unreachable",
        "Unreachable",
        "Rejected",
        "Rejected",
        "Rejected",
        "Rejected",
        "InvalidGrant",
        "Rejected"
      ])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("ignores every ID token, and returns the rest of the response", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url")
      const idToken = (header: object, claims: object) => `${part(header)}.${part(claims)}.c2lnbmF0dXJl`
      const claims = { iss: "https://issuer.example.com", sub: "alice", aud: Utils.clientId, iat: 0, exp: 1 }
      const idTokens: ReadonlyArray<unknown> = [
        idToken({ alg: "HS256" }, claims),
        idToken({ alg: "none" }, claims),
        idToken({ alg: "RS256", kid: "nowhere" }, claims),
        idToken({ alg: "RS256" }, { ...claims, iss: "https://login.microsoftonline.com/a-tenant/v2.0", aud: "other" }),
        idToken({ alg: "RSA-OAEP", enc: "A256GCM" }, {}),
        "no JWT",
        "",
        null,
        1
      ]
      const body = {
        access_token: "token",
        token_type: "bearer",
        expires_in: 60,
        refresh_token: "another",
        scope: "openid a",
        more: { id_token: "kept" }
      }
      const requested: Array<string> = []
      const base = yield* Server.serve((request, response) => {
        const index = Number(request.url?.split("/").at(-1))
        requested.push(request.url ?? "")
        response.writeHead(200, { "content-type": "application/json; charset=utf-8" })
        response.end(JSON.stringify({ ...body, id_token: idTokens[index] }))
      })
      for (const index of idTokens.keys()) {
        for (const deviations of [undefined, { nonstandardResponses: true }]) {
          const server = account({
            authorizationServerMetadata: {
              issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
              authorizationEndpoint: `${base}/auth`,
              tokenEndpoint: `${base}/token/${index}`
            }
          }, { deviations })
          const [state, codeVerifier] = [secret(), secret()]
          const callbackUrl = Redacted.make(`https://agent.example.com/callback?code=code&state=${value(state)}`)
          const request = { scopes: ["openid"] }
          const all = yield* Effect.all([
            client.exchangeCode(server, { callbackUrl, state, codeVerifier }),
            client.refresh(server, { refreshToken: Redacted.make("old") }),
            client.clientCredentials(server, request),
            client.exchangeToken(server, { ...request, subjectToken: Redacted.make("jwt") }),
            client.jwtGrant(server, { ...request, assertion: Redacted.make("jwt") })
          ])
          for (const tokens of all) {
            assert.strictEqual(value(tokens.accessToken), "token")
            assert.strictEqual(value(Option.getOrThrow(tokens.refreshToken)), "another")
            assert.isTrue(Option.isSome(tokens.expiresAt))
          }
        }
      }
      // No keys were requested.
      assert.deepStrictEqual(new Set(requested), new Set([...idTokens.keys()].map((index) => `/token/${index}`)))
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("checks the rest of a response with an ID token", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const responses: Record<string, readonly [status: number, type: string, body: object]> = {
        "/rejected": [400, "application/json", { error: "invalid_grant", id_token: "x" }],
        "/no-token": [200, "application/json", { token_type: "bearer", id_token: "x" }],
        "/no-type": [200, "application/json", { access_token: "token", id_token: "x" }],
        "/type": [200, "application/json", { access_token: "token", token_type: "mac", id_token: "x" }],
        "/scope": [200, "application/json", { access_token: "token", token_type: "bearer", scope: 1, id_token: "x" }]
      }
      const base = yield* Server.serve((request, response) => {
        const [status, type, body] = responses[request.url ?? ""] ?? assert.fail("another request")
        response.writeHead(status, { "content-type": type }).end(JSON.stringify(body))
      })
      const reasons = yield* Effect.forEach(Object.keys(responses), (path) =>
        reason(client.refresh(
          account(Utils.metadataOf(base, path)),
          { refreshToken: secret() }
        )))
      assert.deepStrictEqual(reasons, ["InvalidGrant", "Rejected", "Rejected", "Rejected", "Rejected"])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("reports that they are unavailable, and uses them when they are available again", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { metadata } = yield* start()
      let discoveries = 0
      const base = yield* Server.serve((_, response) => {
        discoveries += 1
        const { authorizationEndpoint, issuer, tokenEndpoint } = metadata
        response.writeHead(discoveries === 1 ? 503 : 200, { "content-type": "application/json" })
        response.end(
          JSON.stringify({ issuer, authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint })
        )
      })
      const agent = account({ discoveryUrl: `${base}/.well-known/openid-configuration` })
      assert.strictEqual(yield* reason(client.clientCredentials(agent, { scopes: [] })), "Unreachable")
      yield* client.clientCredentials(agent, { scopes: [] })
      yield* client.clientCredentials(agent, { scopes: [] })
      assert.strictEqual(discoveries, 2)
      // A free port: nothing listens there.
      const gone = yield* Effect.scoped(Server.serve(() => {}))
      const errors = yield* Effect.all([
        reason(
          client.clientCredentials(account({ discoveryUrl: `${gone}/.well-known/openid-configuration` }), {
            scopes: []
          })
        ),
        reason(client.clientCredentials(
          account({ authorizationServerMetadata: { ...metadata, tokenEndpoint: `${gone}/token` } }),
          { scopes: [] }
        ))
      ])
      assert.deepStrictEqual(errors, ["Unreachable", "Unreachable"])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("keeps a consent open while they are unavailable", () =>
    Effect.gen(function*() {
      const gone = yield* Effect.scoped(Server.serve(() => {}))
      const base: string = yield* Server.serve((_, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify({ issuer: base, authorization_endpoint: `${base}/auth` }))
      })
      const at = (url: string) => ({ oauthDiscovery: { discoveryUrl: `${url}/.well-known/openid-configuration` } })
      const program = Effect.gen(function*() {
        const plane = yield* DataPlane.DataPlane
        const backend = yield* LocalBackend.LocalBackend
        yield* createWorkload("agent")
        yield* createProvider("calendar", at(base))
        const token = yield* tokenFor("alice")
        const { sessionUri } = yield* consent(token)
        yield* updateProvider("calendar", at(gone))
        assert.deepStrictEqual(
          yield* backend.authorize(sessionUri),
          BrowserResponse.Unavailable({ provider: "calendar" })
        )
        assert.strictEqual((yield* ask(token, { sessionUri }))._tag, "InProgress")
        const { workloadAccessToken } = yield* plane.getWorkloadAccessToken({ workloadName: "agent" })
        const error = yield* Effect.flip(ask(workloadAccessToken, { oauth2Flow: "M2M" }))
        assert.strictEqual(error.message, "Invalid Discovery URL")
      })
      yield* Effect.provide(program, backendOverHttp())
    }))

  it.live("sends secrets only over https, or to this machine", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const metadata = {
        issuer: "http://127.0.0.1:9",
        authorizationEndpoint: "http://issuer.example.com/auth",
        tokenEndpoint: "http://issuer.example.com/token"
      }
      const base = yield* Server.serve((_, response) => {
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ issuer: metadata.issuer, token_endpoint: "http://127.0.0.1.example.com/token" }))
      })
      const run = (discovery: OAuthClient.AuthorizationServer["discovery"]) =>
        reason(client.clientCredentials(account(discovery), { scopes: [] }))
      const errors = yield* Effect.all([
        run({ discoveryUrl: "http://issuer.example.com/.well-known/openid-configuration" }),
        run({ discoveryUrl: `${base}/.well-known/openid-configuration` }),
        run({ authorizationServerMetadata: metadata }),
        run({ authorizationServerMetadata: { ...metadata, tokenEndpoint: "not a url" } }),
        reason(client.authorizationUrl(account({ authorizationServerMetadata: metadata }), {
          redirectUri: "http://127.0.0.1/callback",
          scopes: [],
          state: secret(),
          codeVerifier: secret()
        }))
      ])
      assert.deepStrictEqual(new Set(errors), new Set(["Misconfigured"]))
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("aborts the request when the caller is interrupted", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const arrived = yield* Deferred.make<void>()
      const left = yield* Deferred.make<void>()
      const base = yield* Server.serve((request) => {
        Deferred.doneUnsafe(arrived, Effect.void)
        request.socket.on("close", () => Deferred.doneUnsafe(left, Effect.void))
      })
      const fiber = yield* Effect.forkChild(client.clientCredentials(
        account(Utils.metadataOf(base)),
        { scopes: [] }
      ))
      yield* Deferred.await(arrived)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(left)
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("sends targets and custom parameters, and does not replace standard ones", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const bodies: Array<string> = []
      const base = yield* Server.serve((request, response) => {
        request.setEncoding("utf8").on("data", (chunk: string) => bodies.push(chunk)).on("end", () => {
          response.writeHead(200, { "content-type": "application/json" })
          response.end(JSON.stringify({ access_token: "token", token_type: "Bearer", scope: "a  b" }))
        })
      })
      const agent = account({
        authorizationServerMetadata: {
          issuer: base,
          authorizationEndpoint: `${base}/auth?tenant=1`,
          tokenEndpoint: `${base}/token`
        }
      }, { clientSecret: Redacted.make("") })
      const targets = {
        scopes: ["a", "b"],
        resources: ["urn:1", "urn:2"],
        audiences: ["api"],
        customParameters: { audience: "other", grant_type: "password", tenant: "two", scope: "admin" }
      }
      const tokens = yield* client.clientCredentials(agent, targets)
      assert.isTrue(Option.isNone(tokens.expiresAt))
      const body = new URLSearchParams(bodies[0])
      body.sort()
      assert.deepStrictEqual([...body], [
        ["audience", "api"],
        // A public client has no secret.
        ["client_id", Utils.clientId],
        ["grant_type", "client_credentials"],
        ["resource", "urn:1"],
        ["resource", "urn:2"],
        ["scope", "a b"],
        ["tenant", "two"]
      ])
      const url = yield* client.authorizationUrl(agent, {
        scopes: [],
        customParameters: { scope: "admin", response_type: "token", nonce: "n", access_type: "offline" },
        redirectUri: "http://127.0.0.1/callback",
        state: secret(),
        codeVerifier: secret()
      })
      const query = new URL(value(url)).searchParams
      assert.deepStrictEqual([...query.keys()].sort(), [
        "access_type",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "state",
        "tenant"
      ])
      assert.strictEqual(query.get("response_type"), "code")
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("Scripted.layer", () => {
  const agent = account({ discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" })

  const begin = Effect.gen(function*() {
    const client = yield* OAuthClient.OAuthClient
    const request = {
      redirectUri: "https://identity.test/callback",
      scopes: ["a", "b"],
      state: secret(),
      codeVerifier: secret()
    }
    yield* client.authorizationUrl(agent, request)
    const callbackUrl = Redacted.make(`${request.redirectUri}?code=yes&state=${value(request.state)}`)
    return { client, request: { ...request, callbackUrl } }
  })

  it.effect("numbers its tokens, which expire by the clock", () =>
    Effect.gen(function*() {
      const { client, request } = yield* begin
      yield* TestClock.setTime(1000)
      const m2m = yield* client.clientCredentials(agent, { scopes: ["a"] })
      assert.strictEqual(value(m2m.accessToken), "token-1.agentcore.m2m.a")
      assert.strictEqual(Option.getOrThrow(m2m.expiresAt).epochMilliseconds, 61_000)
      const tokens = yield* client.exchangeCode(agent, request)
      assert.strictEqual(value(tokens.accessToken), "token-2.agentcore.yes.a+b")
      const refreshToken = Option.getOrThrow(tokens.refreshToken)
      const refreshed = yield* client.refresh(agent, { refreshToken })
      assert.strictEqual(value(refreshed.accessToken), "token-3.agentcore.yes.a+b")
      assert.strictEqual(yield* reason(client.refresh(agent, { refreshToken })), "InvalidGrant")
    }).pipe(Effect.provide(Scripted.layer({ tokenLifetime: "1 minute" }))))

  it.effect("accepts a code once, from its own client, with its verifier", () =>
    Effect.gen(function*() {
      const first = yield* begin
      const client = first.client
      assert.strictEqual(
        yield* reason(client.exchangeCode(agent, { ...first.request, codeVerifier: secret() })),
        "InvalidGrant"
      )
      assert.strictEqual(yield* reason(client.exchangeCode(agent, first.request)), "InvalidGrant")
      const { request } = yield* begin
      assert.strictEqual(yield* reason(client.exchangeCode({ ...agent, clientId: "other" }, request)), "InvalidGrant")
      const denied = changed(request.callbackUrl, (query) => query.set("error", "access_denied"))
      assert.strictEqual(
        yield* reason(client.checkCallback(agent, { ...request, callbackUrl: denied })),
        "AccessDenied"
      )
      assert.strictEqual(yield* reason(client.checkCallback(agent, { ...request, state: secret() })), "Rejected")
    }).pipe(Effect.provide(Scripted.layer())))
})
