/** A gateway with the responses of AgentCore Gateway over HTTP, and the clients that call it. */
import { createMCPClient } from "@ai-sdk/mcp"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client"
import { Client as SdkClient } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as SdkTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { McpClient as StrandsClient } from "@strands-agents/sdk"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as McpClient from "effect/ai/McpClient"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Mcp from "./mcpWorld.js"
import * as Server from "./server.js"

interface Message {
  readonly id?: number | string
  readonly method: string
  // Any shape: tests read what clients sent.
  readonly params?: Record<string, unknown>
}

/** What the gateway responds to a call of a tool: `result` or `error`, and the status of HTTP. */
export interface Response {
  readonly status?: number
  readonly result?: unknown
  readonly error?: unknown
}

const capabilities = { tools: {} }
const serverInfo = { name: "gateway", version: "1.0.0" }

const respond = (version: string, { method }: Message): Response => {
  switch (method) {
    case "initialize":
      return version === "2026-07-28"
        ? { error: { code: -32601, message: "Method not found" } }
        : { result: { protocolVersion: version, capabilities, serverInfo } }
    case "server/discover":
      return version === "2026-07-28"
        ? {
          result: {
            resultType: "complete",
            supportedVersions: [version],
            capabilities,
            ttlMs: 0,
            cacheScope: "private",
            _meta: { "io.modelcontextprotocol/serverInfo": serverInfo }
          }
        }
        : { error: { code: -32601, message: "Method not found" } }
    case "tools/list":
      return {
        result: {
          resultType: "complete",
          ttlMs: 0,
          cacheScope: "private",
          tools: [{ name: "events", inputSchema: { type: "object", properties: {} } }]
        }
      }
    default:
      return { error: { code: -32601, message: "Method not found" } }
  }
}

interface Gateway {
  readonly url: string
  /** All messages that the gateway received. */
  readonly messages: Array<Message>
}

/** Serves a gateway on a free port until the scope ends. `call` gets the bearer token of the caller. */
export const serve = (
  call: (token: string, message: Message) => Response | Promise<Response>,
  version: "2025-11-25" | "2026-07-28" = "2025-11-25"
) =>
  Effect.gen(function*() {
    const messages: Array<Message> = []
    const origin = yield* Server.serve(async (request, response) => {
      if (request.method !== "POST") return void response.writeHead(405).end()
      let body = ""
      for await (const chunk of request) body += String(chunk)
      const message: Message = JSON.parse(body)
      messages.push(message)
      if (message.id === undefined) return void response.writeHead(202).end()
      const token = String(request.headers.authorization).replace(/^Bearer /, "")
      const { status = 200, ...rest } = message.method === "tools/call"
        ? await call(token, message)
        : respond(version, message)
      response.writeHead(status, { "content-type": "application/json" })
      response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...rest }))
    })
    return { url: `${origin}/mcp`, messages } satisfies Gateway
  })

/** The response of AgentCore Gateway if the user has to consent. */
export const consentNeeded = (url: unknown): Response => ({
  error: {
    code: -32042,
    message: "This request requires more information.",
    data: {
      elicitations: [{
        mode: "url",
        elicitationId: "0b2c5a6e-0000-4000-8000-000000000001",
        url,
        message: "Please login to this URL for authorization."
      }]
    }
  }
})

export const content = (text: string): Response => ({
  result: { resultType: "complete", content: [{ type: "text", text }] }
})

/** A target that needs a token of the caller, as the gateway obtains it: for the caller's JWT. */
export const target = (options: {
  readonly workload: string
  readonly provider: string
  readonly scopes: ReadonlyArray<string>
  readonly returnUrl: string
}) =>
  Effect.map(
    DataPlane.DataPlane,
    (dataPlane) => (token: string): Promise<Response> =>
      Effect.runPromise(Effect.gen(function*() {
        const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessTokenForJwt({
          workloadName: options.workload,
          userToken: Redacted.make(token)
        })
        const response = yield* dataPlane.getResourceOauth2Token({
          workloadIdentityToken: workloadAccessToken,
          resourceCredentialProviderName: options.provider,
          scopes: options.scopes,
          oauth2Flow: "USER_FEDERATION",
          resourceOauth2ReturnUrl: options.returnUrl
        })
        switch (response._tag) {
          case "Issued":
            return content(`used ${Mcp.digestOf(response.accessToken)}`)
          case "ConsentRequired":
            return consentNeeded(Redacted.value(response.authorizationUrl))
          default:
            return content(response._tag)
        }
      }))
  )

/** Calls the tool `events`. */
export type Call = () => Promise<unknown>

const clientInfo = { name: "client", version: "1.0.0" }
const url = { elicitation: { url: {} } }
const headersOf = (token: string) => ({ authorization: `Bearer ${token}` })

const closing = <Client extends { readonly close: () => Promise<unknown> }>(
  connect: () => Promise<Client>,
  call: (client: Client) => Promise<unknown>
) =>
  Effect.acquireRelease(Effect.promise(connect), (client) => Effect.promise(() => client.close())).pipe(
    Effect.map((client): Call => () => call(client))
  )

export const clients = [
  {
    name: "@modelcontextprotocol/sdk 1.32",
    connect: (endpoint: string, token: string) =>
      closing(
        async () => {
          const client = new SdkClient(clientInfo, { capabilities: url })
          const transport = new SdkTransport(new URL(endpoint), { requestInit: { headers: headersOf(token) } })
          await client.connect(transport as never)
          return client
        },
        (client) => client.callTool({ name: "events", arguments: {} })
      )
  },
  ...(["legacy", "auto"] as const).map((mode) => ({
    name: `@modelcontextprotocol/client 2.4, ${mode}` as const,
    connect: (endpoint: string, token: string) =>
      closing(
        async () => {
          const client = new ModernClient(clientInfo, { capabilities: url, versionNegotiation: { mode } })
          await client.connect(new ModernTransport(new URL(endpoint), { requestInit: { headers: headersOf(token) } }))
          return client
        },
        (client) => client.callTool({ name: "events", arguments: {} }, { allowInputRequired: true })
      )
  })),
  {
    name: "@ai-sdk/mcp 2.0",
    connect: (endpoint: string, token: string) =>
      closing(
        () => createMCPClient({ transport: { type: "http", url: endpoint, headers: headersOf(token) } }),
        async (client) => {
          const { events } = await client.tools()
          return events?.execute({}, { toolCallId: "1", messages: [], context: {} } as never)
        }
      )
  },
  {
    name: "@strands-agents/sdk 1.19",
    connect: (endpoint: string, token: string) =>
      closing(
        async () => {
          const client = new StrandsClient({ url: endpoint, headers: headersOf(token) })
          return { client, close: () => client.disconnect() }
        },
        async ({ client }) => {
          const [tool] = await client.listTools()
          const toolUse = { name: "events", toolUseId: "1", input: {} }
          const stream = tool?.stream({ toolUse, cancelSignal: new AbortController().signal } as never)
          return (await stream?.next())?.value
        }
      )
  },
  {
    name: "fetch",
    connect: (endpoint: string, token: string) =>
      Effect.succeed<Call>(async () => {
        const response = await fetch(endpoint, {
          method: "POST",
          headers: { "content-type": "application/json", ...headersOf(token) },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "tools/call",
            params: { name: "events", arguments: {} }
          })
        })
        return response.json()
      })
  }
]

/** Effect's client, with a transport over that of HTTP. */
export const connectEffect = <E, R>(
  endpoint: string,
  token: string,
  over: (inner: McpClient.Transport) => Effect.Effect<McpClient.Transport, E, R>,
  protocol: Parameters<typeof McpClient.http>[0]["protocol"] = McpProtocol.v2025_11_25
) =>
  Effect.gen(function*() {
    const inner = yield* McpClient.http({ url: endpoint, protocol, headers: headersOf(token) })
    const client = yield* McpClient.make(clientInfo).pipe(
      Effect.provideService(McpClient.Transport, yield* over(inner))
    )
    const [tool] = yield* client.listTools()
    return tool === undefined ? yield* Effect.die("no tool") : client.callTool({ tool, arguments: {} })
  }).pipe(Effect.provide(Layer.fresh(NodeHttpClient.layerNodeHttp)))

/** The text of a result of any client. */
export const textOf = (result: unknown): string => {
  const text = /"text":"(used \w+)"/.exec(JSON.stringify(result))?.[1]
  return text ?? JSON.stringify(result)
}
