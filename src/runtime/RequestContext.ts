/**
 * Reads the context of a request and its caller from the headers that AgentCore Runtime sends. Provides both to the
 * handlers of an HTTP server. Each request has its own context; no state stays between requests.
 *
 * A server needs two lines: one for its routes, and {@link layerRedaction} around the whole server. The line for the
 * routes depends on the server:
 *
 * | server | line |
 * | --- | --- |
 * | `HttpRouter` | {@link layer} |
 * | `HttpServer`, over an effect of a response | {@link middleware} |
 * | `HttpApi` | {@link HttpApiMiddleware} of its groups, with {@link layerHttpApi} |
 * | Lambda, Fetch, Node | {@link fromHeaders} for the event or request, and {@link provide} for the effect |
 *
 * A request without a token fails only where a handler needs the token. On a developer's machine,
 * {@link layerFallback} supplies one caller for all requests. For a long-running agent without requests, use
 * `WorkloadAccessToken.layerWorkload`. For work that continues after the response, use `WorkloadAccessToken.capture`.
 *
 * @since 0.2.0
 * @example
 * import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as HttpServerResponse from "effect/http/HttpServerResponse"
 * import * as Layer from "effect/Layer"
 *
 * const invocations = HttpRouter.add(
 *   "POST",
 *   "/invocations",
 *   Effect.gen(function*() {
 *     const { sessionId } = yield* RequestContext.RequestContext
 *     const identity = yield* Identity.Identity
 *     // The key for the workload and the user of this request.
 *     const key = yield* identity.getApiKey({ provider: "weather" })
 *     return HttpServerResponse.text(`The agenda for session ${sessionId}`)
 *   }).pipe(
 *     Effect.catchTag(
 *       "MissingWorkloadAccessToken",
 *       ({ message }) => Effect.succeed(HttpServerResponse.text(message, { status: 401 }))
 *     )
 *   )
 * ).pipe(Layer.provide(RequestContext.layer))
 *
 * // Needs no token.
 * const ping = HttpRouter.add("GET", "/ping", HttpServerResponse.text("Healthy"))
 *
 * const server = HttpRouter.serve(Layer.merge(invocations, ping)).pipe(
 *   Layer.provide(RequestContext.layerRedaction)
 * )
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as ApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Headers from "effect/http/Headers"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import * as Consent from "../Consent.js"
import { MissingWorkloadAccessToken } from "../IdentityError.js"
import * as RequestHeaders from "../internal/requestHeaders.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"

/**
 * The context of the current request. A missing or empty header is `undefined`.
 *
 * @since 0.2.0
 * @category services
 */
export class RequestContext extends Context.Service<RequestContext, {
  /** `X-Amzn-Bedrock-AgentCore-Runtime-Request-Id`, or a fresh UUID. */
  readonly requestId: string
  /** `X-Amzn-Bedrock-AgentCore-Runtime-Session-Id`: the conversation that the request belongs to. */
  readonly sessionId?: string | undefined
  /** `OAuth2CallbackUrl`: where the browser goes after consent. It becomes the `Consent.ReturnUrl` of the request. */
  readonly callbackUrl?: string | undefined
  /**
   * `X-Amz-Bedrock-AgentCore-Identity-WAT`, else `WorkloadAccessToken`, else
   * `x-amzn-bedrock-agentcore-runtime-workload-accesstoken`.
   */
  readonly workloadAccessToken?: Redacted.Redacted | undefined
  /** The token of an `Authorization: Bearer` header. It is verified only if Runtime has a JWT authorizer. */
  readonly bearerToken?: Redacted.Redacted | undefined
  /**
   * The client's own headers for the agent, by their names after `X-Amzn-Bedrock-AgentCore-Runtime-Custom-`, in lower
   * case. They are `Redacted` because they may carry secrets.
   */
  readonly customHeaders: { readonly [name: string]: Redacted.Redacted }
}>()("effect-agentcore-identity/runtime/RequestContext") {}

type Provided = RequestContext | WorkloadAccessToken.WorkloadAccessToken

/** Headers by name: those of Node or Effect, a plain record, or pairs (the `Headers` of Fetch, a `Map`). */
type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | { readonly [name: string]: string | ReadonlyArray<string> | undefined }

/** The caller of requests without a workload access token. */
const Fallback = Context.Reference("effect-agentcore-identity/runtime/RequestContext/Fallback", {
  defaultValue: (): Option.Option<WorkloadAccessToken.WorkloadAccessToken["Service"]> => Option.none()
})

/**
 * Reads the headers of a request. It never fails: a request without a workload access token may not need one. The input
 * is a request of Fetch, Node or Effect, its headers, or an event of Lambda, which can come from API Gateway (both
 * payload formats), a Lambda function URL, or an Application Load Balancer (with or without multi-value headers).
 *
 * Names of headers are case-insensitive. Several values of one header are joined by commas, as in HTTP.
 *
 * @since 0.2.0
 * @category constructors
 */
export const fromHeaders = (
  input: HeadersLike | {
    /** The headers of a request, or of an event. */
    readonly headers?: HeadersLike | null | undefined
    /** The headers of an Application Load Balancer with multi-value headers. */
    readonly multiValueHeaders?: HeadersLike | null | undefined
  }
): Effect.Effect<RequestContext["Service"]> => Effect.sync(() => RequestHeaders.read(input, randomUUID))

const missing: WorkloadAccessToken.WorkloadAccessToken["Service"] = {
  get: Effect.suspend(() => new MissingWorkloadAccessToken({ message: RequestHeaders.missingToken })),
  invalidate: () => Effect.void
}

/** The caller of a request. Its token is not renewed: the next request brings the next token. */
const callerOf = (
  { workloadAccessToken }: RequestContext["Service"]
): Effect.Effect<WorkloadAccessToken.WorkloadAccessToken["Service"]> =>
  workloadAccessToken === undefined
    ? Effect.map(Fallback, Option.getOrElse(() => missing))
    : Effect.succeed(WorkloadAccessToken.make(workloadAccessToken))

/**
 * Runs an effect with the {@link RequestContext} of a request and the `WorkloadAccessToken` of its caller, or that of
 * {@link layerFallback}. The callback URL of the request becomes `Consent.ReturnUrl`. Use it with servers other than
 * Effect's, and for work that continues after the response.
 *
 * @since 0.2.0
 * @category combinators
 */
export const provide: {
  /** Runs an effect with the context of a request, and the `WorkloadAccessToken` of its caller. */
  (
    context: RequestContext["Service"]
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Provided>>
  /** Runs an effect with the context of a request, and the `WorkloadAccessToken` of its caller. */
  <A, E, R>(self: Effect.Effect<A, E, R>, context: RequestContext["Service"]): Effect.Effect<A, E, Exclude<R, Provided>>
} = dual(
  2,
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    context: RequestContext["Service"]
  ): Effect.Effect<A, E, Exclude<R, Provided>> =>
    Effect.flatMap(callerOf(context), (caller) => {
      const callbackUrl = Option.fromNullishOr(context.callbackUrl)
      return self.pipe(
        Effect.provide(
          Context.make(RequestContext, context).pipe(Context.add(WorkloadAccessToken.WorkloadAccessToken, caller))
        ),
        Effect.updateService(Consent.ReturnUrl, (url) => Option.orElse(callbackUrl, () => url))
      )
    })
)

/** Ids by the request of the server itself: stacked middlewares share one, also if headers change between them. */
const requestIds = new WeakMap<object, string>()

/**
 * Provides {@link RequestContext}, `WorkloadAccessToken` and `Consent.ReturnUrl` to the effect of a response. The
 * `returnUrl` of a token request takes precedence over this `Consent.ReturnUrl`.
 *
 * The body of a streamed response runs after the handler and outside of it. Provide its services with
 * `Stream.provideContext`.
 *
 * @since 0.2.0
 * @category middleware
 */
export const middleware = <E, R>(self: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  Exclude<R, Provided> | HttpServerRequest.HttpServerRequest
> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, source }) => {
    // Ignores a context that the program has provided around its server.
    const context = RequestHeaders.read(headers, () => requestIds.get(source) ?? randomUUID())
    requestIds.set(source, context.requestId)
    return provide(self, context)
  })

/**
 * {@link middleware} for routes of an `HttpRouter`. Provide it to these routes.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer: Layer.Layer<HttpRouter.Request.From<"Requires", Provided>> = HttpRouter.middleware<{
  provides: Provided
}>()(middleware).layer

/**
 * {@link middleware} for the endpoints of an `HttpApi`. With {@link layer}, the services of the program around the
 * group would replace those of the request.
 *
 * @since 0.2.0
 * @category HttpApi
 */
export class HttpApiMiddleware extends ApiMiddleware.Service<HttpApiMiddleware, { provides: Provided }>()(
  "effect-agentcore-identity/runtime/RequestContext/HttpApiMiddleware"
) {}

/**
 * The implementation of {@link HttpApiMiddleware}.
 *
 * @since 0.2.0
 * @category HttpApi
 */
export const layerHttpApi: Layer.Layer<HttpApiMiddleware> = Layer.succeed(HttpApiMiddleware, middleware)

/**
 * Gives requests without a workload access token the `WorkloadAccessToken` of this layer as their caller. Then everyone
 * who reaches the server is that caller, so use it on a development machine only.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerFallback: Layer.Layer<never, never, WorkloadAccessToken.WorkloadAccessToken> = Layer.fresh(
  Layer.effect(Fallback, Effect.asSome(WorkloadAccessToken.WorkloadAccessToken))
)

/**
 * Keeps workload access tokens, bearer tokens and custom headers out of the spans of an HTTP server. Provide it to the
 * layer of the server, because Effect's tracer runs outside of all middlewares.
 *
 * It does not cover logs. Do not log a request: a request of Node prints all its headers, also `authorization`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRedaction: Layer.Layer<never> = Layer.fresh(
  Layer.effect(
    Headers.CurrentRedactedNames,
    Effect.map(Headers.CurrentRedactedNames, (names) => [
      ...names,
      "authorization",
      ...RequestHeaders.workloadAccessTokenHeaders,
      new RegExp(`^${RequestHeaders.customPrefix}`)
    ])
  )
)
