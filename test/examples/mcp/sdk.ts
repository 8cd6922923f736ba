import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import { UrlElicitationRequiredError } from "@modelcontextprotocol/sdk/types.js"
import { forSdk } from "effect-agentcore-identity/promise/Mcp"
import { asCaller, link, listEvents } from "./tools.ts"

const makeServer = () => {
  const server = new McpServer({ name: "calendar", version: "1.0.0" })
  const asking = forSdk({ server, UrlElicitationRequiredError, link })
  server.registerTool("list_events", { description: "Lists the user's events of today" }, asking(listEvents))
  return server
}

// Only a session knows whether its client opens links.
const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()

const open = async () => {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => crypto.randomUUID(),
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id)
  })
  await makeServer().connect(transport)
  return transport
}

export const handler = asCaller(async (request) => {
  const transport = sessions.get(request.headers.get("mcp-session-id") ?? "") ?? await open()
  return transport.handleRequest(request)
})
