/** Keeps credentials at their origins. */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Option from "effect/Option"
import { isLoopback } from "./models/urls.js"

/** Whether a URL may receive a credential. */
export type Allows = (url: URL) => boolean

const problemOf = (url: URL, allowInsecure: boolean): string | undefined => {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "is not an http or https URL"
  if (url.username !== "" || url.password !== "") return "has a user name or a password"
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return "has a path, a query or a fragment: an origin is scheme, host and port, and all of it receives the credential"
  }
  // The URL parser accepts it as a part of the name, and no request would ever match.
  if (url.hostname.includes("*")) return "has a wildcard: name each host"
  return url.protocol === "http:" && !allowInsecure && !isLoopback(url.hostname)
    ? "is plain http: the credential would be readable on the network. http is for loopback hosts only, unless allowInsecureOrigins is set"
    : undefined
}

/** An allow-list. An invalid entry throws at once. The message omits the value, because it may contain a password. */
export const allowList = (origins: Arr.NonEmptyReadonlyArray<string>, allowInsecure = false): Allows => {
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

/** `UndiciOptions` of `@effect/platform-node`, by its key: that package is optional, and does not run in browsers. */
const UndiciOptions = Context.Reference<{ readonly maxRedirections?: number }>(
  "@effect/platform-node/NodeHttpClient/UndiciOptions",
  { defaultValue: () => ({}) }
)

/**
 * Runs an effect whose requests do not follow redirects: of `fetch`, which follows them by default, and of undici with
 * its redirect interceptor. A redirect would send the headers to another origin. The program's other settings are kept.
 */
export const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const init = Context.getOrUndefined(context, FetchHttpClient.RequestInit)
    return self.pipe(
      Effect.provideService(FetchHttpClient.RequestInit, {
        ...init,
        redirect: init?.redirect === "error" ? "error" : "manual"
      }),
      Effect.provideService(UndiciOptions, { ...Context.get(context, UndiciOptions), maxRedirections: 0 })
    )
  })

/** Which client would follow redirects, because an inner client has replaced what `withoutRedirects` provides. */
export const followerIn = (context: Context.Context<never>): "fetch" | "undici" | undefined => {
  const redirect = Context.getOrUndefined(context, FetchHttpClient.RequestInit)?.redirect
  return redirect !== "manual" && redirect !== "error"
    ? "fetch"
    : Context.get(context, UndiciOptions).maxRedirections !== 0
    ? "undici"
    : undefined
}
