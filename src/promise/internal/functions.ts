/** The functions over one runtime. */
import * as Cause from "effect/Cause"
import { ConfigError } from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { AsyncResource } from "node:async_hooks"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { ConsentSession } from "../../ConsentSession.js"
import type { AccessTokenCredential, ApiKeyCredential, ConsentOptions, Identity } from "../../Identity.js"
import type { ValidationException } from "../../IdentityError.js"
import { renewCredential } from "../../internal/identity/renewal.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import * as RequestHeaders from "../../internal/requestHeaders.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"
import * as CallerContext from "./callerContext.js"
import * as Config from "./config.js"
import * as Consents from "./consents.js"
import * as RequestContext from "./requestContext.js"
import * as Workloads from "./workload.js"

/** All parameters except the last one, the credential. */
type InitParams<T extends Array<unknown>> = T extends [...infer Init, unknown] ? Init : never

/** Wraps an async function. The result calls it with a credential as the last argument. */
type CredentialWrapper = <TParams extends [...Array<unknown>, string], TReturn>(
  fn: (...args: TParams) => Promise<TReturn>
) => (...args: InitParams<TParams>) => Promise<TReturn>

/** The options of a page after consent. Neither an interface nor exported: other declarations cannot name it. */
type PageOptions<Req> = {
  /**
   * Returns the user who is signed in in this browser, from the application's own session, usually a cookie. Returns
   * `undefined` if no user is signed in. If it throws, the session stays as it is.
   *
   * There is no default. If the page trusted the link, a user could forward their link and collect the token of another
   * user. A program with a single user on their own machine returns a constant.
   *
   * The cookie needs `SameSite=Lax`: with `Strict`, a browser that returns from another site does not send it.
   */
  readonly currentUser: (
    request: Req
  ) => Workloads.User | null | undefined | Promise<Workloads.User | null | undefined>
  /**
   * Returns the response in place of the plain pages, for example a redirect into the application. The outcome is:
   *
   * - `Completed`: AgentCore has stored the user's authorization.
   * - `Denied`: the browser came back with the error `access_denied`.
   * - `NotUsable`: nothing was stored, and only starting again helps. The session is that of another user or browser,
   *   it has expired, or AgentCore rejected it. The log has the reason.
   * - `Failed`: AgentCore or the store did not respond, or an IAM policy does not allow `CompleteResourceTokenAuth`.
   *   The user can reload the page. The log has the reason.
   * - `NotSignedIn`: `currentUser` returned no user. The session stays as it is.
   */
  readonly respond?:
    | ((
      outcome: { readonly _tag: "Completed" | "Denied" | "NotUsable" | "Failed" | "NotSignedIn" },
      request: Req
    ) => Response | Promise<Response>)
    | undefined
}

/** The functions over a runtime, see `make`. */
export interface Functions {
  /** Passes an access token to an async function. */
  readonly withAccessToken: {
    /** Passes a declared access token to an async function as its last argument, for the caller of each call. */
    (
      credential: AccessTokenCredential,
      options?: Pick<
        Config.OAuth2WrapperConfig,
        "onAuthUrl" | "poll" | "reauthenticate" | "rejected" | "workloadIdentityToken"
      >
    ): CredentialWrapper
    /** Passes an access token to an async function as its last argument, for the caller of each call. */
    (config: Config.OAuth2WrapperConfig): CredentialWrapper
  }
  /** Passes an API key to an async function. */
  readonly withApiKey: {
    /** Passes a declared API key to an async function as its last argument. Each call obtains the key. */
    (
      credential: ApiKeyCredential,
      options?: Pick<Config.ApiKeyWrapperConfig, "workloadIdentityToken">
    ): CredentialWrapper
    /** Passes an API key to an async function as its last argument. Each call obtains the key. */
    (config: Config.ApiKeyWrapperConfig): CredentialWrapper
  }
  /** Passes the workload access token of the caller to an async function. */
  readonly withWAT: <TParams extends Array<unknown>, TReturn>(
    fn: (...args: [...TParams, string]) => Promise<TReturn>
  ) => (...args: TParams) => Promise<TReturn>
  /** Propagates the caller to the next agent, in requests of this client. */
  readonly withWatPropagation: (
    /** Any client of the AWS SDK, version 3. The SDK's own types are generic in the operations of one client. */
    client: {
      /** The middleware of the client. */
      readonly middlewareStack: {
        /** Adds a middleware. */
        add(
          middleware: <Args extends { readonly request: unknown }, Output>(
            next: (args: Args) => Promise<Output>,
            context: { readonly clientName?: string; readonly commandName?: string }
          ) => (args: Args) => Promise<Output>,
          options: {
            readonly step: "build"
            readonly priority: "high"
            readonly name: string
            readonly override: true
          }
        ): void
      }
    }
  ) => void
  /** Continues a session: the `session` of `RequiresUserConsent`, or its string. */
  readonly resume: (
    session: ConsentSession | string,
    options?: Pick<Config.OAuth2WrapperConfig, "onAuthUrl" | "poll" | "workloadIdentityToken">
  ) => Promise<string>
  /** Completes an authorization for the user who is signed in in the browser that came back. */
  readonly completeAuthorization: (options: {
    /** The parameter `session_id` of the URL that the browser returned to. */
    readonly sessionUri: string | Redacted.Redacted
    /** The user who is signed in in that browser. It must be the user that the authorization was started for. */
    readonly user: Workloads.User
  }) => Promise<void>
  /** Makes the page that the browser returns to after consent, for servers of the Fetch API. */
  readonly fetchConsentCallback: (options: PageOptions<Request>) => (request: Request) => Promise<Response>
  /** Makes the page that the browser returns to after consent, for servers of Node. */
  readonly nodeConsentCallback: <Req extends IncomingMessage = IncomingMessage>(
    options: PageOptions<Req>
  ) => (request: Req, response: ServerResponse, next?: (error: unknown) => void) => Promise<void>
  /** Makes a caller, whose token comes from the data plane of the functions. */
  readonly workload: (options: {
    /** The name of the workload identity, 3 to 255 characters. */
    readonly name: string
    /** The user that the workload acts for. Default: none, for credentials of the workload itself. */
    readonly user?: Workloads.User | undefined
    /**
     * The age at which the token is renewed, in milliseconds or as a string such as `"10 minutes"`. Default: 10
     * minutes, because AWS documents no lifetime.
     */
    readonly renewAfter?: Duration.Input | undefined
  }) => Workloads.Workload
}

type Context = RequestContext.RequestContext | undefined

type UseOptions = Config.AccessTokenUse

/** Runs effects, and supplies their services. A wrapper reads `Identity` only after it knows the caller. */
interface Runner<R> extends Pick<Workloads.Runtime<R>, "dataPlane" | "identity"> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>) => Fiber.Fiber<A, unknown>
}

/** Makes the consent options of a call, in its asynchronous context. A waiting fiber may resume in another one. */
type MakeConsent<R> = (
  use: UseOptions,
  context: Context
) => Effect.Effect<ConsentOptions<unknown, R | WorkloadAccessToken>, ValidationException>

/** Makes the functions. `promise/Connect` has its own `withAccessToken`, over the other results. */
export const make = <R>({ dataPlane, identity, run }: Runner<R>) => {
  const settle = makeSettle(run)
  const consents = Consents.make()
  const runtime: Consents.Dependencies<R> = { consents, dataPlane, identity, settle }
  const consentOptions: MakeConsent<R> = makeConsentOptions(consents)
  const withAccessToken = makeWithAccessToken(runtime)
  const functions: Functions = {
    withAccessToken: (subject: AccessTokenCredential | Config.OAuth2WrapperConfig, options: UseOptions = {}) =>
      withAccessToken(subject, options, consentOptions),
    withApiKey: makeWithApiKey(runtime),
    withWAT: wrap(settle, (context) => Effect.flatMap(RequestContext.callerOf(undefined, context), ({ get }) => get)),
    withWatPropagation: (client) =>
      addPropagation(client, async () => {
        const caller = await settle(Effect.option(RequestContext.callerOf(undefined, RequestContext.get())))
        return Option.isSome(caller) ? settle(caller.value.get) : undefined
      }),
    resume: makeResume(runtime, consentOptions),
    completeAuthorization: (options) =>
      settle(Effect.gen(function*() {
        const sessionUri = Workloads.toRedacted(options.sessionUri)
        const user = Workloads.toUserIdentifier(options.user)
        yield* (yield* identity).completeAuthorization({ ...options, sessionUri, user })
        yield* (yield* consents.signals).signal(Signals.session(sessionUri), "Completed")
      })),
    fetchConsentCallback: Consents.makeFetch(runtime),
    nodeConsentCallback: Consents.makeNode(runtime),
    workload: (options) => Workloads.make(options, runtime)
  }
  return { consentOptions, functions, settle, withAccessToken }
}

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

const makeSettle = <R>(run: Runner<R>["run"]) => async <A>(effect: Effect.Effect<A, unknown, R>): Promise<A> => {
  const fiber = run(effect)
  const now = fiber.pollUnsafe()
  // A cached credential is available at once. Capturing a stack would add a tenth to its time.
  if (now !== undefined && Exit.isSuccess(now)) return now.value
  const addCaller = CallerContext.captureStack()
  const exit = now ?? await new Promise<Exit.Exit<A, unknown>>((resolve) => fiber.addObserver(resolve))
  if (Exit.isSuccess(exit)) return exit.value
  const error = Cause.squash(exit.cause)
  // A `ConfigError` is the only failure here that is not an `Error`.
  throw addCaller(error instanceof ConfigError ? Cause.prettyErrors(exit.cause)[0] : error)
}

/** Wraps functions whose last argument is a credential. No fiber runs them, because `dispose` ends fibers. */
const wrap = <R>(
  settle: Workloads.Runtime<R>["settle"],
  credentialFor: (context: Context, forceAuthentication?: boolean) => Effect.Effect<Redacted.Redacted, unknown, R>,
  { reauthenticate = false, rejected = () => false }: UseOptions = {}
) =>
<Args extends Array<unknown>, A>(fn: (...args: [...Args, string]) => Promise<A>) =>
async (...args: Args): Promise<A> => {
  const context = RequestContext.get()
  const first = await settle(credentialFor(context))
  try {
    return await fn(...args, Redacted.value(first))
  } catch (error) {
    if (!await rejected(error)) throw error
    // `onAuthUrl` runs in the context of the call.
    const renew = AsyncResource.bind((forceAuthentication: boolean) => credentialFor(context, forceAuthentication))
    const fresh = await settle(renewCredential(renew, first, { reauthenticate }))
    if (Option.isNone(fresh)) throw error
    return fn(...args, Redacted.value(fresh.value))
  }
}

/** A call of `Identity` for the caller of a request, or the caller that the program configured. */
interface CallAs<R> {
  readonly configured: string | undefined
  readonly context: Context
  readonly call: (identity: Identity["Service"]) => Effect.Effect<Redacted.Redacted, unknown, R | WorkloadAccessToken>
}

/** Reads the caller first: without a caller, no client is built. */
const callAs = <R>(
  { identity }: Pick<Workloads.Runtime<R>, "identity">,
  { call, configured, context }: CallAs<R>
): Effect.Effect<Redacted.Redacted, unknown, R> =>
  Effect.flatMap(
    RequestContext.callerOf(configured, context),
    (caller) =>
      Effect.flatMap(identity, (identity) => Effect.provideService(call(identity), WorkloadAccessToken, caller))
  )

/** A call whose session is stored for the page after consent, with the user of the request. */
const callRegistered = <R>(
  runtime: Consents.Dependencies<R>,
  { call, configured, context }: CallAs<R>
): Effect.Effect<Redacted.Redacted, unknown, R> =>
  callAs(runtime, {
    configured,
    context,
    call: (identity) =>
      Effect.gen(function*() {
        const caller = yield* WorkloadAccessToken
        const user = (yield* RequestContext.userOf(configured, context)) ?? caller.user
        return yield* Effect.provideService(call(identity), WorkloadAccessToken, { ...caller, user }).pipe(
          runtime.consents.register(user)
        )
      })
  })

const makeConsentOptions =
  (consents: Consents.Consents) => ({ onAuthUrl, poll }: UseOptions): Effect.Effect<ConsentOptions<unknown>> => {
    const show = onAuthUrl && CallerContext.bind(onAuthUrl)
    const poller = poll && Consents.toPoller(CallerContext.bind(poll))
    return consents.options(show && (({ authorizationUrl }) => show(Redacted.value(authorizationUrl))), poller)
  }

/** Checks until the value is valid: a wrapper's configuration is checked once, not at each call. */
const untilValid = <E>(check: () => E | undefined): () => E | undefined => {
  let isValid = false
  return () => {
    const invalid = isValid ? undefined : check()
    isValid = invalid === undefined
    return invalid
  }
}

const makeWithAccessToken = <R>(runtime: Consents.Dependencies<R>) =>
(
  subject: AccessTokenCredential | Config.OAuth2WrapperConfig,
  options: UseOptions,
  makeConsent: MakeConsent<R>
): CredentialWrapper => {
  const use: UseOptions = { ...subject, ...options }
  const check = untilValid(() =>
    Config.checkAccessTokenConfig(subject) ?? Config.checkAccessTokenUse(options) ?? Config.checkRenewal(use)
  )
  const credentialFor = (context: Context, forceAuthentication?: boolean) => {
    const invalid = check()
    if (invalid !== undefined) return Effect.fail(invalid)
    const declared = Config.toAccessTokenRequest(subject, context)
    const request = forceAuthentication === undefined ? declared : { ...declared, forceAuthentication }
    const consent = makeConsent(use, context)
    return callRegistered(runtime, {
      configured: use.workloadIdentityToken,
      context,
      call: (identity) => Effect.flatMap(consent, (consent) => identity.getAccessToken(request, consent))
    })
  }
  // TypeScript does not see that the initial parameters and the last one are all parameters.
  return wrap(runtime.settle, credentialFor, use) as CredentialWrapper
}

const makeWithApiKey = <R>(runtime: Consents.Dependencies<R>): Functions["withApiKey"] =>
(
  subject: ApiKeyCredential | Config.ApiKeyWrapperConfig,
  options: Pick<UseOptions, "workloadIdentityToken"> = {}
) => {
  const check = untilValid(() => Config.checkApiKeyConfig(subject) ?? Config.checkApiKeyUse(options))
  return wrap(runtime.settle, (context): Effect.Effect<Redacted.Redacted, unknown, R> => {
    const { workloadIdentityToken: configured }: UseOptions = { ...subject, ...options }
    return check()
      ?? callAs(runtime, {
        configured,
        context,
        call: (identity) => identity.getApiKey(Config.toApiKeyRequest(subject))
      })
  }) as CredentialWrapper
}

const makeResume = <R>(
  runtime: Consents.Dependencies<R>,
  makeConsent: MakeConsent<R>
): Functions["resume"] =>
async (session, options = {}) => {
  const invalid = Config.checkResume(options)
  if (invalid !== undefined) throw invalid
  const context = RequestContext.get()
  const consent = makeConsent(options, context)
  const token = callRegistered(runtime, {
    configured: options.workloadIdentityToken,
    context,
    call: (identity) =>
      Effect.flatMap(Effect.all([Config.toSession(session), consent]), (all) => identity.resumeAccessToken(...all))
  })
  return Redacted.value(await runtime.settle(token))
}

/** The operations that accept the header. */
const commands: ReadonlySet<string | undefined> = new Set([
  "InvokeAgentRuntimeCommand",
  "InvokeAgentRuntimeCommandCommand",
  "InvokeHarnessCommand"
])

/** Runs once for all attempts, before the request is signed. Middleware of a single command takes precedence. */
const addPropagation = (
  client: Parameters<Functions["withWatPropagation"]>[0],
  token: () => Promise<Redacted.Redacted | undefined>
): void =>
  client.middlewareStack.add(
    (next, { clientName, commandName }) =>
      clientName === "BedrockAgentCoreClient" && commands.has(commandName)
        ? async (args) => {
          const wat = await token()
          if (wat !== undefined && hasProperty(args.request, "headers") && isObject(args.request.headers)) {
            args.request.headers[RequestHeaders.identityWat] = Redacted.value(wat)
          }
          return next(args)
        }
        : next,
    { step: "build", priority: "high", name: "agentCoreWorkloadAccessToken", override: true }
  )
