import { assert, describe, it } from "@effect/vitest"
import type * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import * as OAuth from "openid-client"
import * as Utils from "../support/authorizationServer.js"
import { OAuthClient, OAuthHttp } from "../support/localBackend.js"
import * as Server from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
const jwtType = "urn:ietf:params:oauth:token-type:jwt"

const alice = {
  name: "Alice Example",
  email: "alice@example.com",
  email_verified: true,
  phone_number: "+1 555 0100",
  groups: ["admins", "writers"],
  tenant: { id: "acme" }
}

const application: AuthorizationServer.Client = {
  clientId: "application",
  clientSecret: Utils.clientSecret,
  redirectUris: ["http://127.0.0.1/unused"],
  scopes: ["reports:read", "profile", "email", "phone", "constructor"],
  grants: ["client_credentials", "authorization_code", "refresh_token", tokenExchange]
}

const start = (options: AuthorizationServer.Options = {}) =>
  Effect.gen(function*() {
    const { callbackUrl, server } = yield* Utils.start(options)
    yield* server.registerClient({ ...application, redirectUris: [callbackUrl] })
    const configuration = yield* Utils.discover(server, Utils.clientSecret, "application")
    const signIn = (userName: string, scope: string) =>
      Effect.gen(function*() {
        const request = yield* Utils.authorizationRequest(configuration, callbackUrl, { scope })
        const page = yield* SimulatedUser.consent({ authorizationUrl: request.url, userName, decision: "allow" })
        return yield* Effect.promise(() =>
          OAuth.authorizationCodeGrant(configuration, new URL(Redacted.value(page.url)), {
            pkceCodeVerifier: request.verifier,
            expectedState: request.state
          })
        )
      })
    return { configuration, server, signIn }
  })

/** Claims of the user, without those of the token itself. */
const own = (token: string | undefined): Jose.JWTPayload => {
  const { act: _0, at_hash: _1, aud: _2, auth_time: _3, client_id: _4, exp: _5, iat: _6, iss: _7, jti: _8, ...rest } =
    Jose.decodeJwt(token ?? "")
  const { nonce: _9, scope: _10, sid: _11, ...claims } = rest
  return claims
}

describe("claims of users", () => {
  it.live("appear in access tokens, ID tokens and userinfo, standard claims by scope", () =>
    Effect.gen(function*() {
      const { configuration, signIn } = yield* start({ users: { alice, eve: { email: "a", toString: "b" } } })
      const custom = { groups: alice.groups, tenant: alice.tenant, sub: "alice" }
      const cases = [
        ["openid reports:read", custom],
        ["openid email reports:read", { ...custom, email: alice.email, email_verified: true }],
        ["openid profile email", { ...custom, name: alice.name, email: alice.email, email_verified: true }],
        ["openid profile email phone", { ...alice, sub: "alice" }]
      ] as const
      for (const [scope, expected] of cases) {
        const tokens = yield* signIn("alice", scope)
        assert.deepStrictEqual(own(tokens.id_token), expected, scope)
        assert.deepStrictEqual(own(tokens.access_token), { ...alice, sub: "alice" }, scope)
        const userinfo = yield* Effect.promise(() => OAuth.fetchUserInfo(configuration, tokens.access_token, "alice"))
        assert.deepStrictEqual<object>({ ...userinfo }, expected, scope)
      }
      const eve = yield* signIn("eve", "openid constructor")
      assert.deepStrictEqual<object>(own(eve.id_token), { sub: "eve", toString: "b" })
      const bob = yield* signIn("bob", "openid email")
      assert.deepStrictEqual(own(bob.id_token), { sub: "bob" })
      assert.deepStrictEqual(own(bob.access_token), { sub: "bob" })
      const machine = yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration))
      assert.deepStrictEqual(own(machine.access_token), { sub: "application" })
    }))

  it.live("stay in refreshed and exchanged tokens, for users of this server only", () =>
    Effect.gen(function*() {
      const { configuration, server, signIn } = yield* start({ users: { alice } })
      const tokens = yield* signIn("alice", "openid offline_access email")
      const refreshed = yield* Effect.promise(() =>
        OAuth.refreshTokenGrant(configuration, tokens.refresh_token ?? assert.fail("no refresh token"))
      )
      assert.deepStrictEqual(own(refreshed.access_token), { ...alice, sub: "alice" })
      assert.strictEqual(own(refreshed.id_token)["email"], alice.email)
      const exchange = (subject_token: string, subject_token_type = jwtType) =>
        Effect.promise(() =>
          OAuth.genericGrantRequest(configuration, tokenExchange, { subject_token, subject_token_type })
        )
      for (
        const [token, type] of [
          [tokens.access_token, "urn:ietf:params:oauth:token-type:access_token"],
          [tokens.id_token ?? "", "urn:ietf:params:oauth:token-type:id_token"]
        ] as const
      ) {
        assert.deepStrictEqual(own((yield* exchange(token, type)).access_token), { ...alice, sub: "alice" })
      }

      // A user of another issuer with this name is a different person.
      const { privateKey, publicKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256"))
      const jwk = yield* Effect.promise(() => Jose.exportJWK(publicKey))
      const keys = yield* Server.serve((_, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify({ keys: [{ ...jwk, alg: "ES256", use: "sig" }] }))
      })
      yield* server.trustIssuer({ issuer: keys, jwksUri: keys })
      const foreign = yield* Effect.promise(() =>
        new Jose.SignJWT({ email: "other@example.com" }).setProtectedHeader({ alg: "ES256" }).setIssuer(keys)
          .setSubject("alice").setExpirationTime("5m").sign(privateKey)
      )
      assert.deepStrictEqual(own((yield* exchange(foreign)).access_token), { sub: "alice" })
    }))

  it.live("can be registered while the server runs, which keeps sessions and grants", () =>
    Effect.gen(function*() {
      const { configuration, server, signIn } = yield* start()
      const before = yield* signIn("alice", "openid offline_access")
      assert.deepStrictEqual(own(before.id_token), { sub: "alice" })
      yield* server.registerUser("alice", { groups: ["admins"] })
      const after = yield* Effect.promise(() =>
        OAuth.refreshTokenGrant(configuration, before.refresh_token ?? assert.fail("no refresh token"))
      )
      assert.deepStrictEqual(own(after.id_token), { groups: ["admins"], sub: "alice" })
      yield* server.registerUser("alice", {})
      assert.deepStrictEqual(own((yield* signIn("alice", "openid")).id_token), { sub: "alice" })
    }))

  it.live("need valid names", () =>
    Effect.gen(function*() {
      const { server } = yield* start()
      const wrong: ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>, RegExp]> = [
        ["", {}, /user name/],
        [" alice", {}, /user name/],
        ["alice", { sub: "sentinel" }, /sets the claim sub itself/],
        ["alice", { email: "sentinel", aud: "sentinel" }, /sets the claim aud itself/],
        ["alice", JSON.parse(`{"__proto__":{"sentinel":1}}`), /__proto__/]
      ]
      for (const [name, claims, message] of wrong) {
        const error = yield* Effect.flip(server.registerUser(name, claims))
        assert.strictEqual(error.reason, "Configuration")
        assert.match(error.message, message)
        assert.notInclude(error.message, "sentinel")
        assert.strictEqual((yield* Effect.flip(Utils.start({ users: { [name]: claims } }))).message, error.message)
      }
    }))

  it.live("are found by an inbound check of their JWT", () =>
    Effect.gen(function*() {
      const { server, signIn } = yield* start({ users: { alice } })
      const { access_token, id_token = "" } = yield* signIn("alice", "openid email")
      const client = yield* OAuthClient.OAuthClient
      for (const token of [access_token, id_token]) {
        const { iss, sub } = yield* client.verifyUserToken(Redacted.make(token), { issuers: [server.issuer] })
        assert.deepStrictEqual([iss, sub], [server.issuer, "alice"])
        const { payload } = yield* Effect.promise(() =>
          Jose.jwtVerify(token, Jose.createRemoteJWKSet(new URL(server.jwksUri)), { issuer: server.issuer })
        )
        assert.deepInclude(payload, { email: alice.email, groups: alice.groups })
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("the userinfo endpoint", () => {
  const ask = (server: AuthorizationServer.AuthorizationServer["Service"], init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${server.issuer}/me`, init)
      return {
        status: response.status,
        challenge: response.headers.get("www-authenticate"),
        body: await response.text()
      }
    })

  const bearer = (token: string, method = "GET"): RequestInit => ({
    method,
    headers: { authorization: `Bearer ${token}` }
  })

  it.live("rejects every token except one of a user who granted openid", () =>
    Effect.gen(function*() {
      const { configuration, server, signIn } = yield* start({ users: { alice } })
      const metadata = configuration.serverMetadata()
      assert.strictEqual(metadata.userinfo_endpoint, `${server.issuer}/me`)
      assert.includeMembers(metadata.scopes_supported ?? [], ["openid", "offline_access", "profile", "email"])

      const missing = yield* ask(server)
      assert.deepInclude(missing, { status: 401, challenge: "Bearer" })
      const { access_token, id_token = "" } = yield* signIn("alice", "openid")
      for (const token of ["a.b.c", id_token, `${access_token.slice(0, -8)}AAAAAAAA`]) {
        const rejected = yield* ask(server, bearer(token))
        assert.deepInclude(rejected, { status: 401, challenge: "Bearer error=\"invalid_token\"" })
      }
      assert.deepInclude(yield* ask(server, bearer(access_token, "POST")), { status: 200 })
      assert.deepInclude(yield* ask(server, bearer(access_token, "DELETE")), { status: 405 })

      const machine = yield* Effect.promise(() => OAuth.clientCredentialsGrant(configuration))
      const plain = yield* signIn("bob", "reports:read")
      for (const token of [machine.access_token, plain.access_token]) {
        const rejected = yield* ask(server, bearer(token))
        assert.deepInclude(rejected, { status: 403, challenge: "Bearer error=\"insufficient_scope\"" })
      }
      yield* server.revoke({ userName: "alice" })
      assert.strictEqual((yield* ask(server, bearer(access_token))).status, 403)
    }))
})
