/** The routes of the pages. */
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { ControlPlane } from "../../ControlPlane.js"
import * as Credentials from "../../Credentials.js"
import { Identity } from "../../Identity.js"
import { ValidationException } from "../../IdentityError.js"
import * as Completion from "../../internal/consentCallback/completion.js"
import * as Constraint from "../../internal/models/constraint.js"
import { PendingConsents } from "../../internal/pendingConsents/store.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Validation from "../../internal/plane/validation.js"
import * as ConsentRoutes from "../internal/consentRoutes.js"
import { Appearance } from "./appearance.js"
import * as Connections from "./connections.js"
import * as Pages from "./connectPages.js"
import * as Requests from "./connectRequests.js"
import { type LinkOptions, NotSignedIn, type Options, View } from "./connectTypes.js"
import type { Cookie } from "./cookies.js"
import * as Links from "./links.js"
import * as Localize from "./localize.js"
import * as Service from "./service.js"
import * as Shutdown from "./shutdown.js"
import * as Watch from "./watch.js"

const checkOptions = Validation.makeCheck("Connect", () => ({
  appearance: Constraint.optional(Appearance),
  gracefulShutdownTimeout: Constraint.optional(OptionType.DurationInput),
  checkSetup: Constraint.optional(Schema.Boolean)
}))

const checkSetup = Effect.fnUntraced(function*({ credentials, workload }: LinkOptions) {
  const plane = yield* Effect.serviceOption(ControlPlane)
  if (Option.isNone(plane)) {
    return yield* Links.invalid("checkSetup", "have a ControlPlane: AwsIdentity.layer() has one")
  }
  // The problems name a credential as links do.
  const list = Object.entries(credentials).map(([key, { kind, request }]) => ({ key, kind, request }))
  const found = yield* Effect.provideService(Credentials.check(list, { workload }), ControlPlane, plane.value)
  for (const { _tag, message } of found) if (_tag === "NotVisible") yield* Effect.logWarning(message)
  const problems = found.filter(({ _tag }) => _tag !== "NotVisible").map(({ message }) => message)
  if (problems.length > 0) return yield* new ValidationException({ operation: "Connect", message: problems.join("\n") })
})

const makeSettings = <E, R, E2, R2>(options: Options<E, R, E2, R2>, links: Links.Links) =>
  Effect.gen(function*() {
    const shutdown = Shutdown.make()
    const { end, events, publish } = yield* Service.makeEvents
    const connections = yield* Connections.make({ ...options, links, emit: Service.makeEmit(publish) })
    const { identity, unreviewed } = connections.accounts
    const dependencies = yield* Effect.provideService(Completion.dependenciesOfProgram, Identity, identity)
    const settings: Requests.Settings = {
      ...options,
      ...dependencies,
      pending: Option.getOrUndefined(yield* Effect.serviceOption(PendingConsents)),
      connections,
      links,
      ...yield* Requests.makeSecrets(options, links),
      // A watch discards its token, so there is nothing to review.
      watch: yield* Watch.make({ ...dependencies, identity: unreviewed })
    }
    // Before the watches end: a request that runs may begin one.
    yield* Effect.addFinalizer(() => Effect.andThen(shutdown.stop(options.gracefulShutdownTimeout), end))
    const service = Service.make(options, links, connections, { events, signals: dependencies.signals })
    return { service, settings, shutdown }
  })

/** Makes the response to a view: the page of the application, or else that of `Connect`. */
const makeRespond = <E, R, E2, R2>(
  options: Options<E, R, E2, R2>,
  toResponse: ReturnType<typeof Pages.make>,
  { cookies }: Requests.Settings
) =>
  Effect.fnUntraced(function*(view: View, kept: ReadonlyArray<Cookie> = []) {
    const request = yield* HttpServerRequest.HttpServerRequest
    const own = options.respond === undefined ? Option.none() : yield* options.respond(view)
    const response = Option.isNone(own)
      ? toResponse(view, request)
      : HttpServerResponse.setHeaders(own.value, { ...Pages.headersOf(view), ...own.value.headers })
    return cookies.addTo(response, kept)
  })

/** Fails as the router does for an unknown path. */
const checkSpelling = (path: string) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Links.hasSpellingOf(request.url, path)
      ? Effect.void
      : Effect.fail(new HttpServerError.HttpServerError({ reason: new HttpServerError.RouteNotFound({ request }) })))

const makeHandle = <E, R, E2, R2>(
  { currentUser, path }: Options<E, R, E2, R2>,
  settings: Requests.Settings,
  shutdown: ReturnType<typeof Shutdown.make>,
  respond: ReturnType<typeof makeRespond<E, R, E2, R2>>
) => {
  const forUser = ConsentRoutes.makeForUser("Connect.layer", currentUser)
  const reject = (reason: "NotSignedIn" | "Stopping") =>
    respond(View.Rejected({ reason, link: undefined, connectionsUrl: settings.links.connectionsUrl }))
  return <R3>(
    method: "GET" | "POST",
    run: (user: Requests.User, name: string) => Effect.Effect<View, never, R3>
  ) =>
    Effect.gen(function*() {
      yield* checkSpelling(path)
      if (yield* Shutdown.IsStopping) return yield* reject("Stopping")
      const { name = "" } = yield* HttpRouter.params
      return yield* forUser(method, (user) =>
        Effect.flatMap(
          Requests.runFor(settings, user, (user) => run(user, name)),
          ({ cookies, view }) => respond(view, cookies)
        ))
    }).pipe(
      Effect.catchIf(
        (error): error is Extract<typeof error, NotSignedIn> => error instanceof NotSignedIn,
        () => reject("NotSignedIn")
      ),
      shutdown.guard
    )
}

export const make = <E, R, E2, R2>(options: Options<E, R, E2, R2>) =>
  Effect.gen(function*() {
    const { appearance, gracefulShutdownTimeout, path } = options
    const wrong = checkOptions({ appearance, gracefulShutdownTimeout, checkSetup: options.checkSetup })
    if (wrong !== undefined) return yield* wrong
    const links = yield* Links.make(options)
    yield* Links.checkRevokeAt(options.revokeAt)
    if (options.checkSetup === true) yield* checkSetup(options)
    const toResponse = Pages.make(yield* Localize.make(appearance, links))
    const { service, settings, shutdown } = yield* makeSettings(options, links)
    const handle = makeHandle(options, settings, shutdown, makeRespond(options, toResponse, settings))

    const returnPath: HttpRouter.PathInput = `${path}/return` as `/${string}`
    const linkPath: HttpRouter.PathInput = `${path}/:name` as `/${string}`
    const returned = handle(
      "GET",
      (user) => Effect.flatMap(ConsentRoutes.visit, (visit) => Requests.complete(user, visit))
    )
    const link = handle("GET", (user, name) =>
      Effect.flatMap(
        HttpServerRequest.ParsedSearchParams,
        ({ continue: address }) => Requests.openLink(user, name, isString(address) ? address : undefined)
      ))
    const routes = [
      HttpRouter.route("GET", returnPath, HttpMiddleware.withLoggerDisabled(returned)),
      HttpRouter.route("GET", path, handle("GET", Requests.showConnections)),
      HttpRouter.route("GET", linkPath, link),
      HttpRouter.route("POST", linkPath, handle("POST", Requests.submit))
    ]
    return { service, addTo: (router: HttpRouter.HttpRouter) => ConsentRoutes.add(router, returnPath, routes) }
  })
