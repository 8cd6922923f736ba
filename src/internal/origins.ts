/**
 * The origins that a credential may go to.
 *
 * @since 0.1.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isLoopback } from "./loopback.js"

/**
 * Whether a credential may go to a URL.
 *
 * @internal
 */
export type Allows = (url: URL) => boolean

const problemOf = (url: URL, allowInsecure: boolean): string | undefined =>
  url.protocol !== "https:" && url.protocol !== "http:"
    ? "is not of http or https"
    : url.username !== "" || url.password !== ""
    ? "has a user name or a password"
    : url.pathname !== "/" || url.search !== "" || url.hash !== ""
    ? "has a path, a query or a fragment: an origin is scheme, host and port, and the credential goes to all of it"
    : url.protocol === "http:" && !allowInsecure && !isLoopback(url.hostname)
    ? "is http: the credential would travel in clear. http is for loopback hosts only, unless allowInsecureOrigins is set"
    : undefined

/**
 * An allow-list. A mistake in it is the programmer's, and is thrown at once; the text repeats no value, which may hold a password.
 *
 * @internal
 */
export const allowList = (origins: Arr.NonEmptyReadonlyArray<string>, allowInsecure: boolean): Allows => {
  const allowed = new Set(origins.map((origin, index) => {
    if (!URL.canParse(origin)) {
      throw new Cause.IllegalArgumentException(`origins[${index}] is not a URL, as in https://api.example.com`)
    }
    const url = new URL(origin)
    const problem = problemOf(url, allowInsecure)
    if (problem !== undefined) {
      throw new Cause.IllegalArgumentException(`origins[${index}] ${problem}`)
    }
    return url.origin
  }))
  return (url) => allowed.has(url.origin)
}

/**
 * Where a request goes, read exactly as the client reads it. None where the client itself will refuse the URL.
 *
 * @internal
 */
export const urlOf = (request: HttpClientRequest.HttpClientRequest): Option.Option<URL> =>
  Either.getRight(UrlParams.makeUrl(request.url, UrlParams.empty, Option.none()))
