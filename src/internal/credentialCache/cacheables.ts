/**
 * The operations whose answers are kept: what their keys are made of, and how long they are good for.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { JWTPayload } from "jose"
import {
  type GetResourceApiKeyRequest,
  type GetResourceApiKeyResponse,
  type GetResourceOauth2TokenRequest,
  Issued,
  type TokenAnswer
} from "../../DataPlane.js"
import type { GetWebIdentityTokenRequest, GetWebIdentityTokenResponse } from "../../SecurityTokenService.js"
import * as Digest from "./digest.js"
import type { Cacheable } from "./engine.js"

/** Lists are sets: neither order nor repetition changes what is asked for. */
const setOf = (list: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  list === undefined || list.length === 0 ? [] : list.length === 1 ? list : [...new Set(list)].sort()

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => a < b ? -1 : 1

const pairsOf = (
  record: { readonly [name: string]: string } | undefined
): ReadonlyArray<readonly [string, string]> => record === undefined ? [] : Object.entries(record).sort(byName)

/** By its own word, in milliseconds since the epoch. None for a token that is not a JWT, or a JWT that does not say. */
const expiryOf = (token: Redacted.Redacted, decodeJwt: (token: string) => JWTPayload): number | undefined => {
  try {
    const { exp } = decodeJwt(Redacted.value(token))
    return typeof exp === "number" ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/**
 * `opaqueTimeToLive` is in milliseconds.
 *
 * @internal
 */
export const accessToken = (
  opaqueTimeToLive: number,
  decodeJwt: (token: string) => JWTPayload
): Cacheable<GetResourceOauth2TokenRequest, TokenAnswer> => ({
  operation: "getResourceOauth2Token",
  keyOf: (request) =>
    Digest.ofValues([
      "getResourceOauth2Token",
      Digest.ofSecret(request.workloadIdentityToken),
      request.resourceCredentialProviderName,
      request.oauth2Flow,
      setOf(request.scopes),
      setOf(request.resources),
      setOf(request.audiences),
      pairsOf(request.customParameters)
    ]),
  // They do not change which token is issued. They change what the user is asked, and where that leads.
  variantOf: ({ customState, forceAuthentication, resourceOauth2ReturnUrl, sessionUri }) => [
    forceAuthentication === true,
    resourceOauth2ReturnUrl ?? null,
    customState === undefined ? null : Digest.ofSecret(customState),
    sessionUri === undefined ? null : Digest.ofSecret(sessionUri)
  ],
  asksAnew: ({ forceAuthentication, sessionUri }) => forceAuthentication === true || sessionUri !== undefined,
  replaces: ({ forceAuthentication }) => forceAuthentication === true,
  credentialOf: (answer) => answer._tag === "Issued" ? answer.accessToken : undefined,
  usableUntil: (_, token, { now, skew }) => {
    const expiry = expiryOf(token, decodeJwt)
    return expiry === undefined ? now + opaqueTimeToLive : expiry - skew
  },
  restore: (accessToken) => new Issued({ accessToken })
})

/**
 * `timeToLive` is in milliseconds.
 *
 * @internal
 */
export const apiKey = (timeToLive: number): Cacheable<GetResourceApiKeyRequest, GetResourceApiKeyResponse> => ({
  operation: "getResourceApiKey",
  keyOf: ({ resourceCredentialProviderName, workloadIdentityToken }) =>
    Digest.ofValues(["getResourceApiKey", Digest.ofSecret(workloadIdentityToken), resourceCredentialProviderName]),
  variantOf: () => [],
  asksAnew: () => false,
  replaces: () => false,
  credentialOf: ({ apiKey }) => apiKey,
  usableUntil: (_, _key, { now }) => now + timeToLive,
  restore: (apiKey) => ({ apiKey })
})

/**
 * `service` tells services apart: the request does not say whose token it is for. For the same reason nothing goes to the store.
 *
 * @internal
 */
export const webIdentityToken = (
  service: string
): Cacheable<GetWebIdentityTokenRequest, GetWebIdentityTokenResponse> => ({
  operation: "getWebIdentityToken",
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
  asksAnew: () => false,
  replaces: () => false,
  credentialOf: ({ webIdentityToken }) => webIdentityToken,
  usableUntil: ({ expiration }, _, { skew }) => DateTime.toEpochMillis(expiration) - skew,
  restore: undefined
})
