/** Reads the headers that AgentCore Runtime sends to an agent. */
import * as Redacted from "effect/Redacted"

/** The header that propagates the workload access token to the next agent or gateway. */
export const identityWat = "x-amz-bedrock-agentcore-identity-wat"

/** The three headers of the workload access token. The first present one counts. The SDKs read only the first two. */
export const workloadAccessTokenHeaders = [
  identityWat,
  "workloadaccesstoken",
  "x-amzn-bedrock-agentcore-runtime-workload-accesstoken"
] as const

const sessionIdHeader = "x-amzn-bedrock-agentcore-runtime-session-id"

const requestIdHeader = "x-amzn-bedrock-agentcore-runtime-request-id"

const callbackUrlHeader = "oauth2callbackurl"

export const customPrefix = "x-amzn-bedrock-agentcore-runtime-custom-"

export const missingToken =
  "The request has no workload access token. AgentCore Runtime sends one when the agent is invoked for a user: with a JWT, or with SigV4 and the header X-Amzn-Bedrock-AgentCore-Runtime-User-Id (runtimeUserId of the SDKs)"

type Container = Iterable<readonly [name: string, value: unknown]> | { readonly [name: string]: unknown }

const isPair = (value: unknown): boolean => Array.isArray(value) && typeof value[0] === "string"

const isContainer = (value: unknown): value is Container =>
  typeof value === "object" && value !== null && (!Array.isArray(value) || (value.length > 0 && value.every(isPair)))

/**
 * A request or an event has its headers in a property. A header named `headers` is a string, or a list of strings. An
 * event in the multi-value form has all values in `multiValueHeaders`, and at most the last value of each in `headers`.
 */
const containerOf = (input: object): Container => {
  const { headers, multiValueHeaders } = input as { readonly headers?: unknown; readonly multiValueHeaders?: unknown }
  if (isContainer(multiValueHeaders) && Object.keys(multiValueHeaders).length > 0) return multiValueHeaders
  if (isContainer(headers)) return headers
  // The input itself has the headers. `normalize` checks its values one by one.
  return input as Container
}

/**
 * The headers by name in lower case. Several values of a name are joined by commas, as in HTTP. Empty values are
 * dropped. An event is JSON from outside, so values that are not strings are dropped too.
 */
const normalize = (input: object): ReadonlyMap<string, string> => {
  const container = containerOf(input)
  const entries: Iterable<readonly [string, unknown]> = Symbol.iterator in container
    ? container as Iterable<readonly [string, unknown]>
    : Object.entries(container)
  const normalized = new Map<string, string>()
  for (const [name, values] of entries) {
    const key = name.toLowerCase()
    for (const value of Array.isArray(values) ? values : [values]) {
      const trimmed = typeof value === "string" ? value.trim() : ""
      if (trimmed !== "") normalized.set(key, normalized.has(key) ? `${normalized.get(key)}, ${trimmed}` : trimmed)
    }
  }
  return normalized
}

/** The credentials of RFC 6750, section 2.1; the name of the scheme is case-insensitive (RFC 9110, section 11.1). */
const bearer = /^bearer +([a-z0-9\-._~+/]+=*)$/i

const redact = (value: string | undefined): Redacted.Redacted | undefined =>
  value === undefined ? undefined : Redacted.make(value)

export const read = (input: object, makeRequestId: () => string) => {
  const headers = normalize(input)
  const tokenHeader = workloadAccessTokenHeaders.find((name) => headers.has(name))
  // It has no prototype, so a lookup by a name from outside finds headers only.
  const customHeaders: { [name: string]: Redacted.Redacted } = Object.create(null)
  for (const [name, value] of headers) {
    if (name.startsWith(customPrefix)) {
      customHeaders[name.slice(customPrefix.length)] = Redacted.make(value)
    }
  }
  return {
    requestId: headers.get(requestIdHeader) ?? makeRequestId(),
    sessionId: headers.get(sessionIdHeader),
    callbackUrl: headers.get(callbackUrlHeader),
    workloadAccessToken: redact(tokenHeader && headers.get(tokenHeader)),
    bearerToken: redact(bearer.exec(headers.get("authorization") ?? "")?.[1]),
    customHeaders
  }
}
