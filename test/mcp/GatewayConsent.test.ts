import { assert, describe, it } from "@effect/vitest"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as GatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
import * as McpClientError from "effect/ai/McpClientError"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { inspect } from "node:util"
import * as Protocol from "../../src/mcp/gatewayConsent/protocol.js"
import * as Gateway from "../support/gateway.js"
import { jwtOf, program, setUp } from "../support/gatewayWorld.js"
import * as Recorder from "../support/recorder.js"

const sessionUri = "urn:ietf:params:oauth:request_uri:Ab-9._~sentinelOfTheSession"
const host = "https://bedrock-agentcore.us-west-2.amazonaws.com"
const link = `${host}/identities/oauth2/authorize?request_uri=${encodeURIComponent(sessionUri)}`
const portal = "https://portal.example.com/connect?target=sentinelOfThePortal"
const hosts = ["portal.example.com"]

const elicitation = { mode: "url", elicitationId: "id-1", url: link, message: "Please login." }
const errorWith = (elicitations: unknown) => ({ code: -32042, message: "more", data: { elicitations } })
const errorOf = (url: unknown) => errorWith([{ ...elicitation, url }])

const inputRequired = (url: unknown) => ({
  resultType: "input_required",
  inputRequests: { consent: { method: "elicitation/create", params: { mode: "url", message: "m", url } } },
  requestState: "opaque"
})

const strandsText = (elicitations: unknown) =>
  `MCP Elicitation required: [McpError: MCP error -32042: more] with data ${JSON.stringify(elicitations)}`
const strandsResult = (text: string) => ({ toolUseId: "1", status: "error", content: [{ text }] })

const fromError = (error: unknown, { hosts }: Pick<GatewayConsent.Options, "hosts"> = {}) =>
  Protocol.fromError(error, hosts)
const fromResult = (result: unknown, { hosts }: Pick<GatewayConsent.Options, "hosts"> = {}) =>
  Protocol.fromResult(result, hosts)

const linkOf = (recognized: ReturnType<typeof fromError>) => {
  const consent = Option.getOrUndefined(Result.getOrThrow(recognized))?.consent
  return consent && [
    Redacted.value(consent.url),
    consent.sessionUri && Redacted.value(consent.sessionUri)
  ]
}

const reasonOf = (recognized: ReturnType<typeof fromError>) =>
  Result.isFailure(recognized) ? recognized.failure.reason : undefined

/** Runs a promise of any client, and fails with what it throws. */
const run = (call: Gateway.Call) => Effect.tryPromise({ try: () => call(), catch: (error) => error })

const completeAs = (jwt: string) => (sessionUri: Redacted.Redacted) =>
  Identity.Identity.use((identity) =>
    identity.completeAuthorization({ sessionUri, user: { userToken: Redacted.make(jwt) } })
  )

describe("the consent of an error or a result", () => {
  it("is recognized in each form", () => {
    const expected = [link, sessionUri]
    const errors = [
      errorOf(link),
      Object.assign(new Error("more"), errorOf(link)),
      { reason: { _tag: "ProtocolError", ...errorOf(link) } },
      { error: errorOf(link) },
      new Error("outer", { cause: Object.assign(new Error("inner"), errorOf(link)) }),
      new McpClientError.McpClientError({ reason: new McpClientError.HttpError({ status: 400, ...errorOf(link) }) })
    ]
    for (const error of errors) assert.deepStrictEqual(linkOf(fromError(error)), expected)
    const results = [
      { jsonrpc: "2.0", id: 1, error: errorOf(link) },
      { jsonrpc: "2.0", id: 1, result: inputRequired(link) },
      inputRequired(link),
      strandsResult(strandsText([elicitation])),
      strandsText([elicitation])
    ]
    for (const result of results) assert.deepStrictEqual(linkOf(fromResult(result)), expected)
  })

  it("is a link of a portal, which has no session", () => {
    assert.deepStrictEqual(linkOf(fromError(errorOf(portal), { hosts })), [portal, undefined])
    const local = "http://127.0.0.1:4010/identities"
    assert.deepStrictEqual(linkOf(fromError(errorOf(local))), [local, undefined])
  })

  it("is absent in all other errors and results", () => {
    const cyclic = new Error("cyclic")
    cyclic.cause = cyclic
    const others = [
      undefined,
      null,
      "text",
      -32042,
      new Error("-32042"),
      cyclic,
      { code: -32602, data: { elicitations: [elicitation] } },
      { content: [{ type: "text", text: "ok" }] },
      { content: [{ type: "text", text: strandsText([elicitation]) }] },
      { isError: true, content: [] },
      // The gateway would respond with an error.
      { isError: true, content: [{ type: "text", text: strandsText([elicitation]) }] },
      { ...strandsResult(strandsText([elicitation])), isError: true },
      { jsonrpc: "2.0", id: 1, result: strandsText([elicitation]) },
      { jsonrpc: "2.0", id: 1, result: strandsResult(strandsText([elicitation])) },
      { isError: true, content: [{ type: "text", text: `The page says: ${strandsText([elicitation])}` }] },
      { jsonrpc: "2.0", id: 1, result: {} },
      { resultType: "input_required" },
      { resultType: "input_required", inputRequests: { a: { method: "roots/list" } } },
      {
        resultType: "input_required",
        inputRequests: { a: { method: "elicitation/create", params: { mode: "form", message: "m" } } }
      }
    ]
    for (const other of others) {
      for (const recognize of [fromError, fromResult]) {
        assert.deepStrictEqual(recognize(other), Result.succeed(Option.none()))
      }
    }
  })

  const authorize = `${host}/identities/oauth2/authorize`
  const hostile: ReadonlyArray<readonly [url: unknown, reason: GatewayConsent.InvalidGatewayConsent["reason"]]> = [
    ["javascript:alert(1)", "InsecureUrl"],
    ["java\nscript:alert(1)", "InsecureUrl"],
    ["file:///etc/passwd", "InsecureUrl"],
    ["vscode://open", "InsecureUrl"],
    ["http://example.com/", "InsecureUrl"],
    ["http://127.0.0.1.example.com/", "InsecureUrl"],
    ["http://localhost.example.com/", "InsecureUrl"],
    ["https://sentinel@example.com/", "UserInfo"],
    ["https://user:sentinel@example.com/", "UserInfo"],
    ["http://user:sentinel@localhost/", "UserInfo"],
    ["", "InvalidUrl"],
    ["/identities", "InvalidUrl"],
    [`https://example.com/${"a".repeat(8192)}`, "InvalidUrl"],
    [undefined, "Malformed"],
    [null, "Malformed"],
    [1, "Malformed"],
    [[link], "Malformed"],
    [{ toString: () => link }, "Malformed"],
    [`${authorize}?request_uri=`, "InvalidSession"],
    [`${authorize}?request_uri=urn:ietf:params:oauth:request_uri:`, "InvalidSession"],
    [`${authorize}?request_uri=https%3A%2F%2Fexample.com`, "InvalidSession"],
    [`${authorize}?request_uri=${sessionUri}%0A`, "InvalidSession"],
    [`${authorize}?request_uri=${sessionUri}/..`, "InvalidSession"],
    [`${authorize}?request_uri=${sessionUri}${"a".repeat(1024)}`, "InvalidSession"],
    [`${link}&request_uri=${sessionUri}`, "InvalidSession"]
  ]

  it("has no hostile link, in each form, and the error does not quote it", () => {
    for (const [url, reason] of hostile) {
      const recognized = [
        fromError(errorOf(url)),
        fromResult(inputRequired(url)),
        // JSON has no functions.
        ...(typeof url === "object" && url !== null
          ? []
          : [fromResult(strandsText([{ ...elicitation, url }]))])
      ]
      for (const one of recognized) {
        assert.strictEqual(reasonOf(one), reason, String(url))
        Recorder.assertSecretFree([inspect(one), JSON.stringify(one)], ["sentinel", "alert(1)", "request_uri="])
      }
    }
  })

  it("has a link of AgentCore or of this machine, or of the option hosts", () => {
    const reasons = (
      urls: ReadonlyArray<string>,
      options?: Pick<GatewayConsent.Options, "hosts">
    ) => [
      ...new Set(urls.flatMap((url) =>
        [
          fromError(errorOf(url), options),
          fromResult(inputRequired(url), options),
          fromResult({ jsonrpc: "2.0", id: 1, error: errorOf(url) }, options),
          fromResult(strandsText([{ ...elicitation, url }]), options),
          fromResult(strandsResult(strandsText([{ ...elicitation, url }])), options)
        ].map(reasonOf)
      ))
    ]
    const own = [
      link,
      "https://bedrock-agentcore.us-gov-west-1.amazonaws.com/",
      "https://bedrock-agentcore-fips.us-east-1.api.aws/",
      "https://bedrock-agentcore.cn-north-1.amazonaws.com.cn/",
      "https://bedrock-agentcore.eusc-de-east-1.amazonaws.eu/",
      "https://gw-1.consent-portal.us-west-2.amazonaws.com/connect",
      "https://gw-1.consent-portal.bedrock-agentcore.us-west-2.amazonaws.com/connect",
      "http://localhost:4020/identities",
      "http://[::1]:4020/identities"
    ]
    assert.deepStrictEqual(reasons(own), [undefined])
    const others = [
      portal,
      "https://bedrock-agentcore.us-west-2.amazonaws.com.example.com/",
      "https://bedrock-agentcore.us-west-2.amazonaws.com:8443/",
      "https://example.com/bedrock-agentcore.us-west-2.amazonaws.com/",
      // Anyone can create a bucket, a gateway, and a function.
      "https://bedrock-agentcore.s3.amazonaws.com/",
      "https://bedrock-agentcore.s3-us-west-2.amazonaws.com/",
      "https://a.consent-portal.s3.us-west-2.amazonaws.com/",
      "https://gw-1.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp",
      "https://id.lambda-url.us-west-2.on.aws/"
    ]
    assert.deepStrictEqual(reasons(others), ["OtherHost"])
    assert.deepStrictEqual(reasons([portal], { hosts }), [undefined])
    assert.deepStrictEqual(
      reasons(["https://portal.example.com:8443/"], { hosts: ["portal.example.com:8443"] }),
      [undefined]
    )
    for (const hosts of [[], ["portal.example.com"], ["example.com"], ["portal.example.com:8443"]]) {
      assert.deepStrictEqual(reasons([link, "http://localhost:4020/"], { hosts }), ["OtherHost"])
    }
    assert.deepStrictEqual(reasons([portal], { hosts: ["example.com"] }), ["OtherHost"])
  })

  it("is one link, of no other type", () => {
    const malformed = [
      undefined,
      null,
      {},
      { length: 1, 0: elicitation },
      "url",
      [],
      [null],
      ["url"],
      [{}],
      [{ ...elicitation, mode: "form" }],
      [[elicitation]]
    ]
    for (const elicitations of malformed) {
      assert.strictEqual(reasonOf(fromError(errorWith(elicitations))), "Malformed")
      assert.strictEqual(reasonOf(fromResult(strandsText(elicitations ?? null))), "Malformed")
    }
    assert.strictEqual(reasonOf(fromError({ code: -32042 })), "Malformed")
    assert.strictEqual(reasonOf(fromError({ code: -32042, data: null })), "Malformed")
    assert.strictEqual(reasonOf(fromResult("MCP Elicitation required: [")), "Malformed")
    assert.strictEqual(reasonOf(fromResult("MCP Elicitation required: [] with data [")), "Malformed")
    assert.strictEqual(
      reasonOf(fromResult(strandsText([{ ...elicitation, message: "a".repeat(100_000) }]))),
      "Malformed"
    )
    const many = Array.from({ length: 1_000_000 }, () => elicitation)
    assert.strictEqual(reasonOf(fromError(errorWith(many))), "SeveralLinks")
    const { inputRequests: { consent } } = inputRequired(link)
    assert.strictEqual(
      reasonOf(fromResult({ ...inputRequired(link), inputRequests: { a: consent, b: consent } })),
      "SeveralLinks"
    )
  })

  it("has the link as a browser reads it", () => {
    const [url] = linkOf(fromError(errorOf("http://localhost/\u001b[31m\u202e"))) ?? []
    assert.strictEqual(url, "http://localhost/%1B[31m%E2%80%AE")
  })
})

describe("retrying", () => {
  it.live.each(Gateway.clients)(
    "shows the link, completes the session, and calls again: $name",
    ({ connect, name }) =>
      program(Effect.gen(function*() {
        const { alice, bob, shown, target, visit } = yield* setUp
        const gateway = yield* Gateway.serve(target)
        const call = run(yield* connect(gateway.url, alice))
        const result = yield* GatewayConsent.retrying(call, { show: visit, complete: completeAs(alice) })
        assert.match(Gateway.textOf(result), /^used \w{12}$/)
        assert.strictEqual(shown.length, 1)
        assert.strictEqual(gateway.messages.filter(({ method }) => method === "tools/call").length, 2)
        // The token stays in the vault, for this user alone.
        const again = GatewayConsent.retrying({ show: () => Effect.die(`${name} asked again`) })
        assert.strictEqual(Gateway.textOf(yield* again(call)), Gateway.textOf(result))
        const other = GatewayConsent.retrying(run(yield* connect(gateway.url, bob)), {
          show: visit,
          complete: completeAs(bob)
        })
        assert.notStrictEqual(Gateway.textOf(yield* other), Gateway.textOf(result))
        assert.strictEqual(shown.length, 2)
      }))
  )

  it.live("does so around Effect's client too", () =>
    program(Effect.gen(function*() {
      const { alice, shown, target, visit } = yield* setUp
      const gateway = yield* Gateway.serve(target)
      const call = yield* Gateway.connectEffect(gateway.url, alice, Effect.succeed)
      const result = yield* GatewayConsent.retrying(call, { show: visit, complete: completeAs(alice) })
      assert.match(Gateway.textOf(result), /^used \w{12}$/)
      assert.strictEqual(shown.length, 1)
    })))

  const [sdk] = Gateway.clients as [typeof Gateway.clients[0]]

  it.live("fails if the consent is not completed, with a new link", () =>
    program(Effect.gen(function*() {
      const { alice, shown, target, visit } = yield* setUp
      const gateway = yield* Gateway.serve(target)
      const call = run(yield* sdk.connect(gateway.url, alice))
      const error = yield* Effect.flip(GatewayConsent.retrying(call, { show: visit }))
      assert.instanceOf(error, GatewayConsent.GatewayConsentRequired)
      assert.strictEqual(error.message, "The user has to connect an account first.")
      const [first] = shown
      assert.strictEqual(shown.length, 1)
      assert.notStrictEqual(Redacted.value(error.consent.url), first && Redacted.value(first.url))
      Recorder.assertSecretFree(
        [inspect(error, { depth: 10 }), JSON.stringify(error), String(error), inspect(first)],
        ["request_uri", "/identities/"]
      )
    })))

  it.live("completes with the original identifier only", () =>
    program(Effect.gen(function*() {
      const { alice, bob, target, visit } = yield* setUp
      const gateway = yield* Gateway.serve(target)
      const call = run(yield* sdk.connect(gateway.url, alice))
      for (const other of [bob, jwtOf("alice", "2")]) {
        const error = yield* Effect.flip(
          GatewayConsent.retrying(call, { show: visit, complete: completeAs(other) })
        )
        assert.propertyVal(error, "_tag", "AccessDeniedException")
      }
    })))

  it.live("completes nothing without a consent: none yet, denied, too late", () =>
    program(Effect.gen(function*() {
      const { alice, browser, target, visit } = yield* setUp
      const { clock } = yield* LocalControl.LocalControl
      const gateway = yield* Gateway.serve(target)
      const call = run(yield* sdk.connect(gateway.url, alice))
      const shows = [
        () => Effect.void,
        ({ url }: GatewayConsent.GatewayConsent) => browser.denies(url),
        (consent: GatewayConsent.GatewayConsent) => Effect.andThen(visit(consent), clock.advance("11 minutes"))
      ]
      for (const show of shows) {
        const error = yield* Effect.flip(GatewayConsent.retrying(call, { show, complete: completeAs(alice) }))
        assert.propertyVal(error, "_tag", "AccessDeniedException")
      }
      const calls = gateway.messages.filter(({ method }) => method === "tools/call")
      assert.strictEqual(calls.length, shows.length)
    })))

  it.live("repeats a call after the link of a portal, which completes elsewhere", () =>
    Effect.scoped(Effect.gen(function*() {
      let isConnected = false
      const gateway = yield* Gateway.serve(() =>
        isConnected ? Gateway.content("used 123456789abc") : Gateway.consentNeeded(portal)
      )
      for (const { connect } of Gateway.clients) {
        isConnected = false
        const shown: Array<string> = []
        const result = yield* GatewayConsent.retrying(run(yield* connect(gateway.url, "token")), {
          hosts,
          show: ({ sessionUri, url }) =>
            Effect.sync(() => {
              assert.isUndefined(sessionUri)
              shown.push(Redacted.value(url))
              isConnected = true
            }),
          complete: () => Effect.die("there is no session")
        })
        assert.strictEqual(Gateway.textOf(result), "used 123456789abc")
        assert.deepStrictEqual(shown, [portal])
      }
    })))

  it.live("repeats a call of revision 2026-07-28", () =>
    Effect.scoped(Effect.gen(function*() {
      const clients = Gateway.clients.filter(({ name }) => /auto|fetch/.test(name))
      assert.strictEqual(clients.length, 2)
      for (const { connect } of clients) {
        let isConnected = false
        const gateway = yield* Gateway.serve(
          () => isConnected ? Gateway.content("used 123456789abc") : { result: inputRequired(link) },
          "2026-07-28"
        )
        const result = yield* GatewayConsent.retrying(run(yield* connect(gateway.url, "token")), {
          show: () => Effect.sync(() => isConnected = true),
          complete: (session) => Effect.sync(() => assert.strictEqual(Redacted.value(session), sessionUri))
        })
        assert.strictEqual(Gateway.textOf(result), "used 123456789abc")
      }
    })))

  it.live.each(Gateway.clients)("shows no hostile link: $name", ({ connect }) =>
    Effect.scoped(Effect.gen(function*() {
      let response = Gateway.consentNeeded("javascript:alert(1)")
      const gateway = yield* Gateway.serve(() => response)
      const call = run(yield* connect(gateway.url, "token"))
      const show = () => Effect.die("shown")
      const first = yield* Effect.flip(GatewayConsent.retrying(call, { show }))
      assert.propertyVal(first, "reason", "InsecureUrl")
      response = Gateway.consentNeeded("https://user@example.com")
      assert.propertyVal(yield* Effect.flip(GatewayConsent.retrying(call, { show })), "reason", "UserInfo")
    })))

  it.effect("passes other results and errors through, and ends with the error of show", () =>
    Effect.gen(function*() {
      const options = { show: () => Effect.fail("declined") }
      assert.strictEqual(yield* GatewayConsent.retrying(Effect.succeed(1), options), 1)
      assert.strictEqual(yield* Effect.flip(GatewayConsent.retrying(Effect.fail("other"), options)), "other")
      let calls = 0
      const call = Effect.suspend(() => {
        calls++
        return Effect.fail(errorOf(link))
      })
      const complete = () => assert.fail("the user did not consent")
      assert.strictEqual(yield* Effect.flip(GatewayConsent.retrying(call, { ...options, complete })), "declined")
      assert.strictEqual(calls, 1)
      const stranger = Effect.fail(errorOf(portal))
      const other = yield* Effect.flip(GatewayConsent.retrying(stranger, { show: () => Effect.die("shown") }))
      assert.propertyVal(other, "reason", "OtherHost")
      // The second call has an invalid link.
      const links = [link, "http://example.com"]
      const changing = Effect.suspend(() => Effect.fail(errorOf(links.shift())))
      const second = yield* Effect.flip(GatewayConsent.retrying(changing, { show: () => Effect.void }))
      assert.propertyVal(second, "reason", "InsecureUrl")
    }))
})

describe("transport", () => {
  it.live("shows the link in a call of Effect's client, which sees only the result", () =>
    program(Effect.gen(function*() {
      const { alice, shown, target, visit } = yield* setUp
      const gateway = yield* Gateway.serve(target)
      const call = yield* Gateway.connectEffect(
        gateway.url,
        alice,
        (inner) => GatewayConsent.transport(inner, { show: visit, complete: completeAs(alice) })
      )
      const result = yield* call
      assert.match(Gateway.textOf(result), /^used \w{12}$/)
      assert.deepStrictEqual(yield* call, result)
      assert.strictEqual(shown.length, 1)
      const [initialize] = gateway.messages
      assert.deepStrictEqual(initialize?.params?.["capabilities"], { elicitation: { url: {} } })
      const ids = gateway.messages.flatMap(({ id }) => id === undefined ? [] : [id])
      assert.strictEqual(new Set(ids).size, ids.length)
    })))

  it.live("recognizes the error of a response with another status", () =>
    Effect.scoped(Effect.gen(function*() {
      let calls = 0
      const gateway = yield* Gateway.serve(() =>
        calls++ === 0 ? { status: 400, ...Gateway.consentNeeded(portal) } : Gateway.content("used 123456789abc")
      )
      const call = yield* Gateway.connectEffect(gateway.url, "token", (inner) =>
        GatewayConsent.transport(inner, {
          hosts,
          show: () => Effect.void
        }))
      assert.strictEqual(Gateway.textOf(yield* call), "used 123456789abc")
    })))

  // Seen at the live service on 2026-09-28: `input_required`, then `inputResponses`, then `complete`.
  it.live("continues a call of revision 2026-07-28, as the live service does", () =>
    Effect.scoped(Effect.gen(function*() {
      const responses: Array<unknown> = []
      const gateway = yield* Gateway.serve(
        (_, { params }) => {
          const response = params?.["inputResponses"] === undefined
            ? { result: inputRequired(link) }
            : Gateway.content("used 123456789abc")
          responses.push(response.result)
          return response
        },
        "2026-07-28"
      )
      const completed: Array<string> = []
      const call = yield* Gateway.connectEffect(
        gateway.url,
        "token",
        (inner) =>
          GatewayConsent.transport(inner, {
            show: () => Effect.void,
            complete: (session) => Effect.sync(() => completed.push(Redacted.value(session)))
          }),
        McpProtocol.v2026_07_28
      )
      assert.strictEqual(Gateway.textOf(yield* call), "used 123456789abc")
      assert.deepStrictEqual(completed, [sessionUri])
      assert.deepStrictEqual(
        responses.map((result) => Predicate.hasProperty(result, "resultType") && result.resultType),
        ["input_required", "complete"]
      )
      const params = gateway.messages.at(-1)?.params
      assert.deepInclude(params, { inputResponses: { consent: { action: "accept" } }, requestState: "opaque" })
      assert.deepInclude(params?.["_meta"], {
        "io.modelcontextprotocol/clientCapabilities": { elicitation: { url: {} } }
      })
    })))

  it.live("fails with an error of MCP, whose cause is the reason, without the link", () =>
    Effect.scoped(Effect.gen(function*() {
      const causeOf = (response: Gateway.Response, show: Effect.Effect<unknown, Error>) =>
        Effect.gen(function*() {
          const gateway = yield* Gateway.serve(() => response)
          const call = yield* Gateway.connectEffect(gateway.url, "token", (inner) =>
            GatewayConsent.transport(inner, {
              show: () => show
            }))
          const error = yield* Effect.flip(call)
          assert.instanceOf(error, McpClientError.McpClientError)
          assert(error.reason._tag === "TransportError")
          Recorder.assertSecretFree(
            [inspect(error, { depth: 10 }), JSON.stringify(error), String(error)],
            ["request_uri=", "sentinel", "alert(1)"]
          )
          return [error.message, error.reason.cause] as const
        })
      const declined = new Error("declined")
      assert.deepStrictEqual(
        yield* causeOf(Gateway.consentNeeded(link), Effect.fail(declined)),
        ["The consent of the user failed", declined]
      )
      const [message, required] = yield* causeOf(Gateway.consentNeeded(link), Effect.void)
      assert.strictEqual(message, "The user has to connect an account first.")
      assert.instanceOf(required, GatewayConsent.GatewayConsentRequired)
      const [, invalid] = yield* causeOf(Gateway.consentNeeded("javascript:alert(1)"), Effect.void)
      assert.instanceOf(invalid, GatewayConsent.InvalidGatewayConsent)
      const gateway = yield* Gateway.serve(() => ({ error: { code: -32602, message: "other" } }))
      const call = yield* Gateway.connectEffect(
        gateway.url,
        "token",
        (inner) => GatewayConsent.transport(inner, { show: () => Effect.void })
      )
      assert.propertyVal((yield* Effect.flip(call)).reason, "code", -32602)
    })))
})

describe("secrets of GatewayConsent", () => {
  it.live("reach no log line or span", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const secrets = yield* program(Effect.gen(function*() {
        const { alice, bob, shown, target, visit } = yield* setUp
        const gateway = yield* Gateway.serve(target)
        const over = (jwt: string) => ({ show: visit, complete: completeAs(jwt) })
        const call = yield* Gateway.connectEffect(gateway.url, alice, (inner) =>
          GatewayConsent.transport(inner, over(alice)))
        yield* Effect.withSpan(call, "transport")
        for (const { connect } of Gateway.clients) {
          const call = run(yield* connect(gateway.url, bob))
          const failed = yield* Effect.flip(Effect.withSpan(GatewayConsent.retrying(call, { show: visit }), "retrying"))
          yield* Effect.logError(failed)
        }
        assert.isAbove(gateway.messages.length, 10)
        // The parts of each secret that no other string has.
        return [
          ...shown.map(({ sessionUri }) =>
            sessionUri && Redacted.value(sessionUri)
          ),
          alice,
          bob
        ]
          .map((secret) => secret?.slice(-32) ?? "")
      })).pipe(Effect.provide(recorder.layer))
      const lines = yield* recorder.everything
      assert.isTrue(lines.some((line) => line.includes("The user has to connect an account first.")))
      assert.strictEqual(secrets.length, 3 + Gateway.clients.length)
      Recorder.assertSecretFree(lines, [...secrets, "request_uri="])
    }))
})
