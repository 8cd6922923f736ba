import { assert, describe, it } from "@effect/vitest"
import { getRequestListener } from "@hono/node-server"
import { McpServer as SdkServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import * as SdkTypes from "@modelcontextprotocol/sdk/types.js"
import * as Server from "@modelcontextprotocol/server"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Connect from "effect-agentcore-identity/http/Connect"
import { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as PromiseMcp from "effect-agentcore-identity/promise/Mcp"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { type RequestListener } from "node:http"
import * as World from "../support/connectWorld.js"
import * as Mcp from "../support/mcpWorld.js"
import { assertSecretFree } from "../support/recorder.js"
import * as Servers from "../support/server.js"
import * as App from "./connectWorld.js"
import { plainFunctions } from "./world.js"

const calendarNeeded = "The user has to connect 'calendar' first."
const linkText = (link: string) => `${calendarNeeded} Ask them to open ${link}, then call this tool again.`

/** Serves a handler of Node on a free port until the scope ends. */
const listen = (listener: RequestListener) => Effect.map(Servers.serve(listener), (url) => `${url}/mcp`)

type Link = PromiseMcp.Options["link"]

interface Application {
  /** Obtains the token of the caller, and returns a digest of it. */
  readonly useCalendar: (token: string | null | undefined) => Promise<string>
  readonly link: Link
}

type Serve = (application: Application) => Effect.Effect<string, never, Scope.Scope>

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
const serveSdk: Serve = (application) => {
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

const serveModern = (application: Application, wait?: Duration.Input) => {
  const handler = Server.createMcpHandler(() => modernServer(application, wait))
  return listen(getRequestListener((request) => handler.fetch(request)))
}

/** A session for each client, of revision 2025-11-25. */
const serveSessions: Serve = (application) => {
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

const setUp = Effect.gen(function*() {
  const { calendar, origin } = yield* World.setUp
  const { withAccessToken } = yield* plainFunctions
  const connect = yield* Connect.Connect
  const errors: Array<RequiresUserConsent> = []
  const application: Application = {
    useCalendar: (workloadIdentityToken) =>
      withAccessToken(calendar, { workloadIdentityToken: workloadIdentityToken ?? "" })(
        async (token: string) => `used ${Mcp.digestOf(Redacted.make(token))}`
      )(),
    link: (error) => {
      errors.push(error)
      return Effect.runPromise(connect.link(error.session))
    }
  }
  return {
    application,
    errors,
    link: `${origin}/connect/calendar`,
    alice: yield* Mcp.tokenOf("alice"),
    bob: yield* Mcp.tokenOf("bob"),
    run: Effect.runPromiseWith(yield* Effect.context<HttpServer.HttpServer>())
  }
})

const connectAs = (userId: string, link: string) => World.connect(link, { cookie: `user=${userId}` })

const program = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.scoped(self).pipe(Effect.provide(World.environment()))

describe("forSdk and forServer, over sessions of revision 2025-11-25", () => {
  const servers = [
    { name: "@modelcontextprotocol/sdk 1.32", serve: serveSdk },
    { name: "@modelcontextprotocol/server 2.4", serve: serveSessions }
  ]
  it.live.each(servers)("send the error -32042 with the link: $name", ({ serve }) =>
    program(Effect.gen(function*() {
      const { alice, application, bob, errors, link } = yield* setUp
      const endpoint = yield* serve(application)
      for (
        const client of [
          yield* Mcp.connectSdk(endpoint, alice),
          yield* Mcp.connectModern(endpoint, alice, { mode: "legacy" })
        ]
      ) {
        const { links, text } = yield* client.call("events")
        assert.deepStrictEqual(links, [link])
        assert.include(text, calendarNeeded)
      }
      const client = yield* Mcp.connectSdk(endpoint, alice)
      yield* client.call("events")
      // The link was forwarded.
      yield* connectAs("bob", link)
      assert.deepStrictEqual((yield* client.call("events")).links, [link])
      yield* connectAs("alice", link)
      const { isError, text } = yield* client.call("events")
      assert.isNotTrue(isError)
      assert.match(text, /^used /)
      const other = yield* Mcp.connectSdk(endpoint, bob)
      const ofBob = yield* other.call("events")
      assert.match(ofBob.text, /^used /)
      assert.notStrictEqual(ofBob.text, text)
      const printed = errors.flatMap((error) => [error.message, String(error), JSON.stringify(error)])
      assert.isAbove(printed.length, 6)
      assertSecretFree([text, ofBob.text, ...printed], [alice, bob, "request_uri"])
    })))

  it.live.each(servers)(
    "take the caller of each request in a session that two people share: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, application, bob, link } = yield* setUp
        const endpoint = yield* serve(application)
        yield* connectAs("bob", link)
        const opened = yield* Mcp.post(endpoint, alice, {
          method: "initialize",
          params: {
            protocolVersion: "2025-11-25",
            capabilities: { elicitation: { url: {} } },
            clientInfo: { name: "shared", version: "1.0.0" }
          }
        })
        const session = {
          "mcp-protocol-version": "2025-11-25",
          "mcp-session-id": opened.headers.get("mcp-session-id") ?? assert.fail("no session")
        }
        // The ids of requests in a session differ.
        const call = (token: string, id: number) =>
          Mcp.post(endpoint, token, { id, method: "tools/call", params: { name: "events", arguments: {} } }, session)
        const [ofAlice, ofBob] = yield* Effect.all([call(alice, 2), call(bob, 3)], { concurrency: 2 })
        assert.strictEqual(ofAlice.json.error.data.elicitations[0].url, link)
        assert.match(ofBob.json.result.content[0].text, /^used /)
        yield* connectAs("alice", link)
        const [afterAlice, afterBob] = yield* Effect.all([call(alice, 4), call(bob, 5)], { concurrency: 2 })
        assert.match(afterAlice.json.result.content[0].text, /^used /)
        assert.notStrictEqual(afterAlice.json.result.content[0].text, ofBob.json.result.content[0].text)
        assert.strictEqual(afterBob.json.result.content[0].text, ofBob.json.result.content[0].text)
      }))
  )

  it.live.each(servers)(
    "send text to a client without URL elicitation: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, application, link } = yield* setUp
        const endpoint = yield* serve(application)
        for (const capabilities of [{}, { elicitation: { form: {} } }]) {
          const client = yield* Mcp.connectSdk(endpoint, alice, capabilities)
          assert.deepStrictEqual(yield* client.call("events"), { isError: true, text: linkText(link), links: [] })
        }
      }))
  )
})

describe("forServer, without sessions", () => {
  it.live("waits for the user after accept, and returns the result of the same call", () =>
    program(Effect.gen(function*() {
      const { alice, application, link, run } = yield* setUp
      const endpoint = yield* serveModern(application)
      const shown: Array<unknown> = []
      const client = yield* Mcp.connectModern(endpoint, alice, {
        onLink: async (params) => {
          shown.push(params)
          void run(Effect.delay(connectAs("alice", link), "300 millis"))
          return "accept"
        }
      })
      assert.match((yield* client.call("events")).text, /^used /)
      assert.deepStrictEqual(shown, [{ mode: "url", message: "Connect 'calendar' to continue.", url: link }])
    })))

  it.live("asks again with the same link, and ends after decline and cancel", () =>
    program(Effect.gen(function*() {
      const { alice, application, link } = yield* setUp
      const endpoint = yield* serveModern(application, "20 millis")
      const links = new Set<unknown>()
      const client = yield* Mcp.connectModern(endpoint, alice, {
        onLink: async (params) => {
          links.add((params as { readonly url: string }).url)
          return "accept"
        }
      })
      assert.isDefined((yield* client.call("events")).error)
      assert.deepStrictEqual([...links], [link])
      for (const action of ["decline", "cancel"] as const) {
        const other = yield* Mcp.connectModern(endpoint, alice, { onLink: async () => action })
        assert.deepStrictEqual(yield* other.call("events"), {
          isError: true,
          text: "The user did not consent.",
          links: []
        })
      }
    })))

  it.live("uses the token of the caller in a retry that another user repeats", () =>
    program(Effect.gen(function*() {
      const { alice, application, bob, link } = yield* setUp
      const endpoint = yield* serveModern(application, "20 millis")
      const first = yield* Mcp.postCall(endpoint, alice)
      const [name = ""] = Object.keys(first.inputRequests)
      yield* connectAs("alice", link)
      const retry = { inputResponses: { [name]: { action: "accept" } } }
      const ofBob = yield* Mcp.postCall(endpoint, bob, retry)
      assert.strictEqual(ofBob.inputRequests[name].params.url, link)
      assert.match((yield* Mcp.postCall(endpoint, alice, retry)).content[0].text, /^used /)
    })))

  it.live("sends text to clients of 2025, whose capabilities it does not know, and to those without URL elicitation", () =>
    program(Effect.gen(function*() {
      const { alice, application, link } = yield* setUp
      const endpoint = yield* serveModern(application)
      const clients = [
        yield* Mcp.connectSdk(endpoint, alice),
        yield* Mcp.connectModern(endpoint, alice, { mode: "legacy" }),
        yield* Mcp.connectModern(endpoint, alice, { capabilities: {} })
      ]
      for (const client of clients) assert.strictEqual((yield* client.call("events")).text, linkText(link))
    })))
})

describe("forServer over promise/Connect", () => {
  it.live("ends once after a denial at the vendor, and the next call asks again", () =>
    App.inApplication(function*({ as, connect }) {
      const application: Application = {
        useCalendar: () =>
          PromiseIdentity.runWithContext(
            as("alice"),
            connect.withAccessToken("calendar")(async (token: string) => {
              return token === "" ? "none" : "used"
            })
          ),
        link: (error) => connect.link(error.session)
      }
      const endpoint = yield* serveModern(application)
      const run = Effect.runPromiseWith(yield* Effect.context<HttpServer.HttpServer | Scope.Scope>())
      const browser = yield* TestUser.make("someone@example.com")
      let rounds = 0
      const deny = Effect.flatMap(
        World.press("/connect/calendar", "connect"),
        (started) => browser.denies(World.refreshOf(started))
      )
      const client = yield* Mcp.connectModern(endpoint, "", {
        onLink: async () => {
          // The client accepts when it has opened the link.
          if (rounds++ === 0) void run(deny)
          else if (rounds > 2) void run(World.connect("/connect/calendar"))
          return "accept"
        }
      })
      assert.deepStrictEqual(yield* client.call("events"), {
        isError: true,
        text: "The user did not consent.",
        links: []
      })
      const asked = rounds
      assert.isAtMost(asked, 2)
      rounds = 2
      assert.strictEqual((yield* client.call("events")).text, "used")
      assert.strictEqual(rounds, 3)
    }))
})

describe("a wrapped callback", () => {
  const asking = (link: Link) =>
    PromiseMcp.forSdk({
      UrlElicitationRequiredError: SdkTypes.UrlElicitationRequiredError,
      server: { server: { getClientCapabilities: () => ({ elicitation: { url: {} } }) } },
      link
    })

  it.live("never sends AgentCore's own URL", () =>
    program(Effect.gen(function*() {
      const { alice, application } = yield* setUp
      let url = ""
      const tool = asking((error) => url = Redacted.value(error.authorizationUrl))(() => application.useCalendar(alice))
      const error = yield* Effect.flip(Effect.tryPromise({ try: () => tool(), catch: (error) => error }))
      assert.include(
        String(error),
        "Value at 'link' failed to satisfy constraint: Member must return a link of Connect"
      )
      assertSecretFree([String(error)], [new URL(url).search])
    })))

  const urn = "urn:ietf:params:oauth:request_uri:sentinel"
  const consentError = (...scopes: ReadonlyArray<string>) =>
    new RequiresUserConsent({
      session: ConsentSession.make({
        provider: "github",
        flow: "USER_FEDERATION",
        scopes,
        sessionUri: Redacted.make(urn),
        authorizationUrl: Redacted.make(`https://example.com/authorize?request_uri=${encodeURIComponent(urn)}`),
        expiresAt: DateTime.makeUnsafe(0)
      })
    })
  const rejecting = (makeError: () => unknown): (context: unknown) => Promise<unknown> => async () => {
    throw makeError()
  }
  const accept = { action: "accept" }
  const askingModern = (link: Link, wait?: Duration.Input) =>
    PromiseMcp.forServer<unknown, unknown>({
      UrlElicitationRequiredError: Server.UrlElicitationRequiredError,
      inputRequired: Object.assign((spec: unknown) => spec, { elicitUrl: (params: unknown) => params }),
      server: {
        server: {
          getClientCapabilities: () => ({ elicitation: { url: {} } }),
          getNegotiatedProtocolVersion: () => "2026-07-28"
        }
      },
      link,
      wait
    })

  it("sends no link with AgentCore's own URL in it, and none that is no page", async () => {
    for (
      const toLink of [
        (url: string) => `${url}&prompt=login`,
        (url: string) => new URL(url).href.toUpperCase().replace("SENTINEL", "sentinel"),
        (url: string) => `https://app.example.com/go?to=${encodeURIComponent(url)}`,
        () => "javascript:alert(1)",
        () => undefined as never
      ]
    ) {
      const tool = asking((error) => toLink(Redacted.value(error.authorizationUrl)))(() =>
        Promise.reject(consentError())
      )
      const error = await tool().then(() => assert.fail("it did not reject"), String)
      assert.include(error, "Member must return a link of Connect")
      assertSecretFree([error], ["sentinel"])
    }
  })

  it("ends its wait with the request", async () => {
    let calls = 0
    const controller = new AbortController()
    const tool = askingModern(() => assert.fail("nobody reads the link"), "1 minute")(rejecting(() => {
      calls++
      setImmediate(() => controller.abort())
      return consentError()
    }))
    const { signal } = controller
    const call = tool({ mcpReq: { signal, inputResponses: { github: accept } } })
    await call.then(() => assert.fail("it did not reject"), () => undefined)
    assert.strictEqual(calls, 1)
  })

  it("asks for the second credential of a provider at once after accept of the first", async () => {
    const link = "https://app.example.com/connect/write"
    const tool = askingModern(() => link, "1 minute")(rejecting(() => consentError("write")))
    for (const action of ["accept", "decline"]) {
      assert.deepStrictEqual(await tool({ mcpReq: { inputResponses: { "github read": { action } } } }), {
        inputRequests: { "github write": { message: "Connect 'github' to continue.", url: link } }
      })
    }
  })

  it("passes results and other errors through", async () => {
    const error = new Error("other")
    const wrap = asking(() => assert.fail("no link is needed"))
    const failing = wrap(() => Promise.reject(error))
    const thrown = await failing().then(() => assert.fail("it did not reject"), (cause: unknown) => cause)
    assert.strictEqual(thrown, error)
    assert.strictEqual(await wrap((a: number, b: number) => a + b)(1, 2), 3)
  })
})
