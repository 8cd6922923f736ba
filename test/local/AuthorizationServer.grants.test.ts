import { assert, describe, it } from "@effect/vitest"
import type * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import * as OAuth from "openid-client"
import * as Utils from "./utils.js"

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

const claims = (server: AuthorizationServer.Service, token: string) =>
  Effect.promise(() =>
    Jose.jwtVerify(token, Jose.createRemoteJWKSet(new URL(server.jwksUri)), {
      issuer: server.issuer,
      audience: server.audience
    }).then(({ payload }) => payload)
  )

/** Runs another issuer, with its own key. */
const foreign = Effect.gen(function*() {
  const { privateKey, publicKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256"))
  const jwk = yield* Effect.promise(() => Jose.exportJWK(publicKey))
  let issuer = ""
  issuer = yield* Utils.httpServer((request, response) => {
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify(
      request.url === "/.well-known/openid-configuration"
        ? { issuer, jwks_uri: `${issuer}/keys` }
        : { keys: [{ ...jwk, alg: "ES256", use: "sig" }] }
    ))
  })
  const token = (expiry: string, key: Jose.CryptoKey = privateKey) =>
    Effect.promise(() =>
      new Jose.SignJWT().setProtectedHeader({ alg: "ES256" }).setIssuer(issuer).setSubject("robot").setExpirationTime(
        expiry
      ).sign(key)
    )
  return { issuer, token }
})

describe("token exchange", () => {
  it.scopedLive("issues a token of the same subject, with scopes of the requesting client", () =>
    Effect.gen(function*() {
      const { exchange, server, subject } = yield* start()
      const answer = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, tokenExchange, {
          subject_token: subject,
          subject_token_type: jwtType,
          scope: "mail:send"
        })
      )
      assert.strictEqual(answer["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token")
      assert.strictEqual(answer.scope, "mail:send")
      assert.strictEqual(answer.expires_in, 600)
      const payload = yield* claims(server, answer.access_token)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.strictEqual(payload["client_id"], "exchanger")
      assert.strictEqual(payload["scope"], "mail:send")
      assert.notProperty(payload, "act")
    }))

  it.scopedLive("names the actor, also of a trusted issuer", () =>
    Effect.gen(function*() {
      const other = yield* foreign
      const { exchange, server, subject } = yield* start({ trustedIssuers: [other.issuer] })
      const actor = yield* other.token("5m")
      const answer = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, tokenExchange, {
          subject_token: subject,
          subject_token_type: jwtType,
          actor_token: actor,
          actor_token_type: jwtType
        })
      )
      const payload = yield* claims(server, answer.access_token)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.deepStrictEqual(payload["act"], { iss: other.issuer, sub: "robot" })
    }))

  it.scopedLive("refuses invalid requests", () =>
    Effect.gen(function*() {
      const other = yield* foreign
      const stranger = yield* foreign
      const { exchange, server, subject } = yield* start({ trustedIssuers: [other.issuer] })
      const { privateKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256"))
      const good = { subject_token: subject, subject_token_type: jwtType }
      const cases: ReadonlyArray<readonly [Record<string, string>, string]> = [
        [{ subject_token_type: jwtType }, "invalid_request"],
        [{ subject_token: subject }, "invalid_request"],
        [{ ...good, subject_token_type: "urn:ietf:params:oauth:token-type:saml2" }, "invalid_request"],
        [{ ...good, subject_token: "a.b.c" }, "invalid_grant"],
        [{ ...good, subject_token: `${subject.slice(0, -8)}AAAAAAAA` }, "invalid_grant"],
        [{ ...good, subject_token: yield* stranger.token("5m") }, "invalid_grant"],
        [{ ...good, subject_token: yield* other.token("5m", privateKey) }, "invalid_grant"],
        [{ ...good, subject_token: yield* other.token("-1s") }, "invalid_grant"],
        [{ ...good, actor_token: "a.b.c", actor_token_type: jwtType }, "invalid_grant"],
        [{ ...good, actor_token: subject }, "invalid_request"],
        [{ ...good, actor_token_type: jwtType }, "invalid_request"],
        [{ ...good, scope: "reports:write" }, "invalid_scope"],
        [{ ...good, audience: "https://elsewhere.example.com" }, "invalid_target"],
        [{ ...good, resource: server.audience, audience: "https://elsewhere.example.com" }, "invalid_target"]
      ]
      for (const [parameters, error] of cases) {
        const refusal = yield* Utils.refusal(() => OAuth.genericGrantRequest(exchange, tokenExchange, parameters))
        assert.strictEqual(refusal.error, error, JSON.stringify(Object.keys(parameters)))
      }
      const notAllowed = yield* Utils.discover(server)
      for (const grant of [tokenExchange, jwtBearer]) {
        const refusal = yield* Utils.refusal(() =>
          OAuth.genericGrantRequest(notAllowed, grant, { ...good, assertion: subject })
        )
        assert.strictEqual(refusal.error, "invalid_request")
      }
    }))
})

describe("JWT as authorization grant", () => {
  it.scopedLive("issues a token of the subject of the assertion", () =>
    Effect.gen(function*() {
      const { exchange, server, subject } = yield* start()
      const answer = yield* Effect.promise(() =>
        OAuth.genericGrantRequest(exchange, jwtBearer, {
          assertion: subject,
          scope: "mail:send",
          requested_token_use: "on_behalf_of"
        })
      )
      const payload = yield* claims(server, answer.access_token)
      assert.strictEqual(payload.sub, Utils.clientId)
      assert.strictEqual(payload["scope"], "mail:send")
      for (
        const [parameters, error] of [
          [{}, "invalid_request"],
          [{ assertion: "a.b.c" }, "invalid_grant"],
          [{ assertion: subject, scope: "reports:write" }, "invalid_scope"]
        ] as const
      ) {
        const refusal = yield* Utils.refusal(() => OAuth.genericGrantRequest(exchange, jwtBearer, parameters))
        assert.strictEqual(refusal.error, error)
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
    it.scopedLive(`authenticates a client by its key (${algorithm})`, () =>
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
        const answer = yield* Effect.promise(() => OAuth.clientCredentialsGrant(right))
        assert.strictEqual(answer.scope, "reports:read")
        const wrong = yield* configuration(other.privateKey)
        const refusal = yield* Utils.refusal(() => OAuth.clientCredentialsGrant(wrong))
        assert.strictEqual(refusal.error, "invalid_client")
      }))
  }

  it.scopedLive("requires keys", () =>
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
