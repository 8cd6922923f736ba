import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type { CreatePaymentCredentialProviderRequest } from "effect-agentcore-identity/Models"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Jose from "jose"
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto"
import { backend, createWorkload, tokenFor } from "../../support/localBackend.js"

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" })
const ed25519 = generateKeyPairSync("ed25519")

const pkcs8 = (key: KeyObject): string => key.export({ type: "pkcs8", format: "der" }).toString("base64")

/** Seed and public key, in the form of Coinbase. */
const coinbaseKey = (): string => {
  const { d = "", x = "" } = ed25519.privateKey.export({ format: "jwk" })
  return Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]).toString("base64")
}

const wallet = pkcs8(p256.privateKey)

type Coinbase = Partial<
  Extract<
    CreatePaymentCredentialProviderRequest,
    { readonly credentialProviderVendor: "CoinbaseCDP" }
  >["providerConfigurationInput"]["coinbaseCdpConfiguration"]
>

type Privy = Partial<
  Extract<
    CreatePaymentCredentialProviderRequest,
    { readonly credentialProviderVendor: "StripePrivy" }
  >["providerConfigurationInput"]["stripePrivyConfiguration"]
>

const create = (request: CreatePaymentCredentialProviderRequest) =>
  Effect.andThen(
    createWorkload("agent"),
    Effect.flatMap(ControlPlane.ControlPlane, (plane) => plane.createPaymentCredentialProvider(request))
  )

const coinbase = (config: Coinbase = {}) =>
  create({
    name: "payments",
    credentialProviderVendor: "CoinbaseCDP",
    providerConfigurationInput: {
      coinbaseCdpConfiguration: { apiKeyId: "key-1", apiKeySecret: Redacted.make(coinbaseKey()), ...config }
    }
  })

const privy = (config: Privy = {}) =>
  create({
    name: "payments",
    credentialProviderVendor: "StripePrivy",
    providerConfigurationInput: {
      stripePrivyConfiguration: {
        appId: "app-1",
        appSecret: Redacted.make("app-secret"),
        authorizationPrivateKey: Redacted.make(`wallet-auth:${wallet}`),
        authorizationId: "authorization-1",
        ...config
      }
    }
  })

const ask = (paymentTokenRequest: DataPlane.PaymentTokenRequest) =>
  Effect.gen(function*() {
    const plane = yield* DataPlane.DataPlane
    const workloadIdentityToken = yield* tokenFor("alice")
    const { paymentTokenResponse } = yield* plane.getResourcePaymentToken({
      workloadIdentityToken,
      resourceCredentialProviderName: "payments",
      paymentTokenRequest
    })
    return paymentTokenResponse
  })

const askCoinbase = (request: {
  readonly requestMethod?: "GET" | "POST"
  readonly requestHost?: string
  readonly includeWalletAuthToken?: boolean
  readonly requestBody?: Redacted.Redacted
} = {}) =>
  Effect.map(
    ask({ coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/platform/v2/evm/accounts", ...request } }),
    (response) => {
      assert(response.coinbaseCdpTokenResponse !== undefined)
      const { bearerToken, walletAuthToken } = response.coinbaseCdpTokenResponse
      return {
        bearer: Redacted.value(bearerToken),
        wallet: walletAuthToken === undefined ? undefined : Redacted.value(walletAuthToken)
      }
    }
  )

const askPrivy = (request: {
  readonly requestHost?: string
  readonly requestPath?: string
  readonly requestBody?: Redacted.Redacted
  readonly includeAuthorizationSignature?: boolean
} = {}) =>
  Effect.map(
    ask({
      stripePrivyTokenRequest: { requestPath: "/v1/wallets/w/rpc", requestBody: Redacted.make("{}"), ...request }
    }),
    (response) => {
      assert(response.stripePrivyTokenResponse !== undefined)
      return response.stripePrivyTokenResponse
    }
  )

/** The claims of a token with a valid signature of the key. */
const verified = (token: string, key: KeyObject) =>
  Effect.promise(() => Jose.jwtVerify(token, key, { currentDate: new Date(1_000) }))

const rejected = <A, E extends { readonly _tag: string; readonly message: string }, R>(
  effect: Effect.Effect<A, E, R>
) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.strictEqual(error._tag, "ValidationException")
    return error.message
  })

const setClock = TestClock.setTime(1_000)

describe("Coinbase CDP", () => {
  it.effect("issues a bearer token for one request and two minutes", () =>
    Effect.gen(function*() {
      yield* setClock
      yield* coinbase()
      const { bearer, wallet: none } = yield* askCoinbase()
      const { payload, protectedHeader } = yield* verified(bearer, ed25519.publicKey)
      const { nonce, ...header } = protectedHeader
      assert.deepStrictEqual(header, { alg: "EdDSA", kid: "key-1", typ: "JWT" })
      assert.match(String(nonce), /^[0-9a-f]{32}$/)
      assert.deepStrictEqual(payload, {
        sub: "key-1",
        iss: "cdp",
        uris: ["POST api.cdp.coinbase.com/platform/v2/evm/accounts"],
        iat: 1,
        nbf: 1,
        exp: 121
      })
      assert.isUndefined(none)
      assert.notStrictEqual((yield* askCoinbase()).bearer, bearer)
    }).pipe(Effect.provide(backend())))

  it.effect("signs with ES256 when the key is a PEM, also for another host", () =>
    Effect.gen(function*() {
      yield* setClock
      const pem = String(p256.privateKey.export({ type: "sec1", format: "pem" }))
      yield* coinbase({ apiKeySecret: Redacted.make(pem) })
      const { bearer } = yield* askCoinbase({ requestMethod: "GET", requestHost: "cdp.example.com" })
      const { payload, protectedHeader } = yield* verified(bearer, p256.publicKey)
      assert.strictEqual(protectedHeader.alg, "ES256")
      assert.deepStrictEqual(payload["uris"], ["GET cdp.example.com/platform/v2/evm/accounts"])
    }).pipe(Effect.provide(backend())))

  it.effect("issues a wallet token with the hash of the canonical body", () =>
    Effect.gen(function*() {
      yield* setClock
      // The same key in SEC 1, the form of the creations that were recorded from AWS.
      const sec1 = p256.privateKey.export({ type: "sec1", format: "der" }).toString("base64")
      yield* coinbase({ walletSecret: Redacted.make(sec1) })
      const askFor = (body?: string) =>
        Effect.gen(function*() {
          const response = yield* askCoinbase({
            includeWalletAuthToken: true,
            ...(body === undefined ? {} : { requestBody: Redacted.make(body) })
          })
          const { payload, protectedHeader } = yield* verified(response.wallet ?? "", p256.publicKey)
          assert.deepStrictEqual(protectedHeader, { alg: "ES256", typ: "JWT" })
          const { jti, reqHash, ...claims } = payload
          assert.match(String(jti), /^[0-9a-f]{32}$/)
          assert.deepStrictEqual(claims, {
            uris: ["POST api.cdp.coinbase.com/platform/v2/evm/accounts"],
            iat: 1,
            nbf: 1
          })
          return reqHash
        })
      const hash = createHash("sha256").update(`{"10":1,"9":2,"a":[{"b":1,"c":"ü"}],"z":null}`).digest("hex")
      assert.strictEqual(
        yield* askFor(String.raw`{"z": null, "a": [{"c": "\u00fc", "b": 1.0}], "9": 2, "10": 1}`),
        hash
      )
      assert.isUndefined(yield* askFor())
      assert.isUndefined(yield* askFor("{}"))
    }).pipe(Effect.provide(backend())))

  it.effect("rejects an unusable key or body, and shows no part of it", () =>
    Effect.gen(function*() {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" })
      const foreign = String(privateKey.export({ type: "pkcs8", format: "pem" }))
      for (const secret of ["from-your-configuration", foreign, wallet, coinbaseKey().slice(4)]) {
        const message = yield* rejected(
          Effect.andThen(coinbase({ apiKeySecret: Redacted.make(secret) }), askCoinbase()).pipe(
            Effect.provide(backend())
          )
        )
        assert.strictEqual(message, "Expected base64-encoded Ed25519 private key")
        assert.notInclude(message, secret.slice(0, 20))
      }
      for (const secret of ["from-your-configuration", coinbaseKey()]) {
        const message = yield* rejected(
          Effect.andThen(
            coinbase({ walletSecret: Redacted.make(secret) }),
            askCoinbase({ includeWalletAuthToken: true })
          ).pipe(Effect.provide(backend()))
        )
        assert.strictEqual(message, "Expected base64-encoded EC P-256 private key")
        assert.notInclude(message, secret.slice(0, 20))
      }
      yield* Effect.gen(function*() {
        yield* coinbase()
        assert.include(yield* rejected(askCoinbase({ includeWalletAuthToken: true })), "walletSecret")
        assert.include(yield* rejected(askPrivy()), "CoinbaseCDP")
      }).pipe(Effect.provide(backend()))
      yield* Effect.gen(function*() {
        yield* coinbase({ walletSecret: Redacted.make(wallet) })
        const message = yield* rejected(
          askCoinbase({ includeWalletAuthToken: true, requestBody: Redacted.make("{not json, secret-body}") })
        )
        assert.include(message, "JSON")
        assert.notInclude(message, "secret-body")
      }).pipe(Effect.provide(backend()))
    }))
})

describe("Stripe Privy", () => {
  const verifies = (payload: string, signature: Redacted.Redacted | undefined): boolean =>
    verify(
      "sha256",
      Buffer.from(payload),
      createPublicKey(p256.privateKey),
      Buffer.from(signature === undefined ? "" : Redacted.value(signature), "base64")
    )

  it.effect("returns Basic credentials, and a signature on request", () =>
    Effect.gen(function*() {
      yield* setClock
      yield* privy()
      const plain = yield* askPrivy()
      assert.deepStrictEqual(Object.keys(plain).sort(), ["appId", "basicAuthToken"])
      assert.strictEqual(plain.appId, "app-1")
      assert.strictEqual(
        Redacted.value(plain.basicAuthToken),
        Buffer.from("app-1:app-secret").toString("base64")
      )
      const { authorizationSignature, requestExpiry = 0 } = yield* askPrivy({
        includeAuthorizationSignature: true,
        requestPath: "/v1/wallets/w/rpc/",
        requestBody: Redacted.make(String.raw`{"b": [1, {"y": true, "x": "\u00fc"}], "a": 1e2}`)
      })
      assert.isAbove(requestExpiry, 1_000)
      const payload = (path: string) =>
        `{"body":{"a":100,"b":[1,{"x":"ü","y":true}]},"headers":{"privy-app-id":"app-1","privy-request-expiry":"${requestExpiry}"},`
        + `"method":"POST","url":"https://api.privy.io${path}","version":1}`
      assert.isTrue(verifies(payload("/v1/wallets/w/rpc"), authorizationSignature))
      assert.isFalse(verifies(payload("/v1/wallets/other/rpc"), authorizationSignature))
    }).pipe(Effect.provide(backend())))

  it.effect("rejects an unusable key or body, and shows no part of it", () =>
    Effect.gen(function*() {
      for (const secret of ["from-your-configuration", coinbaseKey()]) {
        const message = yield* rejected(
          Effect.andThen(
            privy({ authorizationPrivateKey: Redacted.make(secret) }),
            askPrivy({ includeAuthorizationSignature: true })
          ).pipe(Effect.provide(backend()))
        )
        assert.strictEqual(message, "Expected base64-encoded EC P-256 private key")
        assert.notInclude(message, secret.slice(0, 20))
      }
      yield* Effect.gen(function*() {
        yield* privy({ authorizationPrivateKey: undefined })
        assert.include(
          yield* rejected(askPrivy({ includeAuthorizationSignature: true })),
          "authorizationPrivateKey"
        )
        assert.include(yield* rejected(askCoinbase()), "StripePrivy")
      }).pipe(Effect.provide(backend()))
      yield* Effect.gen(function*() {
        yield* privy()
        const message = yield* rejected(
          askPrivy({ includeAuthorizationSignature: true, requestBody: Redacted.make("secret-body") })
        )
        assert.include(message, "JSON")
        assert.notInclude(message, "secret-body")
      }).pipe(Effect.provide(backend()))
    }))
})
