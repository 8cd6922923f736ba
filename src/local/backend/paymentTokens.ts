/**
 * Makes tokens that authorize a payment request, from the vendors' public documentation.
 *
 * - Coinbase CDP: a bearer JWT (EdDSA or ES256, by the key) for one request, valid for 2 minutes, and for wallets a
 *   second JWT (ES256) with the hash of the body
 * - Stripe Privy: HTTP Basic credentials, and an ECDSA P-256 signature over the request in canonical JSON (RFC 8785)
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose"
import { createHash, type KeyObject, randomBytes, sign } from "node:crypto"
import type { PaymentTokenRequest } from "../../DataPlane.js"
import { canonicalize } from "../../internal/models/plainData.js"
import { type Invalid, invalid } from "./failures.js"
import * as PaymentKeys from "./paymentKeys.js"
import type { Credentials } from "./registry/paymentProviders.js"

type Coinbase = Extract<Credentials, { readonly vendor: "CoinbaseCDP" }>
type Privy = Extract<Credentials, { readonly vendor: "StripePrivy" }>
type RequestOf<Member extends string> = Extract<PaymentTokenRequest, { readonly [M in Member]: unknown }>[Member]
type CoinbaseRequest = RequestOf<"coinbaseCdpTokenRequest">
type PrivyRequest = RequestOf<"stripePrivyTokenRequest">

const parseBody = (body: Redacted.Redacted, member: string): Effect.Effect<unknown, Invalid> =>
  Effect.try({
    try: (): unknown => JSON.parse(Redacted.value(body)),
    // The parser's error quotes the body.
    catch: () => invalid("Member must be JSON", `paymentTokenRequest.${member}.requestBody`)
  })

const badKey = (name: string, form: string): Invalid =>
  invalid(`The ${name} of the credential provider is not a key of the vendor: it must be ${form}`)

const signJwt = (header: JWTHeaderParameters, claims: JWTPayload, key: KeyObject) =>
  Effect.map(
    Effect.promise(() => new SignJWT(claims).setProtectedHeader({ typ: "JWT", ...header }).sign(key)),
    Redacted.make
  )

/** Seconds. Coinbase documentation. */
const coinbaseLifetime = 120

const makeWalletToken = Effect.fnUntraced(function*(
  secret: Redacted.Redacted | undefined,
  uri: string,
  body: Redacted.Redacted | undefined,
  now: number
) {
  if (secret === undefined) {
    return yield* invalid(
      "The credential provider has no walletSecret",
      "paymentTokenRequest.coinbaseCdpTokenRequest.includeWalletAuthToken"
    )
  }
  const key = PaymentKeys.parseP256(secret)
  if (key === undefined) return yield* badKey("walletSecret", "the base64 of a P-256 private key in PKCS #8 or SEC 1")
  const content = body === undefined ? {} : yield* parseBody(body, "coinbaseCdpTokenRequest")
  const isEmpty = typeof content === "object" && content !== null && Object.keys(content).length === 0
  const claims = {
    uris: [uri],
    iat: now,
    nbf: now,
    jti: randomBytes(16).toString("hex"),
    ...(isEmpty ? {} : { reqHash: createHash("sha256").update(canonicalize(content)).digest("hex") })
  }
  return yield* signJwt({ alg: "ES256" }, claims, key)
})

const makeCoinbase = Effect.fnUntraced(function*(credentials: Coinbase, request: CoinbaseRequest) {
  const { apiKeyId, apiKeySecret, walletSecret } = credentials
  const { includeWalletAuthToken, requestBody, requestHost = "api.cdp.coinbase.com", requestMethod, requestPath } =
    request
  const uri = `${requestMethod} ${requestHost}${requestPath}`
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const signer = PaymentKeys.parseApiKey(apiKeySecret)
  if (signer === undefined) {
    return yield* badKey("apiKeySecret", "a P-256 private key in PEM, or the base64 of the 64 bytes of an Ed25519 key")
  }
  const nonce = randomBytes(16).toString("hex")
  const claims = { uris: [uri], sub: apiKeyId, iss: "cdp", iat: now, nbf: now, exp: now + coinbaseLifetime }
  return {
    coinbaseCdpTokenResponse: {
      bearerToken: yield* signJwt({ alg: signer.alg, kid: apiKeyId, nonce }, claims, signer.key),
      ...(includeWalletAuthToken === true
        ? { walletAuthToken: yield* makeWalletToken(walletSecret, uri, requestBody, now) }
        : {})
    }
  }
})

/** Milliseconds. */
const privyLifetime = 30 * 60 * 1000

const signPrivy = Effect.fnUntraced(function*(
  { appId, authorizationPrivateKey }: Privy,
  { requestBody, requestHost = "api.privy.io", requestPath }: PrivyRequest
) {
  if (authorizationPrivateKey === undefined) {
    return yield* invalid(
      "The credential provider has no authorizationPrivateKey",
      "paymentTokenRequest.stripePrivyTokenRequest.includeAuthorizationSignature"
    )
  }
  const key = PaymentKeys.parseP256(authorizationPrivateKey)
  if (key === undefined) {
    return yield* badKey(
      "authorizationPrivateKey",
      "the base64 of a P-256 private key in PKCS #8 or SEC 1, after wallet-auth:"
    )
  }
  const body = yield* parseBody(requestBody, "stripePrivyTokenRequest")
  const requestExpiry = (yield* Clock.currentTimeMillis) + privyLifetime
  const payload = canonicalize({
    version: 1,
    method: "POST",
    url: `https://${requestHost}${requestPath}`.replace(/\/+$/, ""),
    body,
    headers: { "privy-app-id": appId, "privy-request-expiry": String(requestExpiry) }
  })
  return {
    authorizationSignature: Redacted.make(sign("sha256", Buffer.from(payload), key).toString("base64")),
    requestExpiry
  }
})

const makePrivy = (credentials: Privy, request: PrivyRequest) =>
  Effect.map(
    request.includeAuthorizationSignature === true ? signPrivy(credentials, request) : Effect.succeed({}),
    (signature) => ({
      stripePrivyTokenResponse: {
        ...signature,
        appId: credentials.appId,
        basicAuthToken: Redacted.make(
          Buffer.from(`${credentials.appId}:${Redacted.value(credentials.appSecret)}`).toString("base64")
        )
      }
    })
  )

export const make = (credentials: Credentials, request: PaymentTokenRequest) =>
  credentials.vendor === "CoinbaseCDP"
    ? "coinbaseCdpTokenRequest" in request
      ? makeCoinbase(credentials, request.coinbaseCdpTokenRequest)
      : invalid("The credential provider is one of CoinbaseCDP", "paymentTokenRequest")
    : "stripePrivyTokenRequest" in request
    ? makePrivy(credentials, request.stripePrivyTokenRequest)
    : invalid("The credential provider is one of StripePrivy", "paymentTokenRequest")
