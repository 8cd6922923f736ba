/**
 * The JWTs that users are named by: read, and verified with the keys of their issuers.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import type { UserClaims, UserTokenError, UserTokenErrorReason, VerifyUserTokenOptions } from "../OAuthClient.js"
import { isSecure } from "./endpoints.js"

/** Neither unsigned, nor signed with a secret that whoever checks it shares. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519"
]

const timeout = 5000

/** Tokens name issuers, so that there may be many: the oldest is forgotten first. */
const rememberedIssuers = 100

type Refuse = (reason: UserTokenErrorReason) => UserTokenError

/** Whom a token names, whoever signed it. Its times are not looked at. */
const claimsOf = (token: Redacted.Redacted): Option.Option<UserClaims & { readonly nbf?: number | undefined }> =>
  Option.flatMap(
    Option.liftThrowable(Jose.decodeJwt)(Redacted.value(token)),
    ({ exp, iss, nbf, sub }) =>
      typeof iss !== "string" || typeof sub !== "string"
        || (exp !== undefined && typeof exp !== "number") || (nbf !== undefined && typeof nbf !== "number")
        ? Option.none()
        : Option.some({ exp, iss, nbf, sub })
  )

/**
 * Whom a token names, by its own word, if it is valid now.
 *
 * @internal
 */
export const decode = (token: Redacted.Redacted, refuse: Refuse): Effect.Effect<UserClaims, UserTokenError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const claims = Option.getOrUndefined(claimsOf(token))
    if (claims === undefined) return refuse("Malformed")
    const { exp, iss, nbf, sub } = claims
    return (exp !== undefined && exp * 1000 <= now) || (nbf !== undefined && nbf * 1000 > now)
      ? refuse("Expired")
      : Effect.succeed({ iss, sub, exp })
  })

/**
 * Whether an issuer is one of those that are allowed. None are named: all are.
 *
 * @internal
 */
export const isAllowed = (issuer: string, { issuers }: VerifyUserTokenOptions): boolean =>
  issuers === undefined || issuers.includes(issuer)

class Unusable extends Error {
  readonly reason: "Undiscoverable" | "Unreachable"
  constructor(reason: "Undiscoverable" | "Unreachable") {
    super(reason)
    this.reason = reason
  }
}

const fetchJson = async (url: string, init: RequestInit): Promise<Response> => {
  if (!isSecure(url)) throw new Unusable("Undiscoverable")
  // A redirect could lead from https to a place that is not safe.
  const response = await fetch(url, { ...init, redirect: "error" }).catch(() => {
    throw new Unusable("Unreachable")
  })
  if (response.ok) return response
  await response.body?.cancel()
  throw new Unusable(response.status === 429 || response.status >= 500 ? "Unreachable" : "Undiscoverable")
}

const discover = async (issuer: string): Promise<Jose.JWTVerifyGetKey> => {
  const response = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(timeout)
  })
  const document: unknown = await response.json().catch(() => undefined)
  if (
    typeof document !== "object" || document === null
    || !("issuer" in document) || document.issuer !== issuer
    || !("jwks_uri" in document) || typeof document.jwks_uri !== "string" || !isSecure(document.jwks_uri)
  ) {
    throw new Unusable("Undiscoverable")
  }
  return Jose.createRemoteJWKSet(new URL(document.jwks_uri), {
    [Jose.customFetch]: fetchJson,
    timeoutDuration: timeout
  })
}

const reasonOf = (cause: unknown): UserTokenErrorReason => {
  if (cause instanceof Unusable) return cause.reason
  if (cause instanceof Jose.errors.JWTExpired) return "Expired"
  if (cause instanceof Jose.errors.JWTClaimValidationFailed) return cause.claim === "nbf" ? "Expired" : "Malformed"
  if (cause instanceof Jose.errors.JOSEAlgNotAllowed) return "Algorithm"
  if (cause instanceof Jose.errors.JWKSTimeout) return "Unreachable"
  if (cause instanceof Jose.errors.JWKSInvalid) return "Undiscoverable"
  return cause instanceof Jose.errors.JWSInvalid || cause instanceof Jose.errors.JWTInvalid ? "Malformed" : "Signature"
}

/** Some keys have no id, and a token that names none fits several of them. */
const verify = async (token: string, keys: Jose.JWTVerifyGetKey, options: Jose.JWTVerifyOptions): Promise<void> => {
  try {
    await Jose.jwtVerify(token, keys, options)
  } catch (cause) {
    if (!(cause instanceof Jose.errors.JWKSMultipleMatchingKeys)) throw cause
    for await (const key of cause) {
      const outcome = await Jose.jwtVerify(token, key, options).then(() => undefined, (failure: unknown) => failure)
      if (outcome === undefined) return
      if (!(outcome instanceof Jose.errors.JWSSignatureVerificationFailed)) throw outcome
    }
    throw new Jose.errors.JWSSignatureVerificationFailed()
  }
}

/**
 * The check, with a memory for the keys of issuers. A failure to find them is not remembered.
 *
 * @internal
 */
export const makeVerify = (
  refuse: Refuse
): (token: Redacted.Redacted, options?: VerifyUserTokenOptions) => Effect.Effect<UserClaims, UserTokenError> => {
  const issuers = new Map<string, Jose.JWTVerifyGetKey>()

  const keysOf = async (issuer: string): Promise<Jose.JWTVerifyGetKey> => {
    const keys = issuers.get(issuer) ?? await discover(issuer)
    issuers.delete(issuer)
    issuers.set(issuer, keys)
    for (const oldest of issuers.keys()) {
      if (issuers.size <= rememberedIssuers) break
      issuers.delete(oldest)
    }
    return keys
  }

  return Effect.fnUntraced(function*(token, options = {}) {
    const claims = yield* decode(token, refuse)
    if (!isAllowed(claims.iss, options)) return yield* refuse("Issuer")
    if (options.signature === false) return claims
    const text = Redacted.value(token)
    // Before anybody is asked for keys.
    const { alg } = yield* Effect.try({ try: () => Jose.decodeProtectedHeader(text), catch: () => refuse("Malformed") })
    if (alg === undefined || !algorithms.includes(alg)) return yield* refuse("Algorithm")
    const currentDate = DateTime.toDate(yield* DateTime.now)
    yield* Effect.tryPromise({
      try: async () => verify(text, await keysOf(claims.iss), { algorithms, currentDate, issuer: claims.iss }),
      catch: (cause) => refuse(reasonOf(cause))
    })
    return claims
  })
}
