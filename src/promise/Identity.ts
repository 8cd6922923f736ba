/**
 * AgentCore Identity without Effect: the functions of the official TypeScript SDK, with its signatures. A program that
 * imports them from `bedrock-agentcore/identity` only changes the import.
 *
 * Intended differences:
 *
 * - Wrapping a function builds nothing. The first call makes the client, once for all wrapped functions.
 * - A promise rejects with a tagged error of `IdentityError`: see `error._tag`.
 * - If the user has to consent and there is no `onAuthUrl`, the promise rejects with `RequiresUserConsent` at once. Its
 *   `authorizationUrl` (`Redacted`) is the URL. The official SDK waits ten minutes for a user who was never asked.
 * - A denied consent ends the wait at once (`AuthorizationFailed`). A throttled call is retried, see `aws/AwsPlanes`.
 * - {@link runWithContext} sets the context of a request, because the official server does not export its own. It takes
 *   one line in a handler of `BedrockAgentCoreApp`, even in a handler that streams.
 * - {@link withWatPropagation} adds its header before the request is signed, and only to the three operations that
 *   accept it.
 *
 * The official SDK has no {@link workload}, {@link contextFromHeaders}, {@link resume}, `rejected` and consent pages.
 * `promise/Connect` adds links that never expire, and pages where users connect and disconnect their accounts.
 *
 * @since 0.2.0
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
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { ConsentSession } from "../ConsentSession.js"
import * as DataPlane from "../DataPlane.js"
import * as Identity from "../Identity.js"
import * as RequestHeaders from "../internal/requestHeaders.js"
import * as Implementation from "./internal/functions.js"
import * as LazyRuntime from "./internal/lazyRuntime.js"
import * as Contexts from "./internal/requestContext.js"

export type {
  /** @since 0.2.0 */
  ApiKeyWrapperConfig,
  /** @since 0.2.0 */
  OAuth2WrapperConfig
} from "./internal/config.js"

export type {
  /** @since 0.2.0 */
  RequestContext
} from "./internal/requestContext.js"

export type {
  /** @since 0.2.0 */
  Functions
} from "./internal/functions.js"

export type {
  /** @since 0.2.0 */
  User,
  /** @since 0.2.0 */
  Workload
} from "./internal/workload.js"

// -----------------------------------------------------------------------------
// Context of a request
// -----------------------------------------------------------------------------

/**
 * Runs a function in the context of a request. All calls that the function makes, now and later, see this context. If
 * the function returns an async generator, or a promise of one, the body of the generator sees the context too.
 *
 * It is for promises. A waiting fiber may resume in the context of another request, so an Effect takes its caller from
 * `WorkloadAccessToken`, and passes it on with `PropagateIdentity`.
 *
 * Throws a `ValidationException` if `workload` is not a caller of {@link workload}, for example only its name.
 *
 * @since 0.2.0
 * @category context
 */
export const runWithContext = <T>(context: Contexts.RequestContext, f: () => T): T => Contexts.run(context, f)

/**
 * Returns the context that was passed to {@link runWithContext}, or `undefined` outside of a request.
 *
 * @since 0.2.0
 * @category context
 */
export const getContext = (): Contexts.RequestContext | undefined => Contexts.get()

/** Headers by name: those of Node or Effect, a plain record, or pairs (the `Headers` of Fetch, a `Map`). */
type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | { readonly [name: string]: string | ReadonlyArray<string> | undefined }

/** A caller: a `workload`, or a token in `workloadAccessToken` with the `user` that it is for. */
type Caller = Pick<Contexts.RequestContext, "user" | "workload" | "workloadAccessToken">

/**
 * Reads the headers that AgentCore Runtime sends, for {@link runWithContext}. It never fails: a request without a
 * workload access token may not need one. Add the property `user` if the application knows the user, so that a page
 * after consent can complete the authorizations of the request.
 *
 * It does not verify the `bearerToken`. AgentCore Runtime does, if it has a JWT authorizer.
 *
 * @since 0.2.0
 * @category context
 * @example
 * import { contextFromHeaders, runWithContext, workload } from "effect-agentcore-identity/promise/Identity"
 *
 * declare const agenda: () => Promise<string>
 *
 * // AgentCore Runtime sends the caller. On your own machine, it is you.
 * const fallback = process.env["NODE_ENV"] === "development"
 *   ? { workload: workload({ name: "my-agent", user: { userId: "me" } }) }
 *   : undefined
 *
 * export const POST = async (request: Request): Promise<Response> => {
 *   const text = await runWithContext(contextFromHeaders(request, { fallback }), () => agenda())
 *   return new Response(text)
 * }
 */
export const contextFromHeaders = (
  input: HeadersLike | {
    /** The headers. */
    readonly headers?: HeadersLike | null | undefined
    /** The headers of an Application Load Balancer with multi-value headers. */
    readonly multiValueHeaders?: HeadersLike | null | undefined
  },
  { fallback }: {
    /**
     * The caller of requests without a workload access token. Then everyone who reaches the server is that caller, so
     * use it on a development machine only. Default: none, and a call that needs a caller rejects with
     * `MissingWorkloadAccessToken`.
     */
    readonly fallback?: Caller | undefined
  } = {}
): Pick<Contexts.RequestContext, "callbackUrl" | "sessionId" | keyof Caller> & {
  /** The id of the request. Default: a UUID. */
  readonly requestId: string
  /** The token of an `Authorization: Bearer` header. */
  readonly bearerToken: Redacted.Redacted | undefined
  /** The client's own headers, by their lower-case names after `X-Amzn-Bedrock-AgentCore-Runtime-Custom-`. */
  readonly customHeaders: { readonly [name: string]: Redacted.Redacted }
} => {
  const context = RequestHeaders.read(input, randomUUID)
  return context.workloadAccessToken === undefined ? { ...context, ...fallback } : context
}

/**
 * Makes the functions over a runtime of the program. In addition to `Identity` and the `DataPlane`, the runtime may
 * have:
 *
 * - `PendingConsents`, which stores the sessions that wait for the page after consent. By default, they stay in memory,
 *   for one process.
 * - a `WorkloadAccessToken`, the caller if neither `workloadIdentityToken` nor the request has a token, for example in
 *   local development. It is then also the caller of requests without a token.
 * - `Consent.Handler`, `Consent.ReturnUrl` and `TokenPoller.TokenPoller`, the defaults for calls that do not set them.
 * - `Consent.ReturnState`: `Layer.succeed(Consent.ReturnState, false)` turns off the state of the return.
 *
 * The first call builds a `ManagedRuntime`. The program must dispose of it.
 *
 * @since 0.2.0
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
 *     Layer.provideMerge(CredentialCache.layer()),
 *     Layer.provideMerge(AwsDataPlane.layer({ region: "eu-central-1" }))
 *   )
 * )
 *
 * export const { withAccessToken, withApiKey } = PromiseIdentity.make(runtime)
 */
export const make = <E>(
  runtime:
    | ManagedRuntime.ManagedRuntime<Identity.Identity | DataPlane.DataPlane, E>
    | Context.Context<Identity.Identity | DataPlane.DataPlane>
): Implementation.Functions =>
  Implementation.make<Identity.Identity | DataPlane.DataPlane>({
    run: (effect) => "runFork" in runtime ? runtime.runFork(effect) : Effect.runForkWith(runtime)(effect),
    identity: Identity.Identity,
    dataPlane: DataPlane.DataPlane
  }).functions

// -----------------------------------------------------------------------------
// Default runtime
// -----------------------------------------------------------------------------

/** The runtime of the functions below, which have no parameter for one. */
const defaultRuntime = LazyRuntime.make(LazyRuntime.defaultLayer)

/**
 * Disposes of the runtime of this module's functions, `Identity.layer` over `AwsDataPlane.layer()`. The next call makes
 * a new one. It is for tests, and for programs that change their environment. A process that exits does not need it.
 *
 * @since 0.2.0
 * @category runtime
 */
export const disposeDefaultRuntime = (): Promise<void> => defaultRuntime.dispose()

const defaultFunctions = Implementation.make({
  run: Effect.runFork,
  identity: Effect.map(defaultRuntime.context, Context.get(Identity.Identity)),
  dataPlane: Effect.map(defaultRuntime.context, Context.get(DataPlane.DataPlane))
}).functions

// -----------------------------------------------------------------------------
// Functions of the official SDK
// -----------------------------------------------------------------------------

/**
 * Passes an access token to an async function as its last argument. Each call obtains the token for its own caller. It
 * takes a configuration of the official SDK, or a credential of `AccessToken.Tag`, and calls AWS with the region,
 * credentials and endpoint of `AwsDataPlane.layer()`. {@link make} returns the same function over any other layer.
 *
 * The promise rejects with the errors of the function and of `onAuthUrl`, and with `AccessTokenError`: without
 * `onAuthUrl` with `RequiresUserConsent` if the user has to consent.
 *
 * @since 0.2.0
 * @category functions
 */
export const withAccessToken: Implementation.Functions["withAccessToken"] = defaultFunctions.withAccessToken

/**
 * Passes an API key to an async function as its last argument. Each call obtains the key. It takes a configuration of
 * the official SDK, or a credential of `ApiKey.Tag`. The promise rejects with the errors of the function, and with
 * `ApiKeyError`. The caller is that of {@link runWithContext}.
 *
 * @since 0.2.0
 * @category functions
 * @example
 * import { runWithContext, withApiKey, workload } from "effect-agentcore-identity/promise/Identity"
 *
 * const forecast = withApiKey({ providerName: "weather" })(async (city: string, apiKey: string) =>
 *   fetch(`https://weather.example.com/${city}`, { headers: { "x-api-key": apiKey } })
 * )
 *
 * const program = () => runWithContext({ workload: workload({ name: "my-agent" }) }, () => forecast("Zürich"))
 */
export const withApiKey: Implementation.Functions["withApiKey"] = defaultFunctions.withApiKey

/**
 * Passes the workload access token of the caller to an async function as its last argument. The promise rejects with
 * `MissingWorkloadAccessToken` if no request is in context, or if the request has no token.
 *
 * @since 0.2.0
 * @category functions
 */
export const withWAT: Implementation.Functions["withWAT"] = defaultFunctions.withWAT

/**
 * Propagates the caller to the next agent. It adds the workload access token of the request in context to
 * `InvokeAgentRuntime`, `InvokeAgentRuntimeCommand` and `InvokeHarness` of this client, as a signed header. Other
 * operations, and calls without a token, do not change. A second call with the same client changes nothing. It is not
 * for calls from an Effect, see {@link runWithContext}.
 *
 * @since 0.2.0
 * @category functions
 * @example
 * import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
 * import { withWatPropagation } from "effect-agentcore-identity/promise/Identity"
 *
 * const client = new BedrockAgentCoreClient({ region: "us-west-2" })
 * withWatPropagation(client)
 */
export const withWatPropagation: Implementation.Functions["withWatPropagation"] = defaultFunctions.withWatPropagation

// -----------------------------------------------------------------------------
// Functions of this package
// -----------------------------------------------------------------------------

/**
 * Makes a caller: a workload, for itself or for a user. Pass it to {@link runWithContext}. The first use obtains its
 * token, and later uses renew it. One value is one caller: a server keeps one for each user, or makes one for each
 * request. {@link withApiKey} has an example.
 *
 * Throws a `ValidationException` if an option is invalid.
 *
 * @since 0.2.0
 * @category functions
 */
export const workload: Implementation.Functions["workload"] = defaultFunctions.workload

/**
 * Continues a session: the `session` of `RequiresUserConsent`, or its string from {@link encodeSession}. It requests
 * the token at once. The caller must be that of the session.
 *
 * The promise rejects with `AccessTokenError`, with the errors of `onAuthUrl`, and with `ValidationException` if the
 * string is damaged. Without `onAuthUrl` it rejects with `RequiresUserConsent` if the user has not consented yet.
 *
 * @since 0.2.0
 * @category functions
 * @example
 * import { encodeSession, resume, runWithContext, workload } from "effect-agentcore-identity/promise/Identity"
 * import type { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
 *
 * declare const store: { save: (session: string) => Promise<void>; load: () => Promise<string> }
 *
 * // One function shows `error.authorizationUrl` to the user, and ends.
 * const suspend = (error: RequiresUserConsent) => store.save(encodeSession(error.session))
 *
 * // Another one continues when the user has consented.
 * const alice = workload({ name: "my-agent", user: { userId: "alice" } })
 * const continueLater = async () => {
 *   const session = await store.load()
 *   return runWithContext({ workload: alice }, () => resume(session))
 * }
 */
export const resume: Implementation.Functions["resume"] = defaultFunctions.resume

/**
 * Completes an authorization for the user who is signed in in the browser that came back. It is for a page of the
 * application. {@link fetchConsentCallback} and {@link nodeConsentCallback} make pages that also check the user and the
 * state. A call in this process that waits for this session continues at once.
 *
 * `user` must be the user that the authorization was started for. It must come from the application's own sign-in,
 * never from the URL. That alone does not stop a user who sends their own link to another person, and completes the
 * session after that person's consent. So compare a `customState` too.
 *
 * The promise rejects with a `DataPlaneError`.
 *
 * @since 0.2.0
 * @category functions
 */
export const completeAuthorization: Implementation.Functions["completeAuthorization"] =
  defaultFunctions.completeAuthorization

/**
 * Makes the page that the browser returns to after consent, for servers of the Fetch API: Hono, Bun, Deno, Next.js. It
 * completes the authorization for the user who is signed in in this browser, and for no other user. A call in this
 * process that waits for this consent continues at once.
 *
 * It knows the sessions that were started here for a known user: the user of {@link workload}, or the `user` of the
 * request in context. It completes each session once. Sessions are stored in memory, or in the `PendingConsents` of the
 * runtime that was passed to {@link make}.
 *
 * The promise rejects with the errors of `currentUser` and `respond`, with `ValidationException` if `currentUser`
 * returns a value that is not a user, and with the errors of the runtime.
 *
 * @since 0.2.0
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
export const fetchConsentCallback: Implementation.Functions["fetchConsentCallback"] =
  defaultFunctions.fetchConsentCallback

/**
 * Makes the page of {@link fetchConsentCallback} for servers of Node: `node:http`, Express, Connect. Errors go to
 * `next` if the framework passes it. Otherwise the response has status 500, and the log has the name of the error. The
 * promise never rejects.
 *
 * @since 0.2.0
 * @category functions
 */
export const nodeConsentCallback: Implementation.Functions["nodeConsentCallback"] = defaultFunctions.nodeConsentCallback

/**
 * Encodes a session as a string, for {@link resume} in another process. The string contains the secrets of the session
 * in plain text: store it like a credential, and not in a browser. A user who knows the state of their session could
 * complete it with the consent of another person.
 *
 * @since 0.2.0
 * @category functions
 */
export const encodeSession = (session: ConsentSession): string =>
  Schema.encodeSync(Schema.fromJsonString(ConsentSession))(session)

export {
  /**
   * Whether a value is an error of this package: one of `IdentityError`, by its `_tag`.
   *
   * @since 0.2.0
   * @category functions
   */
  isIdentityError
} from "../IdentityError.js"

/**
 * Returns the secret in a `Redacted`, such as the `authorizationUrl` of `RequiresUserConsent`. A `Redacted` is
 * `<redacted>` in logs and in JSON.
 *
 * @since 0.2.0
 * @category functions
 */
export const reveal = (secret: Redacted.Redacted): string => Redacted.value(secret)
