/**
 * The local STS. Every caller has the same role of the local account, in a session with the name of the access key. The
 * issuer signs JWTs in place of AWS (outbound identity federation). Their subject is the role.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { randomUUID } from "node:crypto"
import { JWTPayloadSizeExceededException } from "../../IdentityError.js"
import type * as SecurityTokenService from "../../SecurityTokenService.js"
import * as Arn from "./arn.js"
import { CallerSession } from "./callContext.js"

/** A guess, because AWS documents only limits of the request. A token of this length fits into a header. */
const maxTokenLength = 16384

const role = "agentcore-identity-local"

/** It has the form of a role id in IAM. */
const roleId = "AROALOCALAGENTCOREIDS"

export type LocalIssuer = Effect.Success<ReturnType<typeof make>>

const makeKey = (alg: SecurityTokenService.SigningAlgorithm) =>
  // Otherwise `Effect.cached` would cache the interruption of its first caller.
  Effect.uninterruptible(Effect.promise(async () => {
    const { privateKey, publicKey } = await Jose.generateKeyPair(alg)
    const jwk = await Jose.exportJWK(publicKey)
    const kid = await Jose.calculateJwkThumbprint(jwk)
    return { kid, privateKey, publicKey: { ...jwk, kid, alg, use: "sig" } }
  }))

/** Reads the public URL of a backend, which is its issuer, and the account of its ARNs. */
export const readLocation = (
  { accountId = "123456789012", publicUrl = "http://127.0.0.1:4020", region = "us-west-2" }: {
    readonly publicUrl?: string | undefined
    readonly region?: string | undefined
    readonly accountId?: string | undefined
  }
) => ({ publicUrl: publicUrl.replace(/\/+$/, ""), account: { region, accountId } satisfies Arn.Account })

/** An issuer that consecutive backends share. By default, each backend has its own. */
export const SharedIssuer = Context.Reference("effect-agentcore-identity/local/SharedIssuer", {
  defaultValue: (): Option.Option<LocalIssuer> => Option.none()
})

/** Makes a key when it is first used, because an RSA key takes long. */
export const make = (issuer: string, account: Arn.Account) =>
  Effect.gen(function*() {
    const keys = { ES384: yield* Effect.cached(makeKey("ES384")), RS256: yield* Effect.cached(makeKey("RS256")) }
    let rsaIsUsed = false

    /** The plane has checked the request. */
    const getWebIdentityToken = Effect.fnUntraced(function*(request: SecurityTokenService.GetWebIdentityTokenRequest) {
      const { audience, durationSeconds = 300, signingAlgorithm, tags = {} } = request
      if (signingAlgorithm === "RS256") rsaIsUsed = true
      const { kid, privateKey } = yield* keys[signingAlgorithm]
      const issuedAt = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const expiresAt = issuedAt + durationSeconds
      const claims = {
        // AWS writes a single audience as a string.
        aud: audience.length === 1 ? audience[0] ?? [] : [...audience],
        iss: issuer,
        sub: Arn.role(account, role),
        iat: issuedAt,
        exp: expiresAt,
        jti: randomUUID(),
        "https://sts.amazonaws.com/": {
          aws_account: account.accountId,
          source_region: account.region,
          ...(Object.keys(tags).length === 0 ? {} : { request_tags: tags })
        }
      }
      const header = { alg: signingAlgorithm, kid, typ: "JWT" }
      const token = yield* Effect.promise(() => new Jose.SignJWT(claims).setProtectedHeader(header).sign(privateKey))
      if (token.length > maxTokenLength) {
        return yield* new JWTPayloadSizeExceededException({
          message: "The requested token payload size exceeds the maximum allowed size."
        })
      }
      return { webIdentityToken: Redacted.make(token), expiration: DateTime.makeUnsafe(expiresAt * 1000) }
    })

    return {
      getWebIdentityToken,
      getCallerIdentity: () =>
        Effect.map(CallerSession, (session) => ({
          account: account.accountId,
          arn: Arn.assumedRole(account, role, session),
          userId: `${roleId}:${session}`
        })),
      /** A token of the backend itself, for one audience. */
      makeToken: (audience: string) =>
        Effect.map(
          // The URL of an issuer is never too long for a token.
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
