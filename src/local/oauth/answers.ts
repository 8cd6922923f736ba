/** The answers of authorization servers as token sets and errors. */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as OpenidClient from "openid-client"
import { codeOf } from "../../internal/errorCode.js"
import { toUtc } from "../internal/dateRange.js"
import type { Exchange, Refusal } from "./exchange.js"
import { OAuthError, type OAuthErrorReason, type Quirks, type TokenSet } from "./model.js"

export type Openid = typeof OpenidClient

/** RFC 6749, RFC 8707, OpenID Connect. Servers have codes of their own besides. */
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

const isUnanswered = (status: number | undefined): boolean => status !== undefined && (status === 429 || status >= 500)

const toReason = ({ error = "", status }: Refusal): OAuthErrorReason =>
  isUnanswered(status) ? "Unreachable" : registered.get(error) ?? "Rejected"

const isSuccess = (status: number): boolean => status >= 200 && status < 300

const makeError = (reason: OAuthErrorReason, { description, error, status }: Refusal): OAuthError =>
  new OAuthError({
    reason,
    ...(status === undefined || isSuccess(status) ? {} : { status }),
    ...(error === undefined ? {} : { code: error }),
    ...(description === undefined ? {} : { description })
  })

/**
 * An error in place of a code. The server has answered, so every error but a user's refusal ends the session as
 * rejected.
 */
export const fromCallback = (refusal: Refusal): OAuthError =>
  makeError(toReason(refusal) === "AccessDenied" ? "AccessDenied" : "Rejected", refusal)

const withStatus = (refusal: Refusal): Refusal =>
  refusal.description !== undefined || refusal.status === undefined || isSuccess(refusal.status)
    ? refusal
    : { ...refusal, description: `status ${refusal.status}` }

/** The code of a lost connection: `ECONNREFUSED`, or the code of a certificate. */
const toNetworkCode = (cause: unknown): string | undefined => {
  const code = cause instanceof Error ? codeOf(cause.cause) : ""
  return /^[A-Z][A-Z0-9_]+$/.test(code) ? code : undefined
}

/**
 * The errors of openid-client hold the answer, and some the request. Of these the exchange keeps what an error may say.
 */
export const toOAuthError = (openid: Openid, cause: unknown, exchange: Exchange): OAuthError => {
  if (cause instanceof openid.AuthorizationResponseError) {
    return fromCallback(exchange.toRefusal(cause.error, cause.error_description))
  }
  const refusal = withStatus(exchange.refusal())
  if (cause instanceof openid.WWWAuthenticateChallengeError) {
    const challenge = { ...refusal, error: refusal.error ?? "invalid_client" }
    return makeError(toReason(challenge), challenge)
  }
  // Some servers report an error with the status of a success, which is a `ClientError`.
  if (cause instanceof openid.ResponseBodyError || refusal.error !== undefined) {
    return makeError(toReason(refusal), refusal)
  }
  if (cause instanceof openid.ClientError) {
    const unanswered = cause.code === "OAUTH_TIMEOUT" || cause.code === "OAUTH_ABORT" || isUnanswered(refusal.status)
    return makeError(unanswered ? "Unreachable" : "Rejected", { ...refusal, error: cause.code })
  }
  // A TypeError of openid-client for wrong arguments has a code. A TypeError of fetch for a lost connection has none.
  return makeError(cause instanceof TypeError && !("code" in cause) ? "Unreachable" : "Rejected", {
    description: toNetworkCode(cause)
  })
}

/** Names the discovery document that could not be used. Its URL has no query and no user information. */
export const atDiscovery = (url: string) => ({ code, description, reason }: OAuthError): OAuthError =>
  makeError(reason, {
    error: code,
    description: `the discovery document ${url} cannot be used${description === undefined ? "" : `: ${description}`}`
  })

/** `now` in milliseconds. */
export const toTokenSet = (now: number, response: OpenidClient.TokenEndpointResponse): TokenSet => ({
  accessToken: Redacted.make(response.access_token),
  refreshToken: Option.map(Option.fromNullishOr(response.refresh_token), Redacted.make),
  expiresAt: Option.map(
    Option.fromNullishOr(response.expires_in),
    (seconds) => toUtc(now + seconds * 1000)
  ),
  scopes: Option.map(Option.fromNullishOr(response.scope), (scope) => scope.split(" ").filter((word) => word !== ""))
})

/** The vendors' own token types are bearer tokens under another name. */
const normalizeTokenType = (type: unknown): unknown =>
  typeof type === "string" && type.toLowerCase() !== "dpop" ? "Bearer" : type

const normalizeScope = (scope: unknown): unknown =>
  Array.isArray(scope) ? scope.join(" ") : typeof scope === "string" ? scope.replaceAll(",", " ") : scope

const parseObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/**
 * A fetch that removes the ID token from the responses of a token endpoint, and rewrites responses with quirks
 * (`unusualAnswers`) to the standard form.
 *
 * AgentCore returns the access token alone, and no source says that it checks ID tokens. openid-client would reject one
 * whose algorithm, issuer or key it does not expect.
 */
export const normalizeTokens = (
  fetch: OpenidClient.CustomFetch,
  quirks: Quirks | undefined
): OpenidClient.CustomFetch =>
async (url, options) => {
  const response = await fetch(url, options)
  const body = parseObject(await response.clone().text())
  if (body === undefined) return response
  const { id_token, scope, token_type, ...rest } = body
  if (quirks?.unusualAnswers === true) {
    return Response.json({ ...rest, token_type: normalizeTokenType(token_type), scope: normalizeScope(scope) }, {
      status: response.status
    })
  }
  return id_token === undefined ? response : Response.json({ ...rest, scope, token_type }, response)
}
