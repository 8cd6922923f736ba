/** JWTs that name users: decoding, and verification with the keys of their issuers. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import * as IssuerKeys from "../internal/issuerKeys.js"
import {
  type UserClaims,
  UserTokenError,
  type UserTokenErrorReason,
  type VerifyUserTokenOptions
} from "./oauthClient.js"

const parseClaims = Option.liftThrowable(Jose.decodeJwt)

const isTime = (time: unknown): time is number | undefined => time === undefined || typeof time === "number"

/** Returns the claims of a token that is valid now. Does not check the signature. */
export const decode = (token: Redacted.Redacted): Effect.Effect<UserClaims, UserTokenError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const { exp, iss, nbf, sub } = Option.getOrUndefined(parseClaims(Redacted.value(token))) ?? {}
    if (typeof iss !== "string" || typeof sub !== "string" || !isTime(exp) || !isTime(nbf)) {
      return new UserTokenError({ reason: "Malformed" })
    }
    return (exp !== undefined && exp * 1000 <= now) || (nbf !== undefined && nbf * 1000 > now)
      ? new UserTokenError({ reason: "Expired" })
      : Effect.succeed({ iss, sub, exp })
  })

export const checkIssuer = (claims: UserClaims, { issuers }: VerifyUserTokenOptions) =>
  issuers === undefined || issuers.includes(claims.iss)
    ? Effect.succeed(claims)
    : new UserTokenError({ reason: "Issuer" })

const toReason = (cause: unknown): UserTokenErrorReason => {
  if (cause instanceof IssuerKeys.IssuerKeysError) return cause.reason
  if (cause instanceof Jose.errors.JWTExpired) return "Expired"
  if (cause instanceof Jose.errors.JWTClaimValidationFailed) return cause.claim === "nbf" ? "Expired" : "Malformed"
  if (cause instanceof Jose.errors.JOSEAlgNotAllowed) return "Algorithm"
  if (cause instanceof Jose.errors.JWKSInvalid) return "Undiscoverable"
  return cause instanceof Jose.errors.JWSInvalid || cause instanceof Jose.errors.JWTInvalid ? "Malformed" : "Signature"
}

/** `timeout` in milliseconds, for each request to an issuer. */
export const makeVerify = (timeout?: number) => {
  const issuerKeys = IssuerKeys.make(timeout)

  return Effect.fnUntraced(function*(token: Redacted.Redacted, options: VerifyUserTokenOptions = {}) {
    const claims = yield* checkIssuer(yield* decode(token), options)
    if (options.signature === false) return claims
    const jwt = Redacted.value(token)
    // Checked before a request for the issuer's keys.
    const { alg } = yield* Effect.try({
      try: () => Jose.decodeProtectedHeader(jwt),
      catch: () => new UserTokenError({ reason: "Malformed" })
    })
    if (alg === undefined || !IssuerKeys.algorithms.includes(alg)) {
      return yield* new UserTokenError({ reason: "Algorithm" })
    }
    const currentDate = DateTime.toDate(yield* DateTime.now)
    yield* Effect.tryPromise({
      try: () =>
        issuerKeys.verify(jwt, options.standIn?.(claims.iss) ?? claims.iss, { currentDate, issuer: claims.iss }),
      catch: (cause) => new UserTokenError({ reason: toReason(cause) })
    })
    return claims
  })
}
