import { createMcpHandler, inputRequired, McpServer, UrlElicitationRequiredError } from "@modelcontextprotocol/server"
import { forServer } from "effect-agentcore-identity/promise/Mcp"
import { asCaller, link, listEvents } from "./tools.ts"

const { fetch } = createMcpHandler(() => {
  const server = new McpServer({ name: "calendar", version: "1.0.0" })
  const asking = forServer({ server, inputRequired, UrlElicitationRequiredError, link })
  server.registerTool("list_events", { description: "Lists the user's events of today" }, asking(listEvents))
  return server
})

export const handler = asCaller((request) => fetch(request))
