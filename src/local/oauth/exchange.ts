/**
 * Records a request to an authorization server and its response, and makes a token set or an error of the response.
 *
 * The strings of a server can repeat what the client sent. So the values of the request are removed from them.
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { CustomFetch } from "openid-client"
import type * as OpenidClient from "openid-client"
import { toUtc } from "../../internal/dates.js"
import { codeOf } from "../../internal/messages.js"
import { makeRedactor } from "../../internal/redactor.js"
import { type Deviations, OAuthError, type OAuthErrorReason, type TokenSet } from "./oauthClient.js"

/** Parameters without secrets. An error may quote them. */
const publicParameters = ["audience", "client_id", "grant_type", "redirect_uri", "resource", "response_type", "scope"]

/** Characters of a description. A longer one is cut. */
const maxLength = 300

/** Characters that are searched for values. */
const maxRawLength = 2000

/** RFC 6749, section 5.2, without the space. */
const errorCode = /^[\x21\x23-\x5B\x5D-\x7E]{1,64}$/

/** The error in a response. A success has no status. */
export interface Rejection {
  readonly status?: number | undefined
  readonly error?: string | undefined
  readonly description?: string | undefined
}

export type Exchange = ReturnType<typeof make>

/** Makes one line of at most `maxLength` characters. Returns undefined for an empty string. */
const toLine = (text: string): string | undefined => {
  // Counts code points, so that the cut does not split one.
  const line = [...text.replaceAll(/[\p{C}\s]+/gu, " ").trim()]
  return line.length > maxLength ? `${line.slice(0, maxLength).join("")}…` : line.join("") || undefined
}

/**
 * Returns the credentials of a header. For the scheme Basic it also returns the secret, which is form-encoded (RFC
 * 6749, section 2.3.1).
 */
const credentialsOf = (authorization: string | null): ReadonlyArray<string> => {
  const [scheme, credentials = ""] = (authorization ?? "").split(" ")
  if (credentials === "") return []
  if (scheme?.toLowerCase() !== "basic") return [credentials]
  const [, secret = ""] = Buffer.from(credentials, "base64").toString().split(":")
  const decoded = new URLSearchParams(`=${secret}`).get("")
  return decoded ? [credentials, decoded] : [credentials]
}

const parseObject = Schema.decodeOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

/** The parameters of a callback that developers may read. */
const publicCallbackParameters = ["error", "error_description", "error_uri", "iss"]

export const make = () => {
  const hidden = new Set<string>()
  let recorded: { readonly status: number | undefined; readonly body: string } | undefined

  /** Cuts and redacts an `error` and an `error_description`. Drops an invalid or secret `error`. */
  const toRejection = (error: unknown, description: unknown): Rejection => {
    const redact = makeRedactor(hidden)
    return {
      error: typeof error === "string" && errorCode.test(error) && redact(error) === error ? error : undefined,
      description: typeof description === "string" ? toLine(redact(description, maxRawLength)) : undefined
    }
  }

  const hide = (parameters: URLSearchParams) => {
    for (const [name, value] of parameters) {
      // The identifiers of token types, grant types and assertion types are public.
      const isPublic = publicParameters.includes(name) || value.startsWith("urn:ietf:params:oauth:")
      if (value !== "" && !isPublic) hidden.add(value)
    }
  }

  return {
    /** Makes a fetch that records the request and the response. */
    record: (fetch: (url: string, init: RequestInit) => Promise<Response>): CustomFetch => async (url, options) => {
      // The type of their `body` includes `undefined`, which fetch accepts.
      const init = options as RequestInit
      if (init.body instanceof URLSearchParams) hide(init.body)
      else if (typeof init.body === "string") hide(new URLSearchParams(init.body))
      for (const value of credentialsOf(new Headers(init.headers).get("authorization"))) hidden.add(value)
      recorded = undefined
      const response = await fetch(url, init)
      recorded = { status: response.ok ? undefined : response.status, body: await response.clone().text() }
      return response
    },
    /** Removes the values of a callback's URL, such as its code, from the strings of an error. */
    hideCallback: ({ searchParams }: URL) =>
      hide(new URLSearchParams([...searchParams].filter(([name]) => !publicCallbackParameters.includes(name)))),
    toRejection,
    /** Returns the error of the recorded response. */
    rejection: (): Rejection => {
      if (recorded === undefined) return {}
      const { error, error_description } = Option.getOrUndefined(parseObject(recorded.body)) ?? {}
      return { status: recorded.status, ...toRejection(error, error_description) }
    }
  }
}

export type Openid = typeof OpenidClient

/** RFC 6749. Every other code is `Rejected`. */
const reasons: ReadonlyMap<string, OAuthErrorReason> = new Map([
  ["access_denied", "AccessDenied"],
  ["invalid_client", "InvalidClient"],
  ["invalid_grant", "InvalidGrant"],
  ["server_error", "Unreachable"],
  ["temporarily_unavailable", "Unreachable"],
  ["unauthorized_client", "InvalidClient"]
])

export const errorCodes: ReadonlyArray<string> = [...reasons.keys()]

const isUnavailable = (status: number | undefined): boolean => status !== undefined && (status === 429 || status >= 500)

export const toReason = ({ error = "", status }: Rejection): OAuthErrorReason =>
  isUnavailable(status) ? "Unreachable" : reasons.get(error) ?? "Rejected"

const makeError = (
  reason: OAuthErrorReason,
  { description, error, status }: Rejection,
  server: Pick<OAuthError, "discoveryUrl" | "unresolvedHost"> = {}
): OAuthError => new OAuthError({ reason, ...server, status, code: error, description })

/** Makes the error of a callback. The server has responded, so every error except a user's denial is `Rejected`. */
export const fromCallback = (rejection: Rejection): OAuthError =>
  makeError(toReason(rejection) === "AccessDenied" ? "AccessDenied" : "Rejected", rejection)

const withStatus = ({ description, error, status }: Rejection): Rejection => ({
  error,
  status,
  description: description ?? (status === undefined ? undefined : `status ${status}`)
})

/** The codes of `getaddrinfo` for a host without an address. */
const unresolved = ["ENOTFOUND", "EAI_AGAIN"]

const toUnresolvedHost = (cause: unknown): string | undefined =>
  cause instanceof Error && unresolved.includes(codeOf(cause.cause))
    && Predicate.hasProperty(cause.cause, "hostname") && typeof cause.cause.hostname === "string"
    ? cause.cause.hostname
    : undefined

/** Returns the code of a failed connection, such as `ECONNREFUSED` or the code of a certificate. */
const toNetworkCode = (cause: unknown): string | undefined => {
  const code = cause instanceof Error ? codeOf(cause.cause) : ""
  return /^[A-Z][A-Z0-9_]+$/.test(code) ? code : undefined
}

/** Makes an error without secrets. The errors of openid-client contain the response, and some contain the request. */
export const toOAuthError = (openid: Openid, cause: unknown, exchange: Exchange): OAuthError => {
  if (cause instanceof openid.AuthorizationResponseError) {
    return fromCallback(exchange.toRejection(cause.error, cause.error_description))
  }
  const rejection = withStatus(exchange.rejection())
  if (cause instanceof openid.WWWAuthenticateChallengeError) {
    const challenge = { ...rejection, error: rejection.error ?? "invalid_client" }
    return makeError(toReason(challenge), challenge)
  }
  // Some servers report an error with a success status. Then openid-client throws a `ClientError`.
  if (cause instanceof openid.ResponseBodyError || rejection.error !== undefined) {
    return makeError(toReason(rejection), rejection)
  }
  if (cause instanceof openid.ClientError) {
    const isUnreachable = ["OAUTH_TIMEOUT", "OAUTH_ABORT"].includes(cause.code ?? "") || isUnavailable(rejection.status)
    return makeError(isUnreachable ? "Unreachable" : "Rejected", { ...rejection, error: cause.code })
  }
  // A TypeError of openid-client has a code. One of fetch, for a failed connection, has none.
  const isConnection = cause instanceof TypeError && !("code" in cause)
  const unresolvedHost = toUnresolvedHost(cause)
  return makeError(isConnection ? "Unreachable" : "Rejected", { description: toNetworkCode(cause) }, { unresolvedHost })
}

/** Adds the URL of the discovery document, which has no query and no user information. */
export const atDiscovery = (discoveryUrl: string) => ({ code, description, reason }: OAuthError): OAuthError => {
  const details = description === undefined ? "" : `: ${description}`
  const rejection = { error: code, description: `the discovery document ${discoveryUrl} cannot be used${details}` }
  return makeError(reason, rejection, { discoveryUrl })
}

/** `now` in milliseconds. */
export const toTokenSet = (now: number, response: OpenidClient.TokenEndpointResponse): TokenSet => ({
  accessToken: Redacted.make(response.access_token),
  refreshToken: Option.map(Option.fromNullishOr(response.refresh_token), Redacted.make),
  expiresAt: Option.map(Option.fromNullishOr(response.expires_in), (seconds) => toUtc(now + seconds * 1000))
})

/** Vendors use their own names for bearer tokens. */
const normalizeTokenType = (type: unknown): unknown =>
  typeof type === "string" && type.toLowerCase() !== "dpop" ? "Bearer" : type

const normalizeScope = (scope: unknown): unknown =>
  Array.isArray(scope) ? scope.join(" ") : typeof scope === "string" ? scope.replaceAll(",", " ") : scope

/**
 * Makes a fetch that removes the ID token from the responses of a token endpoint, and brings nonstandard responses into
 * the standard form.
 *
 * AgentCore returns only the access token, and no source documents that it checks ID tokens. openid-client would reject
 * an ID token with an unexpected algorithm, issuer or key.
 */
export const normalizeTokens = (
  fetch: OpenidClient.CustomFetch,
  deviations: Deviations | undefined
): OpenidClient.CustomFetch =>
async (url, options) => {
  const response = await fetch(url, options)
  const body = Option.getOrUndefined(parseObject(await response.clone().text()))
  if (body === undefined) return response
  const { id_token, scope, token_type, ...rest } = body
  if (deviations?.nonstandardResponses === true) {
    return Response.json({ ...rest, token_type: normalizeTokenType(token_type), scope: normalizeScope(scope) }, {
      status: response.status
    })
  }
  return id_token === undefined ? response : Response.json({ ...rest, scope, token_type }, response)
}
