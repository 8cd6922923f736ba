/**
 * The caller of a request from the headers that AgentCore Runtime sends, for `runWithContext`: `runtime/RequestContext`
 * without Effect.
 *
 * @since 0.2.0
 * @example
 * import { runWithContext, withApiKey } from "effect-agentcore-identity/promise/Identity"
 * import * as RequestContext from "effect-agentcore-identity/promise/RequestContext"
 * import { createServer } from "node:http"
 *
 * const forecast = withApiKey({ providerName: "weather" })(async (city: string, apiKey: string) =>
 *   `${city}, with a key of ${apiKey.length} characters`
 * )
 *
 * const server = createServer((request, response) => {
 *   runWithContext(RequestContext.fromHeaders(request), () => forecast("Zürich")).then(
 *     (text) => response.end(text),
 *     () => response.writeHead(500).end()
 *   )
 * })
 */
import { randomUUID } from "node:crypto"
import * as RequestHeaders from "../internal/requestHeaders.js"
import type * as Contexts from "./internal/requestContext.js"

export type {
  /** @since 0.2.0 */
  HeadersLike,
  /** @since 0.2.0 */
  Input
} from "../internal/requestHeaders.js"

/**
 * A caller: a `workload`, or a token in `workloadAccessToken` with the `user` that it is for.
 *
 * @since 0.2.0
 * @category models
 */
export type Caller = Pick<Contexts.RequestContext, "user" | "workload" | "workloadAccessToken">

/**
 * The context of a request. A missing or empty header is `undefined`.
 *
 * @since 0.2.0
 * @category models
 */
export interface RequestContext extends Omit<RequestHeaders.RequestHeaders, "workloadAccessToken">, Caller {}

/**
 * The options of {@link fromHeaders}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /**
   * The caller of requests without a workload access token. Then everyone who reaches the server is that caller, so use
   * it on a development machine only. Default: none, and a call that needs a caller rejects with
   * `MissingWorkloadAccessToken`.
   */
  readonly fallback?: Caller | undefined
}

/**
 * Reads the headers of a request. It never fails: a request without a workload access token may not need one. The
 * result is the context of `runWithContext`. Add the property `user` if the application knows the user, so that a page
 * after consent can complete the authorizations of the request.
 *
 * It does not verify the `bearerToken`. AgentCore Runtime does, if it has a JWT authorizer.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import { runWithContext, workload } from "effect-agentcore-identity/promise/Identity"
 * import * as RequestContext from "effect-agentcore-identity/promise/RequestContext"
 *
 * declare const agenda: () => Promise<string>
 *
 * // AgentCore Runtime sends the caller. On your own machine, it is you.
 * const fallback = process.env["NODE_ENV"] === "development"
 *   ? { workload: workload({ name: "my-agent", user: { userId: "me" } }) }
 *   : undefined
 *
 * export const POST = async (request: Request): Promise<Response> => {
 *   const text = await runWithContext(RequestContext.fromHeaders(request, { fallback }), () => agenda())
 *   return new Response(text)
 * }
 */
export const fromHeaders = (input: RequestHeaders.Input, { fallback }: Options = {}): RequestContext => {
  const context = RequestHeaders.read(input, randomUUID)
  return context.workloadAccessToken === undefined ? { ...context, ...fallback } : context
}
