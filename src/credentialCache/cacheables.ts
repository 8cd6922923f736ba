/** The operations whose credentials are cached: the keys of their requests, and how long a credential is usable. */
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { JWTPayload } from "jose"
import {
  type GetResourceApiKeyRequest,
  type GetResourceApiKeyResponse,
  type GetResourceOauth2TokenRequest,
  Issued,
  type TokenAnswer
} from "../DataPlane.js"
import type { GetWebIdentityTokenRequest, GetWebIdentityTokenResponse } from "../SecurityTokenService.js"
import * as Digest from "./digest.js"
import type { Cacheable } from "./engine.js"

/** A list as a set: the answer depends on neither the order nor the repetition of its items. */
const setOf = (list: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  list === undefined || list.length === 0 ? [] : list.length === 1 ? list : [...new Set(list)].sort()

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => a < b ? -1 : 1

const pairsOf = (
  record: { readonly [name: string]: string } | undefined
): ReadonlyArray<readonly [string, string]> => record === undefined ? [] : Object.entries(record).sort(byName)

/** The `exp` of a JWT, in milliseconds since the epoch. Undefined for other tokens, and for a JWT without `exp`. */
const expiryOf = (token: Redacted.Redacted, decodeJwt: (token: string) => JWTPayload): number | undefined => {
  try {
    const { exp } = decodeJwt(Redacted.value(token))
    return typeof exp === "number" ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/** `opaqueTimeToLive` is in milliseconds. */
export const accessToken = (
  opaqueTimeToLive: number,
  decodeJwt: (token: string) => JWTPayload
): Cacheable<GetResourceOauth2TokenRequest, TokenAnswer> => ({
  keyOf: (request, digestOf) =>
    Digest.ofValues([
      "getResourceOauth2Token",
      digestOf(request.workloadIdentityToken),
      request.resourceCredentialProviderName,
      request.oauth2Flow,
      setOf(request.scopes),
      setOf(request.resources),
      setOf(request.audiences),
      pairsOf(request.customParameters)
    ]),
  // These members do not change the token. They change the authorization that the user is asked for.
  variantOf: ({ customState, forceAuthentication, resourceOauth2ReturnUrl, sessionUri }, digestOf) => [
    forceAuthentication === true,
    resourceOauth2ReturnUrl ?? null,
    customState === undefined ? null : digestOf(customState),
    sessionUri === undefined ? null : digestOf(sessionUri)
  ],
  bypassesRead: ({ forceAuthentication, sessionUri }) => forceAuthentication === true || sessionUri !== undefined,
  replaces: ({ forceAuthentication }) => forceAuthentication === true,
  credentialOf: (answer) => answer._tag === "Issued" ? answer.accessToken : undefined,
  usableUntil: (_, token, { now, skew }) => {
    const expiry = expiryOf(token, decodeJwt)
    return expiry === undefined ? now + opaqueTimeToLive : expiry - skew
  },
  restore: (accessToken) => new Issued({ accessToken })
})

/** `timeToLive` is in milliseconds. */
export const apiKey = (timeToLive: number): Cacheable<GetResourceApiKeyRequest, GetResourceApiKeyResponse> => ({
  keyOf: ({ resourceCredentialProviderName, workloadIdentityToken }, digestOf) =>
    Digest.ofValues(["getResourceApiKey", digestOf(workloadIdentityToken), resourceCredentialProviderName]),
  variantOf: () => [],
  bypassesRead: () => false,
  replaces: () => false,
  credentialOf: ({ apiKey }) => apiKey,
  usableUntil: (_, _key, { now }) => now + timeToLive,
  restore: (apiKey) => ({ apiKey })
})

/**
 * `service` identifies the service, because the request does not contain the IAM identity. The store is shared by services, and therefore
 * gets no token.
 */
export const webIdentityToken = (
  service: string
): Cacheable<GetWebIdentityTokenRequest, GetWebIdentityTokenResponse> => ({
  keyOf: ({ audience, durationSeconds, signingAlgorithm, tags }) =>
    Digest.ofValues([
      "getWebIdentityToken",
      service,
      setOf(audience),
      signingAlgorithm,
      durationSeconds ?? null,
      pairsOf(tags)
    ]),
  variantOf: () => [],
  bypassesRead: () => false,
  replaces: () => false,
  credentialOf: ({ webIdentityToken }) => webIdentityToken,
  usableUntil: ({ expiration }, _, { skew }) => DateTime.toEpochMillis(expiration) - skew,
  restore: undefined
})
