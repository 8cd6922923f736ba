/**
 * The page that the browser returns to after consent. It completes the authorization for the user who is signed in in
 * this browser, and for no other user. Then it signals the waiting program.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type { Identity } from "../Identity.js"
import * as Completion from "../internal/consentCallback/completion.js"
import type { Outcome } from "../internal/consentCallback/completion.js"
import * as ConsentPages from "../internal/consentPages.js"
import * as Signals from "../internal/pendingConsents/signals.js"
import * as ServerSpans from "../internal/serverSpans.js"
import { PendingConsents } from "../PendingConsents.js"
import * as TokenPoller from "../TokenPoller.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as ConsentRoutes from "./internal/consentRoutes.js"

export {
  /** @since 0.2.0 */
  Outcome
} from "../internal/consentCallback/completion.js"

/**
 * Adds the route of the return URL to an `HttpRouter`, and provides a `TokenPoller` that also polls as soon as the
 * route has completed the session. If the user denied, the wait fails at once with `AuthorizationFailed` (`Denied`).
 *
 * The page completes the sessions of the `PendingConsents` in context, where `Identity` stores them. The signed-in user
 * has to be the user of the session, and the return URL has to have its state. Any other visit changes nothing.
 *
 * AgentCore rejects the completion of a session that another process has completed, or whose first response was lost.
 * So the page requests the token before it reports a failure, three times within 2 seconds. For that it needs the
 * `DataPlane` in context, and a caller from `WorkloadAccessToken.layerWorkload`.
 *
 * Put {@link layerRedaction} around the server: the URL of this page contains the session. A `currentUser` that is not
 * a user is a defect with a `ValidationException`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
 * import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
 * import * as Context from "effect/Context"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as HttpServerRequest from "effect/http/HttpServerRequest"
 * import * as Layer from "effect/Layer"
 *
 * // The application's own sign-in.
 * class Sessions extends Context.Service<Sessions, {
 *   readonly userOf: (cookie: string | undefined) => Effect.Effect<{ readonly userId: string }>
 * }>()("Sessions") {}
 *
 * const currentUser = Effect.gen(function*() {
 *   const request = yield* HttpServerRequest.HttpServerRequest
 *   const sessions = yield* Sessions
 *   return yield* sessions.userOf(request.cookies["session"])
 * })
 *
 * const server = HttpRouter.serve(ConsentCallback.layer({ path: "/consent", currentUser })).pipe(
 *   Layer.provide(ConsentCallback.layerRedaction("/consent")),
 *   Layer.provideMerge(PendingConsents.layerMemory)
 * )
 */
export const layer = <E, R, E2 = never, R2 = never>(options: {
  /** The path of the return URL, as registered on the workload identity. */
  readonly path: HttpRouter.PathInput
  /**
   * The user who is signed in in this browser, from the application's own session, usually a cookie.
   *
   * There is no default. If the page trusted the link, a user could forward their link and collect the token of another
   * user. A program with a single user on their own machine passes a constant. If it fails, the session stays as it is,
   * and the application responds to the failure.
   */
  readonly currentUser: Effect.Effect<UserIdentifier, E, R>
  /**
   * The response instead of the plain pages, for example a redirect into the application. The plain pages are English
   * or German, as the header `accept-language` prefers.
   */
  readonly respond?: ((outcome: Outcome) => Effect.Effect<HttpServerResponse.HttpServerResponse, E2, R2>) | undefined
}): Layer.Layer<
  never,
  never,
  | HttpRouter.HttpRouter
  | Identity
  | PendingConsents
  | HttpRouter.Request.From<"Requires", Exclude<R | R2, HttpRouter.Provided>>
  | HttpRouter.Request.From<"Error", E | E2>
> =>
  Layer.effect(
    TokenPoller.TokenPoller,
    Effect.gen(function*() {
      const { claim } = yield* PendingConsents
      const dependencies = { ...yield* Completion.dependenciesOfProgram, claim }
      const respond = options.respond ?? plainPage
      const page = ConsentRoutes.makeForUser("ConsentCallback.layer", options.currentUser)("GET", (user) =>
        Effect.gen(function*() {
          const outcome = yield* Completion.complete(dependencies, yield* ConsentRoutes.visit, user)
          const response = yield* respond(outcome)
          // Otherwise a page of the application would send the session with its next request.
          return Headers.has(response.headers, "referrer-policy")
            ? response
            : HttpServerResponse.setHeader(response, "referrer-policy", "no-referrer")
        }))
      yield* ConsentRoutes.add(yield* HttpRouter.HttpRouter, options.path, [
        HttpRouter.route("GET", options.path, HttpMiddleware.withLoggerDisabled(page))
      ])
      return Signals.poller(dependencies.signals, TokenPoller.TokenPoller.defaultValue())
    })
  )

const plainPage = (outcome: Outcome) =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
    const { body, headers, status } = ConsentPages.render(outcome._tag, request.headers["accept-language"])
    return HttpServerResponse.text(body, { status, headers })
  })

/**
 * Keeps the session out of the spans of the HTTP server. Requests for the page have no span, and requests with a
 * `session_id` in their URL have none on any path. The spans of other requests omit the value of `referer`.
 *
 * `path` is the path of the page, as in {@link layer}. Provide this layer to the layer of the server. {@link layer}
 * omits the log line of these requests, also if no route serves them.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRedaction = (path: HttpRouter.PathInput): Layer.Layer<never> =>
  Layer.fresh(Layer.merge(
    ServerSpans.layerUntraced(ConsentRoutes.matches(path)),
    Layer.effect(
      Headers.CurrentRedactedNames,
      Effect.map(Headers.CurrentRedactedNames, (names) => [...names, "referer"])
    )
  ))
