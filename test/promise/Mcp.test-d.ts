import { McpServer as SdkServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import * as Sdk from "@modelcontextprotocol/sdk/types.js"
import * as Server from "@modelcontextprotocol/server"
import type * as EffectGatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
import { completeAuthorization } from "effect-agentcore-identity/promise/Identity"
import * as Mcp from "effect-agentcore-identity/promise/Mcp"
import * as Redacted from "effect/Redacted"
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

describe("Mcp.retryingGateway", () => {
  it("has the data of mcp/GatewayConsent", () => {
    expectTypeOf<Mcp.GatewayConsent>().toEqualTypeOf<EffectGatewayConsent.GatewayConsent>()
  })

  it("returns what the call returns", () => {
    const result = Mcp.retryingGateway(async () => 1, {
      show: async ({ url }) => console.log(Redacted.value(url)),
      complete: (sessionUri) => completeAuthorization({ sessionUri, user: { userToken: "a.b.c" } })
    })
    expectTypeOf(result).toEqualTypeOf<Promise<number>>()
    // @ts-expect-error: `show` is missing
    void Mcp.retryingGateway(async () => 1, {})
  })
})
