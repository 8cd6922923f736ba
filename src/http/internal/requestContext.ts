/**
 * Reads what AgentCore Runtime says about a request from its headers, in whichever form they come.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Names from "../../internal/runtimeHeaders.js"
import type { HeadersLike, Input, Service } from "../RequestContext.js"

const isPair = (value: unknown): boolean => Array.isArray(value) && typeof value[0] === "string"

const isContainer = (value: unknown): value is HeadersLike =>
  typeof value === "object" && value !== null && (!Array.isArray(value) || (value.length > 0 && value.every(isPair)))

/**
 * A request or an event has its headers in a member. (A header that is called `headers` is a text, or a list of texts.) An event
 * in the multi-value form has all values there, and in `headers` the last of each, or nothing.
 */
const headersOf = (input: Input): HeadersLike => {
  // The input may be headers, where these are names like any other.
  const { headers, multiValueHeaders } = input as { readonly headers?: unknown; readonly multiValueHeaders?: unknown }
  if (isContainer(multiValueHeaders) && Object.keys(multiValueHeaders).length > 0) return multiValueHeaders
  if (isContainer(headers)) return headers
  return input as HeadersLike
}

/** Names in lower case. Several values of a name are joined, as HTTP joins them; an empty one is none. */
const normalize = (headers: HeadersLike): ReadonlyMap<string, string> => {
  const normalized = new Map<string, string>()
  // An event is JSON from outside: whatever its type says, only texts count.
  const entries: Iterable<readonly [string, unknown]> = Symbol.iterator in headers ? headers : Object.entries(headers)
  for (const [name, values] of entries) {
    const key = name.toLowerCase()
    for (const value of Array.isArray(values) ? values : [values]) {
      const text = typeof value === "string" ? value.trim() : ""
      if (text !== "") {
        const before = normalized.get(key)
        normalized.set(key, before === undefined ? text : `${before}, ${text}`)
      }
    }
  }
  return normalized
}

/** The credentials of RFC 6750, section 2.1; the name of the scheme is case-insensitive (RFC 9110, section 11.1). */
const bearer = /^bearer +([a-z0-9\-._~+/]+=*)$/i

/** @internal */
export const read = (input: Input, freshRequestId: () => string): Service => {
  const headers = normalize(headersOf(input))
  const workloadAccessToken = Names.workloadAccessToken.map((name) => headers.get(name)).find((token) =>
    token !== undefined
  )
  const bearerToken = bearer.exec(headers.get("authorization") ?? "")?.[1]
  // Without a prototype: a name from outside never finds anything but a header.
  const customHeaders: Record<string, Redacted.Redacted> = Object.create(null)
  for (const [name, value] of headers) {
    if (name.startsWith(Names.customPrefix)) {
      customHeaders[name.slice(Names.customPrefix.length)] = Redacted.make(value)
    }
  }
  return {
    requestId: headers.get(Names.requestId) ?? freshRequestId(),
    sessionId: headers.get(Names.sessionId),
    callbackUrl: headers.get(Names.callbackUrl),
    workloadAccessToken: workloadAccessToken === undefined ? undefined : Redacted.make(workloadAccessToken),
    bearerToken: bearerToken === undefined ? undefined : Redacted.make(bearerToken),
    customHeaders
  }
}
