/** Requests that have a session in their URL. They are kept out of logs and spans. */
import * as Effect from "effect/Effect"
import * as FindMyWay from "effect/http/FindMyWay"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"

/** Decodes ASCII as often as the applications that pass a URL on may have encoded it. */
const decode = (url: string, times = 3): string =>
  times === 0 ? url : decode(
    url.replace(/%([0-7][0-9a-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    times - 1
  )

// A semicolon begins a query too: the router takes it for a question mark.
const session = /[?&;#]session_id(?!\w)|urn:ietf:params:oauth:request_uri:/i

/**
 * Whether a request is for the page, or has a session in its URL. The router compares the paths: it serves several
 * spellings of one path. Its options can only reduce them.
 */
export const matches = (
  path: HttpRouter.PathInput
): (request: HttpServerRequest.HttpServerRequest) => boolean => {
  const router = FindMyWay.make<true>({ maxParamLength: Number.MAX_SAFE_INTEGER })
  router.on("GET", path, true)
  return ({ url }) => router.find("GET", url) !== undefined || session.test(decode(url))
}

/**
 * Keeps the requests of a path out of the log. The router logs the URL of a request that no route serves, such as a POST to a return URL.
 */
export const unlog = (router: HttpRouter.HttpRouter, path: HttpRouter.PathInput): Effect.Effect<void> => {
  const isSessionUrl = matches(path)
  return router.addGlobalMiddleware((serve) =>
    Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      (request) => isSessionUrl(request) ? HttpMiddleware.withLoggerDisabled(serve) : serve
    )
  )
}
