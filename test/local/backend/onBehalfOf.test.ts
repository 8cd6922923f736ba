/** Tokens on behalf of users, over real servers and over the scripted client. */
import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { generateKeyPairSync } from "node:crypto"
import * as Utils from "../../support/authorizationServer.js"
import { issuerOf, makeKey, sign } from "../../support/issuer.js"
import {
  accessToken,
  ask,
  backend,
  createProvider,
  createWorkload,
  jwt,
  LocalBackend,
  Scripted,
  setup,
  tokenExchange,
  VaultStore
} from "../../support/localBackend.js"
import * as Server from "../../support/server.js"

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
const jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const obo = { oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE", resourceOauth2ReturnUrl: undefined } as const

const userTokenFor = (userToken: Redacted.Redacted) =>
  Effect.flatMap(
    DataPlane.DataPlane,
    (plane) => plane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken })
  ).pipe(Effect.map(({ workloadAccessToken }) => workloadAccessToken))

const failure = <A, E extends { readonly _tag: string; readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag, message }) => [_tag, message] as const)

const server = (settings: LocalBackend.Settings = {}) => LocalIdentity.layerPlanes({ settings })

/** A local server in context, an issuer of users' JWTs, and an authorization server that trusts both. */
const world = Effect.gen(function*() {
  const { url } = yield* LocalIdentity.LocalServer
  const key = yield* makeKey("ES256", { kid: "1" })
  const { issuer } = yield* issuerOf(() => [key.jwk])
  const authorizationServer = yield* AuthorizationServer.make({
    trustedIssuers: [issuer, url],
    resources: ["urn:api:default", "urn:api:other"],
    clients: [{
      clientId: "agent",
      clientSecret: Utils.clientSecret,
      scopes: ["reports:read", "reports:write"],
      grants: ["client_credentials", exchangeGrant, jwtGrant]
    }]
  })
  yield* createWorkload("agent")
  const userToken = (claims: Jose.JWTPayload = {}) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => sign(issuer, key, { exp: Math.floor(now / 1000) + 300, ...claims })
    )
  const account = {
    oauthDiscovery: { discoveryUrl: authorizationServer.discoveryUrl },
    clientId: "agent",
    clientSecret: Utils.clientSecret
  }
  return { account, authorizationServer, issuer, key, url, userToken }
})

const askAs = (workloadIdentityToken: Redacted.Redacted, provider: string, request: Parameters<typeof ask>[1] = {}) =>
  ask(workloadIdentityToken, {
    ...obo,
    resourceCredentialProviderName: provider,
    scopes: ["reports:read"],
    ...request
  })

const claimsOf = (response: DataPlane.TokenResponse): Jose.JWTPayload => Jose.decodeJwt(accessToken(response))

describe("tokens on behalf of a user, over a real authorization server", () => {
  it.live("exchanges a user's JWT: alone, with the agent as the actor, and with a JWT of the local issuer", () =>
    Effect.gen(function*() {
      const { account, url, userToken } = yield* world
      const configs = {
        none: { actorTokenContent: "NONE" },
        m2m: { actorTokenContent: "M2M", actorTokenScopes: ["reports:write"] },
        aws: { actorTokenContent: "AWS_IAM_ID_TOKEN_JWT" }
      } as const
      for (const [name, tokenExchangeGrantTypeConfig] of Object.entries(configs)) {
        yield* createProvider(name, {
          ...account,
          onBehalfOfTokenExchangeConfig: { grantType: "TOKEN_EXCHANGE", tokenExchangeGrantTypeConfig }
        })
      }
      const token = yield* Effect.flatMap(userToken(), userTokenFor)
      const [none, m2m, aws] = yield* Effect.forEach(
        ["none", "m2m", "aws"],
        (name) => Effect.map(askAs(token, name), claimsOf)
      )
      for (const claims of [none, m2m, aws]) {
        assert.deepStrictEqual(
          [claims?.sub, claims?.["client_id"], claims?.["scope"], claims?.aud],
          ["alice", "agent", "reports:read", "urn:api:default"]
        )
      }
      assert.isUndefined(none?.["act"])
      assert.propertyVal(m2m?.["act"], "sub", "agent")
      // The authorization server has found the keys of the local issuer by discovery.
      assert.deepInclude(aws?.["act"], { iss: url })
      assert.match(JSON.stringify(aws?.["act"]), /"sub":"arn:aws:iam::123456789012:role\//)

      const other = claimsOf(yield* askAs(token, "none", { scopes: ["reports:write"], resources: ["urn:api:other"] }))
      assert.deepStrictEqual([other["scope"], other.aud], ["reports:write", "urn:api:other"])
      // The tokens are not stored.
      assert.notStrictEqual(accessToken(yield* askAs(token, "none")), accessToken(yield* askAs(token, "none")))
    }).pipe(Effect.provide(server())))

  it.live("fails with the service's error when the server rejects the request", () =>
    Effect.gen(function*() {
      const { account, authorizationServer, userToken } = yield* world
      const gone = "http://127.0.0.1:1"
      yield* createProvider("good", { ...account, ...tokenExchange })
      yield* createProvider("wrong-secret", { ...account, ...tokenExchange, clientSecret: Redacted.make("wrong") })
      yield* createProvider("wrong-secret-of-grant", {
        ...account,
        onBehalfOfTokenExchangeConfig: { grantType: "JWT_AUTHORIZATION_GRANT" },
        clientSecret: Redacted.make("wrong")
      })
      const other = yield* Server.serve((_, response) => {
        response.writeHead(200, { "content-type": "application/json" }).end(`{"error":"invalid_request"}`)
      })
      for (const [name, url] of [["down", gone], ["other", other]] as const) {
        yield* createProvider(name, {
          ...account,
          ...tokenExchange,
          oauthDiscovery: Utils.metadataOf(url)
        })
      }
      yield* authorizationServer.registerClient({ clientId: "plain", clientSecret: Utils.clientSecret })
      yield* createProvider("not-allowed", { ...account, ...tokenExchange, clientId: "plain" })
      const token = yield* Effect.flatMap(userToken(), userTokenFor)
      const rejected = (status: number) =>
        ["ValidationException", `Token exchange failed with HTTP status ${status}`] as const
      assert.deepStrictEqual(yield* failure(askAs(token, "good", { scopes: ["unknown"] })), rejected(400))
      assert.deepStrictEqual(yield* failure(askAs(token, "wrong-secret")), rejected(401))
      assert.deepStrictEqual(yield* failure(askAs(token, "wrong-secret-of-grant")), rejected(401))
      assert.deepStrictEqual(yield* failure(askAs(token, "not-allowed")), rejected(400))
      // Without a response, or with a response without a token, there is no status.
      for (const provider of ["down", "other"]) {
        assert.deepStrictEqual(
          yield* failure(askAs(token, provider)),
          ["ValidationException", "Error parsing token exchange response"]
        )
      }
    }).pipe(Effect.provide(server())))

  it.live("sends an unchecked JWT to the authorization server", () =>
    Effect.gen(function*() {
      const { account, issuer } = yield* world
      yield* createProvider("good", { ...account, ...tokenExchange })
      const token = yield* userTokenFor(jwt({ iss: issuer, sub: "alice" }))
      assert.deepStrictEqual(
        yield* failure(askAs(token, "good")),
        ["ValidationException", "Token exchange failed with HTTP status 400"]
      )
    }).pipe(Effect.provide(server({ inboundJwt: "decode" }))))
})

describe("GetWorkloadAccessTokenForJWT", () => {
  it.live("rejects issuers that are not allowed", () =>
    Effect.gen(function*() {
      const { userToken } = yield* world
      const error = yield* Effect.flip(Effect.flatMap(userToken(), userTokenFor))
      assert.strictEqual(error._tag, "UnauthorizedException")
      assert.match(error.message, /not one of the allowed issuers/)
    }).pipe(Effect.provide(server({ inboundIssuers: ["https://issuer.example.com"] }))))
})

const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 })
const kmsKeys = { [kmsKeyArn]: Redacted.make(String(pair.privateKey.export({ type: "pkcs8", format: "pem" }))) }

describe("clients without a secret", () => {
  it.live("authenticate with a key from the settings, in place of KMS", () =>
    Effect.gen(function*() {
      const { authorizationServer } = yield* world
      yield* authorizationServer.registerClient({
        clientId: "by-key",
        publicKeys: [{ ...pair.publicKey.export({ format: "jwk" }), alg: "PS256" } as Jose.JWK],
        authenticationMethod: "private_key_jwt",
        scopes: ["reports:read"]
      })
      const create = (name: string, arn: string, signingAlgorithm: "PS256" | "ES256") =>
        createProvider(name, {
          oauthDiscovery: { discoveryUrl: authorizationServer.discoveryUrl },
          clientId: "by-key",
          clientSecret: undefined,
          clientAuthenticationMethod: "PRIVATE_KEY_JWT",
          privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn: arn } }, signingAlgorithm }
        } as never)
      yield* create("reports", kmsKeyArn, "PS256")
      const dataPlane = yield* DataPlane.DataPlane
      const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
      const claims = claimsOf(yield* askAs(workloadAccessToken, "reports", { oauth2Flow: "M2M" }))
      assert.deepStrictEqual([claims.sub, claims["scope"]], ["by-key", "reports:read"])

      // Keys are read when they are used.
      const useNew = (name: string, arn: string, signingAlgorithm: "PS256" | "ES256") =>
        Effect.andThen(
          create(name, arn, signingAlgorithm),
          failure(askAs(workloadAccessToken, name, { oauth2Flow: "M2M" }))
        )
      const unknownArn = kmsKeyArn.replace("0a1b", "ffff")
      assert.deepStrictEqual(yield* useNew("unknown", unknownArn, "PS256"), [
        "AccessDeniedException",
        `Access denied when signing with KMS key '${unknownArn}'`
      ])
      assert.match((yield* useNew("unfit", kmsKeyArn, "ES256")).join(" "), /^ValidationException .*ES256/)
    }).pipe(Effect.provide(server({ kmsKeys }))))
})

const alice = { iss: "https://issuer.example.com", sub: "alice" }

/** Creates a provider that exchanges users' tokens without an actor. */
const createExchange = createProvider("exchange", tokenExchange)

describe("tokens on behalf of a user, over the scripted client", () => {
  it.effect("rejects a JWT that is too large for a workload access token", () =>
    Effect.gen(function*() {
      yield* setup
      yield* createExchange
      const large = yield* userTokenFor(jwt({ ...alice, padding: "x".repeat(90_000) }))
      assert.isBelow(Redacted.value(large).length, 131_072)
      const [tag, message] = yield* failure(ask(large, { ...obo, resourceCredentialProviderName: "exchange" }))
      assert.strictEqual(tag, "ValidationException")
      assert.match(message, /too large/)
      const nearly = yield* userTokenFor(jwt({ ...alice, padding: "x".repeat(67_000) }))
      assert.isBelow(Redacted.value(nearly).length, 131_072)
      yield* ask(nearly, { ...obo, resourceCredentialProviderName: "exchange" })
    }).pipe(Effect.provide(backend())))
  it.effect("rejects a configuration that contradicts itself", () =>
    Effect.gen(function*() {
      const none = { actorTokenContent: "NONE" } as const
      for (
        const onBehalfOfTokenExchangeConfig of [
          { grantType: "JWT_AUTHORIZATION_GRANT", tokenExchangeGrantTypeConfig: none },
          { grantType: "TOKEN_EXCHANGE", tokenExchangeGrantTypeConfig: { ...none, actorTokenScopes: ["a"] } }
        ] as const
      ) {
        const [tag] = yield* failure(createProvider("rejected", { onBehalfOfTokenExchangeConfig }))
        assert.strictEqual(tag, "ValidationException")
      }
    }).pipe(Effect.provide(backend())))
})

describe("a workload access token", () => {
  it.live("contains the user's JWT encrypted", () =>
    Effect.gen(function*() {
      const userToken = jwt(alice)
      const token = yield* setup.pipe(
        Effect.andThen(createExchange),
        Effect.andThen(userTokenFor(userToken)),
        Effect.provide(LocalBackend.layer())
      )
      assert.notInclude(Redacted.value(token), Redacted.value(userToken).slice(0, 20))
      // Another backend with the same key opens it, as after a restart.
      const response = yield* Effect.provide(
        ask(token, { ...obo, resourceCredentialProviderName: "exchange" }),
        LocalBackend.layer()
      )
      assert.strictEqual(accessToken(response), "token-1.exchange.obo-alice.read")
    }).pipe(Effect.provide(Layer.merge(VaultStore.layerMemory, Scripted.layer()))))
})
