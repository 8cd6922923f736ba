/** The origins that may receive a credential. */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Option from "effect/Option"
import { isLoopback } from "../models/internal/urls.js"

/** Whether a URL may receive a credential. */
export type Allows = (url: URL) => boolean

const problemOf = (url: URL, allowInsecure: boolean): string | undefined =>
  url.protocol !== "https:" && url.protocol !== "http:"
    ? "is not an http or https URL"
    : url.username !== "" || url.password !== ""
    ? "has a user name or a password"
    : url.pathname !== "/" || url.search !== "" || url.hash !== ""
    ? "has a path, a query or a fragment: an origin is scheme, host and port, and all of it receives the credential"
    // The URL parser accepts it as a part of the name, and no request would ever match.
    : url.hostname.includes("*")
    ? "has a wildcard: name each host"
    : url.protocol === "http:" && !allowInsecure && !isLoopback(url.hostname)
    ? "is plain http: the credential would be readable on the network. http is for loopback hosts only, unless allowInsecureOrigins is set"
    : undefined

/**
 * An allow-list. An invalid entry is a programming mistake, and throws at once. The message omits the value, because it
 * may contain a password.
 */
export const allowList = (origins: Arr.NonEmptyReadonlyArray<string>, allowInsecure: boolean): Allows => {
  if (!Array.isArray(origins) || origins.length === 0) {
    throw new Cause.IllegalArgumentError("origins is not a list of at least one origin")
  }
  const allowed = new Set(origins.map((origin, index) => {
    const url = URL.parse(origin)
    const problem = url === null ? "is not a URL, as in https://api.example.com" : problemOf(url, allowInsecure)
    if (problem !== undefined) throw new Cause.IllegalArgumentError(`origins[${index}] ${problem}`)
    return url?.origin
  }))
  return (url) => allowed.has(url.origin)
}

/** The URL of a request, parsed as the client parses it. `None` if the client itself will reject the URL. */
export const urlOf = (request: HttpClientRequest.HttpClientRequest): Option.Option<URL> =>
  HttpClientRequest.toUrl(HttpClientRequest.make("GET")(request.url))
