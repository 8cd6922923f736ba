import { assert, describe, it } from "@effect/vitest"
import type * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import * as OAuth from "openid-client"
import * as Utils from "../support/authorizationServer.js"
import * as Server from "../support/server.js"

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
const jwtType = "urn:ietf:params:oauth:token-type:jwt"

const secret = Redacted.make("the-secret-of-the-exchange")

const exchanger: AuthorizationServer.Client = {
  clientId: "exchanger",
  clientSecret: secret,
  scopes: ["reports:read", "mail:send"],
  grants: ["client_credentials", tokenExchange, jwtBearer]
}

const start = (options: AuthorizationServer.Options = {}) =>
  Effect.gen(function*() {
    const { server } = yield* Utils.start({ ...options, clients: [exchanger, ...options.clients ?? []] })
    const exchange = yield* Utils.discover(server, secret, "exchanger")
    const agent = yield* Utils.discover(server)
    const own = yield* Effect.promise(() => OAuth.clientCredentialsGrant(agent, { scope: "reports:read" }))
    return { server, exchange, subject: own.access_token }
  })

const claims = (server: AuthorizationServer.AuthorizationServer["Service"], token: string) =>
  Effect.promise(() =>
    Jose.jwtVerify(token, Jose.createRemoteJWKSet(new URL(server.jwksUri)), {
      issuer: server.issuer,
      audience: server.audience
    }).then(({ payload }) => payload)
  )

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
const idTokenType = "urn:ietf:params:oauth:token-type:id_token"

/** Runs another issuer, with its own key. */
const foreign = Effect.gen(function*() {
  const { privateKey, publicKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256"))
  const jwk = yield* Effect.promise(() => Jose.exportJWK(publicKey))
  let issuer = ""
  issuer = yield* Server.serve((request, response) => {
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify(
      request.url === "/.well-known/openid-configuration"
        ? { issuer, jwks_uri: `${issuer}/keys` }
        : { keys: [{ ...jwk, alg: "ES256", use: "sig" }] }
    ))
  })
  const token = (
    expiry: string,
    { claims = {}, iss = issuer, key = privateKey }: {
      readonly key?: Jose.CryptoKey
      readonly iss?: string
      readonly claims?: Jose.JWTPayload
    } = {}
  ) =>
    Effect.promise(() =>
      new Jose.SignJWT({ sub: "robot", ...claims }).setProtectedHeader({ alg: "ES256" }).setIssuer(iss)
        .setExpirationTime(expiry).sign(key)
    )
  return { issuer, token }
})

describe("token exchange", () => {
  it.live("issues a token of the same subject, with scopes of the requesting client", () =>
    Effect.gen(function*() {
      const { exchange, server, subject } = yield* start()
      const response = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, tokenExchange, {
          subject_token: subject,
          subject_token_type: jwtType,
          scope: "mail:send"
        })
      )
      assert.strictEqual(response["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token")
      assert.strictEqual(response.scope, "mail:send")
      assert.strictEqual(response.expires_in, 600)
      const payload = yield* claims(server, response.access_token)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.strictEqual(payload["client_id"], "exchanger")
      assert.strictEqual(payload["scope"], "mail:send")
      assert.notProperty(payload, "act")
    }))

  it.live("names the actor, also of a trusted issuer", () =>
    Effect.gen(function*() {
      const other = yield* foreign
      const { exchange, server, subject } = yield* start({ trustedIssuers: [other.issuer] })
      const actor = yield* other.token("5m")
      const response = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, tokenExchange, {
          subject_token: subject,
          subject_token_type: jwtType,
          actor_token: actor,
          actor_token_type: jwtType
        })
      )
      const payload = yield* claims(server, response.access_token)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.deepStrictEqual(payload["act"], { iss: other.issuer, sub: "robot" })
    }))

  it.live("rejects invalid requests", () =>
    Effect.gen(function*() {
      const other = yield* foreign
      const stranger = yield* foreign
      const { exchange, server, subject } = yield* start({ trustedIssuers: [other.issuer] })
      const { privateKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256"))
      const good = { subject_token: subject, subject_token_type: jwtType }
      const invalid = (what: string, name = "subject_token") => ["invalid_request", `the ${name} is not valid: ${what}`]
      const noKey = "its signature does not match a key of its issuer"
      const elsewhere = "https://elsewhere.example.com"
      // RFC 8693, section 2.2.2: the error is `invalid_request` also for a token that is not valid.
      const cases: ReadonlyArray<readonly [Record<string, string>, ReadonlyArray<string>]> = [
        [{ subject_token_type: jwtType }, ["invalid_request", "missing required parameter 'subject_token'"]],
        [{ subject_token: subject }, ["invalid_request", "missing required parameter 'subject_token_type'"]],
        [{ ...good, subject_token_type: "urn:ietf:params:oauth:token-type:saml2" }, [
          "invalid_request",
          "the subject_token_type is not supported: only JWTs are exchanged"
        ]],
        [{ ...good, subject_token_type: idTokenType }, [
          "invalid_request",
          "the subject_token is not of the type that subject_token_type names"
        ]],
        [{ ...good, requested_token_type: idTokenType }, [
          "invalid_request",
          "the requested_token_type is not supported: only access tokens are issued"
        ]],
        [{ ...good, subject_token: "a.b.c" }, invalid("it is not a JWT")],
        [{ ...good, subject_token: `${subject.slice(0, -8)}AAAAAAAA` }, invalid(noKey)],
        [{ ...good, subject_token: yield* stranger.token("5m") }, invalid("its issuer is not trusted by this server")],
        [{ ...good, subject_token: yield* other.token("5m", { key: privateKey }) }, invalid(noKey)],
        [{ ...good, subject_token: yield* other.token("-1s") }, invalid("it has expired")],
        [
          { ...good, subject_token: yield* other.token("5m", { claims: { nbf: 9_999_999_999 } }) },
          invalid("its claim nbf is missing or not valid")
        ],
        [{ ...good, actor_token: "a.b.c", actor_token_type: jwtType }, invalid("it is not a JWT", "actor_token")],
        [{ ...good, actor_token: subject }, ["invalid_request", "missing required parameter 'actor_token_type'"]],
        [{ ...good, actor_token_type: jwtType }, ["invalid_request", "actor_token_type without actor_token"]],
        [{ ...good, scope: "reports:write" }, [
          "invalid_scope",
          "requested scope is not allowed: reports:write; this client may request: reports:read mail:send; "
          + "--authorization-server-scope or the scopes of the client add others"
        ]],
        [{ ...good, audience: elsewhere }, ["invalid_target", "no such resource or audience"]],
        [{ ...good, resource: server.audience, audience: elsewhere }, [
          "invalid_target",
          "only one target at a time"
        ]]
      ]
      for (const [parameters, expected] of cases) {
        const rejection = yield* Utils.rejection(() => OAuth.genericGrantRequest(exchange, tokenExchange, parameters))
        assert.deepStrictEqual([rejection.error, rejection.error_description ?? ""], expected)
      }
      const notAllowed = yield* Utils.discover(server)
      for (const grant of [tokenExchange, jwtBearer]) {
        const rejection = yield* Utils.rejection(() =>
          OAuth.genericGrantRequest(notAllowed, grant, { ...good, assertion: subject })
        )
        assert.strictEqual(rejection.error, "invalid_request")
      }
    }))
})

describe("delegation", () => {
  const exchangeFor = (exchange: OAuth.Configuration, parameters: Record<string, string>) =>
    Effect.promise(() =>
      OAuth.genericGrantRequest(exchange, tokenExchange, { subject_token_type: jwtType, ...parameters })
    )

  it.live("accepts each type of its own tokens, and issues the requested one", () =>
    Effect.gen(function*() {
      const { exchange, server, subject } = yield* start()
      for (const subject_token_type of [jwtType, accessTokenType]) {
        const response = yield* exchangeFor(exchange, {
          subject_token: subject,
          subject_token_type,
          requested_token_type: jwtType
        })
        assert.strictEqual(response["issued_token_type"], jwtType)
        assert.strictEqual((yield* claims(server, response.access_token)).sub, Utils.clientId)
      }
    }))

  it.live("nests the actors, and keeps them when there is no new actor", () =>
    Effect.gen(function*() {
      const { exchange, server, subject } = yield* start()
      const machine = yield* Effect.promise(() => OAuth.clientCredentialsGrant(exchange))
      const actor = { actor_token: machine.access_token, actor_token_type: accessTokenType }
      const first = yield* exchangeFor(exchange, { subject_token: subject, ...actor })
      const own = { iss: server.issuer, sub: "exchanger" }
      assert.deepStrictEqual((yield* claims(server, first.access_token))["act"], own)
      const second = yield* exchangeFor(exchange, { subject_token: first.access_token, ...actor })
      assert.deepStrictEqual((yield* claims(server, second.access_token))["act"], { ...own, act: own })
      const third = yield* exchangeFor(exchange, { subject_token: second.access_token })
      assert.deepStrictEqual((yield* claims(server, third.access_token))["act"], { ...own, act: own })
      const granted = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, jwtBearer, { assertion: first.access_token })
      )
      assert.deepStrictEqual((yield* claims(server, granted.access_token))["act"], own)
    }))

  it.live("rejects an actor that the subject does not allow", () =>
    Effect.gen(function*() {
      const other = yield* foreign
      const { exchange, server } = yield* start({ trustedIssuers: [other.issuer] })
      const machine = yield* Effect.promise(() => OAuth.clientCredentialsGrant(exchange))
      const ask = (may_act: unknown) =>
        Effect.map(other.token("5m", { claims: { sub: "alice", may_act } }), (subject_token) => ({
          subject_token,
          subject_token_type: jwtType,
          actor_token: machine.access_token,
          actor_token_type: jwtType
        }))
      for (const allowed of [{ sub: "exchanger" }, { sub: "exchanger", iss: server.issuer }]) {
        const { access_token } = yield* exchangeFor(exchange, yield* ask(allowed))
        assert.deepInclude((yield* claims(server, access_token))["act"], { sub: "exchanger" })
      }
      for (const allowed of [{ sub: "another" }, { sub: "exchanger", iss: other.issuer }, "exchanger", null]) {
        const parameters = yield* ask(allowed)
        const rejection = yield* Utils.rejection(() => OAuth.genericGrantRequest(exchange, tokenExchange, parameters))
        assert.strictEqual(rejection.error, "invalid_request")
        assert.include(rejection.error_description ?? "", "may_act")
      }
    }))
})

describe("trusted issuers", () => {
  const ask = (exchange: OAuth.Configuration, assertion: string) =>
    Effect.promise(() => OAuth.genericGrantRequest(exchange, jwtBearer, { assertion }))

  it.live("can be added while the server runs, also with the URL of their keys", () =>
    Effect.gen(function*() {
      const other = yield* foreign
      const { exchange, server } = yield* start()
      const token = yield* other.token("5m")
      const rejection = yield* Utils.rejection(() =>
        OAuth.genericGrantRequest(exchange, jwtBearer, { assertion: token })
      )
      assert.deepStrictEqual([rejection.error, rejection.error_description], [
        "invalid_grant",
        "the assertion is not valid: its issuer is not trusted by this server"
      ])
      yield* server.trustIssuer(other.issuer)
      assert.strictEqual((yield* claims(server, (yield* ask(exchange, token)).access_token)).sub, "robot")

      // No request reaches this name, so its keys are read elsewhere.
      const issuer = "http://identity.invalid"
      yield* server.trustIssuer({ issuer, jwksUri: `${other.issuer}/keys` })
      const named = yield* other.token("5m", { iss: issuer })
      assert.strictEqual((yield* claims(server, (yield* ask(exchange, named)).access_token)).sub, "robot")
      yield* server.trustIssuer({ issuer: "http://elsewhere.invalid", jwksUri: "http://127.0.0.1:1/keys" })
      const elsewhere = yield* other.token("5m", { iss: "http://elsewhere.invalid" })
      const unreachable = yield* Utils.rejection(() =>
        OAuth.genericGrantRequest(exchange, jwtBearer, { assertion: elsewhere })
      )
      assert.strictEqual(
        unreachable.error_description,
        "the assertion is not valid: the keys of its issuer cannot be read"
      )
    }))

  it.live("are rejected when their URL cannot be read safely", () =>
    Effect.gen(function*() {
      const { server } = yield* start()
      const wrong: NonNullable<AuthorizationServer.Options["trustedIssuers"]> = [
        "issuer",
        "http://issuer.example.com",
        "https://issuer.example.com?a=b",
        { issuer: "issuer", jwksUri: "https://issuer.example.com/keys" },
        { issuer: "https://issuer.example.com", jwksUri: "http://issuer.example.com/keys" }
      ]
      for (const trusted of wrong) {
        for (const error of [server.trustIssuer(trusted), Utils.start({ trustedIssuers: [trusted] })]) {
          assert.strictEqual((yield* Effect.flip(Effect.asVoid(error))).reason, "Configuration")
        }
      }
    }))
})

describe("JWT as authorization grant", () => {
  it.live("issues a token of the subject of the assertion", () =>
    Effect.gen(function*() {
      const { exchange, server, subject } = yield* start()
      const response = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, jwtBearer, {
          assertion: subject,
          scope: "mail:send",
          requested_token_use: "on_behalf_of"
        })
      )
      const payload = yield* claims(server, response.access_token)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.strictEqual(payload["scope"], "mail:send")
      for (
        const [parameters, error] of [
          [{}, "invalid_request"],
          [{ assertion: "a.b.c" }, "invalid_grant"],
          [{ assertion: subject, scope: "reports:write" }, "invalid_scope"]
        ] as const
      ) {
        const rejection = yield* Utils.rejection(() => OAuth.genericGrantRequest(exchange, jwtBearer, parameters))
        assert.strictEqual(rejection.error, error)
      }
    }))
})

describe("private_key_jwt", () => {
  const client = (publicKey: Jose.JWK): AuthorizationServer.Client => ({
    clientId: "with-key",
    authenticationMethod: "private_key_jwt",
    publicKeys: [publicKey],
    scopes: ["reports:read"]
  })

  for (const algorithm of ["ES256", "RS256", "PS256"] as const) {
    it.live(`authenticates a client by its key (${algorithm})`, () =>
      Effect.gen(function*() {
        const pair = yield* Effect.promise(() => Jose.generateKeyPair(algorithm, { extractable: true }))
        const other = yield* Effect.promise(() => Jose.generateKeyPair(algorithm))
        // The server drops the private members of the key.
        const key = yield* Effect.promise(() => Jose.exportJWK(pair.privateKey))
        const { server } = yield* Utils.start({ clients: [client(key)] })
        const configuration = (privateKey: Jose.CryptoKey) =>
          Effect.promise(() =>
            OAuth.discovery(new URL(server.discoveryUrl), "with-key", undefined, OAuth.PrivateKeyJwt(privateKey), {
              execute: [OAuth.allowInsecureRequests]
            })
          )
        const right = yield* configuration(pair.privateKey)
        const response = yield* Effect.promise(() => OAuth.clientCredentialsGrant(right))
        assert.strictEqual(response.scope, "reports:read")
        const wrong = yield* configuration(other.privateKey)
        const rejection = yield* Utils.rejection(() => OAuth.clientCredentialsGrant(wrong))
        assert.strictEqual(rejection.error, "invalid_client")
      }))
  }

  it.live("rejects a client without keys", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Utils.start({
        clients: [{ clientId: "with-key", authenticationMethod: "private_key_jwt" }]
      }))
      assert.strictEqual(error.reason, "Configuration")
      assert.include(error.message, "publicKeys")
      const none = yield* Effect.flip(Utils.start({ clients: [{ clientId: "with-nothing" }] }))
      assert.include(none.message, "clientSecret")
    }))
})
