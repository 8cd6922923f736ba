/**
 * The answers of authorization servers as token sets and errors.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as OpenidClient from "openid-client"
import { OAuthError, type OAuthErrorReason, type TokenSet } from "./model.js"

/** @internal */
export type Openid = typeof OpenidClient

/** RFC 6749, RFC 8707, OpenID Connect. Any other code is text of the server's own, which an error must not show. */
const registered = new Map<string, OAuthErrorReason>([
  ["access_denied", "AccessDenied"],
  ["account_selection_required", "Rejected"],
  ["consent_required", "Rejected"],
  ["interaction_required", "Rejected"],
  ["invalid_client", "InvalidClient"],
  ["invalid_grant", "InvalidGrant"],
  ["invalid_request", "Rejected"],
  ["invalid_scope", "Rejected"],
  ["invalid_target", "Rejected"],
  ["login_required", "Rejected"],
  ["server_error", "Unreachable"],
  ["temporarily_unavailable", "Unreachable"],
  ["unauthorized_client", "InvalidClient"],
  ["unsupported_grant_type", "Rejected"],
  ["unsupported_response_type", "Rejected"]
])

const fromCode = (code: string): OAuthError => {
  const reason = registered.get(code)
  return reason === undefined ? new OAuthError({ reason: "Rejected" }) : new OAuthError({ reason, code })
}

/**
 * An error in place of a code. The server has answered, so every error but a user's refusal ends the session as
 * rejected.
 *
 * @internal
 */
export const fromCallback = (error: string): OAuthError => {
  const { code, reason } = fromCode(error)
  return new OAuthError({ reason: reason === "AccessDenied" ? reason : "Rejected", code })
}

const isUnanswered = (status: number): boolean => status === 429 || status >= 500

/**
 * The errors of openid-client hold the answer, and some the request. Nothing of these is kept.
 *
 * @internal
 */
export const toOAuthError = (openid: Openid, cause: unknown): OAuthError => {
  if (cause instanceof openid.ResponseBodyError) {
    return isUnanswered(cause.status) ? new OAuthError({ reason: "Unreachable" }) : fromCode(cause.error)
  }
  if (cause instanceof openid.AuthorizationResponseError) return fromCallback(cause.error)
  if (cause instanceof openid.WWWAuthenticateChallengeError) {
    return isUnanswered(cause.status) ? new OAuthError({ reason: "Unreachable" }) : fromCode("invalid_client")
  }
  if (cause instanceof openid.ClientError) {
    const unanswered = cause.code === "OAUTH_TIMEOUT" || cause.code === "OAUTH_ABORT"
      || (cause.cause instanceof Response && isUnanswered(cause.cause.status))
    return new OAuthError({ reason: unanswered ? "Unreachable" : "Rejected", code: cause.code })
  }
  // A TypeError of openid-client for wrong arguments has a code. A TypeError of fetch for a lost connection has none.
  return new OAuthError({ reason: cause instanceof TypeError && !("code" in cause) ? "Unreachable" : "Rejected" })
}

/**
 * `now` in milliseconds.
 *
 * @internal
 */
export const toTokenSet = (now: number, response: OpenidClient.TokenEndpointResponse): TokenSet => ({
  accessToken: Redacted.make(response.access_token),
  refreshToken: Option.map(Option.fromNullable(response.refresh_token), Redacted.make),
  expiresAt: Option.map(
    Option.fromNullable(response.expires_in),
    (seconds) => DateTime.unsafeMake(now + seconds * 1000)
  ),
  scopes: Option.map(Option.fromNullable(response.scope), (scope) => scope.split(" ").filter((word) => word !== ""))
})

/** The vendors' own token types are bearer tokens under another name. */
const normalizeTokenType = (type: unknown): unknown =>
  typeof type === "string" && type.toLowerCase() !== "dpop" ? "Bearer" : type

const normalizeScope = (scope: unknown): unknown =>
  Array.isArray(scope) ? scope.join(" ") : typeof scope === "string" ? scope.replaceAll(",", " ") : scope

/**
 * A fetch that rewrites the answers of a token endpoint with quirks (`unusualAnswers`) to the standard form.
 *
 * @internal
 */
export const normalizeAnswers = (fetch: OpenidClient.CustomFetch): OpenidClient.CustomFetch => async (url, options) => {
  const response = await fetch(url, options)
  const text = await response.text()
  try {
    const { scope, token_type, ...rest } = JSON.parse(text)
    return Response.json({ ...rest, token_type: normalizeTokenType(token_type), scope: normalizeScope(scope) }, {
      status: response.status
    })
  } catch {
    return new Response(text, { status: response.status, headers: response.headers })
  }
}
