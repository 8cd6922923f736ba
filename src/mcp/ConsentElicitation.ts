/**
 * Asks a user for consent inside of an MCP tool call. A tool that needs a credential of the user only requests it. If
 * the user has to consent, the client gets a link of `http/Connect` in the form that it knows:
 *
 * | client | form |
 * | --- | --- |
 * | revision 2026-07-28, with URL elicitation | `input_required` with an elicitation of mode `url` |
 * | revision 2025-11-25, with URL elicitation | the JSON-RPC error `-32042` with `data.elicitations` |
 * | any other | a tool result with `isError`, whose text has the link |
 *
 * The link never expires, and has no user and no secret. `Connect` checks who opens it: a user who opens the link of
 * another one connects their own account.
 *
 * {@link toolkit} serves tools of Effect. {@link render} is the form alone, for a server of your own. For servers of
 * `@modelcontextprotocol/sdk` and `@modelcontextprotocol/server`, see `promise/ConsentElicitation`.
 *
 * MCP is an unstable part of Effect, and its next minor version may change it.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
 * import * as ConsentElicitation from "effect-agentcore-identity/mcp/ConsentElicitation"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as McpProtocol from "effect/ai/McpProtocol"
 * import * as McpServer from "effect/ai/McpServer"
 * import * as Tool from "effect/ai/Tool"
 * import * as Toolkit from "effect/ai/Toolkit"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * const Tools = Toolkit.make(Tool.make("list_events", {
 *   success: Schema.String,
 *   failure: RequiresUserConsent,
 *   // The caller of each request.
 *   dependencies: [WorkloadAccessToken.WorkloadAccessToken]
 * }))
 *
 * const handlers = Tools.toLayer(Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   return {
 *     list_events: () =>
 *       identity.getAccessToken(Calendar).pipe(
 *         Effect.as("09:00 Breakfast"),
 *         Effect.catchIf((error) => error._tag !== "RequiresUserConsent", Effect.die)
 *       )
 *   }
 * }))
 *
 * const server = HttpRouter.serve(
 *   McpServer.layerHttp({
 *     name: "calendar",
 *     version: "1.0.0",
 *     path: "/mcp",
 *     protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
 *     registrations: ConsentElicitation.toolkit(Tools).pipe(Layer.provide(handlers))
 *   }).pipe(Layer.provide(RequestContext.layer))
 * ).pipe(
 *   Layer.provide(RequestContext.layerRedaction),
 *   // The pages can be in another process.
 *   Layer.provide(Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload: "my-agent" }))
 * )
 */
import type * as McpServer from "effect/ai/McpServer"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import type * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import type { Connect } from "../http/Connect.js"
import type { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as Rendering from "./consentElicitation/render.js"
import * as Serving from "./consentElicitation/toolkit.js"

export type {
  /**
   * The client that called the tool.
   *
   * @since 0.2.0
   * @category models
   */
  Client,
  /**
   * The part of a client's capabilities that {@link render} reads.
   *
   * @since 0.2.0
   * @category models
   */
  ClientCapabilities,
  /**
   * The consent that a tool needs.
   *
   * @since 0.2.0
   * @category models
   */
  Consent,
  /**
   * What the server sends:
   *
   * - `InputRequired`: a result that asks the client to open the link and to call the tool again
   * - `UrlElicitationRequired`: a JSON-RPC error with the link
   * - `Text`: the result of a tool that failed. The model passes the link on
   *
   * @since 0.2.0
   * @category models
   */
  Rendered,
  /**
   * The result of a tool that failed.
   *
   * @since 0.2.0
   * @category models
   */
  ToolError,
  /**
   * The elicitation of revision 2025-11-25.
   *
   * @since 0.2.0
   * @category models
   */
  UrlElicitation
} from "./consentElicitation/render.js"

/**
 * Returns what an MCP server sends to a client if the user has to consent. It is a pure function.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as ConsentElicitation from "effect-agentcore-identity/mcp/ConsentElicitation"
 *
 * const rendered = ConsentElicitation.render(
 *   { provider: "github", link: "https://app.example.com/connect/github", elicitationId: crypto.randomUUID() },
 *   { protocolVersion: "2025-11-25", capabilities: { elicitation: { url: {} } } }
 * )
 *
 * console.log(rendered._tag) // UrlElicitationRequired
 */
export const render: (consent: Rendering.Consent, client: Rendering.Client) => Rendering.Rendered = Rendering.render

/**
 * Options of {@link toolkit}.
 *
 * @since 0.2.0
 * @category models
 */
export interface ToolkitOptions {
  /**
   * How long a retry after `accept` waits for the consent. Clients send `accept` as soon as the link is open, and the
   * official one repeats a call up to ten times. Default: 10 seconds.
   */
  readonly wait?: Duration.Input | undefined
}

/**
 * Registers a `Toolkit` with the `McpServer` in context, as `McpServer.toolkit` does. If a tool requests a credential
 * with the default consent handler, and the user has to consent, the client asks in its own form.
 *
 * - On a retry after `accept`, the tool waits a few seconds for the consent. Without it, the client gets the same link
 *   again. A retry after `decline` or `cancel` ends with "The user did not consent."
 * - So does, once, a call after a denial at the vendor. It is noticed if `WorkloadAccessToken` knows its `user`, and a
 *   `ConsentSignals` in context reaches the process with the pages.
 * - Each call runs with the `WorkloadAccessToken` of its own request, such as that of `RequestContext.layer`. Two
 *   people can share a session of MCP.
 * - A tool that returns a result in spite of the missing consent keeps it. A request with its own `consent` is not
 *   affected.
 *
 * The encoded form of an error has its session in clear. A failure that contains one becomes "The user has to connect
 * an account first." A tool with such a failure must not be used without this function.
 *
 * @since 0.2.0
 * @category layers
 */
export const toolkit: <Tools extends Record<string, Tool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>,
  options?: ToolkitOptions
) => Layer.Layer<
  never,
  never,
  McpServer.ToolkitRequirements<Tools> | Connect | McpServer.McpRequest.From<"Requires", WorkloadAccessToken>
> = Serving.toolkit
