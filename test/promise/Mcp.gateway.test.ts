import { assert, describe, it } from "@effect/vitest"
import * as EffectGatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
import * as Mcp from "effect-agentcore-identity/promise/Mcp"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { AsyncLocalStorage } from "node:async_hooks"
import { inspect } from "node:util"
import * as Gateway from "../support/gateway.js"
import { jwtOf, program, setUp } from "../support/gatewayWorld.js"
import { assertSecretFree } from "../support/recorder.js"
import { plainFunctions, rejectionOf } from "./world.js"

const portal = "https://portal.example.com/connect?target=sentinelOfThePortal"
const hosts = ["portal.example.com", "example.com"]
const consentError = (url: unknown) => Object.assign(new Error("more"), Gateway.consentNeeded(url).error)

const rejection = (promise: Promise<unknown>) =>
  promise.then(() => assert.fail("it did not reject"), (error: unknown) => error)

describe("retrying", () => {
  it.live.each(Gateway.clients)(
    "shows the link, completes the session, and calls again: $name",
    ({ connect }) =>
      program(Effect.gen(function*() {
        const { alice, shown, target, visit } = yield* setUp
        const { completeAuthorization } = yield* plainFunctions
        const gateway = yield* Gateway.serve(target)
        const call = yield* connect(gateway.url, alice)
        const show = (consent: Mcp.GatewayConsent) => Effect.runPromise(visit(consent))
        const completeAs = (userToken: string): Mcp.GatewayOptions => ({
          show,
          complete: (sessionUri) => completeAuthorization({ sessionUri, user: { userToken } })
        })
        // Nobody completes the session.
        const required = yield* rejectionOf(Mcp.retryingGateway(call, { show }))
        assert.instanceOf(required, EffectGatewayConsent.GatewayConsentRequired)
        assertSecretFree([inspect(required, { depth: 10 }), JSON.stringify(required)], ["request_uri", "/identities/"])
        // A newer JWT of the same user.
        const denied = yield* rejectionOf(Mcp.retryingGateway(call, completeAs(jwtOf("alice", "2"))))
        assert.propertyVal(denied, "_tag", "AccessDeniedException")

        const result = yield* Effect.promise(() => Mcp.retryingGateway(call, completeAs(alice)))
        assert.match(Gateway.textOf(result), /^used \w{12}$/)
        assert.strictEqual(shown.length, 3)
        const again = yield* Effect.promise(() =>
          Mcp.retryingGateway(call, { show: () => assert.fail("it asked again") })
        )
        assert.strictEqual(Gateway.textOf(again), Gateway.textOf(result))
      }))
  )

  it("runs each function in the context of the caller", async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const url = "https://example.com/?request_uri=urn:ietf:params:oauth:request_uri:id"
    await Promise.all(["alice", "bob"].map((user) =>
      storage.run(user, () => {
        const results = [() => Promise.reject(consentError(url)), () => "done"]
        const note = () => void seen.push(storage.getStore())
        return Mcp.retryingGateway(async () => {
          note()
          return results.shift()?.()
        }, { hosts, show: note, complete: note })
      })
    ))
    assert.deepStrictEqual(seen.sort(), [...Array(4).fill("alice"), ...Array(4).fill("bob")])
  })

  it("passes other results and errors through, and ends with the error of show", async () => {
    const other = new Error("other")
    const show = () => Promise.reject(other)
    assert.strictEqual(await Mcp.retryingGateway(() => 1, { show }), 1)
    assert.strictEqual(await rejection(Mcp.retryingGateway(() => Promise.reject(other), { show })), other)
    const asking = () => Promise.reject(consentError(portal))
    assert.strictEqual(await rejection(Mcp.retryingGateway(asking, { hosts, show })), other)
    const stranger = await rejection(Mcp.retryingGateway(asking, { show: () => assert.fail("shown") }))
    assert.propertyVal(stranger, "reason", "OtherHost")
    const hostile = () => Promise.reject(consentError("javascript:alert(1)"))
    assert.instanceOf(
      await rejection(Mcp.retryingGateway(hostile, { show: () => assert.fail("shown") })),
      EffectGatewayConsent.InvalidGatewayConsent
    )
  })
})

describe("a program that does not wait", () => {
  /** Passes the link on, for example to the response of a chat. */
  const linkOf = (call: () => unknown) =>
    rejection(Mcp.retryingGateway(async () => call(), {
      hosts,
      show: (consent) => {
        throw consent
      }
    }))

  it("gets the consent of an error and of a result", async () => {
    const response = { jsonrpc: "2.0", id: 1, ...Gateway.consentNeeded(portal) }
    const fail = () => {
      throw consentError(portal)
    }
    for (const consent of [await linkOf(fail), await linkOf(() => response)]) {
      assert.instanceOf(consent, EffectGatewayConsent.GatewayConsent)
      assert.strictEqual(Redacted.value(consent.url), portal)
      assertSecretFree([inspect(consent), JSON.stringify(consent)], ["sentinelOfThePortal"])
    }
  })

  it("gets an error without the link if that must not be shown", async () => {
    const error = await rejection(
      Mcp.retryingGateway(async () => {
        throw consentError("http://example.com/sentinelOfALink")
      }, { show: () => assert.fail("shown") })
    )
    assert.instanceOf(error, EffectGatewayConsent.InvalidGatewayConsent)
    assert.strictEqual(error.reason, "InsecureUrl")
    assert.strictEqual(
      error.message,
      "The MCP server asked for consent, but its link is neither https nor http to this machine. The link was not used. "
        + "Check the gateway and its interceptors."
    )
    assertSecretFree([inspect(error)], ["sentinelOfALink"])
  })
})
