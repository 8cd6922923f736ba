/**
 * Requests to authorization servers and their responses: the last exchange, what of the response an error may say, and
 * the response as a token set or an error.
 *
 * The strings of a server can repeat what the client sent. So `strip` removes the values of the request from them.
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { CustomFetch } from "openid-client"
import type * as OpenidClient from "openid-client"
import { codeOf } from "../../internal/errorCode.js"
import { toUtc } from "../internal/dateRange.js"
import { OAuthError, type OAuthErrorReason, type Quirks, type TokenSet } from "./service.js"

/** Parameters that hold no secret. A text of the server may quote them. */
const publicParameters: ReadonlySet<string> = new Set([
  "audience",
  "client_id",
  "grant_type",
  "redirect_uri",
  "resource",
  "response_type",
  "scope"
])

/** The identifiers of token types, grant types and assertion types. */
const isPublicValue = (value: string): boolean => value.startsWith("urn:ietf:params:oauth:")

/** Characters. A longer text is cut. */
const maxTextLength = 300

/** Read before it is cut, because the removal of values shortens a text. */
const maxRawLength = 2000

/** RFC 6749, section 5.2, without the space. */
const errorCode = /^[\x21\x23-\x5B\x5D-\x7E]{1,64}$/

/** A piece of a value with this many characters is removed, too. */
const pieceLength = 8

const removed = "<redacted>"

/** A JWT, of whichever request. */
const jwt = /eyJ[\w-]+\.[\w-]+(\.[\w-]*)*/g

/** What a server says in place of an answer. */
export interface Refusal {
  readonly status?: number | undefined
  readonly error?: string | undefined
  readonly description?: string | undefined
}

export type Exchange = ReturnType<typeof make>

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/** A value as it is, and in the encodings of a URL and of a form. */
const spellings = (value: string): ReadonlyArray<string> => [
  value,
  encodeURIComponent(value),
  String(new URLSearchParams([["", value]])).slice(1)
]

const isWordCharacter = (character: string | undefined): boolean => character !== undefined && /\w/.test(character)

/** Marks the characters of a text that belong to a value, or to a piece of it. */
const mark = (text: string, value: string, marks: Array<boolean>): void => {
  const markFrom = (start: number, length: number) => marks.fill(true, start, start + length)
  if (value.length < pieceLength) {
    // A short value can be a part of any word.
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) {
      if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + value.length])) markFrom(at, value.length)
    }
    return
  }
  for (let at = 0; at + pieceLength <= text.length; at++) {
    if (value.includes(text.slice(at, at + pieceLength))) markFrom(at, pieceLength)
  }
}

/** Removes values, pieces of values, and JWTs from a text. */
export const strip = (text: string, values: Iterable<string>): string => {
  const marks = Array.from({ length: text.length }, () => false)
  for (const value of values) {
    for (const spelling of spellings(value)) mark(text, spelling, marks)
  }
  for (const { 0: token, index } of text.matchAll(jwt)) marks.fill(true, index, index + token.length)
  return [...marks.keys()].map((index) =>
    marks[index] !== true ? text.charAt(index) : marks[index - 1] === true ? "" : removed
  ).join("")
}

/** One line of at most `maxTextLength` characters; undefined for an empty text. */
const toLine = (text: string): string | undefined => {
  // Code points, so that the cut leaves no half of one.
  const line = [...text.replaceAll(/[\p{C}\s]+/gu, " ").trim()]
  return line.length === 0
    ? undefined
    : line.length > maxTextLength
    ? `${line.slice(0, maxTextLength).join("")}…`
    : line.join("")
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const hiddenOf = (parameters: URLSearchParams): ReadonlyArray<string> =>
  [...parameters].flatMap(([name, value]) =>
    value === "" || publicParameters.has(name) || isPublicValue(value) ? [] : [value]
  )

/**
 * The credentials of a header, also the secret in those of the scheme Basic, which is form-encoded (RFC 6749, section
 * 2.3.1).
 */
const credentialsOf = (authorization: string | null): ReadonlyArray<string> => {
  const [scheme, credentials = ""] = (authorization ?? "").split(" ")
  if (credentials === "") return []
  if (scheme?.toLowerCase() !== "basic") return [credentials]
  const [, secret = ""] = Buffer.from(credentials, "base64").toString().split(":")
  const decoded = new URLSearchParams(`=${secret}`).get("") ?? ""
  return [credentials, ...(decoded === "" ? [] : [decoded])]
}

/** Undefined for JSON of another kind, and for any other string. */
const parseObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Of a callback's query, these are for the developer. */
const callbackTexts: ReadonlySet<string> = new Set(["error", "error_description", "error_uri", "iss"])

/** Records the last request to an authorization server and its response. */
export const make = () => {
  const hidden = new Set<string>()
  let answer: { readonly status: number; readonly text: string } | undefined

  /** The refusal with these strings. */
  const toRefusal = (error: unknown, description: unknown): Refusal => ({
    error: typeof error === "string" && errorCode.test(error) && strip(error, hidden) === error ? error : undefined,
    description: typeof description === "string"
      ? toLine(strip(description.slice(0, maxRawLength), hidden))
      : undefined
  })

  const hide = (parameters: URLSearchParams) => {
    for (const value of hiddenOf(parameters)) hidden.add(value)
  }

  return {
    /** A fetch that records its request and the response. */
    record: (fetch: (url: string, init: RequestInit) => Promise<Response>): CustomFetch => async (url, options) => {
      // The type of their `body` includes `undefined`, which fetch accepts.
      const init = options as RequestInit
      if (init.body instanceof URLSearchParams) hide(init.body)
      else if (typeof init.body === "string") hide(new URLSearchParams(init.body))
      for (const value of credentialsOf(new Headers(init.headers).get("authorization"))) hidden.add(value)
      answer = undefined
      const response = await fetch(url, init)
      answer = { status: response.status, text: await response.clone().text() }
      return response
    },
    /** Removes the values of a callback's URL, such as its code, from the strings of an error. */
    hideCallback: ({ searchParams }: URL) =>
      hide(new URLSearchParams([...searchParams].filter(([name]) => !callbackTexts.has(name)))),
    toRefusal,
    /** The refusal of the recorded response. */
    refusal: (): Refusal => {
      if (answer === undefined) return {}
      const { error, error_description } = parseObject(answer.text) ?? {}
      return { status: answer.status, ...toRefusal(error, error_description) }
    }
  }
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

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

const isUnanswered = (status: number | undefined): boolean => status !== undefined && (status === 429 || status >= 500)

export const toReason = ({ error = "", status }: Refusal): OAuthErrorReason =>
  isUnanswered(status) ? "Unreachable" : reasons.get(error) ?? "Rejected"

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

// -----------------------------------------------------------------------------
// Tokens
// -----------------------------------------------------------------------------

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
