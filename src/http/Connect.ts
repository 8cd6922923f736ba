/**
 * Links with which users connect their accounts. A link never expires: it names a credential, and contains no user and
 * no secret, so it can be mailed. AgentCore's own authorization URL expires after 10 minutes, so a session is opened
 * only when the user presses the button.
 *
 * | request | what it does |
 * | --- | --- |
 * | `GET <path>` | the connections of the signed-in user |
 * | `GET <path>/<name>` | the link of a credential: who is signed in, what will be connected, and a button |
 * | `POST <path>/<name>` | opens a session for the signed-in user, checks the connection, or disconnects |
 * | `GET <path>/return` | the return URL: completes the session for the same user |
 *
 * Another user who opens the link connects their own account. The pages need no script. With `accept: application/json`
 * all of them are JSON, see {@link View}.
 *
 * After a denial, AgentCore may show a page of its own. So the pages poll each session that they opened every 5
 * seconds, within the polling budget (`TokenPoller`), until it ends. If it failed, the waits for the link fail with
 * `AuthorizationFailed` (`Failed`), in every process that shares the `ConsentSignals`. If AgentCore redirects the
 * browser to the return URL with the session and the error `access_denied`, they fail at once (`Denied`).
 *
 * With the option `accounts`, the pages ask the vendor whose account was connected. AgentCore stores a grant before
 * anyone can look at it, so `Identity` checks every token before it returns it: with a handler and without one, after a
 * resumed wait, and after a step-up. This holds in the context of {@link layer} and {@link layerLinks}, for users whom
 * the `WorkloadAccessToken` or the handler names.
 *
 * The return URL of the credentials is `<path>/return` of this server, registered on the workload identity. A
 * credential with another return URL needs a `ConsentCallback` there.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as Context from "effect/Context"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as HttpServerRequest from "effect/http/HttpServerRequest"
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
 * const server = HttpRouter.serve(
 *   Connect.layer({
 *     path: "/connect",
 *     credentials: { calendar: Calendar },
 *     currentUser,
 *     workload: "my-agent",
 *     appearance: { name: "Acme", colors: { accent: "#0b5fff" } }
 *   })
 * ).pipe(Layer.provide(Connect.layerRedaction("/connect")))
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerError from "effect/http/HttpServerError"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Consent from "../Consent.js"
import type { ConsentSession } from "../ConsentSession.js"
import type * as Credentials from "../Credentials.js"
import type { DataPlane } from "../DataPlane.js"
import type { AccessTokenCredential, AccessTokenError, Identity } from "../Identity.js"
import type { ValidationException } from "../IdentityError.js"
import * as Completion from "../internal/consentCallback/completion.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import type { WorkloadAccessToken, WorkloadAccessTokenError } from "../WorkloadAccessToken.js"
import type { Texts } from "./connect/appearance.js"
import * as Connections from "./connect/connections.js"
import {
  Connect,
  type Connection,
  type Disconnection,
  type Event,
  type LinkOptions,
  type NotSignedIn,
  type Options,
  type OtherUserKind
} from "./connect/connectTypes.js"
import * as Links from "./connect/links.js"
import * as Routes from "./connect/routes.js"
import * as Service from "./connect/service.js"
import * as OwnTexts from "./connect/texts.js"
import * as Wait from "./connect/wait.js"
import * as ConsentCallback from "./ConsentCallback.js"

export {
  /** @since 0.2.0 */
  type Account,
  /** @since 0.2.0 */
  type Appearance,
  /** @since 0.2.0 */
  Connect,
  /** @since 0.2.0 */
  type Connection,
  /** @since 0.2.0 */
  type Disconnection,
  /** @since 0.2.0 */
  type Event,
  /** @since 0.2.0 */
  type LinkOptions,
  /** @since 0.2.0 */
  NotSignedIn,
  /** @since 0.2.0 */
  type Options,
  /** @since 0.2.0 */
  OtherUserKind,
  /** @since 0.2.0 */
  View
} from "./connect/connectTypes.js"

/**
 * The address where users connect a credential: a declared one, that of a session, or a name in `credentials`. With
 * `continue`, they continue to an address that the option `continueTo` allows. It fails with `ValidationException` if
 * `credentials` lacks the credential, or the address is not allowed.
 *
 * In a handler of an `HttpRouter`, the pages provide {@link Connect}: `Layer.provideMerge(route, pages)`, where `route`
 * is an `HttpRouter.add`, and `pages` the {@link layer}. A process without the pages uses {@link layerLinks}.
 *
 * @since 0.2.0
 * @category accessors
 */
export const link = (
  credential: AccessTokenCredential<"USER_FEDERATION"> | ConsentSession | string,
  options?: {
    /** Where the user continues after consent, an address that the option `continueTo` allows. */
    readonly continue?: string | undefined
  }
): Effect.Effect<string, ValidationException, Connect> =>
  Effect.flatMap(Connect, (connect) => connect.link(credential, options))

/**
 * The connections of a user, as the page shows them. It fails with `OtherUserKind` if the user is not of the kind that
 * the option `users` names.
 *
 * @since 0.2.0
 * @category accessors
 */
export const connections = (
  user: UserIdentifier
): Effect.Effect<
  ReadonlyArray<Connection>,
  OtherUserKind | WorkloadAccessTokenError,
  Connect
> => Effect.flatMap(Connect, (connect) => connect.connections(user))

/**
 * Asks AgentCore and the vendor whether a connection still works, and returns it as the page shows it. If the vendor
 * rejects the token (status 401), the state is `RevokedAtVendor`. The vendor is asked only if the option `accounts` has
 * the function `account`.
 *
 * It fails with `ValidationException` if `credentials` lacks the credential.
 *
 * @since 0.2.0
 * @category accessors
 */
export const check = (
  user: UserIdentifier,
  credential: AccessTokenCredential<"USER_FEDERATION"> | string
): Effect.Effect<Connection, OtherUserKind | AccessTokenError, Connect> =>
  Effect.flatMap(Connect, (connect) => connect.check(user, credential))

/**
 * Disconnects a user from everything, at the vendors too, where `accounts` has the function `revoke`. It tries all
 * credentials, and returns what happened to each. Call it again if one has `Failed`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const disconnectAll = (
  user: UserIdentifier
): Effect.Effect<ReadonlyArray<Disconnection>, OtherUserKind, Connect> =>
  Effect.flatMap(Connect, (connect) => connect.disconnectAll(user))

/**
 * The events of the pages of this process after the subscription, until the pages end. A subscriber that is more than
 * 1,024 events late misses the oldest.
 *
 * @since 0.2.0
 * @category accessors
 */
export const events: Stream.Stream<Event, never, Connect> = Stream.unwrap(Effect.map(Connect, ({ events }) => events))

/**
 * The texts of the pages in English and German, for the option `appearance`. A table of another language has the same
 * properties: `texts: { en: { ...Connect.texts.en, connections: "Your accounts at Acme" } }` replaces one text.
 *
 * @since 0.2.0
 * @category constants
 */
export const texts: { readonly en: typeof Texts.Type; readonly de: typeof Texts.Type } = OwnTexts.texts

/**
 * Adds the routes to an `HttpRouter`, and provides {@link Connect} and its `Identity` to its other routes. Put
 * {@link layerRedaction} around the server: the return URL contains the session. Invalid options, and a `currentUser`
 * that is not a user, are defects with a `ValidationException`.
 *
 * The `Identity` uses the data plane in context. With a `CredentialCache` there, disconnecting also drops its token.
 *
 * When the scope of the layer ends, running requests finish first, for at most `gracefulShutdownTimeout`. New ones get
 * a page with the status 503. Then the events end, and the layers below, such as the store of pending consents.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as HttpServerResponse from "effect/http/HttpServerResponse"
 * import * as Layer from "effect/Layer"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * const pages = Connect.layer({
 *   path: "/connect",
 *   credentials: { calendar: Calendar },
 *   // The application's own sign-in.
 *   currentUser: Effect.succeed({ userId: "alice" }),
 *   workload: "my-agent"
 * })
 *
 * const settings = HttpRouter.add(
 *   "GET",
 *   "/settings",
 *   Effect.map(Connect.link(Calendar), (link) => HttpServerResponse.text(`Connect your calendar: ${link}`))
 * )
 *
 * // `provideMerge` adds both to the server. `mergeAll` would not provide `Connect` to the route.
 * const server = HttpRouter.serve(Layer.provideMerge(settings, pages)).pipe(
 *   Layer.provide(Connect.layerRedaction("/connect"))
 * )
 */
export const layer = <E, R, E2 = never, R2 = never>(options: Options<E, R, E2, R2>): Layer.Layer<
  | Connect
  | Identity
  | HttpRouter.Request.From<"Requires", Connect | Identity>
  | HttpRouter.Request.From<"GlobalRequires", Connect | Identity>,
  never,
  | HttpRouter.HttpRouter
  | DataPlane
  | HttpRouter.Request.From<"Requires", Exclude<R | R2, HttpRouter.Provided>>
  | HttpRouter.Request.From<"Error", Exclude<E, NotSignedIn> | E2 | HttpServerError.HttpServerError>
> =>
  Layer.provideMerge(
    HttpRouter.middleware<{ provides: Connect | Identity }>()(
      Effect.map(
        Effect.map(Connect, Service.toContext),
        (context) => <A, E3, R3>(self: Effect.Effect<A, E3, R3>) => Effect.provideContext(self, context)
      ),
      { global: true }
    ),
    Layer.effectContext(
      Effect.gen(function*() {
        const { addTo, service } = yield* Effect.orDie(Routes.make(options))
        yield* addTo(yield* HttpRouter.HttpRouter)
        return Service.toContext(service)
      })
    )
  )

/**
 * The same routes as an effect that returns a response, and the service, for a server without an `HttpRouter`. For
 * other paths the effect fails with an `HttpServerError` of reason `RouteNotFound`. Where the program uses {@link link}
 * or {@link handler}, provide the service to it: `Effect.provideService(Connect.Connect, service)`. Where it obtains
 * tokens, provide `service.identity` as its `Identity`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const httpApp = <E, R, E2 = never, R2 = never>(options: Options<E, R, E2, R2>): Effect.Effect<
  {
    readonly app: Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      Exclude<E, NotSignedIn> | E2 | HttpServerError.HttpServerError,
      Exclude<R | R2, HttpRouter.Provided> | HttpServerRequest.HttpServerRequest | Scope.Scope
    >
    readonly service: Connect["Service"]
  },
  ValidationException | Effect.Error<ReturnType<typeof Credentials.check>>,
  DataPlane | Scope.Scope
> =>
  Effect.gen(function*() {
    const { addTo, service } = yield* Routes.make(options)
    // Its own router: `HttpRouter.toHttpEffect` would find that of a server around the program (memoized layers).
    const router = yield* HttpRouter.make
    // The app has the requirements and errors of the routes. The type of the router does not include them.
    yield* addTo(router) as Effect.Effect<void>
    const app = router.asHttpEffect() as Effect.Success<ReturnType<typeof httpApp<E, R, E2, R2>>>["app"]
    return { app, service }
  })

/**
 * Only the links and the `Identity`, for a process without the pages: a worker, or an agent on AgentCore Runtime. Its
 * `events` are empty.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerLinks = (options: LinkOptions): Layer.Layer<Connect | Identity, never, DataPlane> =>
  Layer.fresh(Layer.effectContext(
    Effect.gen(function*() {
      const links = yield* Links.make(options)
      const connections = yield* Connections.make({ ...options, links, emit: Service.makeEmit(() => Effect.void) })
      const signals = yield* Completion.signalsOfProgram
      return Service.toContext(Service.make(options, links, connections, { events: Stream.empty, signals }))
    }).pipe(Effect.orDie)
  ))

/**
 * Keeps the session out of the spans of the HTTP server, as `ConsentCallback.layerRedaction` does. `path` is the path
 * of {@link layer}.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRedaction = (path: HttpRouter.PathInput): Layer.Layer<never> =>
  ConsentCallback.layerRedaction(`${path}/return` as `/${string}`)

/**
 * A consent handler that shows the link of `Connect` instead of AgentCore's URL. Then the flow waits until the user has
 * connected the credential in any session, and requests the token.
 *
 * It fails with `AuthorizationFailed` if the user denied, or a session of theirs failed (see `onDenial`), with
 * `OtherUserKind` if `user` has another kind of identifier than the pages, with `AuthorizationTimedOut` after `wait`,
 * and with `ValidationException` if `credentials` lacks the credential.
 *
 * The wait ends with its process. `durable/ObtainConsent` waits for days.
 *
 * @since 0.2.0
 * @category handlers
 */
export const handler = <E = never, R = never>(options: {
  /** The user whom the agent acts for, from the same function as `currentUser`. */
  readonly user: UserIdentifier
  /** Shows the link to the user. */
  readonly show: (link: string) => Effect.Effect<unknown, E, R>
  /** Where the user continues after consent, an address that the option `continueTo` allows. */
  readonly continue?: string | undefined
  /**
   * How long to wait for the user after the link is shown, up to days if the program runs that long. Default: 10
   * minutes.
   */
  readonly wait?: Duration.Input | undefined
  /**
   * What a denial does: `fail` ends the wait with `AuthorizationFailed`, and `wait` lets the user change their mind.
   * Default: `fail`.
   */
  readonly onDenial?: "fail" | "wait" | undefined
  /**
   * When to request the token from AgentCore without a signal. A signal is lost if another process completed the
   * consent and the two share no `ConsentSignals`. The requests of all waits share the polling budget (`TokenPoller`),
   * so they become rare with many waiting users. Default: after 5 seconds, then a quarter longer each time, up to 5
   * minutes.
   */
  readonly probe?: Schedule.Schedule<unknown> | undefined
}): Consent.WaitingHandler<
  E | OtherUserKind | ValidationException,
  R | Connect | WorkloadAccessToken
> => ({
  ownPage: true,
  show: (session) => Wait.showLinkOf(session, options),
  wait: (flow) => Wait.waitForGrant(flow, options)
})
