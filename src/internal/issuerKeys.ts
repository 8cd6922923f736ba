/**
 * Verification of JWTs with the keys that their issuers publish, found by OpenID Connect discovery.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Jose from "jose"
import { isSecure } from "./loopback.js"

/**
 * - `Undiscoverable`: the issuer's metadata or keys cannot be used
 * - `Unreachable`: the issuer gave no answer, or status 429 or 5xx
 *
 * @internal
 */
export class IssuerKeysError extends Data.TaggedError("IssuerKeysError")<{
  readonly reason: "Undiscoverable" | "Unreachable"
}> {}

/**
 * Signatures of a key pair. `none` proves nothing, and a verifier of HMAC could sign tokens itself.
 *
 * @internal
 */
export const algorithms: ReadonlyArray<string> = [
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

/** Milliseconds. */
const timeout = 5000

/** Tokens name issuers, so a caller can name many. The least recently used one is dropped first. */
const maxIssuers = 100

const fetchOk = async (url: string, init: RequestInit): Promise<Response> => {
  if (!isSecure(url)) throw new IssuerKeysError({ reason: "Undiscoverable" })
  // A redirect could lead from https to an insecure URL.
  const response = await fetch(url, { ...init, redirect: "error" }).catch(() => {
    throw new IssuerKeysError({ reason: "Unreachable" })
  })
  if (response.ok) return response
  await response.body?.cancel()
  throw new IssuerKeysError({
    reason: response.status === 429 || response.status >= 500 ? "Unreachable" : "Undiscoverable"
  })
}

const discover = async (issuer: string): Promise<Jose.JWTVerifyGetKey> => {
  const response = await fetchOk(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(timeout)
  })
  const metadata: unknown = await response.json().catch(() => undefined)
  if (
    typeof metadata !== "object" || metadata === null
    || !("issuer" in metadata) || metadata.issuer !== issuer
    || !("jwks_uri" in metadata) || typeof metadata.jwks_uri !== "string" || !isSecure(metadata.jwks_uri)
  ) {
    throw new IssuerKeysError({ reason: "Undiscoverable" })
  }
  return Jose.createRemoteJWKSet(new URL(metadata.jwks_uri), {
    [Jose.customFetch]: fetchOk,
    timeoutDuration: timeout
  })
}

/** Keys without an id all match a token without one. `jose` leaves the choice to its caller. */
const verifyWithAnyKey = async (
  token: string,
  keys: Jose.errors.JWKSMultipleMatchingKeys,
  options: Jose.JWTVerifyOptions
): Promise<Jose.JWTPayload> => {
  for await (const key of keys) {
    try {
      return (await Jose.jwtVerify(token, key, options)).payload
    } catch (cause) {
      if (!(cause instanceof Jose.errors.JWSSignatureVerificationFailed)) throw cause
    }
  }
  throw new Jose.errors.JWSSignatureVerificationFailed()
}

/** @internal */
export interface IssuerKeys {
  /** Fails with `IssuerKeysError` or an error of `jose`. */
  readonly verify: (
    token: string,
    issuer: string,
    options?: Omit<Jose.JWTVerifyOptions, "algorithms" | "issuer">
  ) => Promise<Jose.JWTPayload>
}

/**
 * Discovers each issuer once. A failure is not kept.
 *
 * @internal
 */
export const make = (): IssuerKeys => {
  const issuers = new Map<string, Promise<Jose.JWTVerifyGetKey>>()

  const getKeys = (issuer: string): Promise<Jose.JWTVerifyGetKey> => {
    const keys = issuers.get(issuer) ?? discover(issuer)
    issuers.delete(issuer)
    issuers.set(issuer, keys)
    for (const oldest of issuers.keys()) {
      if (issuers.size <= maxIssuers) break
      issuers.delete(oldest)
    }
    keys.catch(() => issuers.get(issuer) === keys && issuers.delete(issuer))
    return keys
  }

  return {
    verify: async (token, issuer, options = {}) => {
      const all = { ...options, algorithms: [...algorithms], issuer }
      const keys = await getKeys(issuer)
      try {
        return (await Jose.jwtVerify(token, keys, all)).payload
      } catch (cause) {
        if (cause instanceof Jose.errors.JWKSMultipleMatchingKeys) return verifyWithAnyKey(token, cause, all)
        throw cause
      }
    }
  }
}
