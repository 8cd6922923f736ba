/**
 * AgentCore Identity for code that is not Effect: the functions of the official TypeScript SDK, with its signatures. A program that
 * imports them from `bedrock-agentcore/identity` moves over by changing the import.
 *
 * What is different, on purpose:
 *
 * - Nothing is built when a function is wrapped. The client is made at the first call, once for all wrapped functions.
 * - A promise rejects with a tagged error of `IdentityError`: `error._tag` says which.
 * - A user has to consent, and there is no `onAuthUrl` to tell him: that is a `RequiresUserConsent` at once, with the URL in its
 *   `authorizationUrl` (`Redacted`), and no wait of ten minutes for somebody who was never asked. A consent that is refused ends the
 *   wait at once (`AuthorizationFailed`).
 * - The context of a request comes by {@link runWithContext}: the official server keeps its own to itself. In a handler of its
 *   `BedrockAgentCoreApp` that is one line, also in one that streams.
 * - {@link withWatPropagation} adds its header before the request is signed, and to the three operations that take it.
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
 * const process = (request: { readonly repository: string }, context: { readonly workloadAccessToken?: string | undefined }) =>
 *   runWithContext(context, () => listIssues(request.repository))
 */
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import type { ConsentHandler } from "../Consent.js"
import { type AccessTokenRequest, Identity, type Service } from "../Identity.js"
import { MissingWorkloadAccessToken } from "../IdentityError.js"
import * as RuntimeHeaders from "../internal/runtimeHeaders.js"
import { type Service as Caller, WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as AsyncGenerators from "./internal/asyncGenerator.js"
import * as Propagation from "./internal/propagation.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/*
 * Members are mutable, and lists are arrays, as the official SDK has them: code that is typed by its types goes on to compile.
 */

/**
 * What {@link withAccessToken} is given.
 *
 * @since 0.1.0
 * @category models
 */
export interface OAuth2WrapperConfig {
  /** Default: that of the request in context, see {@link runWithContext}. */
  workloadIdentityToken?: string | undefined
  /** The name of the OAuth2 credential provider. */
  providerName: string
  scopes: Array<string>
  /** Resource indicators (RFC 8707). */
  resources?: Array<string> | undefined
  audiences?: Array<string> | undefined
  authFlow: "M2M" | "USER_FEDERATION" | "ON_BEHALF_OF_TOKEN_EXCHANGE"
  /** Shows the authorization URL to the user; afterwards the call waits for the token. It is called once, in the context of the call. */
  onAuthUrl?: ((url: string) => void | Promise<void>) | undefined
  /** Asks the user anew, and drops what the vault holds. */
  forceAuthentication?: boolean | undefined
  /**
   * Where the user's browser goes after consent: registered on the workload identity. Default: that of the request in context, then
   * `Consent.ReturnUrl` of the runtime.
   */
  callbackUrl?: string | undefined
  /** The application's own state: comes back on the callback URL. */
  customState?: string | undefined
  /** Further parameters of the authorization request. They never override standard ones. */
  customParameters?: Record<string, string> | undefined
}

/**
 * What {@link withApiKey} is given.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyWrapperConfig {
  /** Default: that of the request in context, see {@link runWithContext}. */
  workloadIdentityToken?: string | undefined
  /** The name of the API-key credential provider. */
  providerName: string
}

/**
 * The request of a token as the official SDK's client takes it. No function here does; it is for programs that import the type.
 *
 * @since 0.1.0
 * @category models
 */
export interface OAuth2TokenRequest extends OAuth2WrapperConfig {
  workloadIdentityToken: string
  sessionUri?: string | undefined
}

/**
 * The request of an API key as the official SDK's client takes it. No function here does; it is for programs that import the type.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyRequest extends ApiKeyWrapperConfig {
  workloadIdentityToken: string
}

/**
 * What is used of the context of a request. The official SDK's `RequestContext` is one, and so is that of `http/RequestContext`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestContext {
  readonly workloadAccessToken?: string | Redacted.Redacted | undefined
  /** Where the user's browser goes after consent, by the name that the official SDK has for it. */
  readonly oauth2CallbackUrl?: string | undefined
  /** The same, by the name of `http/RequestContext`. */
  readonly callbackUrl?: string | undefined
  readonly sessionId?: string | undefined
  readonly requestId?: string | undefined
}

/**
 * Any client of the AWS SDK, version 3.
 *
 * @since 0.1.0
 * @category models
 */
export type AwsClient = Propagation.Client

/**
 * All parameters but the last one, which is the credential.
 *
 * @since 0.1.0
 * @category models
 */
export type InitParams<T extends Array<unknown>> = T extends [...infer Init, unknown] ? Init : never

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
}

// -----------------------------------------------------------------------------
// Context of a request
// -----------------------------------------------------------------------------

const storage = new AsyncLocalStorage<RequestContext>()

/**
 * Runs a function for a request: whatever it calls, now and later, sees this context and no other one's. If it gives back an async
 * generator, or the promise of one, the body of the generator sees it too, wherever it is read.
 *
 * It is for promises. The fibers of Effect are no such calls: one that waits goes on in the context of whoever wakes it, which may be
 * another request. An Effect takes its caller from `WorkloadAccessToken`, and hands it on by `PropagateIdentity`.
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
 * The context of the request, as it was given to {@link runWithContext}; `undefined` outside of one.
 *
 * @since 0.1.0
 * @category context
 */
export const getContext = (): RequestContext | undefined => storage.getStore()

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

/** Where effects run, and the `Identity` there, which is asked for only when the caller is known. */
interface Host<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>) => Promise<Exit.Exit<A, unknown>>
  readonly identity: Effect.Effect<Service, unknown, R>
}

/** The caller: of the configuration, else of the request, else of the runtime. An empty token is none. */
const callerOf = (
  given: string | undefined,
  context: RequestContext | undefined
): Effect.Effect<Caller, MissingWorkloadAccessToken> => {
  const token = given || context?.workloadAccessToken
  return token
    ? Effect.succeed(holding(token))
    : Effect.flatMap(
      Effect.serviceOption(WorkloadAccessToken),
      Option.match({ onNone: () => Effect.fail(missing(context)), onSome: Effect.succeed })
    )
}

const holding = (token: string | Redacted.Redacted): Caller => ({
  get: Effect.succeed(Redacted.isRedacted(token) ? token : Redacted.make(token)),
  invalidate: () => Effect.void
})

const missing = (context: RequestContext | undefined): MissingWorkloadAccessToken =>
  new MissingWorkloadAccessToken({
    message: context === undefined
      ? "There is no workload access token, and no request is in context: call inside of runWithContext, or give workloadIdentityToken to the functions that take it"
      : RuntimeHeaders.missingToken
  })

const requestOf = (
  config: OAuth2WrapperConfig,
  context: RequestContext | undefined
): AccessTokenRequest<unknown> => ({
  provider: config.providerName,
  flow: config.authFlow,
  scopes: config.scopes,
  resources: config.resources,
  audiences: config.audiences,
  returnUrl: config.callbackUrl ?? context?.oauth2CallbackUrl ?? context?.callbackUrl,
  forceAuthentication: config.forceAuthentication,
  customState: config.customState === undefined ? undefined : Redacted.make(config.customState),
  customParameters: config.customParameters,
  consent: config.onAuthUrl && consentBy(config.onAuthUrl)
})

const consentBy = (onAuthUrl: (url: string) => void | Promise<void>): ConsentHandler<unknown> => {
  // Fibers of many requests share the turns of the scheduler: the caller's own code is bound to the caller's context.
  const show = AsyncResource.bind(async (url: string) => onAuthUrl(url))
  return (session) =>
    Effect.tryPromise({ try: () => show(Redacted.value(session.authorizationUrl)), catch: (error) => error })
}

const settle = <A>(exit: Exit.Exit<A, unknown>): A => {
  if (Exit.isSuccess(exit)) {
    return exit.value
  }
  // Within a span an error is a proxy that knows the span: a program compares its own errors by identity.
  const error = Cause.originalError(Cause.squash(exit.cause))
  // The one failure here that is no `Error`.
  throw ConfigError.isConfigError(error) ? Runtime.makeFiberFailure(exit.cause) : error
}

const over = <R>({ identity, run }: Host<R>): Functions => {
  const wrap =
    (credentialFor: (context: RequestContext | undefined) => Effect.Effect<Redacted.Redacted, unknown, R>) =>
    <Args extends Array<unknown>, A>(fn: (...args: [...Args, string]) => Promise<A>) =>
    async (...args: Args): Promise<A> => {
      const credential = settle(await run(credentialFor(getContext())))
      return fn(...args, Redacted.value(credential))
    }

  const wrapWithIdentity = (
    config: ApiKeyWrapperConfig,
    callFor: (
      context: RequestContext | undefined
    ) => (identity: Service) => Effect.Effect<Redacted.Redacted, unknown, WorkloadAccessToken>
  ) =>
    wrap((context) => {
      // Before anything runs: whoever waits for a runtime to be built goes on in the asynchronous context of another call.
      const call = callFor(context)
      return Effect.flatMap(
        callerOf(config.workloadIdentityToken, context),
        (caller) =>
          Effect.flatMap(identity, (identity) => Effect.provideService(call(identity), WorkloadAccessToken, caller))
      )
    })

  return {
    // TypeScript does not see that the initial parameters and the last one are all of them.
    withAccessToken: (config) =>
      wrapWithIdentity(
        config,
        (context) => {
          const request = requestOf(config, context)
          return (identity) => identity.getAccessToken(request)
        }
      ) as ReturnType<Functions["withAccessToken"]>,
    withApiKey: (config) =>
      wrapWithIdentity(
        config,
        () => (identity) => identity.getApiKey({ provider: config.providerName })
      ) as ReturnType<Functions["withApiKey"]>,
    withWAT: wrap((context) => Effect.flatMap(callerOf(undefined, context), ({ get }) => get)),
    withWatPropagation: (client) =>
      Propagation.add(client, async () =>
        settle(
          await run(Effect.matchEffect(callerOf(undefined, getContext()), {
            onFailure: () => Effect.succeedNone,
            onSuccess: ({ get }) => Effect.asSome(get)
          }))
        ))
  }
}

/**
 * The functions over a runtime of the program. Besides `Identity` it may have:
 *
 * - a `WorkloadAccessToken`: the caller where neither `workloadIdentityToken` nor a request gives one, for local development for
 *   instance. Mind that it is then also the caller for a request that brought no token
 * - `Consent.Handler`, `Consent.ReturnUrl` and `TokenPoller.TokenPoller`: the defaults for what a call leaves open
 *
 * A `ManagedRuntime` is built at the first call, and stays the program's to dispose of.
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
export const make = <E>(
  runtime: ManagedRuntime.ManagedRuntime<Identity, E> | Runtime.Runtime<Identity>
): Functions =>
  over({
    run: (effect) =>
      "runPromiseExit" in runtime
        ? runtime.runPromiseExit(effect)
        : Runtime.runPromiseExit(runtime, effect),
    identity: Identity
  })

// -----------------------------------------------------------------------------
// Default runtime
// -----------------------------------------------------------------------------

let defaultRuntime: ManagedRuntime.ManagedRuntime<Identity, ConfigError.ConfigError> | undefined

const defaultIdentity = Effect.suspend(() => {
  const runtime = defaultRuntime ??= ManagedRuntime.make(AwsIdentity.layer())
  return runtime.runtimeEffect.pipe(
    Effect.map(({ context }) => Context.get(context, Identity)),
    // A runtime keeps its failure; the next call tries again, in the environment of then.
    Effect.tapErrorCause(() => {
      if (defaultRuntime === runtime) {
        defaultRuntime = undefined
      }
      return runtime.disposeEffect
    })
  )
})

/**
 * Ends the runtime that the functions of this module use, `AwsIdentity.layer()` with its clients. The next call makes a new one. For
 * tests, and for programs that change their environment; a process that ends needs none of it.
 *
 * @since 0.1.0
 * @category runtime
 */
export const disposeDefaultRuntime = async (): Promise<void> => {
  const runtime = defaultRuntime
  defaultRuntime = undefined
  await runtime?.dispose()
}

const standard = over({ run: Effect.runPromiseExit, identity: defaultIdentity })

// -----------------------------------------------------------------------------
// Functions of the official SDK
// -----------------------------------------------------------------------------

/**
 * Gives an async function an access token as its last argument, obtained at each call, for the caller of that call. Over AWS, with
 * region, credentials and endpoint as of `AwsIdentity.layer()`; {@link make} has the same over any other layer.
 *
 * Rejects with what the function rejects with, and with `AccessTokenError`, `RequiresUserConsent` where the user has to consent and
 * there is no `onAuthUrl`, and what `onAuthUrl` throws.
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
export const withAccessToken: Functions["withAccessToken"] = standard.withAccessToken

/**
 * Gives an async function an API key as its last argument, fetched at each call. Otherwise as {@link withAccessToken}.
 *
 * @since 0.1.0
 * @category functions
 */
export const withApiKey: Functions["withApiKey"] = standard.withApiKey

/**
 * Gives an async function the workload access token of its caller as its last argument. Rejects with `MissingWorkloadAccessToken`
 * where no request is in context, or where it brought no token.
 *
 * @since 0.1.0
 * @category functions
 */
export const withWAT: Functions["withWAT"] = standard.withWAT

/**
 * Tells the next hop who is calling: adds the workload access token of the request in context to `InvokeAgentRuntime`,
 * `InvokeAgentRuntimeCommand` and `InvokeHarness` of this client, as a signed header, and to nothing else. Without a token a request
 * goes out as it is. Doing it again to the same client changes nothing. Not for calls from an Effect: {@link runWithContext}.
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
export const withWatPropagation: Functions["withWatPropagation"] = standard.withWatPropagation
