/**
 * Verification of JWTs with the keys that their issuers publish, found by OpenID Connect discovery or by the metadata
 * of an authorization server (RFC 8414).
 */
import * as Data from "effect/Data"
import { hasProperty } from "effect/Predicate"
import * as Jose from "jose"
import { BodyTooLarge } from "../../internal/boundedBody.js"
import { boundedFetch } from "../../internal/boundedFetch.js"
import { isEndpointOf, isIssuer } from "../../internal/models/urls.js"
import { setBounded } from "./boundedMap.js"

/**
 * - `Undiscoverable`: the issuer's metadata or keys cannot be used
 * - `Unreachable`: the issuer did not respond, or responded with status 429 or 5xx
 */
export class IssuerKeysError extends Data.TaggedError("IssuerKeysError")<{
  readonly reason: "Undiscoverable" | "Unreachable"
}> {}

/** Algorithms with a key pair. `none` proves nothing, and a verifier of HMAC could sign tokens itself. */
export const algorithms: ReadonlyArray<string> = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"
  .split(" ")

/** Milliseconds, for each request. */
const defaultTimeout = 5000

/** Of a response, in bytes. In memory, a document of small objects has 20 times its size, and each issuer has one. */
const maxBytes = 256 * 1024

/** A token without a key id is tried with each key, so that thousands of keys would take seconds. */
const maxKeys = 100

/** Tokens name issuers, so a caller can name many. The least recently used one is dropped first. */
const maxIssuers = 100

type Fetch = (url: string, headers: Headers) => Promise<unknown>

const makeFetch = (timeout: number): Fetch => async (url, headers) => {
  // A redirect could lead from https to an insecure URL.
  const response = await boundedFetch(url, { headers, redirect: "error" }, { timeout, maxBytes }).catch((cause) => {
    throw new IssuerKeysError({ reason: cause instanceof BodyTooLarge ? "Undiscoverable" : "Unreachable" })
  })
  if (!response.ok) {
    throw new IssuerKeysError({
      reason: response.status === 429 || response.status >= 500 ? "Unreachable" : "Undiscoverable"
    })
  }
  return response.json().catch(() => undefined)
}

const readKeysFrom = (jwksUri: string, fetch: Fetch): Jose.JWTVerifyGetKey =>
  Jose.createRemoteJWKSet(new URL(jwksUri), {
    [Jose.customFetch]: async (url, { headers }) => {
      const set = await fetch(url, headers) ?? {}
      // `jose` rejects a set in any other shape.
      if (hasProperty(set, "keys") && Array.isArray(set.keys) && set.keys.length > maxKeys) {
        throw new IssuerKeysError({ reason: "Undiscoverable" })
      }
      return Response.json(set)
    }
  })

/**
 * Returns the URLs where an issuer may publish its metadata. OpenID Connect Discovery 1.0 (section 4) appends to the
 * path of the issuer, and RFC 8414 (section 3.1) inserts before it. Some servers, such as Okta's, append both.
 */
const metadataUrls = (issuer: string): ReadonlySet<string> => {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return new Set([
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/oauth-authorization-server`
  ])
}

/** The other URLs of an unreachable issuer are not tried. */
const ignoreAbsence = (cause: unknown): undefined => {
  if (cause instanceof IssuerKeysError && cause.reason === "Undiscoverable") return undefined
  throw cause
}

const readMetadata = async (issuer: string, fetch: Fetch): Promise<object | undefined> => {
  for (const url of metadataUrls(issuer)) {
    const metadata = await fetch(url, new Headers({ accept: "application/json" })).catch(ignoreAbsence)
    if (typeof metadata === "object" && metadata !== null) return metadata
  }
  return undefined
}

const discover = async (issuer: string, fetch: Fetch): Promise<Jose.JWTVerifyGetKey> => {
  const metadata = isIssuer(issuer) ? await readMetadata(issuer, fetch) : undefined
  if (
    metadata === undefined
    || !("issuer" in metadata) || metadata.issuer !== issuer
    || !("jwks_uri" in metadata) || typeof metadata.jwks_uri !== "string"
    || !isEndpointOf(issuer, metadata.jwks_uri)
  ) {
    throw new IssuerKeysError({ reason: "Undiscoverable" })
  }
  return readKeysFrom(metadata.jwks_uri, fetch)
}

/** A token without a key id matches every key. `jose` leaves the choice to its caller. */
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

const verify = async (
  token: string,
  getKey: Jose.JWTVerifyGetKey,
  options: Jose.JWTVerifyOptions
): Promise<Jose.JWTPayload> => {
  try {
    return (await Jose.jwtVerify(token, getKey, options)).payload
  } catch (cause) {
    if (cause instanceof Jose.errors.JWKSMultipleMatchingKeys) return verifyWithAnyKey(token, cause, options)
    throw cause
  }
}

/** Discovers each issuer once. A failure is not stored. `timeout` in milliseconds, for each request. */
export const make = (timeout: number = defaultTimeout) => {
  const fetch = makeFetch(timeout)
  const issuers = new Map<string, Promise<Jose.JWTVerifyGetKey>>()

  const getKeys = (name: string, jwksUri: string | undefined): Promise<Jose.JWTVerifyGetKey> => {
    const keys = issuers.get(name)
      ?? (jwksUri === undefined ? discover(name, fetch) : Promise.resolve(readKeysFrom(jwksUri, fetch)))
    setBounded(issuers, maxIssuers, name, keys)
    keys.catch(() => issuers.get(name) === keys && issuers.delete(name))
    return keys
  }

  return {
    /**
     * Rejects with `IssuerKeysError` or an error of `jose`. Callers share the requests to an issuer. `jwksUri` is the
     * key set of an issuer that cannot be discovered. The claim `iss` is `name`, unless the options have another one.
     */
    verify: async (
      token: string,
      name: string,
      options: Omit<Jose.JWTVerifyOptions, "algorithms">,
      jwksUri?: string
    ): Promise<Jose.JWTPayload> =>
      verify(token, await getKeys(name, jwksUri), { issuer: name, ...options, algorithms: [...algorithms] })
  }
}
