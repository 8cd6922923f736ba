import { McpServer as SdkServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import * as Sdk from "@modelcontextprotocol/sdk/types.js"
import * as Server from "@modelcontextprotocol/server"
import * as Mcp from "effect-agentcore-identity/promise/Mcp"
import { describe, expectTypeOf, it } from "vitest"
import * as z from "zod"

const link = () => "https://app.example.com/connect/calendar"
const result = async (text: string) => ({ content: [{ type: "text" as const, text }] })

describe("a wrapped callback", () => {
  it("is a callback of @modelcontextprotocol/sdk, and its parameters are inferred", () => {
    const server = new SdkServer({ name: "tools", version: "1.0.0" })
    const asking = Mcp.forSdk({
      UrlElicitationRequiredError: Sdk.UrlElicitationRequiredError,
      server,
      link
    })
    server.registerTool(
      "events",
      { inputSchema: { day: z.string() } },
      asking(({ day }, extra) => {
        expectTypeOf(day).toEqualTypeOf<string>()
        expectTypeOf(extra.signal).toEqualTypeOf<AbortSignal>()
        return result(day)
      })
    )
  })

  it("is a callback of @modelcontextprotocol/server, and its parameters are inferred", () => {
    const server = new Server.McpServer({ name: "tools", version: "1.0.0" })
    const { inputRequired, UrlElicitationRequiredError } = Server
    const asking = Mcp.forServer({ inputRequired, UrlElicitationRequiredError, server, link })
    server.registerTool(
      "events",
      { inputSchema: z.object({ day: z.string() }) },
      asking(({ day }, ctx) => {
        expectTypeOf(day).toEqualTypeOf<string>()
        expectTypeOf(ctx).toEqualTypeOf<Server.ServerContext>()
        return result(day)
      })
    )
  })

  it("needs a link", () => {
    const server = new SdkServer({ name: "tools", version: "1.0.0" })
    // @ts-expect-error - there is no default for the link
    Mcp.forSdk({ UrlElicitationRequiredError: Sdk.UrlElicitationRequiredError, server })
  })
})
