/**
 * Calls tools of AgentCore Gateway that need a user's consent, without Effect. It recognizes the forms of all clients
 * that `mcp/GatewayConsent` lists, and loads none of them.
 *
 * In revision 2026-07-28 of MCP the gateway responds `input_required`. {@link retrying} repeats such a call, and
 * `@modelcontextprotocol/client` returns the result to it with the option `allowInputRequired`.
 *
 * @since 0.2.0
 * @example
 * import * as GatewayConsent from "effect-agentcore-identity/promise/GatewayConsent"
 * import { completeAuthorization } from "effect-agentcore-identity/promise/Identity"
 * import * as Redacted from "effect/Redacted"
 *
 * // The `Client` of an MCP SDK.
 * declare const client: { readonly callTool: (params: { readonly name: string }) => Promise<object> }
 * // Your application: shows the link to this user, and waits until the user's browser is back at the return URL.
 * declare const visit: (url: string) => Promise<void>
 *
 * // The gateway starts the authorization for this JWT. A newer one of the same user cannot complete it.
 * const listEvents = (jwt: string) =>
 *   GatewayConsent.retrying(() => client.callTool({ name: "calendar___list_events" }), {
 *     show: ({ url }) => visit(Redacted.value(url)),
 *     complete: (sessionUri) => completeAuthorization({ sessionUri, user: { userToken: jwt } })
 *   })
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { GatewayConsent, HostOptions } from "../mcp/gatewayConsent/protocol.js"
import * as Protocol from "../mcp/gatewayConsent/protocol.js"
import { bind } from "./internal/callerContext.js"

export {
  /** @since 0.2.0 */
  GatewayConsent,
  /** @since 0.2.0 */
  GatewayConsentRequired,
  /** @since 0.2.0 */
  type HostOptions,
  /** @since 0.2.0 */
  InvalidGatewayConsent
} from "../mcp/gatewayConsent/protocol.js"

/**
 * Options of {@link retrying}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends HostOptions {
  /**
   * Shows the link to the user, and waits until the user is done: the browser is back at the return URL, or the consent
   * portal has the consent. A rejection ends the call: a program that does not wait for its user rejects with the link.
   *
   * With `complete`, the page at the return URL must check that the signed-in user is the one who was asked. Anyone can
   * open a forwarded link, and would connect their own account.
   */
  readonly show: (consent: GatewayConsent) => unknown
  /**
   * Completes the authorization if the return URL is the application's own, with `completeAuthorization` and the
   * identifier that called the gateway. A newer JWT of the same user is rejected. It is not called for the link of a
   * consent portal. Default: the authorization is completed elsewhere, for example by the page at the return URL.
   */
  readonly complete?: ((sessionUri: Redacted.Redacted) => unknown) | undefined
}

/**
 * Runs a call of a tool. If its error or its result asks for consent, shows the link once, completes the authorization,
 * and repeats the call once. All other errors and results pass through.
 *
 * Rejects with `GatewayConsentRequired` if the repeated call needs a consent too, with `InvalidGatewayConsent` if the
 * link must not be shown, and with the errors of `show` and `complete`.
 *
 * @since 0.2.0
 * @category functions
 */
export const retrying = <A>(
  call: () => A | PromiseLike<A>,
  { complete, hosts, show }: Options
): Promise<A> =>
  Effect.runPromise(Protocol.retrying(
    bind(() => call()),
    { hosts, show: bind(show), complete: complete && bind(complete) }
  ))
