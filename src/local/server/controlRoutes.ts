/**
 * Serves `controlOperations` at `/_local/`, for programs on this machine that have the token of the server.
 *
 * `POST /_local/console` returns a URL of the console. The page exchanges its code for the token at
 * `/_local/console/token`, the only path that needs no token. Error responses have `error`, `message` and usually
 * `reason`.
 */
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { toPlain } from "../../internal/models/native.js"
import { isDeep, maxLevels } from "../../internal/models/plainData.js"
import { isLoopback } from "../../internal/models/urls.js"
import { isOwnHost } from "../../internal/ownHost.js"
import { isSameSecret } from "../../internal/sameSecret.js"
import { isCrossSite } from "./browserRoute.js"
import type { ControlError, Controlled } from "./controlOperations.js"
import * as Operations from "./controlOperations.js"
import { isJson, parse, readBody, respondDefect, type Settings } from "./dispatch.js"
import { headers, wireErrors } from "./errors.js"
import * as LiveEvents from "./liveEvents.js"

interface Problem {
  readonly status: number
  readonly error: string
  readonly reason?: string | undefined
  readonly message: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const respondProblem = ({ error, headers: more, message, reason, status }: Problem) =>
  HttpServerResponse.jsonUnsafe({ error, reason, message }, { status, headers: { ...headers, ...more } })

const problem = (status: number, error: string) => (message: string): Problem => ({ status, error, message })

const badRequest = problem(400, "BadRequest")
const forbidden = problem(403, "Forbidden")
const unauthorized = problem(401, "Unauthorized")

const statuses: { readonly [error: string]: { readonly [reason: string]: number } } = {
  LocalControlError: {
    UnknownSnapshot: 404,
    UnknownFault: 404,
    TooMany: 409,
    ForeignServer: 409,
    Rejected: 502,
    Store: 500
  },
  SessionError: { Unknown: 404, Finished: 409, Expired: 409, Failed: 502 },
  GrantError: { Unknown: 404, Unsupported: 409, Failed: 502, Store: 500 }
}

const toProblem = (error: ControlError): Problem => {
  const reason = hasProperty(error, "reason") ? String(error.reason) : undefined
  if (error._tag === "Unauthorized") return unauthorized(error.message)
  return {
    status: statuses[error._tag]?.[reason ?? ""] ?? 400,
    error: error._tag,
    reason,
    message: error.message
  }
}

/** Checks that a program or page of this machine sent the request to this server. */
const checkSource = (request: HttpServerRequest.HttpServerRequest, settings: Settings): Problem | undefined => {
  if (!isOwnHost(request.headers.host, settings.allowedHosts)) return forbidden(wireErrors.foreignHost.message)
  // A server may not know the address. Then only the token protects the control.
  if (Option.exists(request.remoteAddress, (address) => !isLoopback(address))) {
    return forbidden("The control of the server is for programs on its own machine")
  }
  return isCrossSite(request) ? forbidden(wireErrors.crossSite.message) : undefined
}

const checkToken = (request: HttpServerRequest.HttpServerRequest, token: Redacted.Redacted): Problem | undefined =>
  isSameSecret(request.headers.authorization ?? "", `Bearer ${Redacted.value(token)}`) ? undefined : {
    ...unauthorized(
      "The request needs the header 'Authorization: Bearer', with the token that the server prints as AGENTCORE_LOCAL_TOKEN"
    ),
    headers: { "www-authenticate": "Bearer" }
  }

const parseBody = (body: Uint8Array): Effect.Effect<object, Problem> =>
  Effect.fromResult(parse(body)).pipe(
    Effect.mapError(() => badRequest("The body of the request must be a JSON object in UTF-8")),
    Effect.filterOrFail(
      (value) => !isDeep(value),
      () => badRequest(`The body of the request must have at most ${maxLevels} levels`)
    )
  )

const toResponse = (output: object | void): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(toPlain(output ?? {}), { headers })

const respondEvents = ({ open }: LiveEvents.LiveEvents) =>
  Effect.mapBoth(open, {
    onFailure: () =>
      problem(429, "TooManyReaders")(
        `Live events have ${LiveEvents.maxReaders} readers already: close a console or another reader`
      ),
    onSuccess: (events) => HttpServerResponse.stream(events, { contentType: "text/event-stream", headers })
  })

type Handler = (
  request: HttpServerRequest.HttpServerRequest
) => Effect.Effect<HttpServerResponse.HttpServerResponse, Problem, Scope.Scope>

const makeActor =
  ({ run }: (typeof Operations.actions)[Operations.Action], controlled: Controlled): Handler => (request) => {
    if (!isJson(request.headers["content-type"])) {
      return Effect.fail(problem(415, "UnsupportedMediaType")(wireErrors.wrongContentType.message))
    }
    return readBody(request).pipe(
      Effect.mapError(({ message, status }) => problem(status, status === 413 ? "TooLarge" : "BadRequest")(message)),
      Effect.flatMap(parseBody),
      // An action that has started finishes, even if the caller closes the connection.
      Effect.flatMap((body) =>
        Effect.uninterruptible(Effect.mapBoth(run(controlled, body), { onFailure: toProblem, onSuccess: toResponse }))
      )
    )
  }

interface Route {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly handler: Handler
}

const makeRoutes = (controlled: Controlled, events: LiveEvents.LiveEvents): ReadonlyArray<Route> => [
  { method: "GET", path: "events", handler: () => respondEvents(events) },
  ...Object.entries(Operations.reads).map(([path, read]): Route => ({
    method: "GET",
    path,
    handler: () => Effect.mapBoth(read(controlled), { onFailure: toProblem, onSuccess: toResponse })
  })),
  ...Object.entries(Operations.actions).map(([path, action]): Route => ({
    method: "POST",
    path,
    handler: makeActor(action, controlled)
  }))
]

export const add = (
  router: HttpRouter.HttpRouter,
  settings: Settings,
  controlled: Controlled,
  events: LiveEvents.LiveEvents
): Effect.Effect<void> => {
  const routes = makeRoutes(controlled, events)
  const handle: Handler = (request) => {
    const path = (request.url.split("?", 1)[0] ?? "").replace(/^\/_local\//, "")
    const rejection = checkSource(request, settings)
      ?? (path === Operations.exchangePath ? undefined : checkToken(request, controlled.server.controlToken))
    if (rejection !== undefined) return Effect.fail(rejection)
    const found = routes.filter((route) => route.path === path)
    if (found.length === 0) return Effect.fail(problem(404, "NotFound")("The control has no action at this path"))
    const allow = found.map(({ method }) => method).join(", ")
    return found.find(({ method }) => method === request.method)?.handler(request) ?? Effect.fail({
      ...problem(405, "MethodNotAllowed")(`This path takes ${allow} requests only`),
      headers: { allow }
    })
  }
  const respond = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    handle(request).pipe(
      Effect.catch((error) => Effect.succeed(respondProblem(error))),
      Effect.catchCause((cause) => respondDefect("control", randomUUID(), cause))
    ))
  // The path `/_local` matches, too.
  return router.add("*", "/_local/*", settings.access("control", respond))
}
