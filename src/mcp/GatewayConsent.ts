/**
 * Calls tools of AgentCore Gateway that need a user's consent. If a target of the gateway needs a token that the user
 * has not granted yet, the gateway responds with the JSON-RPC error `-32042` and a link. Each client passes it on in
 * another form, and none of these opens the link and repeats the call:
 *
 * | client | form |
 * | --- | --- |
 * | `@modelcontextprotocol/sdk` 1.x, `/client` 2.x, `@ai-sdk/mcp` | a thrown error with `code` and `data` |
 * | Effect's `McpClient` | an `McpClientError` whose `reason` has `code` and `data` |
 * | `fetch` | a JSON-RPC response |
 * | `@strands-agents/sdk` | the result of a tool that failed, whose text has the link |
 *
 * {@link retrying} handles them around any call, and {@link transport} in Effect's `McpClient`. A program that does not
 * wait for its user fails in `show`, with the link. For programs without Effect, see `promise/Mcp`.
 *
 * The gateway makes a new link for each call, and it expires after 10 minutes. Only `show` of the application ever
 * receives the link. Links are https, or http to this machine, and at a host of AgentCore or of `hosts`.
 *
 * This is revision 2025-11-25 of MCP. In revision 2026-07-28 the gateway responds `input_required` with an elicitation
 * of mode `url`, gets the call again with `inputResponses`, and responds `complete`: the sequence that was seen at the
 * live service in September 2026. {@link transport} continues such a call. {@link retrying} repeats it, and
 * `@modelcontextprotocol/client` returns the result to it with the option `allowInputRequired`.
 *
 * @since 0.2.0
 * @example
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as GatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
 * import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
 * import * as McpClient from "effect/ai/McpClient"
 * import * as McpProtocol from "effect/ai/McpProtocol"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * // Your application: shows the link to this user, and waits until the user's browser is back at the return URL.
 * declare const visit: (url: string, user: UserIdentifier.UserIdentifier) => Effect.Effect<void>
 *
 * const connect = (jwt: Redacted.Redacted) =>
 *   Effect.gen(function*() {
 *     // The gateway starts the authorization for this JWT. A newer one of the same user cannot complete it.
 *     const user = { userToken: jwt }
 *     const identity = yield* Identity.Identity
 *     const http = yield* McpClient.http({
 *       url: "https://my-gateway.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp",
 *       protocol: McpProtocol.v2025_11_25,
 *       headers: { authorization: `Bearer ${Redacted.value(jwt)}` }
 *     })
 *     const transport = yield* GatewayConsent.transport(http, {
 *       show: ({ url }) => visit(Redacted.value(url), user),
 *       complete: (sessionUri) => identity.completeAuthorization({ sessionUri, user })
 *     })
 *     return yield* Effect.provideService(
 *       McpClient.make({ name: "my-agent", version: "1.0.0" }),
 *       McpClient.Transport,
 *       transport
 *     )
 *   })
 */
import type * as McpClient from "effect/ai/McpClient"
import * as McpClientError from "effect/ai/McpClientError"
import type * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { isObject } from "effect/Predicate"
import { GatewayConsentRequired, InvalidGatewayConsent, type Options } from "./gatewayConsent/protocol.js"
import * as Protocol from "./gatewayConsent/protocol.js"

export {
  /** @since 0.2.0 */
  GatewayConsent,
  /** @since 0.2.0 */
  GatewayConsentRequired,
  /** @since 0.2.0 */
  InvalidGatewayConsent,
  /** @since 0.2.0 */
  type Options
} from "./gatewayConsent/protocol.js"

/**
 * Runs a call of a tool. If its error or its result asks for consent, shows the link once, completes the authorization,
 * and repeats the call once. All other errors and results pass through.
 *
 * Fails with `GatewayConsentRequired` if the repeated call needs a consent too, with `InvalidGatewayConsent` if the
 * link must not be shown, and with the errors of `show` and `complete`.
 *
 * @since 0.2.0
 * @category combinators
 */
export const retrying: {
  /** Runs a call of a tool, and handles the consent that it asks for. Takes the options first, for `pipe`. */
  <E1 = never, R1 = never, E2 = never, R2 = never>(
    options: Options<E1, R1, E2, R2>
  ): <A, E, R>(
    call: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | E1 | E2 | GatewayConsentRequired | InvalidGatewayConsent, R | R1 | R2>
  /** Runs a call of a tool, and handles the consent that it asks for. */
  <A, E, R, E1 = never, R1 = never, E2 = never, R2 = never>(
    call: Effect.Effect<A, E, R>,
    options: Options<E1, R1, E2, R2>
  ): Effect.Effect<A, E | E1 | E2 | GatewayConsentRequired | InvalidGatewayConsent, R | R1 | R2>
} = dual(
  2,
  <A, E, R, E1, R1, E2, R2>(call: Effect.Effect<A, E, R>, options: Options<E1, R1, E2, R2>) =>
    Protocol.retrying(() => call, options)
)

type Params = Readonly<Record<string, unknown>>

const toRecord = (value: unknown): Params => isObject(value) ? value as Params : {}

const withUrlElicitation = (capabilities: unknown): Params => {
  const { elicitation, ...others } = toRecord(capabilities)
  return { ...others, elicitation: { ...toRecord(elicitation), url: {} } }
}

const modernCapabilities = "io.modelcontextprotocol/clientCapabilities"

/** Declares URL elicitation. The client of Effect declares no capability. */
const declare = (message: McpSchema.JsonRpcRequest): McpSchema.JsonRpcRequest => {
  const params = toRecord(message.params)
  const meta = toRecord(params["_meta"])
  return message.method === "initialize"
    ? { ...message, params: { ...params, capabilities: withUrlElicitation(params["capabilities"]) } }
    : modernCapabilities in meta
    ? {
      ...message,
      params: {
        ...params,
        _meta: { ...meta, [modernCapabilities]: withUrlElicitation(meta[modernCapabilities]) }
      }
    }
    : message
}

const toMcpClientError = (error: unknown) =>
  McpClientError.isMcpClientError(error) ? error : new McpClientError.McpClientError({
    reason: new McpClientError.TransportError({
      // A model may read the message, so it quotes no error of the application.
      description: error instanceof GatewayConsentRequired || error instanceof InvalidGatewayConsent
        ? error.message
        : "The consent of the user failed",
      cause: error
    })
  })

/**
 * Makes a transport of Effect's `McpClient`. It does for each request what {@link retrying} does. It also declares URL
 * elicitation to the server, which Effect's client does not.
 *
 * A request lasts as long as the consent. Discovery has a deadline of 60 seconds by default, see `timeout` of
 * `McpClient.make`. Other errors than those of MCP are the `cause` of the reason `TransportError`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const transport = <E1 = never, R1 = never, E2 = never, R2 = never>(
  inner: McpClient.Transport,
  options: Options<E1, R1, E2, R2>
): Effect.Effect<McpClient.Transport, never, R1 | R2> =>
  Effect.map(Effect.context<R1 | R2>(), (context) => ({
    ...inner,
    request: (message, tool) => {
      const declared = declare(message)
      return Protocol.retrying(
        (retry, attempt) =>
          attempt === 1
            ? inner.request(declared, tool)
            // JSON-RPC forbids the id of an earlier request in the same session.
            : inner.request(
              { ...declared, id: `${message.id}-after-consent`, params: { ...declared.params, ...retry } },
              tool
            ),
        options
      ).pipe(Effect.mapError(toMcpClientError), Effect.provideContext(context))
    }
  }))
