/** A transport of Effect's `McpClient` whose requests show the link and are repeated once. */
import type * as McpClient from "effect/ai/McpClient"
import * as McpClientError from "effect/ai/McpClientError"
import type * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import { isObject } from "effect/Predicate"
import { GatewayConsentRequired, InvalidGatewayConsent } from "./recognize.js"
import { type Options, retryingWith } from "./retrying.js"

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

export const transport = <E1 = never, R1 = never, E2 = never, R2 = never>(
  inner: McpClient.Transport,
  options: Options<E1, R1, E2, R2>
): Effect.Effect<McpClient.Transport, never, R1 | R2> =>
  Effect.map(Effect.context<R1 | R2>(), (context) => ({
    ...inner,
    request: (message, tool) => {
      const declared = declare(message)
      return retryingWith(
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
