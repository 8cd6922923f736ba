/**
 * The issuer of JWTs that stands for the one of AWS (outbound identity federation): it speaks for one role of the local account,
 * and publishes its keys where OpenID Connect discovery looks for them.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { randomUUID } from "node:crypto"
import { JWTPayloadSizeExceededException } from "../../IdentityError.js"
import type * as SecurityTokenService from "../../SecurityTokenService.js"
import type { Account } from "./arn.js"

/** AWS documents no limit but those of the request's own parts: this one is a guess, for what a header of a request takes. */
const maxTokenLength = 16384

/** The name of the role that the local backend acts as. */
const role = "agentcore-identity-local"

/** @internal */
export interface LocalIssuer {
  /** Without the checks of the request. */
  readonly getWebIdentityToken: (
    request: SecurityTokenService.GetWebIdentityTokenRequest
  ) => Effect.Effect<SecurityTokenService.GetWebIdentityTokenResponse, JWTPayloadSizeExceededException>
  /** A token that the backend itself needs, for one audience. */
  readonly tokenFor: (audience: string) => Effect.Effect<Redacted.Redacted>
  /** What OpenID Connect discovery finds. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Public keys alone. */
  readonly keySet: Effect.Effect<Jose.JSONWebKeySet>
}

interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicKey: Jose.JWK
}

const makeKey = (alg: SecurityTokenService.SigningAlgorithm): Effect.Effect<SigningKey> =>
  // To the end, whoever asked first: a key that was given up would be given up for everyone.
  Effect.uninterruptible(Effect.promise(async () => {
    const { privateKey, publicKey } = await Jose.generateKeyPair(alg)
    const jwk = await Jose.exportJWK(publicKey)
    const kid = await Jose.calculateJwkThumbprint(jwk)
    return { kid, privateKey, publicKey: { ...jwk, kid, alg, use: "sig" } }
  }))

/**
 * The keys are made when they are needed, the RSA key when its algorithm is asked for: it takes its time.
 *
 * @internal
 */
export const make = (issuer: string, account: Account): Effect.Effect<LocalIssuer> =>
  Effect.gen(function*() {
    const keys = { ES384: yield* Effect.cached(makeKey("ES384")), RS256: yield* Effect.cached(makeKey("RS256")) }
    let rsaIsUsed = false

    const getWebIdentityToken: LocalIssuer["getWebIdentityToken"] = Effect.fnUntraced(
      function*({ audience, durationSeconds = 300, signingAlgorithm, tags = {} }) {
        if (signingAlgorithm === "RS256") rsaIsUsed = true
        const { kid, privateKey } = yield* keys[signingAlgorithm]
        const now = yield* DateTime.now
        const issuedAt = Math.floor(DateTime.toEpochMillis(now) / 1000)
        const expiresAt = issuedAt + durationSeconds
        const claims = new Jose.SignJWT({
          // AWS writes a single audience as a text.
          aud: audience.length === 1 ? audience[0] ?? [] : [...audience],
          "https://sts.amazonaws.com/": {
            aws_account: account.accountId,
            source_region: account.region,
            ...(Object.keys(tags).length === 0 ? {} : { request_tags: tags })
          }
        })
        const token = yield* Effect.promise(() =>
          claims
            .setProtectedHeader({ alg: signingAlgorithm, kid, typ: "JWT" })
            .setIssuer(issuer)
            .setSubject(`arn:aws:iam::${account.accountId}:role/${role}`)
            .setIssuedAt(issuedAt)
            .setExpirationTime(expiresAt)
            .setJti(randomUUID())
            .sign(privateKey)
        )
        if (token.length > maxTokenLength) {
          return yield* new JWTPayloadSizeExceededException({
            operation: "GetWebIdentityToken",
            message: "The requested token payload size exceeds the maximum allowed size."
          })
        }
        return { webIdentityToken: Redacted.make(token), expiration: DateTime.unsafeMake(expiresAt * 1000) }
      }
    )

    return {
      getWebIdentityToken,
      tokenFor: (audience) =>
        Effect.map(
          // An issuer's URL is never so long that the token gets too large.
          Effect.orDie(getWebIdentityToken({ audience: [audience], signingAlgorithm: "ES384" })),
          ({ webIdentityToken }) => webIdentityToken
        ),
      metadata: {
        issuer,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES384", "RS256"],
        claims_supported: ["aud", "exp", "iat", "iss", "jti", "sub", "https://sts.amazonaws.com/"]
      },
      keySet: Effect.gen(function*() {
        const used = rsaIsUsed ? [yield* keys.ES384, yield* keys.RS256] : [yield* keys.ES384]
        return { keys: used.map(({ publicKey }) => publicKey) }
      })
    }
  })
