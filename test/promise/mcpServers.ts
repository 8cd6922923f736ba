/** MCP servers whose tool `events` needs a credential: those of the official packages, beside that of Effect. */
import { getRequestListener } from "@hono/node-server"
import { McpServer as SdkServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import * as SdkTypes from "@modelcontextprotocol/sdk/types.js"
import * as Server from "@modelcontextprotocol/server"
import * as Connect from "effect-agentcore-identity/http/Connect"
import type { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as PromiseMcp from "effect-agentcore-identity/promise/Mcp"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { type RequestListener } from "node:http"
import type * as World from "../support/connectWorld.js"
import * as Mcp from "../support/mcpWorld.js"
import * as Servers from "../support/server.js"
import { plainFunctions } from "./world.js"

/** Serves a handler of Node on a free port until the scope ends. */
const listen = (listener: RequestListener) => Effect.map(Servers.serve(listener), (url) => `${url}/mcp`)

interface Application {
  /** Obtains the token of the caller, and returns a digest of it. */
  readonly useCalendar: (token: string | null | undefined) => Promise<string>
  readonly link: PromiseMcp.Options["link"]
}

const content = (text: string) => ({ content: [{ type: "text" as const, text }] })

const sdkServer = ({ link, useCalendar }: Application) => {
  const server = new SdkServer({ name: "tools", version: "1.0.0" })
  const { UrlElicitationRequiredError } = SdkTypes
  const asking = PromiseMcp.forSdk({ UrlElicitationRequiredError, server, link })
  server.registerTool(
    "events",
    {},
    asking(async ({ requestInfo }: { readonly requestInfo?: SdkTypes.RequestInfo }) => {
      const token = requestInfo?.headers["x-amz-bedrock-agentcore-identity-wat"]
      return content(await useCalendar(String(token)))
    })
  )
  return server
}

/** A session for each client. */
const serveSdk = (application: Application) => {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  return listen(async (request, response) => {
    const known = sessions.get(String(request.headers["mcp-session-id"]))
    const transport = known ?? new StreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport)
    })
    if (known === undefined) await sdkServer(application).connect(transport as never)
    await transport.handleRequest(request, response)
  })
}

const modernServer = ({ link, useCalendar }: Application, wait?: Duration.Input) => {
  const server = new Server.McpServer({ name: "tools", version: "1.0.0" })
  const { inputRequired, UrlElicitationRequiredError } = Server
  const asking = PromiseMcp.forServer({ inputRequired, UrlElicitationRequiredError, server, link, wait })
  server.registerTool(
    "events",
    {},
    asking(async (ctx: Server.ServerContext) =>
      content(await useCalendar(ctx.http?.req?.headers.get("x-amz-bedrock-agentcore-identity-wat")))
    )
  )
  return server
}

export const serveModern = (application: Application, wait?: Duration.Input) => {
  const handler = Server.createMcpHandler(() => modernServer(application, wait))
  return listen(getRequestListener((request) => handler.fetch(request)))
}

/** A session for each client, of revision 2025-11-25. */
const serveSessions = (application: Application) => {
  const sessions = new Map<string, Server.WebStandardStreamableHTTPServerTransport>()
  return listen(getRequestListener(async (request) => {
    const known = sessions.get(String(request.headers.get("mcp-session-id")))
    const transport = known ?? new Server.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport)
    })
    if (known === undefined) await modernServer(application).connect(transport)
    return transport.handleRequest(request)
  }))
}

/** The errors that the servers of the official packages made links for. */
export const errors: Array<RequiresUserConsent> = []

const applicationOf = ({ calendar }: World.Declared) =>
  Effect.gen(function*() {
    const { withAccessToken } = yield* plainFunctions
    const connect = yield* Connect.Connect
    return {
      useCalendar: (workloadIdentityToken) =>
        withAccessToken(calendar, { workloadIdentityToken: workloadIdentityToken ?? "" })(
          async (token: string) => `used ${Mcp.digestOf(Redacted.make(token))}`
        )(),
      link: (error) => {
        errors.push(error)
        return Effect.runPromise(connect.link(error.session))
      }
    } satisfies Application
  })

export interface Form {
  readonly name: string
  readonly serve: (
    declared: World.Declared,
    options?: { readonly wait?: Duration.Input }
  ) => Effect.Effect<string, unknown, Layer.Success<ReturnType<typeof World.environment>> | Scope.Scope>
  /** The tools that need the calendar. */
  readonly tools: ReadonlyArray<string>
}

const overPackage =
  (serve: (application: Application, wait?: Duration.Input) => ReturnType<typeof listen>): Form["serve"] =>
  (declared, { wait } = {}) => Effect.flatMap(applicationOf(declared), (application) => serve(application, wait))

const ofEffect: Form = {
  name: "Effect",
  serve: Mcp.serve,
  tools: ["events", "own_failure", "returned_failure", "defect"]
}

const official = { name: "@modelcontextprotocol/server 2.4", tools: ["events"] }

/** Servers with sessions of revision 2025-11-25. They know what their client can. */
export const withSessions: ReadonlyArray<Form> = [
  ofEffect,
  { ...official, serve: overPackage(serveSessions) },
  { ...official, name: "@modelcontextprotocol/sdk 1.32", serve: overPackage(serveSdk) }
]

/** Servers of revision 2026-07-28, which has no sessions. */
export const withoutSessions: ReadonlyArray<Form> = [ofEffect, { ...official, serve: overPackage(serveModern) }]
