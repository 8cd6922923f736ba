/**
 * AgentCore Identity without Effect: the functions of the official TypeScript SDK, with its signatures. A program that
 * imports them from `bedrock-agentcore/identity` only changes the import.
 *
 * Intended differences:
 *
 * - Wrapping a function builds nothing. The first call makes the client, once for all wrapped functions.
 * - A promise rejects with a tagged error of `IdentityError`; see `error._tag`.
 * - If the user has to consent and there is no `onAuthUrl`, the promise rejects with `RequiresUserConsent` at once. Its
 *   `authorizationUrl` (`Redacted`) is the URL. The official SDK waits ten minutes for a user who was never asked.
 * - A refused consent ends the wait at once (`AuthorizationFailed`).
 * - {@link runWithContext} sets the context of a request, because the official server does not export its own. It takes
 *   one line in a handler of `BedrockAgentCoreApp`, also in a handler that streams.
 * - {@link withWatPropagation} adds its header before the request is signed, and only to the three operations that
 *   accept it.
 *
 * The beginning and the end of a program are here too: {@link workload} is the caller, {@link nodeConsentCallback} and
 * {@link fetchConsentCallback} are the page that the browser returns to, and {@link resume} goes on later.
 *
 * @since 0.1.0
 * @example
 * import { runWithContext, withAccessToken } from "effect-agentcore-identity/promise/Identity"
 *
 * const listIssues = withAccessToken({
 *   providerName: "github",
 *   scopes: ["repo"],
 *   authFlow: "USER_FEDERATION",
 *   onAuthUrl: (url) => console.log(`Open ${url}`)
 * })(async (repository: string, token: string) => {
 *   const response = await fetch(`https://api.github.com/repos/${repository}/issues`, {
 *     headers: { authorization: `Bearer ${token}` }
 *   })
 *   return response.json()
 * })
 *
 * // The `process` of a `BedrockAgentCoreApp`
 * const process = (
 *   request: { readonly repository: string },
 *   context: { readonly workloadAccessToken?: string | undefined }
 * ) => runWithContext(context, () => listIssues(request.repository))
 */
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { ConsentHandler } from "../Consent.js"
import { type ConsentSession, FromJson } from "../ConsentSession.js"
import * as ConsentSignals from "../ConsentSignals.js"
import * as DataPlane from "../DataPlane.js"
import { type AccessTokenRequest, type ConsentOptions, Identity, type Service } from "../Identity.js"
import { ValidationException } from "../IdentityError.js"
import * as IdentityRequest from "../internal/identityRequest.js"
import { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as AsyncGenerators from "./internal/asyncGenerator.js"
import { callerOf, userOf } from "./internal/caller.js"
import * as ConsentCallbacks from "./internal/consentCallback.js"
import * as Consents from "./internal/consents.js"
import * as DefaultRuntime from "./internal/defaultRuntime.js"
import * as Propagation from "./internal/propagation.js"
import * as Users from "./internal/user.js"
import * as Workloads from "./internal/workload.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/*
 * Members and lists are mutable, as in the official SDK, so that code with its types still compiles.
 */

/**
 * The configuration of {@link withAccessToken}.
 *
 * @since 0.1.0
 * @category models
 */
export interface OAuth2WrapperConfig {
  /** Default: the token of the request in context, see {@link runWithContext}. */
  workloadIdentityToken?: string | undefined
  /** The name of the OAuth2 credential provider. */
  providerName: string
  /** The scopes of the token. With an empty list the authorization server chooses. */
  scopes: Array<string>
  /** Resource indicators (RFC 8707). */
  resources?: Array<string> | undefined
  /** The services that the token is for (RFC 8693). Default: none. */
  audiences?: Array<string> | undefined
  /**
   * The OAuth2 flow: whose access it is, and how the token is obtained.
   *
   * - `USER_FEDERATION`: the user's access. The user consents once in a browser (authorization code).
   * - `M2M`: the agent's own access, without a user (client credentials).
   * - `ON_BEHALF_OF_TOKEN_EXCHANGE`: the user's access, without a page. The service exchanges the user's JWT, so the workload
   *   access token has to be one for that JWT.
   */
  authFlow: "M2M" | "USER_FEDERATION" | "ON_BEHALF_OF_TOKEN_EXCHANGE"
  /**
   * Shows the authorization URL to the user; then the call waits for the token. Called once, in the context of the
   * call.
   */
  onAuthUrl?: ((url: string) => void | Promise<void>) | undefined
  /** Asks the user again, and drops the token in the vault. */
  forceAuthentication?: boolean | undefined
  /**
   * Where the browser goes after consent. It must be registered on the workload identity. Default: the URL of the
   * request in context, else the `Consent.ReturnUrl` of the runtime.
   */
  callbackUrl?: string | undefined
  /** State of the application. The callback URL carries it back. */
  customState?: string | undefined
  /** Further parameters of the authorization request. They never override standard parameters. */
  customParameters?: Record<string, string> | undefined
}

/**
 * The configuration of {@link withApiKey}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyWrapperConfig {
  /** Default: the token of the request in context, see {@link runWithContext}. */
  workloadIdentityToken?: string | undefined
  /** The name of the API-key credential provider. */
  providerName: string
}

/**
 * A token request of the official SDK's client. No function here takes it; it is for programs that import the type.
 *
 * @since 0.1.0
 * @category models
 */
export interface OAuth2TokenRequest extends OAuth2WrapperConfig {
  workloadIdentityToken: string
  sessionUri?: string | undefined
}

/**
 * An API key request of the official SDK's client. No function here takes it; it is for programs that import the type.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyRequest extends ApiKeyWrapperConfig {
  workloadIdentityToken: string
}

/**
 * The used part of the context of a request. The `RequestContext` of the official SDK and the service of
 * `http/RequestContext` match it.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestContext {
  /** The caller of a request without a workload access token, see {@link workload}. */
  readonly workload?: Workload | undefined
  /**
   * The user that the workload access token is for. The page after consent completes an authorization for this user
   * only. Default: the user of `workload`, if that is the caller.
   */
  readonly user?: User | undefined
  /** The workload access token of the caller. */
  readonly workloadAccessToken?: string | Redacted.Redacted | undefined
  /** Where the browser goes after consent, as the official SDK names it. */
  readonly oauth2CallbackUrl?: string | undefined
  /** The same, as `http/RequestContext` names it. */
  readonly callbackUrl?: string | undefined
  /** The session of the runtime. */
  readonly sessionId?: string | undefined
  /** The id of the request. */
  readonly requestId?: string | undefined
}

/**
 * Any client of the AWS SDK, version 3.
 *
 * @since 0.1.0
 * @category models
 */
export type AwsClient = Propagation.AwsClient

/**
 * All parameters except the last one, the credential.
 *
 * @since 0.1.0
 * @category models
 */
export type InitParams<T extends Array<unknown>> = T extends [...infer Init, unknown] ? Init : never

/**
 * A user: an opaque id that the application vouches for, or the user's own JWT. They are separate namespaces at AWS.
 *
 * @since 0.1.0
 * @category models
 */
export type User = Users.User

/**
 * The options of {@link completeAuthorization}.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompleteAuthorizationOptions {
  /** The parameter `session_id` of the URL to which the browser came back. */
  readonly sessionUri: string | Redacted.Redacted
  /** The user who is signed in in that browser. It must be the user that the authorization was started for. */
  readonly user: User
}

/**
 * The options of {@link workload}.
 *
 * @since 0.1.0
 * @category models
 */
export type WorkloadOptions = Workloads.Options

/**
 * A workload as the caller, alone or for a user, see {@link workload}.
 *
 * @since 0.1.0
 * @category models
 */
export type Workload = Workloads.Workload

/**
 * The options of {@link resume}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResumeOptions {
  /** Default: the token of the request in context, see {@link runWithContext}. */
  readonly workloadIdentityToken?: string | undefined
  /**
   * Shows the authorization URL to the user if they have not consented yet; then the call waits for the token. A
   * function that does nothing only waits. Default: the promise rejects with `RequiresUserConsent`.
   */
  readonly onAuthUrl?: ((url: string) => void | Promise<void>) | undefined
}

/**
 * How a visit of the page after consent ends:
 *
 * - `Completed`: AgentCore has stored the user's authorization; `session.customState` is the application's own state
 * - `WrongUser`: the signed-in user is not the user who was asked; the session is used up
 * - `AlreadyUsed`, `Expired`, `Unknown`: there is nothing to complete
 * - `Failed`: AgentCore did not complete the authorization; the log has the reason
 * - `NotSignedIn`: `currentUser` returned no user; the session is still open
 *
 * @since 0.1.0
 * @category models
 */
export type ConsentOutcome = ConsentCallbacks.Outcome

/**
 * The options of {@link fetchConsentCallback}.
 *
 * @since 0.1.0
 * @category models
 */
export type FetchConsentCallbackOptions = ConsentCallbacks.FetchOptions

/**
 * The options of {@link nodeConsentCallback}. The types of request and response are those of the framework.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeConsentCallbackOptions<
  Req extends IncomingMessage = IncomingMessage,
  Res extends ServerResponse = ServerResponse
> = ConsentCallbacks.NodeOptions<Req, Res>

/**
 * The functions over one runtime, see {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Functions {
  readonly withAccessToken: (
    config: OAuth2WrapperConfig
  ) => <TParams extends [...Array<unknown>, string], TReturn>(
    fn: (...args: TParams) => Promise<TReturn>
  ) => (...args: InitParams<TParams>) => Promise<TReturn>
  readonly withApiKey: (
    config: ApiKeyWrapperConfig
  ) => <TParams extends [...Array<unknown>, string], TReturn>(
    fn: (...args: TParams) => Promise<TReturn>
  ) => (...args: InitParams<TParams>) => Promise<TReturn>
  readonly withWAT: <TParams extends Array<unknown>, TReturn>(
    fn: (...args: [...TParams, string]) => Promise<TReturn>
  ) => (...args: TParams) => Promise<TReturn>
  readonly withWatPropagation: (client: AwsClient) => void
  readonly resume: (session: ConsentSession | string, options?: ResumeOptions) => Promise<string>
  readonly completeAuthorization: (options: CompleteAuthorizationOptions) => Promise<void>
  readonly fetchConsentCallback: (options: FetchConsentCallbackOptions) => (request: Request) => Promise<Response>
  readonly nodeConsentCallback: <
    Req extends IncomingMessage = IncomingMessage,
    Res extends ServerResponse = ServerResponse
  >(
    options: NodeConsentCallbackOptions<Req, Res>
  ) => (request: Req, response: Res, next?: (error: unknown) => void) => Promise<void>
}

/**
 * The functions over a runtime that has the data plane too.
 *
 * @since 0.1.0
 * @category models
 */
export interface DataPlaneFunctions extends Functions {
  readonly workload: (options: WorkloadOptions) => Workload
}

// -----------------------------------------------------------------------------
// Context of a request
// -----------------------------------------------------------------------------

const storage = new AsyncLocalStorage<RequestContext>()

/**
 * Runs a function in the context of a request. All calls of the function, now and later, see this context. If the
 * function returns an async generator, or a promise of one, the body of the generator sees the context too, wherever it
 * is read.
 *
 * It is for promises, not for Effect. A waiting fiber resumes in the asynchronous context of the code that resumes it,
 * perhaps another request. An Effect takes its caller from `WorkloadAccessToken`, and passes it on with
 * `PropagateIdentity`.
 *
 * @since 0.1.0
 * @category context
 * @example
 * import { runWithContext, withApiKey } from "effect-agentcore-identity/promise/Identity"
 *
 * const forecast = withApiKey({ providerName: "weather" })(async (city: string, apiKey: string) =>
 *   fetch(`https://weather.example.com/${city}`, { headers: { "x-api-key": apiKey } })
 * )
 *
 * // One line in a handler of any framework.
 * const handler = (headers: Headers) =>
 *   runWithContext(
 *     { workloadAccessToken: headers.get("x-amz-bedrock-agentcore-identity-wat") ?? undefined },
 *     () => forecast("Zürich")
 *   )
 */
export const runWithContext = <T>(context: RequestContext, f: () => T): T => {
  const within = <A>(g: () => A): A => storage.run(context, g)
  return AsyncGenerators.runWithin(within(f), within)
}

/**
 * Returns the context that was passed to {@link runWithContext}, or `undefined` outside of a request.
 *
 * @since 0.1.0
 * @category context
 */
export const getContext = (): RequestContext | undefined => storage.getStore()

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

/** Runs effects, and finds the `Identity` for them. A wrapper needs it only after it knows the caller. */
interface Runner<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>) => Promise<Exit.Exit<A, unknown>>
  readonly identity: Effect.Effect<Service, unknown, R>
  readonly dataPlane: Effect.Effect<DataPlane.Service, unknown, R>
}

const toRequest = (
  config: OAuth2WrapperConfig,
  context: RequestContext | undefined
): Omit<AccessTokenRequest, keyof ConsentOptions> => ({
  provider: config.providerName,
  flow: config.authFlow,
  scopes: config.scopes,
  resources: config.resources,
  audiences: config.audiences,
  returnUrl: config.callbackUrl ?? context?.oauth2CallbackUrl ?? context?.callbackUrl,
  forceAuthentication: config.forceAuthentication,
  customState: config.customState === undefined ? undefined : Redacted.make(config.customState),
  customParameters: config.customParameters
})

const toConsentHandler = (onAuthUrl: (url: string) => void | Promise<void>): ConsentHandler<unknown> => {
  // The scheduler may run the fiber in the asynchronous context of another request, so the callback is bound to the
  // caller's context.
  const show = AsyncResource.bind(async (url: string) => onAuthUrl(url))
  return (session) =>
    Effect.tryPromise({ try: () => show(Redacted.value(session.authorizationUrl)), catch: (error) => error })
}

const unwrap = <A>(exit: Exit.Exit<A, unknown>): A => {
  if (Exit.isSuccess(exit)) {
    return exit.value
  }
  // Within a span an error is a proxy with the span. A program compares its own errors by identity.
  const error = Cause.originalError(Cause.squash(exit.cause))
  // A `ConfigError` is the only failure here that is not an `Error`.
  throw ConfigError.isConfigError(error) ? Runtime.makeFiberFailure(exit.cause) : error
}

const toRedacted = (secret: string | Redacted.Redacted): Redacted.Redacted =>
  Redacted.isRedacted(secret) ? secret : Redacted.make(secret)

const toSession = (session: ConsentSession | string): Effect.Effect<ConsentSession, ValidationException> =>
  typeof session === "string"
    ? Effect.mapError(
      Schema.decode(FromJson)(session),
      // The messages of this schema have no values.
      ({ issue }) =>
        new ValidationException({
          message: ParseResult.ArrayFormatter.formatIssueSync(issue).map(({ message }) => message).join("; ")
        })
    )
    : Effect.succeed(session)

const makeFunctions = <R>({ dataPlane, identity, run }: Runner<R>): DataPlaneFunctions => {
  const settle = async <A>(effect: Effect.Effect<A, unknown, R>): Promise<A> => unwrap(await run(effect))
  const consents = Consents.make()
  const callback = { consents, identity, settle }

  const wrap =
    (credentialFor: (context: RequestContext | undefined) => Effect.Effect<Redacted.Redacted, unknown, R>) =>
    <Args extends Array<unknown>, A>(fn: (...args: [...Args, string]) => Promise<A>) =>
    async (...args: Args): Promise<A> => {
      const credential = await settle(credentialFor(getContext()))
      return fn(...args, Redacted.value(credential))
    }

  // The caller first: without one, no client is built.
  const callAs = (
    configured: string | undefined,
    context: RequestContext | undefined,
    call: (identity: Service) => Effect.Effect<Redacted.Redacted, unknown, WorkloadAccessToken>
  ): Effect.Effect<Redacted.Redacted, unknown, R> =>
    Effect.flatMap(
      callerOf(configured, context),
      (caller) =>
        Effect.flatMap(identity, (identity) => Effect.provideService(call(identity), WorkloadAccessToken, caller))
    )

  // Before any effect runs: a fiber that waits for the build of a runtime resumes in the asynchronous context of
  // another call.
  const consentOptions = (
    { onAuthUrl, workloadIdentityToken }: ResumeOptions,
    context: RequestContext | undefined
  ): Effect.Effect<ConsentOptions<unknown>, ValidationException> => {
    const show = onAuthUrl && toConsentHandler(onAuthUrl)
    return Effect.map(userOf(workloadIdentityToken, context), (user) => consents.options(user, show))
  }

  return {
    // TypeScript does not see that the initial parameters and the last one are all parameters.
    withAccessToken: (config) =>
      wrap((context): Effect.Effect<Redacted.Redacted, unknown, R> => {
        const refused = IdentityRequest.refuseAccessTokenConfig(config)
        if (refused !== undefined) return Effect.fail(refused)
        const request = toRequest(config, context)
        const options = consentOptions(config, context)
        return callAs(config.workloadIdentityToken, context, (identity) =>
          Effect.flatMap(options, (options) =>
            identity.getAccessToken({ ...request, ...options })))
      }) as ReturnType<Functions["withAccessToken"]>,
    withApiKey: (config) =>
      wrap((context) =>
        IdentityRequest.refuseApiKeyConfig(config) ?? callAs(
          config.workloadIdentityToken,
          context,
          (identity) => identity.getApiKey({ provider: config.providerName })
        )
      ) as ReturnType<Functions["withApiKey"]>,
    withWAT: wrap((context) => Effect.flatMap(callerOf(undefined, context), ({ get }) => get)),
    withWatPropagation: (client) =>
      Propagation.add(client, async () =>
        settle(Effect.matchEffect(callerOf(undefined, getContext()), {
          onFailure: () => Effect.succeedNone,
          onSuccess: ({ get }) => Effect.asSome(get)
        }))),
    resume: async (session, options = {}) => {
      const refused = IdentityRequest.refuseResumeOptions(options)
      if (refused !== undefined) throw refused
      const context = getContext()
      const consent = consentOptions(options, context)
      const token = await settle(
        callAs(
          options.workloadIdentityToken,
          context,
          (identity) =>
            Effect.flatMap(
              Effect.all([toSession(session), consent]),
              ([session, options]) => identity.resumeAccessToken(session, options)
            )
        )
      )
      return Redacted.value(token)
    },
    completeAuthorization: (options) =>
      settle(Effect.gen(function*() {
        const refused = IdentityRequest.refuseCompletionOptions(options)
        if (refused !== undefined) return yield* refused
        const { sessionUri: given, user } = options
        const sessionUri = toRedacted(given)
        const checked = yield* Users.toUserIdentifier(user)
        yield* (yield* identity).completeAuthorization({ sessionUri, user: checked })
        yield* (yield* consents.signals).signal(ConsentSignals.session(sessionUri), "Completed")
      })),
    fetchConsentCallback: ConsentCallbacks.makeFetch(callback),
    nodeConsentCallback: ConsentCallbacks.makeNode(callback),
    workload: (options) => Workloads.make(options, { dataPlane, settle })
  }
}

/**
 * The functions over a runtime of the program. Besides `Identity` the runtime may have:
 *
 * - the `DataPlane`: then the functions include `workload`
 * - `PendingConsents`: where the sessions wait for the page after consent, for more than one process. Default: in memory
 * - a `WorkloadAccessToken`: the caller if neither `workloadIdentityToken` nor the request has a token, for example in
 *   local development. It is then also the caller of requests without a token
 * - `Consent.Handler`, `Consent.ReturnUrl` and `TokenPoller.TokenPoller`: defaults for calls that do not set them
 *
 * The first call builds a `ManagedRuntime`. The program disposes of it.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
 * import * as Layer from "effect/Layer"
 * import * as ManagedRuntime from "effect/ManagedRuntime"
 *
 * const runtime = ManagedRuntime.make(
 *   Identity.layer.pipe(
 *     Layer.provide(CredentialCache.layer()),
 *     Layer.provide(AwsDataPlane.layer({ region: "eu-central-1" }))
 *   )
 * )
 *
 * export const { withAccessToken, withApiKey } = PromiseIdentity.make(runtime)
 */
export const make: {
  /**
   * With `workload`, for a runtime that has the data plane too.
   */
  <E>(
    runtime:
      | ManagedRuntime.ManagedRuntime<Identity | DataPlane.DataPlane, E>
      | Runtime.Runtime<Identity | DataPlane.DataPlane>
  ): DataPlaneFunctions
  /**
   * Without `workload`, for a runtime that has `Identity` alone.
   */
  <E>(runtime: ManagedRuntime.ManagedRuntime<Identity, E> | Runtime.Runtime<Identity>): Functions
} = <E>(runtime: ManagedRuntime.ManagedRuntime<Identity, E> | Runtime.Runtime<Identity>): DataPlaneFunctions =>
  makeFunctions({
    run: (effect) =>
      "runPromiseExit" in runtime
        ? runtime.runPromiseExit(effect)
        : Runtime.runPromiseExit(runtime, effect),
    identity: Identity,
    dataPlane: Effect.flatMap(
      Effect.serviceOption(DataPlane.DataPlane),
      Option.match({
        onNone: () => Effect.dieMessage("workload: the runtime has no DataPlane, which obtains the tokens"),
        onSome: Effect.succeed
      })
    )
  })

// -----------------------------------------------------------------------------
// Default runtime
// -----------------------------------------------------------------------------

// One for the process: the functions below have no parameter for a runtime.
const defaultRuntime = DefaultRuntime.make()

/**
 * Ends the runtime of this module's functions: `Identity.layer` over `AwsDataPlane.layer()`. The next call makes a new one.
 * It is for tests, and for programs that change their environment. A process that exits does not need it.
 *
 * @since 0.1.0
 * @category runtime
 */
export const disposeDefaultRuntime = (): Promise<void> => defaultRuntime.dispose()

const defaultFunctions = makeFunctions({
  run: Effect.runPromiseExit,
  identity: defaultRuntime.identity,
  dataPlane: defaultRuntime.dataPlane
})

// -----------------------------------------------------------------------------
// Functions of the official SDK
// -----------------------------------------------------------------------------

/**
 * Passes an access token to an async function as its last argument. Each call obtains the token for its own caller. It
 * runs over AWS, with the region, credentials and endpoint of `AwsDataPlane.layer()`. {@link make} returns the same
 * function over any other layer.
 *
 * The promise rejects with the errors of the function, with `AccessTokenError`, and with the errors of `onAuthUrl`.
 * Without `onAuthUrl` it rejects with `RequiresUserConsent` if the user has to consent.
 *
 * @since 0.1.0
 * @category functions
 * @example
 * import { withAccessToken } from "effect-agentcore-identity/promise/Identity"
 *
 * const myTool = withAccessToken({
 *   providerName: "github",
 *   scopes: ["repo"],
 *   authFlow: "M2M"
 * })(async (input: string, token: string) => {
 *   return { result: input, authorization: `Bearer ${token}` }
 * })
 *
 * const program = async () => {
 *   await myTool("hello")
 * }
 */
export const withAccessToken: Functions["withAccessToken"] = defaultFunctions.withAccessToken

/**
 * Passes an API key to an async function as its last argument. Each call obtains the key. Otherwise it is like {@link
 * withAccessToken}.
 *
 * @since 0.1.0
 * @category functions
 */
export const withApiKey: Functions["withApiKey"] = defaultFunctions.withApiKey

/**
 * Passes the workload access token of the caller to an async function as its last argument. The promise rejects with
 * `MissingWorkloadAccessToken` if no request is in context, or if the request has no token.
 *
 * @since 0.1.0
 * @category functions
 */
export const withWAT: Functions["withWAT"] = defaultFunctions.withWAT

/**
 * Propagates the caller to the next hop: adds the workload access token of the request in context to
 * `InvokeAgentRuntime`, `InvokeAgentRuntimeCommand` and `InvokeHarness` of this client, as a signed header. Other
 * operations, and calls without a token, stay as they are. A second call with the same client changes nothing. It is
 * not for calls from an Effect, see {@link runWithContext}.
 *
 * @since 0.1.0
 * @category functions
 * @example
 * import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
 * import { withWatPropagation } from "effect-agentcore-identity/promise/Identity"
 *
 * const client = new BedrockAgentCoreClient({ region: "us-west-2" })
 * withWatPropagation(client)
 */
export const withWatPropagation: Functions["withWatPropagation"] = defaultFunctions.withWatPropagation

// -----------------------------------------------------------------------------
// Functions of this package
// -----------------------------------------------------------------------------

/**
 * A workload as the caller: an agent, alone or for a user. Its token is obtained at the first use, and renewed. Pass it
 * to {@link runWithContext}. One value is one caller: a server keeps one for each user, or makes one for each request.
 *
 * Throws a `ValidationException` if `user` is not a user.
 *
 * @since 0.1.0
 * @category functions
 * @example
 * import { runWithContext, withApiKey, workload } from "effect-agentcore-identity/promise/Identity"
 *
 * const forecast = withApiKey({ providerName: "weather" })(async (city: string, apiKey: string) =>
 *   fetch(`https://weather.example.com/${city}`, { headers: { "x-api-key": apiKey } })
 * )
 *
 * const alice = workload({ name: "my-agent", user: { userId: "alice" } })
 *
 * const program = () => runWithContext({ workload: alice }, () => forecast("Zürich"))
 */
export const workload: DataPlaneFunctions["workload"] = defaultFunctions.workload

/**
 * Continues a session: the `session` of `RequiresUserConsent`, or its text from {@link encodeSession}. It asks for the
 * token at once. The caller must be the caller that the session was started for.
 *
 * The promise rejects with `AccessTokenError`, with the errors of `onAuthUrl`, and with `ValidationException` if the
 * text is damaged. Without `onAuthUrl` it rejects with `RequiresUserConsent` if the user has not consented yet.
 *
 * @since 0.1.0
 * @category functions
 * @example
 * import { encodeSession, resume, runWithContext, workload } from "effect-agentcore-identity/promise/Identity"
 * import type { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
 *
 * declare const store: { save: (text: string) => Promise<void>; load: () => Promise<string> }
 *
 * // One function shows `error.authorizationUrl`, and ends.
 * const suspend = (error: RequiresUserConsent) => store.save(encodeSession(error.session))
 *
 * // Another one goes on when the user has consented.
 * const alice = workload({ name: "my-agent", user: { userId: "alice" } })
 * const goOn = async () => {
 *   const session = await store.load()
 *   return runWithContext({ workload: alice }, () => resume(session))
 * }
 */
export const resume: Functions["resume"] = defaultFunctions.resume

/**
 * Completes an authorization for the user who is signed in where the browser came back, for a page of the application.
 * {@link fetchConsentCallback} and {@link nodeConsentCallback} are pages that also check the user. A call in this
 * process that waits for this session goes on at once.
 *
 * `user` must be the user that the authorization was started for. It must come from the application's own sign-in, never
 * from the URL: a forwarded link must not bind the account of another person.
 *
 * The promise rejects with a `DataPlaneError`.
 *
 * @since 0.1.0
 * @category functions
 */
export const completeAuthorization: Functions["completeAuthorization"] = defaultFunctions.completeAuthorization

/**
 * The page that the browser returns to after consent, for servers of the Fetch API: Hono, Bun, Deno, Next.js. It
 * completes the authorization for the user who is signed in in this browser, and for no other user. A call in this
 * process that waits for this consent goes on at once.
 *
 * It knows the sessions that were started here for a known user: that of {@link workload}, or the `user` of the request
 * in context. Each session is completed once. They stay in memory, or in the `PendingConsents` of the runtime that was
 * passed to {@link make}.
 *
 * The promise rejects with the errors of `currentUser` and `respond`, with `ValidationException` if `currentUser`
 * returns a value that is not a user, and with the errors of the runtime.
 *
 * @since 0.1.0
 * @category functions
 * @example
 * import { fetchConsentCallback } from "effect-agentcore-identity/promise/Identity"
 *
 * // The application's own sign-in.
 * declare const userOf: (cookie: string | null) => Promise<string | undefined>
 *
 * const consent = fetchConsentCallback({
 *   currentUser: async (request) => {
 *     const userId = await userOf(request.headers.get("cookie"))
 *     return userId === undefined ? undefined : { userId }
 *   }
 * })
 *
 * export const fetch = async (request: Request): Promise<Response> =>
 *   new URL(request.url).pathname === "/consent" ? consent(request) : new Response("Not found", { status: 404 })
 */
export const fetchConsentCallback: Functions["fetchConsentCallback"] = defaultFunctions.fetchConsentCallback

/**
 * The same for servers of Node: `node:http`, Express, Connect. Errors go to `next` if the framework passes it. Otherwise
 * the response has status 500, and the log has the name of the error. The promise never rejects.
 *
 * @since 0.1.0
 * @category functions
 * @example
 * import { nodeConsentCallback } from "effect-agentcore-identity/promise/Identity"
 * import { createServer } from "node:http"
 *
 * // On your own machine, the user is you.
 * const consent = nodeConsentCallback({ currentUser: () => ({ userId: "alice" }) })
 *
 * const server = createServer((request, response) => {
 *   if (request.url?.startsWith("/consent?")) {
 *     void consent(request, response)
 *   } else {
 *     response.writeHead(404).end()
 *   }
 * })
 */
export const nodeConsentCallback: Functions["nodeConsentCallback"] = defaultFunctions.nodeConsentCallback

/**
 * The text of a session, for {@link resume} in another process. It contains the secrets of the session in clear: store
 * it like a credential.
 *
 * @since 0.1.0
 * @category functions
 */
export const encodeSession = (session: ConsentSession): string => Schema.encodeSync(FromJson)(session)

/**
 * The secret in a `Redacted`, such as the `authorizationUrl` of `RequiresUserConsent`. A `Redacted` shows `<redacted>`
 * in logs and in JSON.
 *
 * @since 0.1.0
 * @category functions
 */
export const reveal = (secret: Redacted.Redacted): string => Redacted.value(secret)
