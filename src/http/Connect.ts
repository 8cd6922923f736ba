/**
 * Links with which users connect their accounts, and that never go stale. A link names a credential and no user, and holds no secret: it can
 * be mailed, and works next week. AgentCore's own authorization URL ends after 10 minutes, so a session is opened only when the user
 * presses the button.
 *
 * | request | what it does |
 * | --- | --- |
 * | `GET <path>` | the connections of the signed-in user |
 * | `GET <path>/<name>` | the link of a credential: who is signed in, what will be connected, and a button |
 * | `POST <path>/<name>` | opens the session for the user who is signed in; or disconnects |
 * | `GET <path>/return` | the return URL: completes the session for the same user |
 *
 * Another user who opens the link connects their own account. The pages need no script. With `accept: application/json` all of them are
 * JSON.
 *
 * The return URL of the credentials is `<path>/return` of this server, registered on the workload identity. A credential with
 * another return URL needs a `ConsentCallback` there.
 *
 * @since 0.1.0
 * @example
 * import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
 * import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
 * import * as Context from "effect/Context"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * // The application's own sign-in.
 * class Sessions extends Context.Tag("Sessions")<Sessions, {
 *   readonly userOf: (cookie: string | undefined) => Effect.Effect<{ readonly userId: string }>
 * }>() {}
 *
 * const currentUser = Effect.gen(function*() {
 *   const request = yield* HttpServerRequest.HttpServerRequest
 *   const sessions = yield* Sessions
 *   return yield* sessions.userOf(request.cookies["session"])
 * })
 *
 * const server = HttpLayerRouter.serve(
 *   Connect.layer({ path: "/connect", credentials: { calendar: Calendar }, currentUser, workload: "my-agent" })
 * ).pipe(
 *   Layer.provide(Connect.layerRedaction("/connect")),
 *   Layer.provide(PendingConsents.layerMemory)
 * )
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type { RouteNotFound } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import { isRecord, isString } from "effect/Predicate"
import * as PubSub from "effect/PubSub"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as Consent from "../Consent.js"
import type { ConsentSession } from "../ConsentSession.js"
import * as ConsentSignals from "../ConsentSignals.js"
import { CredentialCache } from "../CredentialCache.js"
import type { UserCredential } from "../Credentials.js"
import { DataPlane } from "../DataPlane.js"
import { Identity } from "../Identity.js"
import { AuthorizationTimedOut, type ValidationException } from "../IdentityError.js"
import * as ConsentWait from "../internal/consentWait.js"
import * as CredentialTag from "../internal/credentialTag.js"
import * as Guards from "../internal/guards.js"
import { deriveKey, parseSecret } from "../internal/sealing.js"
import * as Validation from "../internal/validation.js"
import * as Constraint from "../models/internal/constraint.js"
import { WorkloadName } from "../models/internal/names.js"
import { PendingConsents } from "../PendingConsents.js"
import { UserIdentifier } from "../UserIdentifier.js"
import type { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as ConsentCallback from "./ConsentCallback.js"
import * as App from "./internal/connect/app.js"
import * as FormGuard from "./internal/connect/formGuard.js"
import * as Links from "./internal/connect/links.js"
import type { ConnectCredentials, Event, OtherUserKind, UserKind, View } from "./internal/connect/model.js"
import * as Pages from "./internal/connect/pages.js"
import * as Users from "./internal/connect/users.js"
import { matches } from "./internal/sessionUrl.js"

/**
 * @since 0.1.0
 */
export * from "./internal/connect/model.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * Options of {@link layerLinks}: what links need. All processes of a program have the same.
 *
 * @since 0.1.0
 * @category models
 */
export interface LinkOptions {
  /** The path of the connections page, as in `/connect`. It has no parameters. */
  readonly path: HttpLayerRouter.PathInput
  /** The credentials that users connect, by their names in links. */
  readonly credentials: ConnectCredentials
  /** The name of the workload identity that acts for the users. */
  readonly workload: string
  /**
   * The origin of this server in the users' browsers, as in `https://app.example.com`. Default: the origin of the return URLs of the
   * credentials, which they share.
   */
  readonly origin?: string | undefined
  /** How the program names its users to AgentCore. Default: `userId`. */
  readonly users?: UserKind | undefined
  /**
   * The addresses that a link may go on to with `?continue=`. An entry allows its own address and those below its path. Default: none.
   */
  readonly continueTo?: ReadonlyArray<string> | undefined
}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R, E2 = never, R2 = never> extends LinkOptions {
  /**
   * The user who is signed in in this browser, from the application's own session, usually a cookie. There is no default. If it fails,
   * nothing is opened, and the application answers the failure, for example with a redirect to its sign-in.
   */
  readonly currentUser: Effect.Effect<UserIdentifier, E, R>
  /** The name of a user on the pages. Default: the id; or the claim `email`, `preferred_username`, `name` or `sub` of the JWT. */
  readonly describeUser?: ((user: UserIdentifier) => Effect.Effect<string>) | undefined
  /**
   * The application's own pages. None: the page of `Connect`. Responses get the headers that forbid caching and frames, unless they have
   * them.
   */
  readonly respond?:
    | ((view: View) => Effect.Effect<Option.Option<HttpServerResponse.HttpServerResponse>, E2, R2>)
    | undefined
  /** Where users withdraw the access at the vendor, by name in `credentials`. {@link revocationPages} has some. */
  readonly revokeAt?: { readonly [name: string]: string | undefined } | undefined
  /**
   * Signs the forms: 32 bytes in base64 or hex. The processes of a fleet share it, so that each accepts the forms of the others. Default:
   * random, for a single process.
   */
  readonly formKey?: Redacted.Redacted | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * - `link`: the address where users connect a credential
 * - `events`: what happens to consents on the pages of this process, from the subscription on. A subscriber that is 1,024 events late
 *   misses the oldest.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly workload: string
  readonly users: UserKind
  /** The name in `credentials`, of a credential or of the credential that a session is for. */
  readonly nameOf: (subject: UserCredential | ConsentSession) => Option.Option<string>
  readonly link: (
    credential: UserCredential | ConsentSession,
    options?: { readonly continue?: string | undefined }
  ) => Effect.Effect<string, ValidationException>
  readonly events: Stream.Stream<Event>
}

/**
 * @since 0.1.0
 * @category services
 */
export class Connect extends Context.Tag("effect-agentcore-identity/http/Connect")<Connect, Service>() {}

/**
 * The address where users connect a credential. With `continue` they go on to an address that the option `continueTo` allows. It fails
 * with `ValidationException` if `credentials` lacks the credential, or the address is not allowed.
 *
 * @since 0.1.0
 * @category accessors
 */
export const link = (
  credential: UserCredential,
  options?: {
    /** Where the user goes on after consent, an address that the option `continueTo` allows. */
    readonly continue?: string | undefined
  }
): Effect.Effect<string, ValidationException, Connect> =>
  Effect.flatMap(Connect, (connect) => connect.link(credential, options))

/**
 * The consent events of this process.
 *
 * @since 0.1.0
 * @category accessors
 */
export const events: Stream.Stream<Event, never, Connect> = Stream.unwrap(Effect.map(Connect, ({ events }) => events))

// -----------------------------------------------------------------------------
// Constants
// -----------------------------------------------------------------------------

/**
 * Pages on which users withdraw the access of applications, by vendor as AgentCore names it. For the option `revokeAt`.
 *
 * @since 0.1.0
 * @category constants
 */
export const revocationPages = {
  AtlassianOauth2: "https://id.atlassian.com/manage-profile/apps",
  DropboxOauth2: "https://www.dropbox.com/account/connected_apps",
  GithubOauth2: "https://github.com/settings/applications",
  GoogleOauth2: "https://myaccount.google.com/connections",
  SpotifyOauth2: "https://www.spotify.com/account/apps/"
} as const

/**
 * `agentcore.consent.events`: the number of consent events. Labels: `agentcore.event`, and `agentcore.credential` if it is known.
 *
 * @since 0.1.0
 * @category metrics
 */
export const eventCount: Metric.Metric.Counter<number> = Metric.counter("agentcore.consent.events", {
  description: "Consents that were opened, completed, refused, expired or disconnected",
  incremental: true
})

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

const isCredentials = (value: unknown): value is ConnectCredentials =>
  isRecord(value) && Object.keys(value).length > 0
  && Object.entries(value).every(([name, credential]) =>
    /^[A-Za-z0-9][\w-]{0,63}$/.test(name) && name !== "return"
    && CredentialTag.isDeclared(credential, "AccessToken") && isRecord(credential.request)
    && credential.request["flow"] === "USER_FEDERATION"
  )

const linkFields = {
  path: Constraint.guard(
    "a path without parameters, as in '/connect'",
    (value): value is HttpLayerRouter.PathInput => isString(value) && /^(\/[\w.~-]+)+$/.test(value)
  ),
  credentials: Constraint.guard(
    "declared credentials of the flow USER_FEDERATION by name (letters, digits, - and _; not 'return')",
    isCredentials
  ),
  workload: WorkloadName,
  origin: Constraint.optional(Schema.String),
  users: Constraint.optional(Constraint.oneOf("userId", "jwt")),
  continueTo: Constraint.optional(Schema.Array(Schema.String))
}

const refuseLinkOptions = Validation.refuse(() => Schema.Struct(linkFields), { name: "Connect.layerLinks" })

const refuseOptions = Validation.refuse(
  () =>
    Schema.Struct({
      ...linkFields,
      currentUser: Constraint.guard("an Effect of the user who is signed in", Effect.isEffect),
      describeUser: Constraint.optional(Guards.AnyFunction),
      respond: Constraint.optional(Guards.AnyFunction),
      revokeAt: Constraint.optional(Constraint.guard("addresses by name", isRecord)),
      formKey: Constraint.optional(Constraint.guard("a Redacted key", Redacted.isRedacted))
    }),
  { name: "Connect.layer" }
)

const checkUser = Validation.validate(Schema.Struct({ currentUser: UserIdentifier }), "Connect.layer")

const invalid = (member: string, text: string): ValidationException =>
  Validation.validationException([{ path: [member], constraint: `${Constraint.prefix} ${text}` }], "Connect")

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

const makeService = (options: LinkOptions, links: Links.Links, stream: Stream.Stream<Event>): Service => ({
  workload: options.workload,
  users: options.users ?? "userId",
  nameOf: (subject) => Option.fromNullable(links.nameOf(subject)),
  link: (subject, { continue: address } = {}) =>
    Effect.suspend(() => {
      const name = links.nameOf(subject)
      if (name === undefined) return invalid("credential", "be one of the credentials of Connect")
      if (address === undefined) return Effect.succeed(links.link(name))
      const allowed = links.allowed(address)
      return Option.isSome(allowed)
        ? Effect.succeed(links.link(name, allowed.value))
        : invalid("continue", "be an address that the option continueTo allows")
    }),
  events: stream
})

const makeLinks = (options: LinkOptions): Effect.Effect<Links.Links> =>
  // Options that cannot be right: no program can do anything about them while it runs.
  Effect.orDie(Effect.flatMap(Consent.ReturnUrl, (returnUrl) => Links.make(options, returnUrl)))

const makeFormTokens = (formKey: Redacted.Redacted | undefined): Effect.Effect<FormGuard.FormTokens> =>
  (formKey === undefined
    ? Effect.sync(() => new Uint8Array(randomBytes(32)))
    : Effect.map(
      parseSecret(Redacted.value(formKey), "The formKey of Connect"),
      (secret) => deriveKey(secret, "effect-agentcore-identity/http/Connect")
    )).pipe(Effect.mapError((message) => invalid("formKey", message)), Effect.orDie, Effect.map(FormGuard.make))

type Handler<E, R> = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  R | HttpServerRequest.HttpServerRequest | HttpServerRequest.ParsedSearchParams | HttpRouter.RouteContext
>

interface Made<E, R> {
  readonly service: Service
  readonly paths: {
    readonly connections: HttpLayerRouter.PathInput
    readonly link: HttpLayerRouter.PathInput
    readonly returned: HttpLayerRouter.PathInput
  }
  readonly connections: Handler<E, R>
  readonly link: Handler<E, R>
  readonly submit: Handler<E, R>
  readonly returned: Handler<E, R>
}

const wantsJson = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  /\bapplication\/json\b/i.test(headers["accept"] ?? "") && !/\btext\/html\b/i.test(headers["accept"] ?? "")

const labelsOf = ({ _tag, credential }: Pick<Event, "_tag" | "credential">): ReadonlyArray<MetricLabel.MetricLabel> => [
  MetricLabel.make("agentcore.event", _tag),
  ...credential === undefined ? [] : [MetricLabel.make("agentcore.credential", credential)]
]

const textOf = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  isString(value) ? value : undefined

const make = <E, R, E2, R2>(
  options: Options<E, R, E2, R2>
): Effect.Effect<Made<E | E2, R | R2>, never, Identity | DataPlane | PendingConsents> =>
  Effect.gen(function*() {
    const { path, workload } = options
    const links = yield* makeLinks(options)
    const pubsub = yield* PubSub.sliding<Event>(1024)
    const app = App.make({
      identity: yield* Identity,
      dataPlane: yield* DataPlane,
      pending: yield* PendingConsents,
      // A program with a store of its own has signals in this process.
      signals: yield* Effect.flatMap(
        Effect.serviceOption(ConsentSignals.ConsentSignals),
        Option.match({ onNone: () => ConsentSignals.makeMemory, onSome: Effect.succeed })
      ),
      cache: yield* Effect.serviceOption(CredentialCache),
      returnUrl: yield* Consent.ReturnUrl
    }, {
      links,
      workload,
      users: options.users ?? "userId",
      revokeAt: options.revokeAt ?? {},
      describeUser: options.describeUser ?? Users.describe,
      formTokens: yield* makeFormTokens(options.formKey),
      emit: (event) =>
        Effect.flatMap(DateTime.now, (at) => PubSub.publish(pubsub, { ...event, at })).pipe(
          Effect.zipRight(Metric.increment(Metric.taggedWithLabels(eventCount, labelsOf(event))))
        )
    })

    const respond = (view: View) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        const own = options.respond === undefined ? Option.none() : yield* options.respond(view)
        if (Option.isNone(own)) return Pages.respond(view, wantsJson(request))
        return Object.entries(Pages.headersOf(view)).reduce(
          (response, [name, value]) =>
            Headers.has(response.headers, name) ? response : HttpServerResponse.setHeader(response, name, value),
          own.value
        )
      })

    const handle = <E3, R3>(
      run: (user: UserIdentifier, name: string) => Effect.Effect<View, E3, R3>,
      method: "GET" | "POST" = "GET"
    ) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        // The router sends HEAD to the GET route. A link preview must not use up a session.
        if (request.method !== method) return HttpServerResponse.empty({ status: 405, headers: { allow: method } })
        const { currentUser } = yield* Effect.orDie(checkUser({ currentUser: yield* options.currentUser }))
        const { name = "" } = yield* HttpRouter.params
        return yield* respond(yield* run(currentUser, name))
      })

    const returnPath: HttpLayerRouter.PathInput = `${path}/return` as `/${string}`
    return {
      service: makeService(options, links, Stream.fromPubSub(pubsub)),
      paths: { connections: path, link: `${path}/:name` as `/${string}`, returned: returnPath },
      connections: handle(app.connections),
      link: handle((user, name) =>
        Effect.flatMap(
          HttpServerRequest.ParsedSearchParams,
          (query) => app.link(user, name, textOf(query["continue"]))
        )
      ),
      submit: handle(app.submit, "POST"),
      returned: HttpMiddleware.withLoggerDisabled(handle((user) =>
        Effect.flatMap(HttpServerRequest.ParsedSearchParams, ({ session_id: sessionId }) =>
          app.returned(user, isString(sessionId) ? Redacted.make(sessionId) : undefined))
      ))
    }
  })

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Adds the routes to an `HttpLayerRouter`, and provides {@link Connect}. Put {@link layerRedaction} around the server: the return URL
 * contains the session. Invalid options, and a `currentUser` that is not a user, are defects with a `ValidationException`.
 *
 * With a `CredentialCache` in context, disconnecting also drops its token.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R, E2 = never, R2 = never>(options: Options<E, R, E2, R2>): Layer.Layer<
  Connect,
  never,
  | HttpLayerRouter.HttpRouter
  | Identity
  | DataPlane
  | PendingConsents
  | HttpLayerRouter.Request.From<"Requires", Exclude<R | R2, HttpLayerRouter.Provided>>
  | HttpLayerRouter.Request.From<"Error", E | E2>
> => Validation.checkedLayer(refuseOptions, options, makeLayer)

const makeLayer = <E, R, E2, R2>(options: Options<E, R, E2, R2>): ReturnType<typeof layer<E, R, E2, R2>> =>
  Layer.scoped(
    Connect,
    Effect.gen(function*() {
      const { connections, link, paths, returned, service, submit } = yield* make(options)
      const router = yield* HttpLayerRouter.HttpRouter
      const isReturn = matches(paths.returned)
      // The router logs the URL of a request that no route serves, such as a POST to the return URL.
      yield* router.addGlobalMiddleware((serve) =>
        Effect.flatMap(
          HttpServerRequest.HttpServerRequest,
          (request) => isReturn(request) ? HttpMiddleware.withLoggerDisabled(serve) : serve
        )
      )
      yield* router.add("GET", paths.returned, returned)
      yield* router.add("GET", paths.connections, connections)
      yield* router.add("GET", paths.link, link)
      yield* router.add("POST", paths.link, submit)
      return service
    })
  )

/**
 * The same routes as an `HttpApp`, and the service. The app fails with `RouteNotFound` for other paths.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpApp = <E, R, E2 = never, R2 = never>(options: Options<E, R, E2, R2>): Effect.Effect<
  {
    readonly app: HttpApp.Default<E | E2 | RouteNotFound, Exclude<R | R2, HttpRouter.HttpRouter.Provided>>
    readonly service: Service
  },
  ValidationException,
  Identity | DataPlane | PendingConsents
> =>
  Effect.suspend(() =>
    refuseOptions(options) ?? Effect.map(make(options), (made) => ({
      app: HttpRouter.empty.pipe(
        HttpRouter.get(made.paths.returned, made.returned),
        HttpRouter.get(made.paths.connections, made.connections),
        HttpRouter.get(made.paths.link, made.link),
        HttpRouter.post(made.paths.link, made.submit)
      ),
      service: made.service
    }))
  )

/**
 * The links alone, for a process without the pages: a worker, or an agent on AgentCore Runtime. Its `events` are empty.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLinks = (options: LinkOptions): Layer.Layer<Connect> =>
  Validation.checkedLayer(
    refuseLinkOptions,
    options,
    (options) =>
      Layer.effect(Connect, Effect.map(makeLinks(options), (links) => makeService(options, links, Stream.empty)))
  )

/**
 * Keeps the session out of the spans of the HTTP server, as `ConsentCallback.layerRedaction` does. `path` is the path of {@link layer}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedaction = (path: HttpLayerRouter.PathInput): Layer.Layer<never> =>
  ConsentCallback.layerRedaction(`${path}/return` as `/${string}`)

// -----------------------------------------------------------------------------
// Handlers
// -----------------------------------------------------------------------------

/**
 * Options of {@link handler}.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerOptions<out E, out R> {
  /** The user whom the agent acts for, from the function that `currentUser` takes it from. */
  readonly user: UserIdentifier
  /** Shows the link to the user. */
  readonly show: (link: string) => Effect.Effect<unknown, E, R>
  /** Where the user goes on after consent, an address that the option `continueTo` allows. */
  readonly continue?: string | undefined
  /** How long to wait for the user. Default: 10 minutes. */
  readonly wait?: Duration.DurationInput | undefined
  /**
   * When to ask AgentCore, in case a signal is lost: another process completed the consent, and the two share no `ConsentSignals`. Each
   * question opens a session that lapses. Default: after 15 seconds, then twice as long each time, at most 5 minutes.
   */
  readonly probe?: Schedule.Schedule<unknown> | undefined
}

const defaultProbe: Schedule.Schedule<unknown> = Schedule.union(
  Schedule.exponential("15 seconds"),
  Schedule.spaced("5 minutes")
)

/** The request of a session, without the session. */
const requestOf = ({ audiences, customParameters, flow, provider, resources, returnUrl, scopes }: ConsentSession) => ({
  provider,
  flow,
  scopes,
  resources,
  audiences,
  customParameters,
  returnUrl,
  consent: Consent.fail
})

const refuseHandler = Validation.refuse(
  () =>
    Schema.Struct({
      user: UserIdentifier,
      show: Guards.AnyFunction,
      continue: Constraint.optional(Schema.String),
      wait: Constraint.optional(Guards.DurationInput),
      probe: Constraint.optional(Constraint.guard("a Schedule", Schedule.isSchedule))
    }),
  { name: "Connect.handler" }
)

/**
 * A consent handler that shows the link of `Connect` instead of AgentCore's URL, and waits until the user has connected the credential,
 * with whatever session. Then the flow asks for the token.
 *
 * It fails with `OtherUserKind` if `user` has another kind of identifier than the pages, with `AuthorizationTimedOut` after `wait`, and
 * with `ValidationException` if `credentials` lacks the credential.
 *
 * @since 0.1.0
 * @category handlers
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as Console from "effect/Console"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * const token = AccessToken.get(Calendar, {
 *   consent: Connect.handler({ user: { userId: "alice" }, show: (link) => Console.log(`Connect your calendar: ${link}`) })
 * })
 */
export const handler = <E = never, R = never>(options: HandlerOptions<E, R>): Consent.ConsentHandler<
  E | OtherUserKind | AuthorizationTimedOut,
  R | Connect | ConsentSignals.ConsentSignals | Identity | WorkloadAccessToken
> =>
(session) =>
  Effect.gen(function*() {
    const refused = refuseHandler(options)
    if (refused !== undefined) return yield* refused
    const { probe = defaultProbe, show, user, wait = "10 minutes" } = options
    const connect = yield* Connect
    yield* Users.checkKind("handler", connect.users, user)
    const link = yield* connect.link(session, { continue: options.continue })
    const credential = Option.getOrElse(connect.nameOf(session), () => "")
    const topic = yield* ConsentSignals.grant({ workload: connect.workload, user, credential })
    const signals = yield* ConsentSignals.ConsentSignals
    const granted = yield* Deferred.make<void>()
    const ask = Effect.flatMap(Identity, (identity) => identity.getAccessToken(requestOf(session)))
    const probes = Effect.matchEffect(Effect.schedule(Effect.flip(ask), probe), {
      // `flip` makes the token a failure, and that ends the schedule.
      onFailure: () => Effect.void,
      onSuccess: () => Effect.never
    })
    // It listens before it shows the link: the user can be quick.
    yield* Effect.acquireUseRelease(
      Effect.sync(() => signals.listen(topic, () => Deferred.unsafeDone(granted, Effect.void))),
      () => Effect.zipRight(show(link), Effect.raceFirst(Deferred.await(granted), probes)),
      (stop) => Effect.sync(stop)
    ).pipe(Effect.timeoutFail({ duration: wait, onTimeout: () => new AuthorizationTimedOut({ session }) }))
    Option.map(yield* ConsentWait.Current, ({ grantedElsewhere }) => grantedElsewhere())
    // Every flow that runs a handler can fail with `ValidationException`, so the type of the handler omits it.
  }) as Effect.Effect<
    unknown,
    E | OtherUserKind | AuthorizationTimedOut,
    R | Connect | ConsentSignals.ConsentSignals | Identity | WorkloadAccessToken
  >
