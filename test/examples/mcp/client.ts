// An official client that calls the tool. Its user opens the link while the call waits.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"

const client = new Client({ name: "client", version: "1.0.0" }, {
  capabilities: { elicitation: { url: {} } },
  versionNegotiation: { mode: "auto" }
})
let shown = ""
client.setRequestHandler("elicitation/create", async ({ params }) => {
  const line = `${params.message} ${"url" in params ? params.url : ""}`
  // The server asks again while the call waits.
  if (line !== shown) console.log(shown = line)
  return { action: "accept" }
})

await client.connect(new StreamableHTTPClientTransport(new URL(process.env.MCP_URL ?? "http://localhost:3000/mcp")))
const { content } = await client.callTool({ name: "list_events", arguments: {} })
console.log(content)
await client.close()
