/**
 * What authorization servers answer, as far as it is passed on: tokens, and why there are none.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as OpenidClient from "openid-client"
import type { OAuthErrorReason, TokenSet } from "../OAuthClient.js"

/** @internal */
export type Openid = typeof OpenidClient

/** @internal */
export interface Refusal {
  readonly reason: OAuthErrorReason
  readonly code?: string | undefined
}

// RFC 6749, 8707, OpenID Connect. Any other text is the server's own, and stays with it.
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

const byCode = (code: string): Refusal => {
  const reason = registered.get(code)
  return reason === undefined ? { reason: "Rejected" } : { reason, code }
}

/**
 * An error in the place of a code. It is an answer, whatever it says: nothing but a refusal is different from the rest.
 *
 * @internal
 */
export const callbackRefusal = (code: string): Refusal => {
  const refusal = byCode(code)
  return refusal.reason === "AccessDenied" ? refusal : { ...refusal, reason: "Rejected" }
}

const noAnswer = (status: number): boolean => status === 429 || status >= 500

/**
 * Why there is no token, by the errors of openid-client. Those hold the answer, and sometimes the request: nothing of it
 * is kept.
 *
 * @internal
 */
export const refusal = (openid: Openid, cause: unknown): Refusal => {
  if (cause instanceof openid.ResponseBodyError) {
    return noAnswer(cause.status) ? { reason: "Unreachable" } : byCode(cause.error)
  }
  if (cause instanceof openid.AuthorizationResponseError) return callbackRefusal(cause.error)
  if (cause instanceof openid.WWWAuthenticateChallengeError) {
    return noAnswer(cause.status) ? { reason: "Unreachable" } : byCode("invalid_client")
  }
  if (cause instanceof openid.ClientError) {
    const unanswered = cause.code === "OAUTH_TIMEOUT" || cause.code === "OAUTH_ABORT"
      || (cause.cause instanceof Response && noAnswer(cause.cause.status))
    return { reason: unanswered ? "Unreachable" : "Rejected", code: cause.code }
  }
  // What openid-client says of wrong arguments has a code; what fetch says of a lost connection has none.
  return { reason: cause instanceof TypeError && !("code" in cause) ? "Unreachable" : "Rejected" }
}

/**
 * `now` in milliseconds.
 *
 * @internal
 */
export const tokenSet = (now: number, response: OpenidClient.TokenEndpointResponse): TokenSet => ({
  accessToken: Redacted.make(response.access_token),
  refreshToken: Option.map(Option.fromNullable(response.refresh_token), Redacted.make),
  expiresAt: Option.map(
    Option.fromNullable(response.expires_in),
    (seconds) => DateTime.unsafeMake(now + seconds * 1000)
  ),
  scopes: Option.map(Option.fromNullable(response.scope), (scope) => scope.split(" ").filter((word) => word !== ""))
})

/** None of its own is a bearer token by another name. */
const bearer = (type: unknown): unknown => typeof type === "string" && type.toLowerCase() !== "dpop" ? "Bearer" : type

const scopeText = (scope: unknown): unknown =>
  Array.isArray(scope) ? scope.join(" ") : typeof scope === "string" ? scope.replaceAll(",", " ") : scope

/**
 * A fetch whose answers of a token endpoint are written the standard way.
 *
 * @internal
 */
export const usual = (fetch: OpenidClient.CustomFetch): OpenidClient.CustomFetch => async (url, options) => {
  const response = await fetch(url, options)
  const text = await response.text()
  try {
    const { scope, token_type, ...rest } = JSON.parse(text)
    return Response.json({ ...rest, token_type: bearer(token_type), scope: scopeText(scope) }, {
      status: response.status
    })
  } catch {
    return new Response(text, { status: response.status, headers: response.headers })
  }
}
