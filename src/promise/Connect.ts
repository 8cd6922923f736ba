/**
 * Links with which users connect their accounts, and the pages behind them: `http/Connect` without Effect, which
 * describes links, pages and guards. {@link Connect} has the form `fetch` for `Request` and `Response`, and the form
 * `node` for `node:http`, Express and the like.
 *
 * AgentCore sends the browser back to `<path>/return` of this server. Register this address as a return URL of the
 * workload identity.
 *
 * @since 0.2.0
 * @example
 * import * as Connect from "effect-agentcore-identity/promise/Connect"
 *
 * // The application's own sign-in.
 * declare const userOf: (cookie: string | null) => Promise<string | undefined>
 * // Any chat of the application.
 * declare const post: (message: string) => Promise<void>
 *
 * const connect = Connect.make({
 *   path: "/connect",
 *   origin: "https://app.example.com",
 *   workload: "my-agent",
 *   credentials: {
 *     calendar: {
 *       providerName: "google",
 *       scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *       authFlow: "USER_FEDERATION"
 *     }
 *   },
 *   currentUser: async (request: Request) => {
 *     const userId = await userOf(request.headers.get("cookie"))
 *     return userId === undefined ? undefined : { userId }
 *   }
 * })
 *
 * // The server: https://app.example.com/connect lists a user's connections.
 * export const fetch = (request: Request): Promise<Response> => connect.fetch(request)
 *
 * // The agent: the user is shown the link, and the call continues when they have connected.
 * const agenda = connect.withAccessToken("calendar", { onLink: (link) => post(`Connect your calendar: ${link}`) })(
 *   async (day: string, token: string) => `${day}, with a token of ${token.length} characters`
 * )
 *
 * export const today = (userId: string) => connect.runAs({ userId }, () => agenda("today"))
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import { isHttpServerError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty, isFunction, isString } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AsyncLocalStorage } from "node:async_hooks"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as AccessToken from "../AccessToken.js"
import * as AwsDataPlane from "../aws/AwsDataPlane.js"
import type { ConsentSession } from "../ConsentSession.js"
import * as Credentials from "../Credentials.js"
import * as DataPlane from "../DataPlane.js"
import * as Http from "../http/Connect.js"
import { checkKind } from "../http/connect/connections.js"
import * as Denials from "../http/connect/denials.js"
import { invalid, unknownCredential, wrongCredential } from "../http/connect/links.js"
import * as Shutdown from "../http/connect/shutdown.js"
import * as Identity from "../Identity.js"
import { AuthorizationFailed, ValidationException } from "../IdentityError.js"
import { isDeclared } from "../internal/identity/declared.js"
import * as Constraint from "../internal/models/constraint.js"
import type { Plain } from "../internal/models/native.js"
import * as Signals from "../internal/pendingConsents/signals.js"
import * as OptionType from "../internal/plane/optionType.js"
import * as Validation from "../internal/plane/validation.js"
import { ConsentSignals } from "../PendingConsents.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import type { Functions, OAuth2WrapperConfig, User } from "./Identity.js"
import { bind } from "./internal/callerContext.js"
import * as Config from "./internal/config.js"
import { toPoller } from "./internal/consents.js"
import * as Implementation from "./internal/functions.js"
import * as LazyRuntime from "./internal/lazyRuntime.js"
import * as Node from "./internal/nodePages.js"
import { type Inputs, toPromise, unchecked } from "./internal/promised.js"
import * as RequestContext from "./internal/requestContext.js"
import * as Stores from "./internal/stores.js"
import { checkUser, toRedacted, toUserIdentifier, toWorkload } from "./internal/workload.js"

/**
 * A page as data, for the option `respond`.
 *
 * @since 0.2.0
 * @category models
 */
export type View = Http.View

/**
 * A credential that users connect: a class of `AccessToken.Tag`, or a configuration as `withAccessToken` takes it,
 * without what belongs to a single call. The return URL of a configuration without `callbackUrl` is `<path>/return` of
 * the option `origin`.
 *
 * @since 0.2.0
 * @category models
 */
export type Credential =
  | Identity.AccessTokenCredential<"USER_FEDERATION">
  | (
    & Omit<
      OAuth2WrapperConfig,
      | "authFlow"
      | "customState"
      | "forceAuthentication"
      | "onAuthUrl"
      | "poll"
      | "reauthenticate"
      | "rejected"
      | "workloadIdentityToken"
    >
    & {
      /** Users grant the credentials of this flow only. */
      authFlow: "USER_FEDERATION"
    }
  )

/**
 * The options of {@link make}: those of `http/Connect`. A secret may be a string, an `Option` is its value or
 * `undefined`, and a function that returns an effect returns a value or a promise.
 *
 * `Name` are the names of the credentials. `Req` is the request that `currentUser` gets: a `Request` in `fetch`, and
 * the request of the framework in `node`.
 *
 * @since 0.2.0
 * @category models
 * @example
 * import type * as Connect from "effect-agentcore-identity/promise/Connect"
 *
 * // A vendor that `http/VendorAccount` does not know.
 * const accounts: Connect.Options["accounts"] = {
 *   box: {
 *     account: async (token, signal) => {
 *       const headers = { authorization: `Bearer ${token}` }
 *       const response = await fetch("https://api.box.com/2.0/users/me", { headers, redirect: "error", signal })
 *       // A response with the status 401 says that the vendor no longer accepts the token.
 *       if (!response.ok) throw response
 *       const user: { readonly id: string; readonly login: string } = await response.json()
 *       return { id: user.id, label: user.login }
 *     },
 *     expect: (user, account) => account.label === user.userId
 *   }
 * }
 */
export interface Options<Name extends string = string, Req = Request | IncomingMessage>
  extends
    Inputs<Omit<Http.Options<never, never>, "accounts" | "credentials" | "currentUser" | "respond">>,
    Stores.ServiceOptions
{
  /** As `accounts` of `http/Connect`, with promises. `http/VendorAccount` has known vendors. Default: nothing. */
  readonly accounts?:
    | {
      readonly [K in Name]?: {
        /**
         * Returns the account of an access token. Throw an error, or a `Response`, with the status 401 if the vendor no
         * longer accepts the token. `signal` aborts after 5 seconds. Default: the account is not asked for.
         */
        readonly account?:
          | ((
            token: string,
            signal: AbortSignal
          ) => Http.Account | Promise<Http.Account> | Effect.Effect<Http.Account, unknown, HttpClient.HttpClient>)
          | undefined
        /**
         * Whether the user may connect this account, as in `http/Connect`. It needs `account`. Compare the `id`, or a
         * label that its owner cannot choose. Functions of `promise/Identity` do not check it. Default: any account.
         */
        readonly expect?: ((user: UserIdentifier, account: Http.Account) => boolean | Promise<boolean>) | undefined
        /** Ends the grant at the vendor when a user disconnects. Default: the vendor is not told. */
        readonly revoke?: ((token: string, signal: AbortSignal) => unknown) | undefined
      } | undefined
    }
    | undefined
  /** The credentials that users connect, by their names in links. Do not change a name: mailed links contain it. */
  readonly credentials: { readonly [K in Name]: Credential }
  /** As `currentUser` of `http/Connect`. `undefined`: no user is signed in. If it throws, nothing is opened. */
  readonly currentUser: (request: Req) => User | null | undefined | Promise<User | null | undefined>
  /**
   * Returns the application's own page, or `undefined` for the page of `Connect`. For a `Rejected` with the reason
   * `NotSignedIn`, it can redirect to the sign-in.
   */
  readonly respond?:
    | ((view: Http.View, request: Req) => Response | undefined | Promise<Response | undefined>)
    | undefined
}

/**
 * How a call shows a link and waits.
 *
 * @since 0.2.0
 * @category models
 */
export interface LinkOptions
  extends Inputs<Pick<Parameters<typeof Http.handler<never, never>>[0], "continue" | "onDenial" | "wait">>
{
  /** Shows the link to the user. Then the call waits until they have connected. It runs in the context of the call. */
  readonly onLink?: ((link: string) => void | Promise<void>) | undefined
}

/**
 * The pages, the links, and the functions of `promise/Identity` over the same services.
 *
 * A caller of `workload` obtains its token from these services, which may belong to another account or region than
 * those of `promise/Identity`. Each caller obtains its own token: `runAs` keeps a caller for each user.
 *
 * @since 0.2.0
 * @category models
 */
export interface Connect<Name extends string = string, Req = Request | IncomingMessage>
  extends Omit<Functions, "withAccessToken">, AsyncDisposable
{
  /**
   * Responds to a request for a page, with the status 404 for any other path. Rejects with the errors of `currentUser`,
   * `describeUser` and `respond`, and with `BodyAlreadyRead` if a middleware has read the form.
   */
  readonly fetch: (request: Request & Req) => Promise<Response>
  /**
   * Responds to a request of `node:http`, Express and the like. It calls `next` for any other path, and with an error.
   * Without `next`, the status is 404 or 500, and the log has the name of the error, or what is invalid. It works
   * before and after a middleware that reads bodies and sets `request.body`.
   */
  readonly node: (
    request: IncomingMessage & Req,
    response: ServerResponse,
    next?: (error?: unknown) => void
  ) => Promise<void>
  /**
   * Runs a function as `runWithContext` does, with a caller of the option `workload` that acts for a user. All calls of
   * a user within 10 minutes have the same caller, so they share its workload access token and cached credentials. A
   * call in the function rejects with `ValidationException` if the user is invalid, and with `OtherUserKind`.
   */
  readonly runAs: <T>(user: User, f: () => T) => T
  /** Returns the address where users connect a credential, as `link` of `http/Connect`, with its error. */
  readonly link: (
    credential: Name | Credential | ConsentSession,
    options?: Pick<LinkOptions, "continue">
  ) => Promise<string>
  /** Returns the connections of a user, as `connections` of `http/Connect`, with its errors. */
  readonly status: (user: User) => Promise<ReadonlyArray<Http.Connection>>
  /**
   * Builds the pages and connects to the store, so that a server finds a mistake when it starts. Rejects with
   * `ValidationException` if an option is invalid, with `PendingConsentsError` if a package is missing, a key is
   * invalid, or the store cannot be set up, and with `ConsentStoreError` if the store does not respond.
   */
  readonly ready: () => Promise<void>
  /** Asks whether a connection of a user still works, as `check` of `http/Connect`, with its errors. */
  readonly check: (user: User, credential: Name | Credential) => Promise<Http.Connection>
  /** Disconnects a user from everything, as `disconnectAll` of `http/Connect`, with its error. */
  readonly disconnectAll: (user: User) => Promise<ReadonlyArray<Http.Disconnection>>
  /**
   * Asks a user to connect each credential in order, except granted ones, and waits. It stops at the first failure.
   * Without `onLink` it rejects with `RequiresUserConsent`.
   */
  readonly consentAll: (user: User, options?: LinkOptions) => Promise<void>
  /** The consent events of this process, from the first `next()` until `dispose`, as in `http/Connect`. */
  readonly events: () => AsyncIterable<Plain<Http.Event>>
  /**
   * Passes the access token of a credential, or of its name in `credentials`, to an async function, as
   * `withAccessToken` of `promise/Identity` does. With `onLink`, the user is shown the link, and the call continues
   * when they have connected. It rejects with `AuthorizationFailed` if they deny, see `onDenial`.
   *
   * Without `onLink` it rejects with `RequiresUserConsent`, and, if the user has denied since then, once with
   * `AuthorizationFailed`: from about 5 seconds after the denial on, when the pages notice it.
   */
  readonly withAccessToken: (
    credential: Name | Identity.AccessTokenCredential | OAuth2WrapperConfig,
    options?:
      & LinkOptions
      & Pick<OAuth2WrapperConfig, "onAuthUrl" | "poll" | "reauthenticate" | "rejected" | "workloadIdentityToken">
  ) => ReturnType<Functions["withAccessToken"]>
  /**
   * Waits at most `gracefulShutdownTimeout` for running requests and waits of `onLink`, then ends the pages, the events
   * and the connections to the stores. A longer wait gets no more signals: it can take up to 5 minutes to notice that
   * the user has connected. Consents in memory are lost. The next use makes new pages.
   */
  readonly dispose: () => Promise<void>
  /** Runs an effect with the services of the pages, for `promise/ForwardAuth`. */
  readonly "~run": <A>(
    effect: Effect.Effect<A, unknown, Http.Connect | DataPlane.DataPlane | ConsentSignals>
  ) => Promise<A>
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/** A request of a browser. `within` runs a callback of the program in the asynchronous context of the request. */
class Incoming extends Context.Reference("effect-agentcore-identity/promise/Connect/Incoming", {
  defaultValue: (): { readonly request: unknown; readonly within: <A>(f: () => A) => A } => ({
    request: undefined,
    within: (f) => f()
  })
}) {}

const call = <A>(callback: (request: unknown) => A | Promise<A>): Effect.Effect<A, unknown> =>
  Effect.flatMap(
    Incoming,
    ({ request, within }) =>
      Effect.tryPromise({ try: () => within(async () => callback(request)), catch: (error) => error })
  )

type AccountOptions = NonNullable<NonNullable<Options["accounts"]>[string]>

/** A function of `http/VendorAccount` returns it. */
type VendorEffect<A> = Effect.Effect<A, unknown, HttpClient.HttpClient>

/** Runs a function that returns a value, a promise, or an effect of `http/VendorAccount`. */
const toVendorEffect =
  <A>(f: (token: string, signal: AbortSignal) => A | Promise<A> | VendorEffect<A>) =>
  (token: Redacted.Redacted): VendorEffect<A> =>
    Effect.flatMap(
      Effect.tryPromise({ try: async (signal) => f(Redacted.value(token), signal), catch: (error) => error }),
      // `isEffect` does not keep the type.
      (result) => Effect.isEffect(result) ? result as VendorEffect<A> : Effect.succeed(result as A)
    )

const toHttpAccount = (
  { account, expect, revoke }: AccountOptions
): NonNullable<NonNullable<Http.LinkOptions["accounts"]>[string]> => ({
  account: account && toVendorEffect(account),
  expect: expect && ((user, account) => Effect.orDie(Effect.tryPromise(async () => expect(user, account)))),
  revoke: revoke && toVendorEffect<unknown>(revoke)
})

// `http/Connect` checks the other values.
const checkOptions = Validation.makeCheck("Connect", () => ({
  ...unchecked("path", "workload", "origin", "users", "continueTo", "describeUser", "appearance", "connectedSince"),
  ...unchecked("revokeAt", "formKey", "checkSetup", "gracefulShutdownTimeout", "currentUser", "respond"),
  ...unchecked("pendingConsents", "runtime"),
  credentials: Schema.Record(Schema.String, Schema.Unknown),
  accounts: Constraint.optional(Schema.Record(
    Schema.String,
    Schema.UndefinedOr(Schema.Struct({
      account: Constraint.optional(OptionType.AnyFunction),
      expect: Constraint.optional(OptionType.AnyFunction),
      revoke: Constraint.optional(OptionType.AnyFunction)
    }))
  ))
} satisfies { readonly [K in keyof Options]-?: unknown }))

const toHttpOptions = <Name extends string, Req>(
  options: Options<Name, Req>,
  credentials: Http.LinkOptions["credentials"]
): Http.Options<unknown, never, unknown> => {
  const { accounts, connectedSince, currentUser, describeUser, formKey, respond } = options
  return {
    ...options,
    accounts: accounts
      && Record.map(
        accounts as { readonly [name: string]: AccountOptions | undefined },
        (options) => options && toHttpAccount(options)
      ),
    credentials,
    connectedSince: connectedSince && ((user, name) => Effect.orDie(call(() => connectedSince(user, name)))),
    currentUser: Effect.flatMap(
      // The forms below pass the request that the type names.
      call((request) => currentUser(request as Req)),
      (user) => user === undefined || user === null ? new Http.NotSignedIn() : Effect.succeed(toUserIdentifier(user))
    ),
    describeUser: describeUser
      && ((user) =>
        call(() => describeUser(user)).pipe(
          Effect.filterOrFail(isString, () => invalid("describeUser", "return a string")),
          Effect.orDie
        )),
    respond: respond
      && ((view) =>
        Effect.flatMap(
          call((request) => respond(view, request as Req)),
          (response) =>
            response === undefined || response === null
              ? Effect.succeedNone
              // Frameworks have classes of their own for responses.
              : hasProperty(response, "headers")
              ? Effect.succeedSome(HttpServerResponse.fromWeb(response))
              : invalid("respond", "return a Response or undefined")
        )),
    formKey: formKey === undefined ? undefined : toRedacted(formKey)
  }
}

type UserCredential = Identity.AccessTokenCredential<"USER_FEDERATION">

const declare = (
  name: string,
  credential: Credential,
  { origin, path }: Pick<Options, "origin" | "path">
): UserCredential => {
  if (isDeclared(credential, "AccessToken")) return credential as UserCredential
  if (credential?.authFlow !== "USER_FEDERATION") throw wrongCredential(name)
  const { flow: _, returnUrl, ...request } = Config.toDeclaration(credential)
  return AccessToken.Tag<unknown>()(`effect-agentcore-identity/promise/Connect/${name}`, {
    ...request,
    flow: "USER_FEDERATION",
    returnUrl: returnUrl ?? (origin === undefined ? undefined : `${origin}${path}/return`)
  })
}

// -----------------------------------------------------------------------------
// Runtime
// -----------------------------------------------------------------------------

class Pages extends Context.Service<Pages, {
  readonly app: Effect.Success<ReturnType<typeof Http.httpApp<unknown, never, unknown>>>["app"]
  readonly takeDenial: Effect.Success<ReturnType<typeof Denials.make>>
}>()("effect-agentcore-identity/promise/Connect/Pages") {}

const layerPages = (options: Http.Options<unknown, never, unknown>) =>
  Layer.effectContext(
    Effect.gen(function*() {
      const { app, service } = yield* Http.httpApp(options)
      const takeDenial = yield* Denials.make(service)
      return Context.make(Http.Connect, service).pipe(
        Context.add(Pages, { app, takeDenial }),
        Context.add(Identity.Identity, service.identity)
      )
    })
  )

/** The credentials of the options, and how to find one: by its name, or by the value that the program declared. */
const declareAll = <Name extends string, Req>(options: Options<Name, Req>) => {
  const given: { readonly [name: string]: Credential } = options.credentials
  const credentials = Record.map(given, (credential, name) => declare(name, credential, options))
  const credentialOf = new Map<unknown, UserCredential>(
    Object.entries(credentials).flatMap(([name, credential]) => [[name, credential], [given[name], credential]])
  )
  return { credentials, credentialOf }
}

const withControlPlane = Layer.merge(
  AwsDataPlane.layer(),
  Layer.unwrap(Effect.promise(async () => (await import("../aws/internal/controlOverHttp.js")).layer))
)

const layerOf = <Name extends string, Req>(options: Options<Name, Req>, credentials: Http.LinkOptions["credentials"]) =>
  layerPages(toHttpOptions(options, credentials)).pipe(
    Layer.merge(WorkloadAccessToken.layerCallers({ name: options.workload, users: "both" })),
    Layer.provideMerge(
      Stores.layerServices(options, options.checkSetup === true ? withControlPlane : AwsDataPlane.layer())
    )
  )

type Provided = Layer.Success<ReturnType<typeof layerOf>>

/** Runs requests and calls, and ends after those that run. */
const makeRuntime = <Name extends string, Req>(
  options: Options<Name, Req>,
  credentials: Http.LinkOptions["credentials"]
) => {
  const runtime = LazyRuntime.make(layerOf(options, credentials))
  const shutdown = Shutdown.make()
  let disposal: Promise<void> | undefined
  return {
    /** A stream that begins while the pages end is empty. One that is starting then ends with them. */
    within: <A, E>(stream: Stream.Stream<A, E, Provided>): Stream.Stream<A, unknown> =>
      Stream.unwrap(shutdown.guard(Effect.flatMap(Shutdown.IsStopping, (isStopping) =>
        isStopping
          ? Effect.succeed(Stream.empty)
          : Effect.map(runtime.context, (context) => Stream.provideContext(stream, context))))),
    // Counts a request from its arrival, because the first ones wait for the runtime.
    run: <A, E>(effect: Effect.Effect<A, E, Provided>): Fiber.Fiber<A, unknown> =>
      Effect.runFork(
        shutdown.guard(Effect.flatMap(runtime.context, (context) => Effect.provideContext(effect, context)))
      ),
    dispose: (): Promise<void> =>
      disposal ??= Effect.runPromise(
        Effect.andThen(shutdown.stop(options.gracefulShutdownTimeout), Effect.promise(runtime.dispose))
      ).finally(() => {
        disposal = undefined
        shutdown.restart()
      })
  }
}

type Run = ReturnType<typeof Implementation.make<Provided>>

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

const unknownUser = () =>
  new ValidationException({
    operation: "Connect",
    message: "A call with onLink needs to know the user: call it inside of runWithContext, with the property user, or "
      + "with a workload that acts for a user"
  })

/** A call that shows no link fails once after the user has denied. */
const orDenied = (makeConsent: Run["consentOptions"]): Run["consentOptions"] => (use, context) =>
  Effect.gen(function*() {
    const user = yield* RequestContext.userOf(use.workloadIdentityToken, context)
    const { consent, ...options } = yield* makeConsent(use, context)
    if (consent === undefined) return options
    const show = isFunction(consent) ? consent : consent.show
    const shown = Effect.fnUntraced(function*(session: ConsentSession) {
      const { takeDenial } = yield* Pages
      const reason = yield* takeDenial(session, user)
      if (Option.isSome(reason)) {
        return yield* new AuthorizationFailed({ provider: session.provider, reason: reason.value })
      }
      return yield* show(session)
    })
    return { ...options, consent: isFunction(consent) ? shown : { ...consent, show: shown } }
  })

const makeWithAccessToken = (
  { consentOptions, withAccessToken }: Run,
  credentialOf: ReadonlyMap<unknown, UserCredential>
): Connect["withAccessToken"] =>
(subject, { continue: address, onDenial, onLink, wait, ...use } = {}) => {
  const credential = credentialOf.get(subject) ?? subject
  if (isString(credential)) throw unknownCredential()
  if (onLink === undefined) return withAccessToken(credential, use, orDenied(consentOptions))
  return withAccessToken(credential, use, ({ workloadIdentityToken }, context) => {
    const show = bind(onLink)
    const poll = use.poll && toPoller(bind(use.poll))
    return Effect.gen(function*() {
      const user = yield* RequestContext.userOf(workloadIdentityToken, context)
      if (user === undefined) return yield* unknownUser()
      return { consent: Http.handler({ user, show, continue: address, onDenial, wait }), poll }
    })
  })
}

const makeRunAs = (
  { users = "userId", workload: name }: Pick<Http.Options<never, never>, "users" | "workload">,
  settle: Run["settle"]
): Connect["runAs"] =>
(givenUser, f) => {
  const user = toUserIdentifier(givenUser)
  const caller = Effect.tap(
    WorkloadAccessToken.Callers.use(({ get }) => get(user)),
    // After the check that it is a user.
    () => checkKind("runAs", users, user)
  )
  return RequestContext.run({ workload: toWorkload({ name, user }, caller, settle) }, f)
}

const forUser = <Args extends ReadonlyArray<unknown>, A, E, R>(
  f: (user: UserIdentifier, ...args: Args) => Effect.Effect<A, E, R>
) =>
(user: User, ...args: Args) => Effect.flatMap(checkUser(user, "user"), (user) => f(user, ...args))

/** The functions of `http/Connect`, for users as programs without Effect have them. */
const makeServed = (
  workload: string,
  credentials: Http.LinkOptions["credentials"],
  credentialOf: ReadonlyMap<unknown, UserCredential>
) => {
  // `http/Connect` rejects an unknown name.
  const find = (subject: string | Credential | ConsentSession) => credentialOf.get(subject) ?? subject as string
  return {
    link: (subject: string | Credential | ConsentSession, linkOptions?: Parameters<typeof Http.link>[1]) =>
      Http.link(find(subject), linkOptions),
    status: forUser(Http.connections),
    check: forUser((user, subject: string | Credential) => Http.check(user, find(subject))),
    disconnectAll: forUser(Http.disconnectAll),
    consentAll: forUser((user, { continue: address, onDenial, onLink, wait }: LinkOptions = {}) => {
      const show = onLink && bind(onLink)
      return Credentials.consentAll<unknown, Provided | WorkloadAccessToken.WorkloadAccessToken>(
        Object.values(credentials),
        {
          caller: { name: workload, user },
          consent: show && Http.handler({ user, show, continue: address, onDenial, wait })
        }
      ).pipe(WorkloadAccessToken.provideCaller(user))
    }),
    ready: () =>
      Effect.flatMap(
        ConsentSignals,
        (signals) => Effect.asVoid(signals.registrations(Signals.session(Redacted.make("ready"))))
      ),
    events: Http.events
  }
}

// -----------------------------------------------------------------------------
// Servers
// -----------------------------------------------------------------------------

/** Returns `undefined` if `url`, as the framework passes it, is not that of a page. */
const makeHandle = (settle: Run["settle"]) =>
(
  request: Request,
  { isRead, original, url }: {
    /** Whether a middleware has read the form. */
    readonly isRead: boolean
    readonly original: unknown
    /** A `Request` has its path without dots. A framework may have guarded the other spelling. */
    readonly url: string
  }
): Promise<Response | undefined> => {
  const incoming = { request: original, within: AsyncLocalStorage.snapshot() }
  return settle(Effect.flatMap(Pages, ({ app }) =>
    Effect.scoped(app).pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request).modify({ url })),
      Effect.provideService(Incoming, incoming),
      // A page without its form has changed nothing.
      Effect.flatMap((response) =>
        isRead ? Effect.fail(new Node.BodyAlreadyRead()) : Effect.succeed(HttpServerResponse.toWeb(response))
      ),
      Effect.catchIf(
        (error) => isHttpServerError(error) && error.reason._tag === "RouteNotFound",
        () => Effect.undefined
      )
    )))
}

const makeListener = (handle: ReturnType<typeof makeHandle>, settle: Run["settle"]) =>
  Node.makeListener(
    "A page of Connect",
    // The services of the pages may be what failed.
    (message) => settle(Effect.logError(message)).catch(() => Effect.runPromise(Effect.logError(message))),
    async (request: IncomingMessage, response: ServerResponse, next: ((error?: unknown) => void) | undefined) => {
      // `Request` accepts no TRACE, and the pages have no other methods.
      const isOwn = /^(GET|HEAD|POST)$/.test(request.method ?? "")
      const web = isOwn ? Node.toRequest(request) : undefined
      const result = web && await handle(web, {
        isRead: web.method === "POST" && web.body === null,
        original: request,
        url: Node.pathOf(request)
      })
      if (result !== undefined) await Node.send(result, response)
      else if (next !== undefined) next()
      else response.writeHead(404).end()
    }
  )

/**
 * Makes the pages and the links. Throws a `ValidationException` if a credential is invalid, or a property of `accounts`
 * is not a function.
 *
 * The first use builds them, and connects to the store of `pendingConsents`: call `ready` at the start. If it rejects,
 * the next use tries again. A process without pages, such as a nightly job, has the same options, but
 * `currentUser: () => undefined`, and uses only `link`, `runAs` and the functions for tokens.
 *
 * If a server has several processes, they need the same `formKey`, and clocks that differ by less than the 10 minutes
 * that a session lives.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = <const Name extends string, Req = Request | IncomingMessage>(
  options: Options<Name, Req>
): Connect<Name, Req> => {
  const wrong = checkOptions(options)
  if (wrong !== undefined) throw wrong
  const { credentialOf, credentials } = declareAll(options)
  const { dispose, run, within } = makeRuntime(options, credentials)
  const made = Implementation.make<Provided>({ run, identity: Identity.Identity, dataPlane: DataPlane.DataPlane })
  const { functions, settle } = made
  const served = makeServed(options.workload, credentials, credentialOf)
  const handle = makeHandle(settle)
  const promised = toPromise<Provided, typeof served>(served, { run: settle, within })
  return {
    ...functions,
    ...promised,
    withAccessToken: makeWithAccessToken(made, credentialOf),
    runAs: makeRunAs(options, settle),
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url)
      return await handle(request, { isRead: request.bodyUsed, original: request, url: `${pathname}${search}` })
        ?? new Response(null, { status: 404 })
    },
    node: makeListener(handle, settle),
    dispose,
    [Symbol.asyncDispose]: dispose,
    "~run": settle
  }
}
