import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createServer } from "../support/authorizationServer.js"
import * as Calendar from "../support/calendar.js"
import * as Polling from "../support/polling.js"
import * as Chromium from "./chromium.js"

/** The user in the cookie of the application. */
const currentUser = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request): UserIdentifier.UserIdentifier => ({ userId: request.cookies["user"] ?? "nobody" })
)

const application = HttpRouter.serve(
  ConsentCallback.layer({ path: "/consent", currentUser }),
  { disableListenLog: true, disableLogger: true }
).pipe(Layer.provide(ConsentCallback.layerRedaction("/consent")))

const environment = Layer.provideMerge(Polling.layer("50 millis"), application).pipe(
  Layer.provideMerge(Layer.mergeAll(
    LocalIdentity.layer(),
    AuthorizationServer.layer(),
    PendingConsents.layerMemory,
    NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
  ))
)

/** Alice's agent requests her token, and the page opens in her browser. */
const consentInBrowser = Effect.gen(function*() {
  const origin = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
  const returnUrl = `${origin}/consent`

  yield* Calendar.setUp({
    clientId: "browser-agent",
    clientName: "Browser agent",
    workloads: ["browser-agent"],
    returnUrls: [returnUrl],
    scopes: ["calendar:read"]
  })

  const shown = yield* Deferred.make<Redacted.Redacted>()
  const identity = yield* Identity.Identity
  const user = { userId: "alice" }
  const program = yield* identity.getAccessToken({
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes: ["openid", "calendar:read"],
    consent: (session) => Deferred.succeed(shown, session.authorizationUrl)
  }).pipe(
    Effect.provideService(Consent.ReturnUrl, Option.some(returnUrl)),
    Effect.provide(WorkloadAccessToken.layerWorkload({ name: "browser-agent", user })),
    Effect.forkChild
  )

  const tab = yield* Chromium.open()
  yield* Effect.promise(() => tab.context.addCookies([{ name: "user", value: "alice", url: origin }]))
  const url = yield* Deferred.await(shown)
  yield* Effect.promise(() => tab.page.goto(Redacted.value(url)))
  const press = (button: string) => Effect.promise(() => tab.page.getByRole("button", { name: button }).click())
  const heading = (name: string) => Effect.promise(() => tab.page.getByRole("heading", { name }).waitFor())
  yield* Effect.promise(() => tab.page.getByLabel("User name").fill("alice@example.com"))
  yield* press("Sign in")
  yield* heading("Allow Browser agent to act for you?")
  return { heading, press, program, tab }
})

const assertHarmless = (tab: Chromium.Tab) => {
  assert.deepStrictEqual(tab.foreignRequests, [])
  assert.deepStrictEqual(tab.complaints, [])
}

const picture = (tab: Chromium.Tab, name: string) =>
  process.env["AGENTCORE_SCREENSHOTS"] === undefined
    ? Effect.void
    : Effect.promise(() => tab.page.screenshot({ path: `${process.env["AGENTCORE_SCREENSHOTS"]}/${name}.png` }))

describe("a consent, in Chromium", () => {
  Chromium.browserTest("gives the waiting program its token when the user allows it", () =>
    Effect.gen(function*() {
      const { heading, press, program, tab } = yield* consentInBrowser
      // The browser comes back to AgentCore first, which the user does not know.
      yield* Effect.promise(() =>
        tab.page.getByText(/^the application, by way of AgentCore Identity at 127\.0\.0\.1:\d+$/).waitFor()
      )
      yield* press("Allow")
      yield* heading("Consent given")
      yield* picture(tab, "flow-given")
      const token = yield* Fiber.join(program)
      const [, claims = ""] = Redacted.value(token).split(".")
      assert.strictEqual(JSON.parse(Buffer.from(claims, "base64url").toString()).sub, "alice@example.com")
      yield* Effect.promise(() => tab.page.reload())
      yield* heading("Consent given")
    }).pipe(Effect.provide(environment)))

  Chromium.browserTest(
    "fails the waiting program at its next poll when the user denies it",
    () =>
      Effect.gen(function*() {
        const { press, program, tab } = yield* consentInBrowser
        yield* press("Deny")
        const error = yield* Effect.flip(Fiber.join(program))
        assert.strictEqual(error._tag, "AuthorizationFailed")
        yield* picture(tab, "flow-denied")
        assert.match(yield* Effect.promise(() => tab.page.getByRole("main").innerText()), /denied/i)
        assertHarmless(tab)
      }).pipe(Effect.provide(environment))
  )
})
