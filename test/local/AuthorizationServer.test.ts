import { assert, describe, it } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose"
import * as OAuth from "openid-client"
import { vi } from "vitest"
import * as Utils from "../support/authorizationServer.js"
import * as SimulatedUser from "../support/simulatedUser.js"
import { withoutPackage } from "../support/utils.js"

const reachable = (url: string) => Effect.promise(() => fetch(url).then((response) => response.ok, () => false))

/** Runs a consent, and returns the tokens of the user. */
const consented = (
  { scope, ...options }: AuthorizationServer.Options & { readonly scope?: string } = {}
) =>
  Effect.gen(function*() {
    const { callbackUrl, server } = yield* Utils.start(options)
    const configuration = yield* Utils.discover(server)
    const request = yield* Utils.authorizationRequest(
      configuration,
      callbackUrl,
      scope === undefined ? {} : { scope }
    )
    const page = yield* SimulatedUser.consent({ authorizationUrl: request.url, userName: "alice", decision: "allow" })
    const tokens = yield* Effect.promise(() => Utils.exchange(configuration, request, page.url))
    return { server, callbackUrl, configuration, request, page, tokens }
  })

/** A browser at a new server. `subject` signs in, and returns the subject of the ID token. */
const startBrowser = Effect.gen(function*() {
  const { callbackUrl, server } = yield* Utils.start()
  const configuration = yield* Utils.discover(server)
  const user = yield* TestUser.make("alice")
  const subject = (userName: string, parameters?: Record<string, string>) =>
    Effect.gen(function*() {
      const request = yield* Utils.authorizationRequest(configuration, callbackUrl, parameters)
      const page = yield* user.as(userName).approves(request.url)
      const tokens = yield* Effect.promise(() => Utils.exchange(configuration, request, page.url))
      return tokens.claims()?.sub
    })
  return { callbackUrl, configuration, subject, user }
})

describe("AuthorizationServer", () => {
  // Runs first, because a package may print during its import, which happens once in a process.
  it.live("prints nothing", () =>
    Effect.gen(function*() {
      const written: Array<unknown> = []
      const spies = (["log", "info", "warn", "error", "debug"] as const).map((method) =>
        vi.spyOn(console, method).mockImplementation((...args) => void written.push(...args))
      )
      const streams = [process.stdout, process.stderr].map((stream) =>
        vi.spyOn(stream, "write").mockImplementation((chunk) => {
          written.push(chunk)
          return true
        })
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => [...spies, ...streams].forEach((spy) => spy.mockRestore())))
      const server = yield* AuthorizationServer.make({
        clients: [{ clientId: "c", clientSecret: Redacted.make("s"), scopes: ["a"] }]
      })
      const user = yield* TestUser.make("alice")
      yield* Effect.promise(() => fetch(`${server.issuer}/nowhere`))
      yield* user.opens(`${server.issuer}/auth?client_id=unknown`)
      yield* user.opens(server.issuer)
      const configuration = yield* Utils.discover(server, Redacted.make("s"), "c")
      yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration))
      assert.deepStrictEqual(written, [])
    }))

  it.live("publishes a discovery document that names its port", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const metadata = (yield* Utils.discover(server)).serverMetadata()
      assert.match(server.issuer, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.strictEqual(metadata.issuer, server.issuer)
      assert.strictEqual(metadata.jwks_uri, server.jwksUri)
      assert.isTrue(metadata.supportsPKCE())
      assert.isTrue(metadata.authorization_response_iss_parameter_supported)
    }))

  it.live("issues JWTs that its key set verifies", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      const tokens = yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration, { scope: "reports:read" }))
      const { payload } = yield* Effect.promise(() =>
        jwtVerify(tokens.access_token, createRemoteJWKSet(new URL(server.jwksUri)), {
          issuer: server.issuer,
          audience: server.audience,
          typ: "at+jwt"
        })
      )
      assert.strictEqual(decodeProtectedHeader(tokens.access_token).alg, "ES256")
      assert.strictEqual(payload.scope, "reports:read")
      assert.strictEqual(payload.client_id, Utils.clientId)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.strictEqual(tokens.expires_in, 600)
    }))

  it.live("grants all scopes of the client to a request without scopes, and rejects unknown scopes", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      const tokens = yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration))
      assert.strictEqual(tokens.scope, "reports:read reports:write")
      for (const scope of ["reports:read admin", "openid", "offline_access"]) {
        const rejected = yield* Utils.rejection(() => OAuth.clientCredentialsGrant(configuration, { scope }))
        assert.strictEqual(rejected.error, "invalid_scope")
      }
    }))

  it.live("issues tokens for configured resources, and rejects unknown resources", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start({ resources: ["https://api.example.com", "urn:example:mail"] })
      const configuration = yield* Utils.discover(server)
      const audience = (parameters: Record<string, string>) =>
        Effect.map(
          Effect.promise(() => OAuth.clientCredentialsGrant(configuration, parameters)),
          ({ access_token }) => JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString()).aud
        )
      assert.strictEqual(yield* audience({}), "https://api.example.com")
      assert.strictEqual(yield* audience({ resource: "urn:example:mail" }), "urn:example:mail")
      const rejected = yield* Utils.rejection(() =>
        OAuth.clientCredentialsGrant(configuration, { resource: "urn:example:else" })
      )
      assert.strictEqual(rejected.error, "invalid_target")
    }))

  it.live("signs a user in, prompts for consent, and issues tokens", () =>
    Effect.gen(function*() {
      const { page, tokens } = yield* consented()
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "Back at the application")
      assert.strictEqual(tokens.claims()?.sub, "alice")
      assert.isString(tokens.refresh_token)
      // The scopes of the access token. The refresh token represents `offline_access`.
      assert.strictEqual(tokens.scope, "reports:read")
      const claims = JSON.parse(Buffer.from(tokens.access_token.split(".")[1] ?? "", "base64url").toString())
      assert.strictEqual(claims.sub, "alice")
      assert.strictEqual(claims.scope, "reports:read")
    }))

  it.live("issues no refresh token without offline_access, and grants all scopes by default", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      const request = yield* Utils.authorizationRequest(configuration, callbackUrl)
      const url = new URL(Redacted.value(request.url))
      url.searchParams.delete("scope")
      const page = yield* SimulatedUser.consent({
        authorizationUrl: Redacted.make(url.href),
        userName: "alice",
        decision: "allow"
      })
      const tokens = yield* Effect.promise(() =>
        OAuth.authorizationCodeGrant(configuration, new URL(Redacted.value(page.url)), {
          pkceCodeVerifier: request.verifier,
          expectedState: request.state
        })
      )
      assert.isUndefined(tokens.refresh_token)
      assert.strictEqual(tokens.scope, "reports:read reports:write")
    }))

  it.live("rejects requests without PKCE, and other redirect URIs", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      const user = yield* TestUser.make("alice")
      const request = yield* Utils.authorizationRequest(configuration, callbackUrl)
      const bare = new URL(Redacted.value(request.url))
      bare.searchParams.delete("code_challenge")
      bare.searchParams.delete("code_challenge_method")
      const returned = yield* user.opens(bare.href)
      assert.strictEqual(new URL(Redacted.value(returned.url)).searchParams.get("error"), "invalid_request")

      const foreign = yield* Utils.authorizationRequest(configuration, `${callbackUrl}/deeper`)
      const page = yield* user.opens(foreign.url)
      assert.strictEqual(page.status, 400)
      assert.include(page.text, "invalid_redirect_uri")
      assert.strictEqual(new URL(Redacted.value(page.url)).origin, server.issuer)
    }))

  it.live("rotates refresh tokens, and revokes the grant when an old one is used", () =>
    Effect.gen(function*() {
      const { configuration, tokens } = yield* consented()
      const first = tokens.refresh_token ?? ""
      const refreshed = yield* Effect.promise(() => OAuth.refreshTokenGrant(configuration, first))
      const second = refreshed.refresh_token ?? ""
      assert.notStrictEqual(second, first)
      assert.notStrictEqual(refreshed.access_token, tokens.access_token)
      assert.strictEqual(
        (yield* Utils.rejection(() => OAuth.refreshTokenGrant(configuration, first))).error,
        "invalid_grant"
      )
      assert.strictEqual(
        (yield* Utils.rejection(() => OAuth.refreshTokenGrant(configuration, second))).error,
        "invalid_grant"
      )
    }))

  it.live("creates two grants for two consents", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      const user = yield* TestUser.make("alice")
      const consent = Effect.gen(function*() {
        const request = yield* Utils.authorizationRequest(configuration, callbackUrl)
        const page = yield* user.approves(request.url)
        return yield* Effect.promise(() => Utils.exchange(configuration, request, page.url))
      })
      const one = (yield* consent).refresh_token ?? ""
      const other = (yield* consent).refresh_token ?? ""
      yield* Effect.promise(() => OAuth.refreshTokenGrant(configuration, one))
      yield* Utils.rejection(() => OAuth.refreshTokenGrant(configuration, one))
      const alive = yield* Effect.promise(() => OAuth.refreshTokenGrant(configuration, other))
      assert.isString(alive.refresh_token)
    }))

  it.live("revokes the refresh tokens of a consent that the user withdraws", () =>
    Effect.gen(function*() {
      const { configuration, server, tokens } = yield* consented()
      assert.strictEqual(yield* server.revoke({ userName: "bob" }), 0)
      assert.strictEqual(yield* server.revoke({ userName: "alice", clientId: "another" }), 0)
      assert.strictEqual(yield* server.revoke({ userName: "alice" }), 1)
      const rejected = yield* Utils.rejection(() => OAuth.refreshTokenGrant(configuration, tokens.refresh_token ?? ""))
      assert.strictEqual(rejected.error, "invalid_grant")
    }))

  it.live("revokes and introspects refresh tokens for their client", () =>
    Effect.gen(function*() {
      const { configuration, tokens } = yield* consented()
      const refreshToken = tokens.refresh_token ?? ""
      assert.isTrue((yield* Effect.promise(() => OAuth.tokenIntrospection(configuration, refreshToken))).active)
      yield* Effect.promise(() => OAuth.tokenRevocation(configuration, refreshToken))
      assert.isFalse((yield* Effect.promise(() => OAuth.tokenIntrospection(configuration, refreshToken))).active)
    }))

  it.live("supports short lifetimes", () =>
    Effect.gen(function*() {
      const { tokens } = yield* consented({ accessTokenLifetime: "1500 millis", scope: "reports:read openid" })
      assert.strictEqual(tokens.expires_in, 2)
    }))

  it.live("remembers a consent until the server is emptied", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      const user = yield* TestUser.make("alice")
      const scope = { scope: "openid reports:read" }
      const first = yield* Utils.authorizationRequest(configuration, callbackUrl, scope)
      yield* user.approves(first.url)
      const second = yield* Utils.authorizationRequest(configuration, callbackUrl, scope)
      assert.include((yield* user.opens(second.url)).text, "Back at the application")
      const offline = yield* Utils.authorizationRequest(configuration, callbackUrl)
      assert.include((yield* user.opens(offline.url)).text, "Test agent to act for you?")
      yield* server.clear
      const third = yield* Utils.authorizationRequest(configuration, callbackUrl, scope)
      assert.include((yield* user.opens(third.url)).text, "Sign in")
    }))

  it.live("accepts every user name, and escapes markup in it", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* Utils.start()
      const configuration = yield* Utils.discover(server)
      for (const userName of [`<script>alert("1")</script>`, `" onfocus='x' &amp;`, "Zoë 🐱", "a".repeat(128)]) {
        const user = yield* TestUser.make("alice")
        const request = yield* Utils.authorizationRequest(configuration, callbackUrl)
        const page = yield* user.as(userName).approves(request.url)
        const tokens = yield* Effect.promise(() => Utils.exchange(configuration, request, page.url))
        assert.strictEqual(tokens.claims()?.sub, userName)
        const again = yield* Utils.authorizationRequest(configuration, callbackUrl)
        assert.include((yield* user.opens(again.url)).text, `Signed in as ${userName}`)
      }
      for (const userName of ["", "   ", "a".repeat(129), "a\u0000b"]) {
        const request = yield* Utils.authorizationRequest(configuration, callbackUrl)
        const page = yield* SimulatedUser.consent({ authorizationUrl: request.url, userName, decision: "allow" })
        assert.strictEqual(page.status, 400)
        assert.include(page.text, "Enter a user name of 1 to 128 characters.")
      }
    }))

  it.live("lets a user select an account, the own one or another one, with prompt=select_account", () =>
    Effect.gen(function*() {
      const { callbackUrl, configuration, subject, user } = yield* startBrowser
      const prompt = "select_account"
      assert.strictEqual(yield* subject("alice", { prompt }), "alice")
      assert.strictEqual(yield* subject("bob"), "alice")
      const request = yield* Utils.authorizationRequest(configuration, callbackUrl, { prompt })
      const page = yield* user.opens(request.url)
      assert.include(page.text, "Please sign in first")
      assert.strictEqual(yield* subject("bob", { prompt }), "bob")
      assert.strictEqual(yield* subject("bob", { prompt }), "bob")
      assert.strictEqual(yield* subject("carol", { prompt: "select_account login consent" }), "carol")
      assert.strictEqual(yield* subject("bob", { prompt, scope: "openid offline_access" }), "bob")
      assert.strictEqual(yield* subject("alice"), "bob")
    }))

  it.live("lets another user sign in, when the request has prompt=login", () =>
    Effect.gen(function*() {
      const { subject } = yield* startBrowser
      assert.strictEqual(yield* subject("alice"), "alice")
      assert.strictEqual(yield* subject("bob"), "alice")
      assert.strictEqual(yield* subject("bob", { prompt: "login" }), "bob")
    }))

  it.live("registers and replaces clients later", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const clientId = "late"
      const clientSecret = Redacted.make("late-secret")
      yield* server.registerClient({ clientId, clientSecret, scopes: ["one"] })
      const configuration = yield* Utils.discover(server, clientSecret, clientId)
      assert.strictEqual((yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration))).scope, "one")
      yield* server.registerClient({ clientId, clientSecret, scopes: ["two"] })
      assert.strictEqual((yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration))).scope, "two")
    }))

  it.live("rejects invalid clients and options, without their secrets", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const base = { clientId: "c", clientSecret: Redacted.make("a-secret-that-must-not-show") }
      const rejected: ReadonlyArray<AuthorizationServer.Client> = [
        { ...base, clientId: "" },
        { ...base, clientSecret: Redacted.make("") },
        { ...base, grants: ["authorization_code"] },
        { ...base, grants: ["refresh_token"] },
        { ...base, redirectUris: ["not a url"] },
        { ...base, redirectUris: ["javascript:alert(1)"] },
        { ...base, scopes: ["two words"] }
      ]
      for (const client of rejected) {
        const error = yield* Effect.flip(server.registerClient(client))
        assert.strictEqual(error.reason, "Configuration")
        assert.notInclude(error.message, "must-not-show")
      }
      for (
        const options of [{ resources: [] }, { resources: ["relative"] }, { accessTokenLifetime: 0 }, {
          accessTokenLifetime: Infinity
        }]
      ) {
        assert.strictEqual((yield* Effect.flip(AuthorizationServer.make(options))).reason, "Configuration")
      }
    }))

  it.live("has separate sessions in one browser when two servers run on one machine", () =>
    Effect.gen(function*() {
      const [one, other] = yield* Effect.all([Utils.start(), Utils.start()], { concurrency: "unbounded" })
      assert.notStrictEqual(one.server.issuer, other.server.issuer)
      const user = yield* TestUser.make("alice")
      const subject = ({ callbackUrl, server }: typeof one, userName: string) =>
        Effect.gen(function*() {
          const configuration = yield* Utils.discover(server)
          const request = yield* Utils.authorizationRequest(configuration, callbackUrl)
          const page = yield* user.as(userName).approves(request.url)
          return (yield* Effect.promise(() => Utils.exchange(configuration, request, page.url))).claims()?.sub
        })
      assert.strictEqual(yield* subject(one, "alice"), "alice")
      assert.strictEqual(yield* subject(other, "bob"), "bob")
      assert.strictEqual(yield* subject(one, "carol"), "alice")
    }))

  it.live("closes open connections and frees its port", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const server = yield* Scope.provide(AuthorizationServer.make(), scope)
      assert.isTrue(yield* reachable(server.discoveryUrl))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* reachable(server.discoveryUrl))
      const port = Number(new URL(server.issuer).port)
      const issuer = yield* Effect.scoped(Effect.map(AuthorizationServer.make({ port }), (next) => next.issuer))
      assert.strictEqual(issuer, server.issuer)
    }))

  it.live("reports that a port is taken", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const error = yield* Effect.flip(AuthorizationServer.make({ port: Number(new URL(server.issuer).port) }))
      assert.strictEqual(error.reason, "Listen")
      assert.include(error.message, "EADDRINUSE")
    }))

  it.live("names the package to install when it is missing", () =>
    Effect.gen(function*() {
      yield* withoutPackage("oidc-provider/lib/provider.js")
      const error = yield* Effect.flip(AuthorizationServer.make())
      assert.strictEqual(error.reason, "MissingPackage")
      assert.include(error.message, "npm install --save-dev oidc-provider@9")
    }))

  it.live("accepts scopes with the names of inherited properties", () =>
    Effect.gen(function*() {
      const names = ["__proto__", "constructor", "hasOwnProperty", "toString"]
      const { callbackUrl, server } = yield* Utils.start()
      yield* server.registerClient({
        clientId: "odd",
        clientSecret: Utils.clientSecret,
        redirectUris: [callbackUrl],
        scopes: names
      })
      const configuration = yield* Utils.discover(server, Utils.clientSecret, "odd")
      for (const scope of [...names, names.join(" ")]) {
        const client = yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration, { scope }))
        assert.strictEqual(client.scope, scope)
        const request = yield* Utils.authorizationRequest(configuration, callbackUrl, {
          scope: `openid offline_access ${scope}`
        })
        const user = yield* TestUser.make("alice")
        const page = yield* user.as("__proto__").approves(request.url)
        const tokens = yield* Effect.promise(() => Utils.exchange(configuration, request, page.url))
        assert.strictEqual(tokens.scope, scope)
        assert.hasAllKeys(tokens.claims(), ["sub", "aud", "exp", "iat", "iss"])
        const refreshToken = tokens.refresh_token ?? assert.fail("no refresh token")
        const refreshed = yield* Effect.promise(() => OAuth.refreshTokenGrant(configuration, refreshToken))
        assert.strictEqual(refreshed.scope, scope)
      }
    }))

  it.live("rejects client ids that would change all objects of the process", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* Utils.start()
      for (const clientId of ["__proto__", "constructor", "valueOf"]) {
        const error = yield* Effect.flip(
          server.registerClient({ clientId, clientSecret: Utils.clientSecret, redirectUris: [callbackUrl] })
        )
        assert.strictEqual(error.reason, "Configuration")
        assert.include(error.message, `Client '${clientId}': clientId`)
      }
      assert.deepStrictEqual(Object.keys(Object.prototype), [])
    }))
})

describe("a redirect URI", () => {
  const allowed = ["http://127.0.0.1:4020/identities/oauth2/callback/*", "https://app.example.com/done?x=1"]

  /** Returns the redirect URIs for which the server shows its sign-in. */
  const acceptedOf = (uris: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const server = yield* AuthorizationServer.make({
        clients: [{ clientId: Utils.clientId, clientSecret: Utils.clientSecret, redirectUris: allowed }]
      })
      const configuration = yield* Utils.discover(server)
      return yield* Effect.filter(uris, (uri) =>
        Effect.gen(function*() {
          const { url } = yield* Utils.authorizationRequest(configuration, uri, { scope: "openid" })
          const page = yield* (yield* TestUser.make("alice")).opens(url)
          if (page.status !== 200) assert.include(page.text, "redirect_uri", uri)
          return page.status === 200
        }))
    })

  it.live("is accepted when it is an exact entry, or has one more segment for a star", () =>
    Effect.gen(function*() {
      const uris = [
        "http://127.0.0.1:4020/identities/oauth2/callback/0d1e",
        "https://app.example.com/done?x=1"
      ]
      assert.deepStrictEqual(yield* acceptedOf(uris), uris)
    }))

  it.live("is rejected otherwise", () =>
    Effect.gen(function*() {
      const uris = [
        "http://127.0.0.1:4020/identities/oauth2/callback/",
        "http://127.0.0.1:4020/identities/oauth2/callback/a/b",
        "http://127.0.0.1:4020/identities/oauth2/callback/a?x=1",
        "http://127.0.0.1:4020/identities/oauth2/callback/a#x",
        "http://127.0.0.1:4020/identities/oauth2/callback/..",
        "http://127.0.0.1:4020/identities/oauth2/callback/%2e%2e",
        "http://127.0.0.1:4020/identities/oauth2/callback/\\evil",
        "http://127.0.0.1:4021/identities/oauth2/callback/a",
        "http://127.0.0.1:4020@evil.example/identities/oauth2/callback/a",
        "http://user@127.0.0.1:4020/identities/oauth2/callback/a",
        "http://127.0.0.1:40201/identities/oauth2/callback/a",
        "https://127.0.0.1:4020/identities/oauth2/callback/a",
        "https://app.example.com/done?x=2",
        "https://app.example.com/done",
        "nonsense",
        ""
      ]
      assert.deepStrictEqual(yield* acceptedOf(uris), [])
    }))
})
