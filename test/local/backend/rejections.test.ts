/**
 * How rejections of an authorization server appear in the log and in the records of requests, over a real server.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Utils from "../../support/authorizationServer.js"
import { shifted } from "../../support/clock.js"
import {
  ask,
  complete,
  consent,
  createProvider,
  createWorkload,
  jwt,
  LocalBackend,
  serverOverHttp,
  tokenFor
} from "../../support/localBackend.js"
import * as Recorder from "../../support/recorder.js"
import { resource } from "../../support/resource.js"
import * as Server from "../../support/server.js"
import * as SimulatedUser from "../../support/simulatedUser.js"

const server = serverOverHttp({ settings: { inboundJwt: "decode" } })

const discoveryUrl = (base: string) => ({
  oauthDiscovery: { discoveryUrl: `${base}/.well-known/openid-configuration` }
})

/** The log lines at the default level, without their time. */
const logged = Effect.sync(() => {
  const lines: Array<string> = []
  const logger = Logger.make((options) => {
    if (LogLevel.isLessThan(options.logLevel, "Info")) return
    lines.push(Logger.formatLogFmt.log(options).replace(/^timestamp=\S+ /, "").replace(/fiber=\S+ /, ""))
  })
  return { lines, layer: Logger.layer([logger]) }
})

/** The reasons of the recorded requests, the newest first: the provider, the request, and the details. */
const rows = Effect.gen(function*() {
  const { requests } = yield* LocalControl.LocalControl
  const reasons = (yield* requests).flatMap(({ reasons }) => reasons)
  const pattern =
    /^(.+) of the provider '(.+)': The authorization server issued no token: [^(]*(?:\(time-out[^)]*\) )?\((.+)\)$/
  return reasons.flatMap((reason) => {
    const [, request, provider, details] = pattern.exec(reason) ?? []
    return request === undefined ? [] : [[provider, request, details]]
  })
})

const message = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

/** A clock with an offset to the real one. */
const ahead = (by: Duration.Input) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.clockWith((clock) =>
    Effect.provideService(self, Clock.Clock, shifted(clock, () => Duration.toMillis(Duration.fromInputUnsafe(by))))
  )

const machine = Effect.flatMap(
  DataPlane.DataPlane,
  (plane) => plane.getWorkloadAccessToken({ workloadName: "agent" })
).pipe(Effect.map(({ workloadAccessToken }) => workloadAccessToken))

const askMachine = (provider: string, request: Parameters<typeof ask>[1] = {}) =>
  Effect.flatMap(machine, (token) =>
    ask(token, {
      oauth2Flow: "M2M",
      resourceCredentialProviderName: provider,
      resourceOauth2ReturnUrl: undefined,
      scopes: ["reports:read"],
      ...request
    }))

/** Opens the authorization URL, up to the return URL. */
const browse = (sessionUri: Redacted.Redacted, decision: "allow" | "deny" = "allow") =>
  Effect.gen(function*() {
    const backend = yield* LocalBackend.LocalBackend
    const response = yield* backend.authorize(sessionUri)
    if (response._tag !== "Redirect") return assert.fail(response._tag)
    return yield* SimulatedUser.consent({ authorizationUrl: response.url, userName: "alice", decision })
  })

describe("errors of authorization servers", () => {
  it.live("appear in the log and in the records for every flow, and the client gets the error of AWS", () =>
    Effect.gen(function*() {
      const { layer, lines } = yield* logged
      const returnUrl = yield* Server.serve((_, response) => void response.end("<h1>Back</h1>"))
      yield* Effect.gen(function*() {
        const { url } = yield* LocalIdentity.LocalServer
        const { server: authorizationServer } = yield* Utils.start({ accessTokenLifetime: "10 minutes" })
        const client = {
          clientId: "agent",
          clientSecret: Redacted.make("sentinel-secret-of-the-client"),
          redirectUris: [`${url}/identities/oauth2/callback/*`],
          scopes: ["reports:read"]
        }
        yield* authorizationServer.registerClient(client)
        yield* createWorkload("agent", [returnUrl])
        const { clientId, clientSecret } = client
        const account = { ...discoveryUrl(authorizationServer.issuer), clientId, clientSecret }
        yield* createProvider("calendar", account)
        const user = yield* tokenFor("alice")
        const request = { resourceOauth2ReturnUrl: returnUrl, scopes: ["openid", "offline_access", "reports:read"] }

        // Client credentials.
        assert.strictEqual(
          yield* message(askMachine("calendar", { scopes: ["reports:write"] })),
          "Error parsing ClientCredentials response"
        )

        // The user denies.
        const denied = yield* consent(user, request)
        assert.include((yield* browse(denied.sessionUri, "deny")).text, "denied")

        // The exchange of a code.
        const exchanged = yield* consent(user, request)
        yield* browse(exchanged.sessionUri)
        const other = Redacted.make("another-secret-of-the-client")
        yield* authorizationServer.registerClient({ ...client, clientSecret: other })
        assert.strictEqual(
          yield* message(complete(exchanged.sessionUri, { userId: "alice" })),
          "Error parsing AuthorizationCode response"
        )
        yield* authorizationServer.registerClient(client)

        // A refresh.
        const granted = yield* consent(user, request)
        yield* browse(granted.sessionUri)
        yield* complete(granted.sessionUri, { userId: "alice" })
        yield* authorizationServer.revoke({ userName: "alice" })
        // The user is prompted again.
        assert.strictEqual((yield* ahead("11 minutes")(ask(user, request)))._tag, "ConsentRequired")

        const notAllowed = "requested scope is not allowed: reports:write; this client may request: reports:read; "
          + "--authorization-server-scope or the scopes of the client add others"
        assert.deepStrictEqual(yield* rows, [
          ["calendar", "refresh token", "invalid_grant: grant request is invalid"],
          ["calendar", "authorization code", "invalid_client: client authentication failed"],
          ["calendar", "authorization response", "access_denied: The user denied the request"],
          ["calendar", "client credentials", `invalid_scope: ${notAllowed}`]
        ])
        const found = lines.filter((line) => line.includes("issued no token"))
        const line = (level: string, details: string, requested: string) =>
          new RegExp(`^level=${level} .*\\(${details}\\)" provider=calendar request="${requested}"$`)
        for (
          const [index, expected] of [
            line("WARN", `invalid_scope: ${notAllowed}`, "client credentials"),
            line("INFO", "access_denied: The user denied the request", "authorization response"),
            line("WARN", "invalid_client: client authentication failed", "authorization code"),
            line("WARN", "invalid_grant: grant request is invalid", "refresh token")
          ].entries()
        ) {
          assert.match(found[index] ?? "", expected)
        }
        assert.lengthOf(found, 4)
        Recorder.assertSecretFree([JSON.stringify(yield* rows), ...lines], [
          Redacted.value(clientSecret),
          Redacted.value(user),
          Redacted.value(exchanged.sessionUri).slice(-43)
        ])
      }).pipe(Effect.provide(server), Effect.provide(layer))
    }))

  it.live("appear for servers that cannot be discovered or reached", () =>
    Effect.gen(function*() {
      const { layer, lines } = yield* logged
      yield* Effect.gen(function*() {
        const missing = yield* Server.serve((_, response) => void response.writeHead(404).end("sentinel"))
        const gone = yield* Effect.scoped(Server.serve(() => {}))
        yield* createWorkload("agent")
        yield* createProvider("missing", discoveryUrl(missing))
        yield* createProvider("gone", discoveryUrl(gone))
        yield* createProvider("down", { oauthDiscovery: Utils.metadataOf(missing) })
        for (const provider of ["missing", "gone", "down"]) {
          assert.strictEqual(
            yield* message(askMachine(provider)),
            provider === "down" ? "Error parsing ClientCredentials response" : "Invalid Discovery URL"
          )
        }
        const user = yield* tokenFor("alice")
        assert.strictEqual(
          yield* message(ask(user, { resourceCredentialProviderName: "gone" })),
          "Invalid Discovery URL"
        )
        const document = (base: string) => `the discovery document ${base}/.well-known/openid-configuration`
        const connection = `${document(gone)} cannot be used: ECONNREFUSED`
        assert.deepStrictEqual(yield* rows, [
          ["gone", "authorization request", connection],
          ["down", "client credentials", "OAUTH_RESPONSE_IS_NOT_JSON: status 404"],
          ["gone", "client credentials", connection],
          [
            "missing",
            "client credentials",
            `OAUTH_RESPONSE_IS_NOT_CONFORM: ${document(missing)} cannot be used: status 404`
          ]
        ])
        assert.isTrue(lines.some((line) => line.startsWith("level=WARN") && line.includes(connection)))
        assert.notInclude(lines.join(), "sentinel")
      }).pipe(Effect.provide(server), Effect.provide(layer))
    }))

  it.live("quote the server safely, without values of the request", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        const { url: base } = yield* resource(({ body, headers }, response) => {
          // The server repeats the whole request.
          const description = `<script> & ${decodeURIComponent(body.replaceAll("+", " "))} ${headers.authorization}`
          response.writeHead(400, { "content-type": "application/json" })
          response.end(JSON.stringify({ error: "own_code", error_description: description }))
        })
        yield* createWorkload("agent")
        yield* createProvider("echo", {
          oauthDiscovery: Utils.metadataOf(base),
          clientAuthenticationMethod: "CLIENT_SECRET_POST",
          clientSecret: Redacted.make("sentinel-of-the-client"),
          onBehalfOfTokenExchangeConfig: {
            grantType: "TOKEN_EXCHANGE",
            tokenExchangeGrantTypeConfig: { actorTokenContent: "NONE" }
          }
        })
        yield* Effect.flip(askMachine("echo", { customParameters: { tenant: "sentinel-of-the-tenant" } }))
        const userToken = jwt({ iss: "https://issuer.example.com", sub: "sentinel-of-the-user" })
        const plane = yield* DataPlane.DataPlane
        const user = yield* plane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken })
        assert.strictEqual(
          yield* message(ask(user.workloadAccessToken, {
            oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE",
            resourceCredentialProviderName: "echo",
            scopes: ["reports:read"]
          })),
          "Token exchange failed with HTTP status 400"
        )
        const start = "<script> & "
        const rest = "&client_id=echo&client_secret=<redacted> undefined"
        assert.deepStrictEqual(yield* rows, [
          [
            "echo",
            "token exchange",
            `own_code: ${start}subject_token=<redacted>&subject_token_type=urn:ietf:params:oauth:token-type:jwt`
            + `&scope=reports:read&grant_type=urn:ietf:params:oauth:grant-type:token-exchange${rest}`
          ],
          [
            "echo",
            "client credentials",
            `own_code: ${start}scope=reports:read&tenant=<redacted>&grant_type=client_credentials${rest}`
          ]
        ])
        Recorder.assertSecretFree(
          [JSON.stringify(yield* rows), ...yield* recorder.everything],
          [
            "sentinel-of-the-client",
            "sentinel-of-the-tenant",
            ...Redacted.value(userToken).split(".").filter((part) => part.length >= 8)
          ]
        )
      }).pipe(Effect.provide(server), Effect.provide(recorder.layer))
    }))
})
