/** An MCP server whose tools need credentials, beside the pages of `connectWorld`, and clients of it over HTTP. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert } from "@effect/vitest"
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client"
import { Client as SdkClient } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as SdkTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import * as Consent from "effect-agentcore-identity/Consent"
import * as Identity from "effect-agentcore-identity/Identity"
import { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as ConsentElicitation from "effect-agentcore-identity/mcp/ConsentElicitation"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { createServer } from "./authorizationServer.js"
import * as World from "./connectWorld.js"

const protocols = [
  McpProtocol.v2026_07_28,
  McpProtocol.v2025_11_25,
  McpProtocol.v2025_06_18,
  McpProtocol.v2025_03_26,
  McpProtocol.v2024_11_05
] as const

/** The response of a tool that used a token, without the token. */
export const digestOf = (token: Redacted.Redacted): string =>
  createHash("sha256").update(Redacted.value(token)).digest("hex").slice(0, 12)

/** The tokens that the tools obtained. */
export const seen: Array<string> = []

const options = {
  success: Schema.String,
  parameters: Schema.Struct({ day: Schema.optional(Schema.String) }),
  dependencies: [WorkloadAccessToken.WorkloadAccessToken]
}

/** Each tool treats the missing consent in another way. */
const Tools = Toolkit.make(
  Tool.make("events", { ...options, failure: RequiresUserConsent }),
  Tool.make("send_mail", { ...options, failure: RequiresUserConsent }),
  Tool.make("returned_failure", { ...options, failure: RequiresUserConsent, failureMode: "return" }),
  Tool.make("own_failure", { ...options, failure: Schema.String }),
  Tool.make("own_consent", {
    ...options,
    failure: Schema.Struct({ problem: RequiresUserConsent }),
    failureMode: "return"
  }),
  Tool.make("defect", options),
  Tool.make("fallback", options)
)

const handlers = ({ calendar, mail }: World.Declared) =>
  Tools.toLayer(Effect.gen(function*() {
    const identity = yield* Identity.Identity
    const use = (credential: Identity.AccessTokenCredential<"USER_FEDERATION">) =>
      Effect.map(identity.getAccessToken(credential), (token) => {
        seen.push(Redacted.value(token))
        return `used ${digestOf(token)}`
      })
    const ownConsent = Effect.catchIf(
      identity.getAccessToken(calendar, { consent: Consent.fail }),
      (error) => error._tag !== "RequiresUserConsent",
      Effect.die
    )
    const consentOrDie = (credential: Identity.AccessTokenCredential<"USER_FEDERATION">) =>
      Effect.catchIf(use(credential), (error) => error._tag !== "RequiresUserConsent", Effect.die)
    return {
      events: () => consentOrDie(calendar),
      send_mail: () => consentOrDie(mail),
      returned_failure: () => consentOrDie(calendar),
      own_failure: () => Effect.mapError(use(calendar), (error) => `No calendar: ${error.message}`),
      own_consent: () => Effect.mapBoth(ownConsent, { onFailure: (problem) => ({ problem }), onSuccess: () => "used" }),
      defect: () => Effect.orDie(use(calendar)),
      fallback: () => Effect.orElseSucceed(use(calendar), () => "an empty calendar")
    }
  }))

class Endpoint extends Context.Service<Endpoint, string>()("test/mcp/Endpoint") {}

const layerUser = (user: UserIdentifier.UserIdentifier) =>
  HttpRouter.middleware<{ provides: RequestContext.RequestContext | WorkloadAccessToken.WorkloadAccessToken }>()((
    self
  ) =>
    RequestContext.middleware(
      Effect.updateService(self, WorkloadAccessToken.WorkloadAccessToken, (caller) => ({ ...caller, user }))
    )
  ).layer

/** Serves MCP on a port of its own. */
export const serve = (
  declared: World.Declared,
  { protocol, user, wait }: NonNullable<Parameters<typeof ConsentElicitation.toolkit>[1]> & {
    readonly protocol?: typeof protocols[number]
    /** The user of all requests, if the application knows them. */
    readonly user?: UserIdentifier.UserIdentifier
  } = {}
) =>
  Layer.build(Layer.fresh(
    HttpRouter.serve(
      McpServer.layerHttp({
        name: "tools",
        version: "1.0.0",
        path: "/mcp",
        protocols: protocol === undefined ? protocols : [protocol],
        registrations: ConsentElicitation.toolkit(Tools, { wait }).pipe(Layer.provide(handlers(declared)))
      }).pipe(Layer.provide(user === undefined ? RequestContext.layer : layerUser(user))),
      { disableListenLog: true, disableLogger: true }
    ).pipe(
      Layer.provide(RequestContext.layerRedaction),
      Layer.merge(
        Layer.effect(
          Endpoint,
          Effect.map(HttpServer.HttpServer, ({ address }) => `${HttpServer.formatAddress(address)}/mcp`)
        )
      ),
      Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
    )
  )).pipe(Effect.map((context) => Context.get(context, Endpoint)))

/** The workload access token of a user, as AgentCore Runtime sends it. */
export const tokenOf = (userId: string) =>
  Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, ({ get }) => get).pipe(
    World.as({ userId }),
    Effect.map(Redacted.value)
  )

export const headersOf = (token: string) => ({ "x-amz-bedrock-agentcore-identity-wat": token })

const url = { elicitation: { url: {} } }
const clientInfo = { name: "client", version: "1.0.0" }

interface Connected {
  readonly call: (tool: string) => Effect.Effect<Called>
}

interface Called {
  readonly isError?: boolean | undefined
  readonly text: string
  /** The links of an error -32042. */
  readonly links: ReadonlyArray<string>
  readonly error?: unknown
}

/** The text of a result. Effect encodes a string as JSON for revision 2026-07-28. */
const textOf = (content: unknown) =>
  Array.isArray(content)
    ? content.map(({ text = "" }: { readonly text?: string }) => text.replace(/^"(.*)"$/, "$1")).join("\n")
    : ""

const read = (promise: () => Promise<unknown>): Effect.Effect<Called> =>
  Effect.promise(async () => {
    try {
      const result = await promise() as { readonly isError?: boolean; readonly content?: unknown }
      return { isError: result.isError, text: textOf(result.content), links: [] }
    } catch (error) {
      const { elicitations = [] } = error as { readonly elicitations?: ReadonlyArray<{ readonly url: string }> }
      return { text: String(error), links: elicitations.map(({ url }) => url), error }
    }
  })

/** The official client, 1.x. It calls no handler for a link: its user calls again. */
export const connectSdk = (endpoint: string, token: string, capabilities: object = url) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new SdkClient(clientInfo, { capabilities })
      await client.connect(
        new SdkTransport(new URL(endpoint), { requestInit: { headers: headersOf(token) } }) as never
      )
      return client
    }),
    (client) => Effect.promise(() => client.close())
  ).pipe(Effect.map((client): Connected => ({
    call: (tool) => read(() => client.callTool({ name: tool, arguments: {} }))
  })))

interface ModernOptions {
  readonly mode?: "legacy" | "auto"
  readonly capabilities?: object
  /** What the user chooses when the client shows the link. */
  readonly onLink?: (params: unknown) => Promise<"accept" | "decline" | "cancel">
}

/** The official client, 2.x. With `auto` it speaks 2026-07-28, and calls its handler. */
export const connectModern = (
  endpoint: string,
  token: string,
  { capabilities = url, mode = "auto", onLink }: ModernOptions = {}
) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new ModernClient(clientInfo, { capabilities, versionNegotiation: { mode } })
      if (onLink !== undefined) {
        client.setRequestHandler("elicitation/create", async ({ params }) => ({ action: await onLink(params) }))
      }
      await client.connect(new ModernTransport(new URL(endpoint), { requestInit: { headers: headersOf(token) } }))
      return client
    }),
    (client) => Effect.promise(() => client.close())
  ).pipe(Effect.map((client): Connected => ({
    call: (tool) => read(() => client.callTool({ name: tool, arguments: {} }))
  })))

/** One request of JSON-RPC, as any client could send it. */
export const post = (endpoint: string, token: string, body: object, headers: Record<string, string> = {}) =>
  Effect.promise(async () => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headersOf(token),
        ...headers
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body })
    })
    const text = await response.text()
    const json = text.startsWith("{") ? text : /^data: (\{.*\})$/m.exec(text)?.[1] ?? "{}"
    return { status: response.status, headers: response.headers, text, json: JSON.parse(json) }
  })

/** A call of revision 2026-07-28. */
export const postCall = (
  endpoint: string,
  token: string,
  { capabilities = url, inputResponses, name = "events" }: {
    readonly name?: string
    readonly capabilities?: object
    readonly inputResponses?: object
  } = {}
) =>
  Effect.map(
    post(
      endpoint,
      token,
      {
        method: "tools/call",
        params: {
          name,
          arguments: {},
          ...(inputResponses === undefined ? {} : { inputResponses }),
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities,
            "io.modelcontextprotocol/clientInfo": clientInfo
          }
        }
      },
      { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name }
    ),
    ({ json, text }) => json.result ?? assert.fail(text)
  )

/** The user denies at the vendor: the call ends once, and the next one asks again. The server knows the user. */
export const deniesAndAsksAgain = (endpoint: string, token: string, link: string) =>
  Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context<HttpServer.HttpServer | Scope.Scope>())
    const browser = yield* TestUser.make("someone@example.com")
    const deny = Effect.flatMap(World.press(link, "connect"), (started) => browser.denies(World.refreshOf(started)))
    let rounds = 0
    const client = yield* connectModern(endpoint, token, {
      onLink: async () => {
        // The client accepts when it has opened the link.
        if (rounds++ === 0) void run(deny)
        else if (rounds > 2) void run(World.connect(link))
        return "accept"
      }
    })
    assert.deepStrictEqual(yield* client.call("events"), {
      isError: true,
      text: "The user did not consent.",
      links: []
    })
    assert.isAtMost(rounds, 2)
    rounds = 2
    assert.match((yield* client.call("events")).text, /^used /)
    assert.strictEqual(rounds, 3)
  })
