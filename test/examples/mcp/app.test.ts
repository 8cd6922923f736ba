import { getRequestListener } from "@hono/node-server"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { workload } from "effect-agentcore-identity/promise/Identity"
import { type LocalIdentityWithUsers, start } from "effect-agentcore-identity/promise/LocalIdentity"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const server = createServer()
let local: LocalIdentityWithUsers
let url: string

beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening")
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, { ORIGIN: url, RETURN_URL: `${url}/connect/return`, SESSION_SECRET: "for tests" })
  const path = (name: string) => fileURLToPath(new URL(`../hono/${name}`, import.meta.url))
  local = await start({ setup: path("setup.jsonc"), policy: path("policy.json"), authorizationServer: true })
  // In place of the calendar: a page with the user of the token.
  Object.assign(process.env, local.environment, {
    CALENDAR_API: `${local.issuer}/me`,
    CALENDAR_ISSUER: local.issuer
  })
  // The programs read the environment when they are loaded.
  const { app } = await import("../hono/app.ts")
  const [version1, version2] = await Promise.all([import("./sdk.ts"), import("./server.ts")])
  app.all("/1/mcp", (c) => version1.handler(c.req.raw))
  app.all("/2/mcp", (c) => version2.handler(c.req.raw))
  server.on("request", getRequestListener(app.fetch))
}, 60_000)

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await local.stop()
})

/** The client of a user, with the header that AgentCore Runtime sends. `open` is what the user does with a link. */
const connect = async (version: number, userId: string, open: (link: string) => Promise<unknown>) => {
  const token = await workload({ name: "my-agent", user: { userId } }).getToken()
  const client = new Client({ name: "client", version: "1.0.0" }, {
    capabilities: { elicitation: { url: {} } },
    versionNegotiation: { mode: "auto" }
  })
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    await open("url" in params ? String(params.url) : "")
    return { action: "accept" }
  })
  const requestInit = { headers: { "x-amz-bedrock-agentcore-identity-wat": token } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/${version}/mcp`), { requestInit }))
  /** The text of the result. In version 1 a link is an error, and the client calls again. */
  const call = async (): Promise<string> => {
    try {
      const { content } = await client.callTool({ name: "list_events", arguments: {} })
      const [first] = content
      return first?.type === "text" ? first.text : ""
    } catch (error) {
      const { elicitations = [] } = error as { readonly elicitations?: ReadonlyArray<{ readonly url: string }> }
      if (elicitations[0] === undefined) throw error
      await open(elicitations[0].url)
      return call()
    }
  }
  return { call, close: () => client.close() }
}

describe.each([1, 2])("the tool of a server of version %d", (version) => {
  it("asks its user, and gives each user their own events", async () => {
    const [alice, bob] = [`alice-${version}`, `bob-${version}`]
    const links: Array<string> = []
    const first = await connect(version, alice, async (link) => {
      links.push(link)
      // She forwards her link to Bob, who connects his own account, and then opens it herself.
      await local.user(bob).approves(link)
      await local.user(alice).approves(link)
    })
    expect(JSON.parse(await first.call())).toStrictEqual({ sub: alice })
    expect(links).toStrictEqual([`${url}/connect/calendar`])

    const second = await connect(version, bob, () => Promise.reject(new Error("Bob was asked again")))
    expect(JSON.parse(await second.call())).toStrictEqual({ sub: bob })
    await Promise.all([first.close(), second.close()])
  })
})
