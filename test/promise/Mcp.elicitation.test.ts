import { assert, describe, it } from "@effect/vitest"
import * as SdkTypes from "@modelcontextprotocol/sdk/types.js"
import * as Server from "@modelcontextprotocol/server"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as PromiseMcp from "effect-agentcore-identity/promise/Mcp"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Mcp from "../support/mcpWorld.js"
import { assertSecretFree } from "../support/recorder.js"
import * as App from "./connectWorld.js"
import { serveModern } from "./mcpServers.js"

describe("forServer over promise/Connect", () => {
  it.live("ends once after a denial at the vendor, and the next call asks again", () =>
    App.inApplication(function*({ as, connect }) {
      const endpoint = yield* serveModern({
        useCalendar: () =>
          PromiseIdentity.runWithContext(
            as("alice"),
            connect.withAccessToken("calendar")(async (token: string) => `used ${token.length}`)
          ),
        link: (error) => connect.link(error.session)
      })
      yield* Mcp.deniesAndAsksAgain(endpoint, "", "/connect/calendar")
    }))
})

describe("a wrapped callback", () => {
  const asking = (link: PromiseMcp.Options["link"]) =>
    PromiseMcp.forSdk({
      UrlElicitationRequiredError: SdkTypes.UrlElicitationRequiredError,
      server: { server: { getClientCapabilities: () => ({ elicitation: { url: {} } }) } },
      link
    })

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
  const askingModern = (link: PromiseMcp.Options["link"], wait?: Duration.Input) =>
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
