/** Routes of pages about consents: for the signed-in user, and without the session in logs and spans. */
import * as Effect from "effect/Effect"
import * as FindMyWay from "effect/http/FindMyWay"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import * as Completion from "../../internal/consentCallback/completion.js"
import * as Validation from "../../internal/plane/validation.js"
import { UserIdentifier } from "../../UserIdentifier.js"

/** Decodes ASCII three times, because applications that forward a URL may have encoded it more than once. */
const decode = (url: string, times = 3): string =>
  times === 0 ? url : decode(
    url.replace(/%([0-7][0-9a-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    times - 1
  )

// The router accepts a semicolon for the question mark of a query.
const session = /[?&;#]session_id(?!\w)|urn:ietf:params:oauth:request_uri:/i

/**
 * Whether a request is for the page, or has a session in its URL. A router compares the paths, because it serves
 * several spellings of one path. The options of the program's own router can only reduce them.
 */
export const matches = (path: HttpRouter.PathInput): (request: HttpServerRequest.HttpServerRequest) => boolean => {
  const router = FindMyWay.make<true>({ maxParamLength: Number.MAX_SAFE_INTEGER })
  router.on("GET", path, true)
  return ({ url }) => router.find("GET", url) !== undefined || session.test(decode(url))
}

/** Makes handlers that get the signed-in user. An invalid user is a defect that names `layer`. */
export const makeForUser = <E, R>(layer: string, currentUser: Effect.Effect<UserIdentifier, E, R>) => {
  const check = Validation.check(Schema.Struct({ currentUser: UserIdentifier }), layer)
  return <E2, R2>(
    method: "GET" | "POST",
    run: (user: UserIdentifier) => Effect.Effect<HttpServerResponse.HttpServerResponse, E2, R2>
  ) =>
    Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      // The router sends HEAD to the GET route. A link preview completes no session.
      if (request.method !== method) return HttpServerResponse.empty({ status: 405, headers: { allow: method } })
      const user = yield* Effect.orDie(Effect.fromResult(check({ currentUser: yield* currentUser })))
      return yield* run(user.currentUser)
    })
}

/** What the browser brings to the return URL. */
export const visit = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => Completion.visitOf(url))

/** Adds routes. Requests for the return path are not logged, also if no route serves them, such as a POST. */
export const add = <E, R>(
  router: HttpRouter.HttpRouter,
  returnPath: HttpRouter.PathInput,
  routes: ReadonlyArray<HttpRouter.Route<E, R>>
) => {
  const isSessionUrl = matches(returnPath)
  return Effect.andThen(
    router.addGlobalMiddleware((serve) =>
      Effect.flatMap(
        HttpServerRequest.HttpServerRequest,
        (request) => isSessionUrl(request) ? HttpMiddleware.withLoggerDisabled(serve) : serve
      )
    ),
    router.addAll(routes)
  )
}
