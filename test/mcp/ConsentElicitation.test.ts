/** Users who consent to the tools of an MCP server: with `ConsentElicitation`, and with `promise/Mcp`. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as McpClient from "effect/ai/McpClient"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import * as Redacted from "effect/Redacted"
import * as Servers from "../promise/mcpServers.js"
import * as World from "../support/connectWorld.js"
import * as Mcp from "../support/mcpWorld.js"
import * as Recorder from "../support/recorder.js"

const calendarNeeded = "The user has to connect 'calendar' first."

const linkText = (link: string) => `${calendarNeeded} Ask them to open ${link}, then call this tool again.`

/** The response of a tool that used the token of this user. */
const usedBy = (userId: string, credential: World.Declared["calendar"]) =>
  AccessToken.get(credential).pipe(World.as({ userId }), Effect.map((token) => `used ${Mcp.digestOf(token)}`))

const setUpAt = (serve: Servers.Form["serve"], options?: Parameters<Servers.Form["serve"]>[1]) =>
  Effect.gen(function*() {
    const declared = yield* World.setUp
    const endpoint = yield* serve(declared, options)
    const alice = yield* Mcp.tokenOf("alice")
    const bob = yield* Mcp.tokenOf("bob")
    return { ...declared, endpoint, alice, bob, link: `${declared.origin}/connect/calendar` }
  })

const setUp = (options?: Parameters<typeof Mcp.serve>[1]) => setUpAt((declared) => Mcp.serve(declared, options))

const connectAs = (userId: string, link: string) => World.connect(link, { cookie: `user=${userId}` })

const program = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.scoped(self).pipe(Effect.provide(World.environment()))

const clients = [
  { client: "@modelcontextprotocol/sdk 1.32", connect: Mcp.connectSdk },
  {
    client: "@modelcontextprotocol/client 2.4, by default",
    connect: (endpoint: string, token: string) => Mcp.connectModern(endpoint, token, { mode: "legacy" })
  }
]

describe("a client that gets the error -32042", () => {
  it.live.each(Servers.withSessions.flatMap((server) => clients.map((client) => ({ ...server, ...client }))))(
    "consents, and calls again: $client, $name",
    ({ connect, serve }) =>
      program(Effect.gen(function*() {
        const { alice, calendar, endpoint, link } = yield* setUpAt(serve)
        const client = yield* connect(endpoint, alice)
        const first = yield* client.call("events")
        assert.strictEqual(first.text.replace(/^\w+: (MCP error -32042: )*/, ""), calendarNeeded)
        assert.deepStrictEqual(first.links, [link])
        // The link stays the same until the user consents.
        assert.deepStrictEqual((yield* client.call("events")).links, [link])
        assert.include((yield* connectAs("alice", link)).text, "Consent given")
        const { error: _, isError = false, ...second } = yield* client.call("events")
        assert.deepStrictEqual({ isError, ...second }, {
          isError: false,
          text: yield* usedBy("alice", calendar),
          links: []
        })
      }))
  )
})

describe("a client that gets input_required", () => {
  it.live.each(Servers.withoutSessions)(
    "consents, and the same call returns the result: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, calendar, endpoint, link } = yield* setUpAt(serve)
        const run = Effect.runPromiseWith(yield* Effect.context<HttpServer.HttpServer>())
        const shown: Array<unknown> = []
        const client = yield* Mcp.connectModern(endpoint, alice, {
          onLink: async (params) => {
            shown.push(params)
            await run(connectAs("alice", link))
            return "accept"
          }
        })
        const { isError = false, text } = yield* client.call("events")
        assert.isFalse(isError)
        assert.strictEqual(text, yield* usedBy("alice", calendar))
        assert.deepStrictEqual(shown, [{ mode: "url", message: "Connect 'calendar' to continue.", url: link }])
      }))
  )

  it.live.each(Servers.withoutSessions)(
    "accepts when it opens the link, and the retry waits: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, calendar, endpoint, link } = yield* setUpAt(serve)
        const run = Effect.runPromiseWith(yield* Effect.context<HttpServer.HttpServer>())
        let rounds = 0
        const client = yield* Mcp.connectModern(endpoint, alice, {
          onLink: async () => {
            // The user reads the page while the client repeats the call.
            if (rounds++ === 0) void run(Effect.delay(connectAs("alice", link), "500 millis"))
            return "accept"
          }
        })
        assert.strictEqual((yield* client.call("events")).text, yield* usedBy("alice", calendar))
        assert.strictEqual(rounds, 1)
      }))
  )

  it.live.each(Servers.withoutSessions)(
    "gets the same link again when the user takes longer: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, endpoint, link } = yield* setUpAt(serve, { wait: "20 millis" })
        const links = new Set<unknown>()
        const client = yield* Mcp.connectModern(endpoint, alice, {
          onLink: async (params) => {
            links.add((params as { readonly url: string }).url)
            return "accept"
          }
        })
        assert.include((yield* client.call("events")).text, "10")
        assert.deepStrictEqual([...links], [link])
      }))
  )

  it.live.each(Servers.withoutSessions)(
    "ends when the user declines or cancels: $name",
    ({ serve, tools }) =>
      program(Effect.gen(function*() {
        const { alice, endpoint } = yield* setUpAt(serve)
        for (const action of ["decline", "cancel"] as const) {
          const client = yield* Mcp.connectModern(endpoint, alice, { onLink: async () => action })
          for (const tool of tools) {
            assert.deepStrictEqual(yield* client.call(tool), {
              isError: true,
              text: "The user did not consent.",
              links: []
            })
          }
        }
      }))
  )

  it.live("ends once after a denial at the vendor, and the next call asks again", () =>
    program(Effect.gen(function*() {
      const { alice, endpoint, link } = yield* setUp({ user: { userId: "alice" } })
      yield* Mcp.deniesAndAsksAgain(endpoint, alice, link)
    })))

  it.live("is asked for the second credential at once after it has accepted the first", () =>
    program(Effect.gen(function*() {
      const { alice, endpoint, link } = yield* setUp()
      const inputResponses = { calendar: { action: "accept" } }
      const { inputRequests } = yield* Mcp.postCall(endpoint, alice, { name: "send_mail", inputResponses })
      assert.strictEqual(inputRequests.mail.params.url, link.replace("calendar", "mail"))
    })))
})

describe("a client without URL elicitation", () => {
  it.live.each([...Servers.withSessions, ...Servers.withoutSessions.slice(1)])(
    "gets text with the link: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, calendar, endpoint, link } = yield* setUpAt(serve)
        const clients = [
          yield* Mcp.connectSdk(endpoint, alice, {}),
          yield* Mcp.connectSdk(endpoint, alice, { elicitation: { form: {} } }),
          yield* Mcp.connectModern(endpoint, alice, { mode: "legacy", capabilities: {} }),
          yield* Mcp.connectModern(endpoint, alice, { capabilities: {} }),
          yield* Mcp.connectModern(endpoint, alice, { capabilities: { elicitation: { form: {} } } })
        ]
        const text = { isError: true, text: linkText(link), links: [] }
        for (const client of clients) assert.deepStrictEqual(yield* client.call("events"), text)
        yield* connectAs("alice", link)
        const used = yield* usedBy("alice", calendar)
        for (const client of clients) assert.strictEqual((yield* client.call("events")).text, used)
      }))
  )

  it.live("of 2025 gets text from a server without sessions, which does not know its capabilities", () =>
    program(Effect.gen(function*() {
      const { alice, endpoint, link } = yield* setUpAt(Servers.withoutSessions[1]!.serve)
      for (const { connect } of clients) {
        const client = yield* connect(endpoint, alice)
        assert.strictEqual((yield* client.call("events")).text, linkText(link))
      }
    })))

  it.live("of Effect gets text, because it declares no capability", () =>
    program(Effect.gen(function*() {
      const { alice, calendar, endpoint, link } = yield* setUp()
      const call = (protocol: typeof McpProtocol.v2026_07_28 | typeof McpProtocol.v2025_11_25) =>
        Effect.gen(function*() {
          const client = yield* McpClient.make({ name: "client", version: "1.0.0" })
          const tools = yield* client.listTools()
          const tool = tools.find(({ name }) => name === "events") ?? assert.fail("no tool")
          return yield* client.callTool({ tool, arguments: {} })
        }).pipe(
          Effect.provideServiceEffect(
            McpClient.Transport,
            McpClient.http({ url: endpoint, protocol, headers: Mcp.headersOf(alice) })
          ),
          Effect.provide(NodeHttpClient.layerUndici)
        )
      const protocols = [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25]
      for (const protocol of protocols) {
        const { content, isError } = yield* call(protocol)
        assert.isTrue(isError)
        assert.deepStrictEqual(content.map((part) => "text" in part && part.text), [linkText(link)])
      }
      yield* connectAs("alice", link)
      for (const protocol of protocols) {
        const { content, isError } = yield* call(protocol)
        assert.isNotTrue(isError)
        assert.include(JSON.stringify(content), yield* usedBy("alice", calendar))
      }
    })))

  const older = [McpProtocol.v2025_06_18, McpProtocol.v2025_03_26, McpProtocol.v2024_11_05]
  it.live.each(older)("gets text over revision $protocolVersion", (protocol) =>
    program(Effect.gen(function*() {
      const { alice, calendar, endpoint, link } = yield* setUp({ protocol })
      // It declares URL elicitation, which these revisions do not have.
      const clients = [
        yield* Mcp.connectSdk(endpoint, alice),
        yield* Mcp.connectModern(endpoint, alice, { mode: "legacy" })
      ]
      for (const client of clients) assert.strictEqual((yield* client.call("events")).text, linkText(link))
      yield* connectAs("alice", link)
      const used = yield* usedBy("alice", calendar)
      for (const client of clients) assert.strictEqual((yield* client.call("events")).text, used)
    })))
})

describe("a consent", () => {
  it.live("that the user denies is asked for again, with the same link", () =>
    program(Effect.gen(function*() {
      const { alice, calendar, endpoint, link } = yield* setUp()
      const client = yield* Mcp.connectSdk(endpoint, alice)
      const started = yield* World.press(link, "connect")
      const browser = yield* TestUser.make("someone@example.com")
      yield* browser.opens(`${new URL(link).origin}/sign-in/${encodeURIComponent("user=alice")}`)
      yield* browser.denies(World.refreshOf(started))
      assert.deepStrictEqual((yield* client.call("events")).links, [link])
      yield* connectAs("alice", link)
      assert.strictEqual((yield* client.call("events")).text, yield* usedBy("alice", calendar))
    })))

  it.live("that the vendor has revoked is asked for again, if the account is checked", () => {
    let isRevoked = false
    const account = () =>
      Effect.suspend(() => isRevoked ? Effect.fail({ status: 401 }) : Effect.succeed({ id: "1", label: "Alice" }))
    return Effect.gen(function*() {
      const { alice, calendar, endpoint, link } = yield* setUp({ user: { userId: "alice" } })
      const client = yield* Mcp.connectSdk(endpoint, alice)
      yield* connectAs("alice", link)
      const used = yield* client.call("events")
      assert.strictEqual(used.text, yield* usedBy("alice", calendar))
      isRevoked = true
      yield* World.press(link, "check")
      assert.deepStrictEqual((yield* client.call("events")).links, [link])
      isRevoked = false
      yield* connectAs("alice", link)
      assert.match((yield* client.call("events")).text, /^used /)
    }).pipe(
      Effect.scoped,
      Effect.provide(World.environment({ accounts: { calendar: { account, expect: () => true } } }))
    )
  })

  it.live.each(Servers.withSessions)(
    "of a user to whom the link was forwarded is their own: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, bob, calendar, endpoint, link } = yield* setUpAt(serve)
        const client = yield* Mcp.connectSdk(endpoint, alice)
        const [shown = ""] = (yield* client.call("events")).links
        assert.include((yield* connectAs("bob", shown)).text, "Consent given")
        assert.deepStrictEqual((yield* client.call("events")).links, [link])
        const other = yield* Mcp.connectSdk(endpoint, bob)
        assert.strictEqual((yield* other.call("events")).text, yield* usedBy("bob", calendar))
        // Another user who opens AgentCore's own URL is rejected on the way back.
        const forwarded = yield* World.connect(link, { returns: "user=mallory" })
        assert.include(forwarded.text, "This link cannot be used")
        assert.deepStrictEqual((yield* client.call("events")).links, [link])
      }))
  )

  it.live.each(Servers.withoutSessions)(
    "is the own one of a user who repeats the retry of another: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const { alice, bob, calendar, endpoint, link } = yield* setUpAt(serve, { wait: "20 millis" })
        const asked = yield* Mcp.postCall(endpoint, alice)
        assert.strictEqual(asked.resultType, "input_required")
        yield* connectAs("alice", link)
        const [name = ""] = Object.keys(asked.inputRequests)
        const inputResponses = { [name]: { action: "accept" } }
        const stolen = yield* Mcp.postCall(endpoint, bob, { inputResponses })
        assert.strictEqual(stolen.resultType, "input_required")
        assert.strictEqual(stolen.inputRequests[name].params.url, link)
        const { content } = yield* Mcp.postCall(endpoint, alice, { inputResponses })
        assert.include(content[0].text, yield* usedBy("alice", calendar))
      }))
  )

  it.live("works after its first authorization has expired, because the link never does", () =>
    program(Effect.gen(function*() {
      const { alice, calendar, endpoint, link } = yield* setUp()
      const control = yield* LocalControl.LocalControl
      const client = yield* Mcp.connectSdk(endpoint, alice)
      yield* client.call("events")
      const started = yield* World.press(link, "connect")
      yield* control.clock.advance("11 minutes")
      const late = yield* TestUser.make("someone@example.com")
      assert.match((yield* late.approves(World.refreshOf(started))).text, /expired/i)
      assert.deepStrictEqual((yield* client.call("events")).links, [link])
      yield* control.clock.reset
      yield* connectAs("alice", link)
      assert.strictEqual((yield* client.call("events")).text, yield* usedBy("alice", calendar))
    })))
})

describe("a call", () => {
  it.live.each(Servers.withSessions)(
    "has the caller of its request, also in a session of two people: $name",
    ({ serve }) =>
      program(Effect.gen(function*() {
        const declared = yield* World.setUp
        const mallory = Redacted.make(yield* Mcp.tokenOf("mallory"))
        // The caller of the program acts for no request.
        const endpoint = yield* serve(declared).pipe(
          Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, WorkloadAccessToken.make(mallory))
        )
        const link = `${declared.origin}/connect/calendar`
        for (const userId of ["bob", "mallory"]) yield* connectAs(userId, link)
        const [alice, bob] = [yield* Mcp.tokenOf("alice"), yield* Mcp.tokenOf("bob")]
        const version = { "mcp-protocol-version": "2025-11-25" }
        const opened = yield* Mcp.post(endpoint, alice, {
          method: "initialize",
          params: {
            protocolVersion: "2025-11-25",
            capabilities: { elicitation: { url: {} } },
            clientInfo: { name: "shared", version: "1.0.0" }
          }
        })
        const session = {
          ...version,
          "mcp-session-id": opened.headers.get("mcp-session-id") ?? assert.fail("no session")
        }
        yield* Mcp.post(endpoint, alice, { method: "notifications/initialized", id: undefined }, session)
        // The ids of requests in a session differ.
        let id = 1
        const call = (token: string) =>
          Mcp.post(
            endpoint,
            token,
            { id: ++id, method: "tools/call", params: { name: "events", arguments: {} } },
            session
          )
        const [ofAlice, ofBob] = yield* Effect.all([call(alice), call(bob)], { concurrency: 2 })
        assert.strictEqual(ofAlice.json.error.code, -32042)
        assert.strictEqual(ofAlice.json.error.data.elicitations[0].url, link)
        assert.strictEqual(ofBob.json.result.content[0].text, yield* usedBy("bob", declared.calendar))
        yield* connectAs("alice", link)
        const [afterAlice, afterBob] = yield* Effect.all([call(alice), call(bob)], { concurrency: 2 })
        assert.strictEqual(afterAlice.json.result.content[0].text, yield* usedBy("alice", declared.calendar))
        assert.strictEqual(afterBob.json.result.content[0].text, yield* usedBy("bob", declared.calendar))
        // A request without a caller gets no token of another one.
        const without = yield* call("")
        assert.isTrue(without.json.result.isError)
      }))
  )

  it.live("asks however its tool treats the missing consent, unless the tool has a result without it", () =>
    program(Effect.gen(function*() {
      const { alice, endpoint, link } = yield* setUp()
      const client = yield* Mcp.connectSdk(endpoint, alice)
      for (const tool of ["events", "returned_failure", "own_failure", "defect"]) {
        assert.deepStrictEqual((yield* client.call(tool)).links, [link], tool)
      }
      assert.strictEqual((yield* client.call("fallback")).text, "an empty calendar")
      // Each credential has its own link.
      assert.deepStrictEqual((yield* client.call("send_mail")).links, [link.replace("calendar", "mail")])
    })))

  it.live("that needs a credential without a link says so, and nothing else", () =>
    program(Effect.gen(function*() {
      const declared = yield* World.setUp
      class Other extends AccessToken.Tag<Other>()("app/Other", {
        provider: "calendar",
        flow: "USER_FEDERATION",
        scopes: ["openid"],
        returnUrl: `${declared.origin}/connect/return`
      }) {}
      const endpoint = yield* Mcp.serve({ ...declared, calendar: Other })
      const client = yield* Mcp.connectSdk(endpoint, yield* Mcp.tokenOf("alice"))
      for (const tool of ["events", "returned_failure"]) {
        assert.deepStrictEqual(yield* client.call(tool), { isError: true, text: calendarNeeded, links: [] })
      }
    })))
})

describe("secrets of ConsentElicitation", () => {
  it.live("are not in the encoded failure of a request with its own handler", () =>
    program(Effect.gen(function*() {
      const { alice, endpoint } = yield* setUp()
      const client = yield* Mcp.connectSdk(endpoint, alice)
      assert.deepStrictEqual(yield* client.call("own_consent"), {
        isError: true,
        text: "The user has to connect an account first.",
        links: []
      })
    })))

  it.live("are not in the errors that promise/Mcp makes links for", () =>
    program(Effect.gen(function*() {
      const { alice, endpoint } = yield* setUpAt(Servers.withSessions[1]!.serve)
      const client = yield* Mcp.connectSdk(endpoint, alice)
      yield* client.call("events")
      const printed = Servers.errors.flatMap(Recorder.faces)
      assert.isNotEmpty(printed)
      Recorder.assertSecretFree(printed, [alice, "request_uri"])
    })))

  it.live("reach no client, log line or span", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const collected = yield* program(Effect.gen(function*() {
        const { alice, bob, endpoint, link } = yield* setUp({ wait: "20 millis" })
        const tools = ["events", "returned_failure", "own_failure", "own_consent", "defect"]
        const responses: Array<string> = []
        const accept = { calendar: { action: "accept" } }
        const callAll = Effect.gen(function*() {
          for (const capabilities of [{ elicitation: { url: {} } }, {}]) {
            const client = yield* Mcp.connectSdk(endpoint, alice, capabilities)
            for (const name of tools) {
              const { error, text } = yield* client.call(name)
              responses.push(text, JSON.stringify(error) ?? "")
              for (const inputResponses of [undefined, accept, { calendar: { action: "decline" } }]) {
                const options = { name, capabilities, ...(inputResponses === undefined ? {} : { inputResponses }) }
                responses.push(JSON.stringify(yield* Mcp.postCall(endpoint, alice, options)))
              }
            }
          }
        })
        yield* callAll
        yield* connectAs("alice", link)
        yield* callAll
        return { responses, tokens: [alice, bob] }
      })).pipe(Effect.provide(recorder.layer))
      const lines = yield* recorder.everything
      assert.isAbove((yield* recorder.spans).length, 100)
      assert.isTrue(lines.some((line) => line.includes("McpServer")), "the server has spans")
      const secrets = [...collected.tokens, ...Mcp.seen]
      assert.isAbove(Mcp.seen.length, 2)
      assert.isFalse(lines.some((line) => line.includes("AuthorizationTimedOut")))
      Recorder.assertSecretFree(collected.responses, [...secrets, "request_uri"])
      Recorder.assertSecretFree(lines, [...secrets, "request_uri"])
    }))
})
