/**
 * Asks a user for consent inside of an MCP tool call, without Effect. A tool that needs a credential of the user only
 * obtains it, for example with `withAccessToken` of `promise/Identity` and without `onAuthUrl`. If it rejects with
 * `RequiresUserConsent`, the client gets a link in the form that it knows, as with `mcp/ConsentElicitation`.
 *
 * {@link forSdk} is for servers of `@modelcontextprotocol/sdk` 1.x, {@link forServer} for those of
 * `@modelcontextprotocol/server` 2.x. This module loads neither of them.
 *
 * @since 0.2.0
 * @example
 * import * as ConsentElicitation from "effect-agentcore-identity/promise/ConsentElicitation"
 * import { runWithContext, withAccessToken } from "effect-agentcore-identity/promise/Identity"
 *
 * declare const mcp: {
 *   // import { McpServer, inputRequired, UrlElicitationRequiredError } from "@modelcontextprotocol/server"
 *   readonly options: Omit<ConsentElicitation.ServerOptions<object, object>, "link">
 *   readonly registerTool: (name: string, callback: (context: never) => Promise<unknown>) => void
 * }
 *
 * const listEvents = withAccessToken({ providerName: "google", scopes: ["calendar"], authFlow: "USER_FEDERATION" })(
 *   async (token: string) => ({ content: [{ type: "text", text: token === "" ? "none" : "09:00 Breakfast" }] })
 * )
 *
 * // `{ server, inputRequired, UrlElicitationRequiredError, link }`
 * const asking = ConsentElicitation.forServer({
 *   ...mcp.options,
 *   link: (error) => `https://app.example.com/connect/${error.provider}`
 * })
 *
 * mcp.registerTool(
 *   "list_events",
 *   asking(({ http }: { readonly http?: { readonly req?: Request } }) =>
 *     runWithContext(
 *       { workloadAccessToken: http?.req?.headers.get("WorkloadAccessToken") ?? undefined },
 *       () => listEvents()
 *     )
 *   )
 * )
 */
import * as Elicitation from "./internal/elicitation.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * Options of {@link forSdk}.
 *
 * @since 0.2.0
 * @category models
 */
export type Options = Elicitation.Options

/**
 * Options of {@link forServer}.
 *
 * @since 0.2.0
 * @category models
 */
export type ServerOptions<Request, Result> = Elicitation.ServerOptions<Request, Result>

/**
 * Wraps the callback of a tool. The wrapped callback also returns results that ask for consent.
 *
 * @since 0.2.0
 * @category models
 */
export type Wrapper<Result> = Elicitation.Wrapper<Result>

// -----------------------------------------------------------------------------
// Functions
// -----------------------------------------------------------------------------

/**
 * Makes a function that wraps callbacks of `registerTool` of `@modelcontextprotocol/sdk` 1.x. If the callback rejects
 * with `RequiresUserConsent`, a client of revision 2025-11-25 that declares URL elicitation gets the error `-32042`
 * with the link, and calls again. Any other client gets text with the link. All other errors pass through.
 *
 * The SDK knows the capabilities of a client only in a session. Without one, clients get text.
 *
 * @since 0.2.0
 * @category functions
 */
export const forSdk: (options: Options) => Wrapper<never> = Elicitation.forSdk

/**
 * Makes a function that wraps callbacks of `registerTool` of `@modelcontextprotocol/server` 2.x. If the callback
 * rejects with `RequiresUserConsent`, a client of revision 2026-07-28 that declares URL elicitation gets
 * `input_required` with the link, and calls again. Other clients get what {@link forSdk} sends them.
 *
 * On a retry after `accept`, the callback runs again every 2 seconds until the user has consented, for up to `wait`. A
 * retry after `decline` or `cancel` ends with "The user did not consent." The wait ends if the client disconnects.
 *
 * @since 0.2.0
 * @category functions
 */
export const forServer: <Request, Result>(options: ServerOptions<Request, Result>) => Wrapper<Result> =
  Elicitation.forServer
