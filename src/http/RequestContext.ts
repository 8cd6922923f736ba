/**
 * What AgentCore Runtime says about a request, and the caller it is made for: read from the headers, and provided to the handlers
 * of an HTTP server. Each request has its own; nothing is kept between requests.
 *
 * A server needs two lines: {@link layer} (or {@link middleware}) for its routes, and {@link layerRedaction} around all of it.
 *
 * @since 0.1.0
 * @example
 * import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
 * import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
 * import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const invocations = HttpLayerRouter.add(
 *   "POST",
 *   "/invocations",
 *   Effect.gen(function*() {
 *     const { sessionId } = yield* RequestContext.RequestContext
 *     const identity = yield* Identity.Identity
 *     // The key for the workload and the user of this request.
 *     const key = yield* identity.getApiKey({ provider: "weather" })
 *     return HttpServerResponse.text(`The answer for session ${sessionId}`)
 *   }).pipe(
 *     Effect.catchTag("MissingWorkloadAccessToken", ({ message }) => HttpServerResponse.text(message, { status: 401 }))
 *   )
 * ).pipe(Layer.provide(RequestContext.layer))
 *
 * // Needs no token.
 * const ping = HttpLayerRouter.add("GET", "/ping", HttpServerResponse.text("Healthy"))
 *
 * const server = HttpLayerRouter.serve(Layer.merge(invocations, ping)).pipe(
 *   Layer.provide(RequestContext.layerRedaction)
 * )
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import * as Consent from "../Consent.js"
import { MissingWorkloadAccessToken } from "../IdentityError.js"
import * as RuntimeHeaders from "../internal/runtimeHeaders.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Reading from "./internal/requestContext.js"

/**
 * Headers by name: of Node, of `@effect/platform`, in a plain record, or as pairs (the `Headers` of Fetch, a `Map`). The case of the
 * names does not matter.
 *
 * @since 0.1.0
 * @category models
 */
export type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | { readonly [name: string]: string | ReadonlyArray<string> | undefined }

/**
 * Headers, or something that has them: a request of Fetch, of Node or of `@effect/platform`, an event of API Gateway (both payload
 * formats), of a Lambda function URL, or of an Application Load Balancer (with multi-value headers or without).
 *
 * @since 0.1.0
 * @category models
 */
export type Input = HeadersLike | {
  readonly headers?: HeadersLike | null | undefined
  readonly multiValueHeaders?: HeadersLike | null | undefined
}

/**
 * A header that is missing, or empty, is `undefined` here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** `X-Amzn-Bedrock-AgentCore-Runtime-Request-Id`, or a fresh UUID. */
  readonly requestId: string
  /** `X-Amzn-Bedrock-AgentCore-Runtime-Session-Id`: the conversation that this request is part of. */
  readonly sessionId?: string | undefined
  /** `OAuth2CallbackUrl`: where the user's browser goes after consent. It is the `Consent.ReturnUrl` of the request. */
  readonly callbackUrl?: string | undefined
  /**
   * `X-Amz-Bedrock-AgentCore-Identity-WAT`, else `WorkloadAccessToken`, else
   * `x-amzn-bedrock-agentcore-runtime-workload-accesstoken`.
   */
  readonly workloadAccessToken?: Redacted.Redacted | undefined
  /** The token of an `Authorization: Bearer` header. It is not verified here: Runtime does that when it has a JWT authorizer. */
  readonly bearerToken?: Redacted.Redacted | undefined
  /**
   * The headers that a client sends to the agent itself, by their names after `X-Amzn-Bedrock-AgentCore-Runtime-Custom-`, in lower
   * case. They are `Redacted` because there is no telling what they carry.
   */
  readonly customHeaders: { readonly [name: string]: Redacted.Redacted }
}

/**
 * The request that is being answered.
 *
 * @since 0.1.0
 * @category services
 */
export class RequestContext
  extends Context.Tag("effect-agentcore-identity/http/RequestContext")<RequestContext, Service>()
{}

/**
 * Who calls when a request brought no workload access token. Default: nobody, and asking for the token fails.
 *
 * @since 0.1.0
 * @category references
 */
export class Fallback extends Context.Reference<Fallback>()("effect-agentcore-identity/http/RequestContext/Fallback", {
  defaultValue: (): Option.Option<WorkloadAccessToken.Service> => Option.none()
}) {}

/**
 * Reads the headers of a request. It never fails: a request without a workload access token may not need one.
 *
 * Several values of one header are joined by commas, as HTTP joins them.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
 * import * as Effect from "effect/Effect"
 *
 * const event = {
 *   version: "2.0",
 *   headers: { "x-amz-bedrock-agentcore-identity-wat": "the-token", oauth2callbackurl: "https://agent.example.com/consent" }
 * }
 *
 * Effect.runSync(RequestContext.fromHeaders(event)).callbackUrl // "https://agent.example.com/consent"
 */
export const fromHeaders = (input: Input): Effect.Effect<Service> => Effect.sync(() => Reading.read(input, randomUUID))

/**
 * The caller of a request. It cannot be renewed: the next request brings the next token. When the request brought none, `get` fails
 * with `MissingWorkloadAccessToken`, which says what the client has to send.
 *
 * @since 0.1.0
 * @category constructors
 */
export const workloadAccessToken = (context: Service): WorkloadAccessToken.Service => ({
  get: context.workloadAccessToken === undefined
    ? Effect.fail(new MissingWorkloadAccessToken({ message: RuntimeHeaders.missingToken }))
    : Effect.succeed(context.workloadAccessToken),
  invalidate: () => Effect.void
})

type Provided = RequestContext | WorkloadAccessToken.WorkloadAccessToken

/**
 * Runs an effect for a request: with its {@link RequestContext}, with the `WorkloadAccessToken` of its caller (or of the
 * {@link Fallback}), and with its callback URL as `Consent.ReturnUrl`. For whoever has no HTTP server of Effect, and for work that a
 * worker goes on with when the request is answered.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Effect from "effect/Effect"
 * import * as ManagedRuntime from "effect/ManagedRuntime"
 *
 * const agent = Effect.flatMap(Identity.Identity, (identity) => identity.getApiKey({ provider: "weather" }))
 *
 * const runtime = ManagedRuntime.make(AwsIdentity.layer())
 *
 * // A Lambda function behind API Gateway.
 * export const handler = (event: { readonly headers: Record<string, string | undefined> }) =>
 *   RequestContext.fromHeaders(event).pipe(
 *     Effect.flatMap((context) => RequestContext.provide(agent, context)),
 *     Effect.as({ statusCode: 204 }),
 *     runtime.runPromise
 *   )
 */
export const provide: {
  (context: Service): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Provided>>
  <A, E, R>(self: Effect.Effect<A, E, R>, context: Service): Effect.Effect<A, E, Exclude<R, Provided>>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, context: Service): Effect.Effect<A, E, Exclude<R, Provided>> =>
    Effect.flatMap(callerOf(context), (caller) => {
      const services = Context.make(RequestContext, context).pipe(
        Context.add(WorkloadAccessToken.WorkloadAccessToken, caller)
      )
      return Effect.provide(
        self,
        context.callbackUrl === undefined
          ? services
          : Context.add(services, Consent.ReturnUrl, Option.some(context.callbackUrl))
      )
    })
)

const callerOf = (context: Service): Effect.Effect<WorkloadAccessToken.Service> =>
  context.workloadAccessToken === undefined
    ? Effect.map(Fallback, Option.getOrElse(() => workloadAccessToken(context)))
    : Effect.succeed(workloadAccessToken(context))

/** Whose a context is. Two middlewares have the server's own request in common; what stands between them may change the headers. */
const requests = new WeakMap<Service, unknown>()

/**
 * Always read from the request at hand, never taken from the context: what a program provides by accident, around its server, is
 * somebody else's. The id alone is kept when middlewares are stacked, so that a request has one.
 */
const current: Effect.Effect<Service, never, HttpServerRequest.HttpServerRequest> = Effect.gen(function*() {
  const { headers, source } = yield* HttpServerRequest.HttpServerRequest
  const outer = Option.filter(
    yield* Effect.serviceOption(RequestContext),
    (context) => requests.get(context) === source
  )
  const context = Reading.read(headers, () => Option.isSome(outer) ? outer.value.requestId : randomUUID())
  requests.set(context, source)
  return context
})

/**
 * Provides {@link RequestContext}, `WorkloadAccessToken` and `Consent.ReturnUrl` to an app. A return URL that a request for a token
 * names itself still wins.
 *
 * A request without a workload access token is answered like any other, as long as nothing asks for the token.
 *
 * The body of a streamed response runs when the handler is done, and outside of it: give it its services by `Stream.provideContext`.
 *
 * @since 0.1.0
 * @category middleware
 * @example
 * import * as HttpRouter from "@effect/platform/HttpRouter"
 * import * as HttpServer from "@effect/platform/HttpServer"
 * import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
 * import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const app = HttpRouter.empty.pipe(
 *   HttpRouter.post(
 *     "/invocations",
 *     Effect.map(RequestContext.RequestContext, ({ sessionId }) => HttpServerResponse.text(`session ${sessionId}`))
 *   )
 * )
 *
 * const server = HttpServer.serve(app, RequestContext.middleware).pipe(Layer.provide(RequestContext.layerRedaction))
 */
export const middleware = <E, R>(self: HttpApp.Default<E, R>): HttpApp.Default<E, Exclude<R, Provided>> =>
  Effect.flatMap(current, (context) => provide(self, context))

/**
 * {@link middleware} for the routes of an `HttpLayerRouter` that it is provided to.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpLayerRouter.Request.From<"Requires", Provided>> = HttpLayerRouter.middleware<{
  provides: Provided
}>()(middleware).layer

/**
 * Provides {@link RequestContext} to the endpoints of an `HttpApi`. A middleware of `HttpApi` provides one tag and no references:
 * such a server also applies {@link middleware}, for `Consent.ReturnUrl`.
 *
 * @since 0.1.0
 * @category HttpApi
 * @example
 * import * as HttpApi from "@effect/platform/HttpApi"
 * import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
 * import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
 * import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
 * import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * const api = HttpApi.make("agent").add(
 *   HttpApiGroup.make("runtime")
 *     .add(HttpApiEndpoint.post("invoke", "/invocations").addSuccess(Schema.String))
 *     .middleware(RequestContext.RequestContextMiddleware)
 *     .middleware(RequestContext.WorkloadAccessTokenMiddleware)
 * )
 *
 * const runtime = HttpApiBuilder.group(api, "runtime", (handlers) =>
 *   handlers.handle("invoke", () => Effect.map(RequestContext.RequestContext, ({ requestId }) => requestId))
 * ).pipe(Layer.provide(RequestContext.layerHttpApi))
 *
 * const server = HttpApiBuilder.serve(RequestContext.middleware).pipe(
 *   Layer.provide(RequestContext.layerRedaction),
 *   Layer.provide(HttpApiBuilder.api(api).pipe(Layer.provide(runtime)))
 * )
 */
export class RequestContextMiddleware extends HttpApiMiddleware.Tag<RequestContextMiddleware>()(
  "effect-agentcore-identity/http/RequestContext/RequestContextMiddleware",
  { provides: RequestContext }
) {}

/**
 * Provides `WorkloadAccessToken` to the endpoints of an `HttpApi`: see {@link RequestContextMiddleware}.
 *
 * @since 0.1.0
 * @category HttpApi
 */
export class WorkloadAccessTokenMiddleware extends HttpApiMiddleware.Tag<WorkloadAccessTokenMiddleware>()(
  "effect-agentcore-identity/http/RequestContext/WorkloadAccessTokenMiddleware",
  { provides: WorkloadAccessToken.WorkloadAccessToken }
) {}

/**
 * Both middlewares for `HttpApi`.
 *
 * @since 0.1.0
 * @category HttpApi
 */
export const layerHttpApi: Layer.Layer<RequestContextMiddleware | WorkloadAccessTokenMiddleware> = Layer.merge(
  Layer.succeed(RequestContextMiddleware, current),
  Layer.succeed(WorkloadAccessTokenMiddleware, Effect.flatMap(current, callerOf))
)

/**
 * Requests without a workload access token act for the `WorkloadAccessToken` that this layer is given. Provide it around the server
 * of one's own machine: whoever reaches the server is that caller.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
 * import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
 * import * as Layer from "effect/Layer"
 *
 * // In AgentCore Runtime `LocalDevelopment` names nobody: the same program runs there.
 * const developer = RequestContext.layerFallback.pipe(Layer.provide(LocalDevelopment.layer()))
 */
export const layerFallback: Layer.Layer<Fallback, never, WorkloadAccessToken.WorkloadAccessToken> = Layer.effect(
  Fallback,
  Effect.map(WorkloadAccessToken.WorkloadAccessToken, Option.some)
)

/**
 * Keeps workload access tokens, bearer tokens and custom headers out of the spans of an HTTP server. Provide it to the layer that
 * serves: the platform's tracer runs outside of all middlewares.
 *
 * Do not log a request itself, for all that: one of Node prints its headers as they are, `authorization` among them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedaction: Layer.Layer<never> = Layer.scopedDiscard(
  Effect.flatMap(
    FiberRef.get(Headers.currentRedactedNames),
    (names) =>
      Effect.locallyScoped(Headers.currentRedactedNames, [
        ...names,
        "authorization",
        ...RuntimeHeaders.workloadAccessToken,
        new RegExp(`^${RuntimeHeaders.customPrefix}`)
      ])
  )
)
