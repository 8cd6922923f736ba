/** Client authentication without a secret, and tokens on behalf of a user. */
import { assert, describe, it } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { generateKeyPairSync } from "node:crypto"
import { inspect } from "node:util"
import * as LocalIssuer from "../../../src/local/backend/issuer.js"
import * as Utils from "../../support/authorizationServer.js"
import { OAuthClient, OAuthHttp, VaultStore } from "../../support/localBackend.js"
import * as Server from "../../support/server.js"

const value = Redacted.value

type Algorithm = "RS256" | "PS256" | "ES256"

type SecretClient = Extract<OAuthClient.AuthorizationServer, { readonly clientSecret: Redacted.Redacted }>

const keyPair = (algorithm: Algorithm) =>
  algorithm === "ES256"
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("rsa", { modulusLength: 2048 })

const key = (algorithm: Algorithm, write: "pkcs8" | "sec1" | "pkcs1" | "jwk" = "pkcs8") => {
  const { privateKey, publicKey } = keyPair(algorithm)
  return {
    publicKey: { ...publicKey.export({ format: "jwk" }), alg: algorithm } as Jose.JWK,
    privateKey: Redacted.make(
      write === "jwk"
        ? JSON.stringify(privateKey.export({ format: "jwk" }))
        : String(privateKey.export({ type: write, format: "pem" } as never))
    )
  }
}

const exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const reason = <A, R>(effect: Effect.Effect<A, OAuthClient.OAuthError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

const privateKeyClient = (
  server: AuthorizationServer.AuthorizationServer["Service"],
  algorithm: Algorithm,
  write?: "pkcs8" | "sec1" | "pkcs1" | "jwk"
) =>
  Effect.gen(function*() {
    const { privateKey, publicKey } = key(algorithm, write)
    const clientId = `by-key-${algorithm}-${write}`
    yield* server.registerClient({
      clientId,
      publicKeys: [publicKey],
      authenticationMethod: "private_key_jwt",
      scopes: ["reports:read"]
    })
    const agent: OAuthClient.AuthorizationServer = {
      discovery: { discoveryUrl: server.discoveryUrl },
      clientId,
      clientAuthenticationMethod: "PRIVATE_KEY_JWT",
      privateKey,
      signingAlgorithm: algorithm
    }
    return agent
  })

/** An authorization server that records the requests of its token endpoint. */
const recorder = (change: (form: URLSearchParams) => object = () => ({})) =>
  Effect.gen(function*() {
    const forms: Array<URLSearchParams> = []
    const headers: Array<string | undefined> = []
    const url = yield* Server.serve((request, response) => {
      let body = ""
      request.on("data", (chunk) => body += chunk)
      request.on("end", () => {
        forms.push(new URLSearchParams(body))
        headers.push(request.headers.authorization)
        response.setHeader("content-type", "application/json")
        response.end(
          JSON.stringify({ access_token: `token-${forms.length}`, token_type: "Bearer", ...change(forms.at(-1)!) })
        )
      })
    })
    const discovery = Utils.metadataOf(url)
    return { forms, headers, discovery, url }
  })

describe("PRIVATE_KEY_JWT", () => {
  it.live("signs by each algorithm, with a key in each form", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const server = yield* AuthorizationServer.make()
      const kinds = [
        ["RS256", "pkcs8"],
        ["RS256", "pkcs1"],
        ["PS256", "jwk"],
        ["ES256", "pkcs8"],
        ["ES256", "sec1"],
        ["ES256", "jwk"]
      ] as const
      for (const [algorithm, write] of kinds) {
        const agent = yield* privateKeyClient(server, algorithm, write)
        const tokens = yield* client.clientCredentials(agent, { scopes: ["reports:read"] })
        assert.strictEqual(Jose.decodeJwt(value(tokens.accessToken)).sub, agent.clientId)
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("is rejected when the key is another one, and sends nothing when the key has another type", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const server = yield* AuthorizationServer.make()
      const agent = yield* privateKeyClient(server, "ES256")
      const ask = (privateKey: Redacted.Redacted) =>
        Effect.flip(
          client.clientCredentials({ ...agent, privateKey } as OAuthClient.AuthorizationServer, { scopes: [] })
        )
      const wrong = yield* ask(key("ES256").privateKey)
      assert.deepStrictEqual([wrong.reason, wrong.code], ["InvalidClient", "invalid_client"])
      const unusable = yield* Effect.all(
        [key("RS256").privateKey, Redacted.make("sentinel-not-a-key"), Redacted.make("{\"kty\":\"sentinel\"}")].map(ask)
      )
      assert.deepStrictEqual(unusable.map((error) => error.reason), ["Misconfigured", "Misconfigured", "Misconfigured"])
      assert.notInclude(inspect(unusable, { depth: 10, showHidden: true }), "sentinel")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("adds claims, and never replaces the claims of the assertion", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { discovery, forms, url } = yield* recorder()
      const { privateKey, publicKey } = key("ES256")
      yield* client.clientCredentials({
        discovery,
        clientId: "agent",
        clientAuthenticationMethod: "PRIVATE_KEY_JWT",
        privateKey,
        signingAlgorithm: "ES256",
        additionalHeaderClaims: { kid: "key-1", alg: "none", typ: "other" },
        additionalPayloadClaims: { tenant: "acme", iss: "other", sub: "other", exp: "1", jti: "1" }
      }, { scopes: ["read"] })
      const form = forms[0] ?? assert.fail("nothing was sent")
      assert.strictEqual(form.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
      const { payload, protectedHeader } = yield* Effect.promise(async () =>
        Jose.jwtVerify(form.get("client_assertion") ?? "", await Jose.importJWK(publicKey, "ES256"), {
          issuer: "agent",
          subject: "agent",
          audience: `${url}/token`
        })
      )
      assert.deepStrictEqual(protectedHeader, { alg: "ES256", kid: "key-1" })
      assert.strictEqual(payload["tenant"], "acme")
      assert.isAbove(payload.jti?.length ?? 0, 8)
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("is for the token endpoint of the metadata, unless the audience is configured", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { discovery, forms, url } = yield* recorder()
      const base = yield* Server.serve((_, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify({ issuer: base, token_endpoint: `${url}/oauth/token` }))
      })
      const { privateKey } = key("ES256")
      const agent = {
        clientId: "agent",
        clientAuthenticationMethod: "PRIVATE_KEY_JWT",
        privateKey,
        signingAlgorithm: "ES256"
      } as const
      const ask = (more: Partial<OAuthClient.AuthorizationServer>) =>
        client.clientCredentials({ discovery, ...agent, ...more } as OAuthClient.AuthorizationServer, { scopes: [] })
      yield* ask({ discovery: { discoveryUrl: `${base}/.well-known/openid-configuration` } })
      yield* ask({ additionalPayloadClaims: { aud: "https://tenant.example.com" } })
      assert.deepStrictEqual(
        forms.map((form) => Jose.decodeJwt(form.get("client_assertion") ?? "").aud),
        [`${url}/oauth/token`, "https://tenant.example.com"]
      )
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("AWS_IAM_ID_TOKEN_JWT", () => {
  it.live("sends an assertion of the local issuer, and the client id if there is one", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const issuer = yield* LocalIssuer.make("http://127.0.0.1:4020", {
        region: "us-west-2",
        accountId: "123456789012"
      }).pipe(Effect.provide(VaultStore.layerMemory))
      const { discovery, forms, headers, url } = yield* recorder()
      const agent = {
        discovery,
        clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" as const,
        awsToken: issuer.makeToken
      }
      yield* client.clientCredentials({ ...agent, clientId: "" }, { scopes: ["read"] })
      yield* client.clientCredentials({ ...agent, clientId: "agent" }, { scopes: ["read"] })
      assert.deepStrictEqual(forms.map((form) => form.get("client_id")), [null, "agent"])
      assert.deepStrictEqual(headers, [undefined, undefined])
      const keys = Jose.createLocalJWKSet(yield* issuer.keySet)
      for (const form of forms) {
        assert.deepStrictEqual(
          [form.get("grant_type"), form.get("scope"), form.get("client_assertion_type")],
          ["client_credentials", "read", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        )
        const { payload } = yield* Effect.promise(() =>
          Jose.jwtVerify(form.get("client_assertion") ?? "", keys, {
            issuer: "http://127.0.0.1:4020",
            audience: `${url}/token`
          })
        )
        assert.match(payload.sub ?? "", /^arn:aws:iam::123456789012:role\//)
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("tokens on behalf of a user", () => {
  const secret = { clientSecret: Utils.clientSecret, clientAuthenticationMethod: "CLIENT_SECRET_BASIC" as const }

  const start = Effect.gen(function*() {
    const server = yield* AuthorizationServer.make({
      resources: ["urn:api:default", "urn:api:other"],
      accessTokenLifetime: "10 minutes",
      clients: [
        {
          clientId: "agent",
          ...secret,
          scopes: ["reports:read", "reports:write"],
          grants: ["client_credentials", exchange, jwtBearer]
        },
        { clientId: "plain", ...secret, scopes: ["reports:read"] }
      ]
    })
    const agent: SecretClient = { discovery: { discoveryUrl: server.discoveryUrl }, clientId: "agent", ...secret }
    const client = yield* OAuthClient.OAuthClient
    // Any JWT of this server names its subject, so a machine's token can stand for a user's.
    const { accessToken } = yield* client.clientCredentials({ ...agent, clientId: "plain" }, { scopes: [] })
    return { agent, client, server, subjectToken: accessToken }
  })

  it.live("reports why the server issued no token", () =>
    Effect.gen(function*() {
      const { agent, client, server, subjectToken } = yield* start
      const { privateKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256"))
      const forged = Redacted.make(
        yield* Effect.promise(() =>
          new Jose.SignJWT({ marker: "sentinel" }).setProtectedHeader({ alg: "ES256" }).setIssuer(server.issuer)
            .setSubject("alice").setExpirationTime("1 h").sign(privateKey)
        )
      )
      const wrongSecret = { ...agent, clientSecret: Redacted.make("wrong") }
      const ask = (scopes: ReadonlyArray<string>, token: Redacted.Redacted, as: SecretClient = agent) =>
        Effect.all([
          reason(client.exchangeToken(as, { subjectToken: token, scopes })),
          reason(client.jwtGrant(as, { assertion: token, scopes }))
        ])
      // RFC 8693, section 2.2.2, has `invalid_request` for a token that is not valid.
      assert.deepStrictEqual(yield* ask([], forged), ["Rejected", "InvalidGrant"])
      assert.deepStrictEqual(yield* ask(["unknown"], subjectToken), ["Rejected", "Rejected"])
      assert.deepStrictEqual(yield* ask([], subjectToken, wrongSecret), ["InvalidClient", "InvalidClient"])
      assert.deepStrictEqual(
        // The client is not registered for these grants.
        yield* ask([], subjectToken, { ...agent, clientId: "plain" }),
        ["Rejected", "Rejected"]
      )
      assert.strictEqual(
        yield* reason(client.exchangeToken(agent, { subjectToken, scopes: [], resources: ["urn:api:unknown"] })),
        "Rejected"
      )
      const down = {
        ...agent,
        discovery: Utils.metadataOf("http://127.0.0.1:1")
      }
      assert.deepStrictEqual(yield* ask([], subjectToken, down), ["Unreachable", "Unreachable"])
      const error = yield* Effect.flip(client.exchangeToken(agent, { subjectToken: forged, scopes: [] }))
      assert.notInclude(inspect(error, { depth: 10, showHidden: true }), value(forged).slice(0, 20))
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("nonstandard responses", () => {
  it.live("report an error with a success status, or with a challenge", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const responses = [
        [200, { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." }],
        [200, { error: "invalid_grant" }],
        [401, { error: "unauthorized_client", error_description: "not for this grant" }],
        [401, {}],
        [500, { error: "invalid_grant", error_description: "sorry" }]
      ] as const
      const base = yield* Server.serve((request, response) => {
        const [status, body] = responses[Number(request.url?.slice(1))] ?? [404, {}]
        response.writeHead(status, {
          "content-type": "application/json",
          ...(status === 401 ? { "www-authenticate": "Basic realm=\"x\"" } : {})
        })
        response.end(JSON.stringify(body))
      })
      const errors = yield* Effect.forEach(responses, ([status], index) =>
        Effect.flip(client.clientCredentials({
          discovery: Utils.metadataOf(base, `/${index}`),
          clientId: "agent",
          clientSecret: Utils.clientSecret,
          clientAuthenticationMethod: "CLIENT_SECRET_BASIC",
          deviations: { nonstandardResponses: status === 200 }
        }, { scopes: [] })))
      assert.deepStrictEqual(errors.map(({ code, description, reason }) => [reason, code, description]), [
        ["Rejected", "bad_verification_code", "The code passed is incorrect or expired."],
        ["InvalidGrant", "invalid_grant", undefined],
        ["InvalidClient", "unauthorized_client", "not for this grant"],
        ["InvalidClient", "invalid_client", "status 401"],
        ["Unreachable", "invalid_grant", "sorry"]
      ])
      assert.match(errors[0]?.message ?? "", /\(bad_verification_code: The code passed is incorrect or expired\.\)$/)
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("are only accepted from vendors with that quirk", () =>
    Effect.gen(function*() {
      const client = yield* OAuthClient.OAuthClient
      const { discovery } = yield* recorder((form) => ({
        token_type: "bot",
        scope: form.get("scope") === "list" ? ["chat:read", "chat:write"] : "chat:read,chat:write"
      }))
      const agent: OAuthClient.AuthorizationServer = {
        discovery,
        clientId: "agent",
        clientSecret: Utils.clientSecret,
        clientAuthenticationMethod: "CLIENT_SECRET_BASIC"
      }
      const unusual = { ...agent, deviations: { nonstandardResponses: true } }
      for (const scopes of [["list"], ["text"]]) {
        yield* client.clientCredentials(unusual, { scopes })
        assert.strictEqual(yield* reason(client.clientCredentials(agent, { scopes })), "Rejected")
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))
})
