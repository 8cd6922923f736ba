/** The forms in which MCP asks a user for consent. They follow from data alone, so no other package is needed. */
import { isObject } from "effect/Predicate"

/** The consent that a tool needs. */
interface Consent {
  /** The credential provider, such as `github`. Users and models read it. */
  readonly provider: string
  /**
   * The link of `http/Connect` where the user connects the credential. It is never AgentCore's authorization URL:
   * anyone who opens that one can consent in the user's place, and a model may read this one.
   */
  readonly link: string
  /** The key of the request in `inputRequests`, and of the response in `inputResponses`. */
  readonly name: string
  /** The `elicitationId` of revision 2025-11-25, unique for the server. A random UUID will do. */
  readonly elicitationId: string
}

export interface Client {
  /** The protocol revision of the request, as in `2026-07-28`. */
  readonly protocolVersion: string | undefined
  /** The capabilities that the client declared. */
  readonly capabilities:
    | { readonly elicitation?: { readonly form?: unknown; readonly url?: unknown } | undefined }
    | undefined
}

/** The result of a tool that failed. A model reads it. */
export const toolError = (
  text: string
): { readonly isError: true; readonly content: [{ type: "text"; text: string }] } => ({
  isError: true,
  content: [{ type: "text", text }]
})

/** The result after `decline` and `cancel`. */
export const declined = toolError("The user did not consent.")

export type Rendered = ReturnType<typeof render>

/**
 * Returns what an MCP server sends to a client if the user has to consent:
 *
 * - `InputRequired`: a result that asks the client to open the link and to call the tool again
 * - `UrlElicitationRequired`: a JSON-RPC error with the link
 * - `Text`: the result of a tool that failed. The model passes the link on
 */
export const render = ({ elicitationId, link, name, provider }: Consent, client: Client) => {
  const needed = `The user has to connect '${provider}' first.`
  const elicitation = { mode: "url", message: `Connect '${provider}' to continue.`, url: link } as const
  switch (client.capabilities?.elicitation?.url === undefined ? undefined : client.protocolVersion) {
    case "2026-07-28": {
      const inputRequests = { [name]: { method: "elicitation/create", params: elicitation } as const }
      return { _tag: "InputRequired", result: { resultType: "input_required", inputRequests } } as const
    }
    case "2025-11-25": {
      const elicitations = [{ ...elicitation, elicitationId }] as const
      return {
        _tag: "UrlElicitationRequired",
        error: { code: -32042, message: needed, data: { elicitations } }
      } as const
    }
    default:
      return {
        _tag: "Text",
        result: toolError(`${needed} Ask them to open ${link}, then call this tool again.`)
      } as const
  }
}

/** What the user chose, if this call is a retry. The client may send any shape. */
export const actionOf = (inputResponses: unknown, name: string): "accept" | "decline" | undefined => {
  const response = isObject(inputResponses) && Object.hasOwn(inputResponses, name)
    ? (inputResponses as Record<string, unknown>)[name]
    : undefined
  const action = isObject(response) && "action" in response ? response.action : undefined
  return action === "accept" ? action : action === "decline" || action === "cancel" ? "decline" : undefined
}
