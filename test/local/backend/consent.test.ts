import { assert, describe, it } from "@effect/vitest"
import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import {
  ask,
  authorize,
  backend,
  callback,
  complete,
  consent,
  createProvider,
  createWorkload,
  issued,
  redirected,
  returnUrl,
  setup,
  tokenFor
} from "../../support/localBackend.js"
import * as Sleeps from "../../support/sleeps.js"

describe("a user's consent", () => {
  it.effect("redirects the browser to the authorization server and to the return URL", () =>
    Effect.gen(function*() {
      const own = "https://agent.example.com/consent?tab=2&q=a%20b#top"
      yield* createWorkload("agent", [own, returnUrl])
      yield* createProvider("calendar")
      const token = yield* tokenFor("alice")
      const shape = {
        scopes: ["read", "write"],
        resources: ["https://api.test/a", "https://api.test/b"],
        audiences: ["api"],
        customParameters: { prompt: "consent", state: "mine", response_type: "token" }
      }
      const { sessionUri } = yield* consent(token, {
        ...shape,
        resourceOauth2ReturnUrl: own,
        customState: Redacted.make("a&b")
      })
      const page = yield* authorize(sessionUri)
      // The page can be opened again, with the same result.
      assert.strictEqual((yield* authorize(sessionUri)).href, page.href)

      const back = yield* callback(page, { code: "code-of-alice" })
      assert.strictEqual(
        redirected(back).href,
        `https://agent.example.com/consent?tab=2&q=a%20b&session_id=${
          encodeURIComponent(Redacted.value(sessionUri))
        }&state=a%26b#top`
      )
      // The code stays unused until the application completes the session.
      const poll = { ...shape, resourceOauth2ReturnUrl: own, sessionUri }
      assert.strictEqual((yield* ask(token, poll))._tag, "InProgress")
      yield* complete(sessionUri, { userId: "alice" })
      assert.strictEqual(yield* issued(token, poll), "token-1.calendar.code-of-alice.read+write")
      assert.strictEqual(yield* issued(token, shape), "token-1.calendar.code-of-alice.read+write")
    }).pipe(Effect.provide(backend())))

  it.effect("redirects to return URLs with custom schemes", () =>
    Effect.gen(function*() {
      yield* createWorkload("agent", ["agent:consent"])
      yield* createProvider("calendar")
      const { sessionUri } = yield* consent(yield* tokenFor("alice"), { resourceOauth2ReturnUrl: "agent:consent" })
      const back = yield* callback(yield* authorize(sessionUri), { code: "code" })
      assert.strictEqual(
        redirected(back).href,
        `agent:consent?session_id=${encodeURIComponent(Redacted.value(sessionUri))}`
      )
    }).pipe(Effect.provide(backend())))

  it.effect("needs the id of a client", () =>
    Effect.gen(function*() {
      yield* setup
      const client = {
        clientId: undefined,
        clientSecret: undefined,
        clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT"
      }
      yield* createProvider("bare", client as never)
      const error = yield* Effect.flip(ask(yield* tokenFor("alice"), { resourceCredentialProviderName: "bare" }))
      assert.strictEqual(error._tag, "ValidationException")
      assert.include(error.message, "USER_FEDERATION needs a clientId")
    }).pipe(Effect.provide(backend())))

  it.effect("fails the session when the user denies it", () =>
    Effect.gen(function*() {
      const local = yield* LocalBackend.LocalBackend
      yield* setup
      const token = yield* tokenFor("alice")
      const first = yield* consent(token)
      const page = yield* authorize(first.sessionUri)
      assert.deepStrictEqual(
        yield* callback(page, { error: "access_denied", error_description: "quoted by nobody" }),
        LocalBackend.BrowserResponse.Denied({ provider: "calendar", returnUrl: `${returnUrl}&error=access_denied` })
      )
      const second = yield* consent(token)
      yield* local.deny(second.sessionUri)
      for (const { sessionUri } of [first, second]) {
        assert.strictEqual((yield* ask(token, { sessionUri }))._tag, "Failed")
        assert.strictEqual(
          (yield* Effect.flip(complete(sessionUri, { userId: "alice" })))._tag,
          "AccessDeniedException"
        )
        assert.strictEqual((yield* local.authorize(sessionUri))._tag, "Replayed")
        assert.strictEqual((yield* Effect.flip(local.approve(sessionUri))).reason, "Finished")
      }
      // A later consent on the same page changes nothing.
      assert.strictEqual((yield* callback(page, { code: "code" }))._tag, "Replayed")
      // Any other error fails the session too.
      const third = yield* consent(token)
      assert.strictEqual((yield* callback(yield* authorize(third.sessionUri), {}))._tag, "Rejected")
      const fourth = yield* consent(token)
      const broken = yield* callback(yield* authorize(fourth.sessionUri), { error: "server_error" })
      assert.strictEqual(broken._tag, "Rejected")
      for (const { sessionUri } of [third, fourth]) {
        assert.strictEqual((yield* ask(token, { sessionUri }))._tag, "Failed")
      }
    }).pipe(Effect.provide(backend())))

  it.effect("expires after ten minutes", () =>
    Effect.gen(function*() {
      const local = yield* LocalBackend.LocalBackend
      yield* setup
      const token = yield* tokenFor("alice")
      const opened = yield* consent(token)
      const sent = yield* consent(token)
      const page = yield* authorize(sent.sessionUri)
      const returned = yield* consent(token)
      yield* callback(yield* authorize(returned.sessionUri), { code: "code" })
      yield* TestClock.adjust(Duration.millis(10 * 60 * 1000 - 1))
      assert.strictEqual((yield* ask(token, { sessionUri: returned.sessionUri }))._tag, "InProgress")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* local.authorize(opened.sessionUri))._tag, "Expired")
      assert.strictEqual((yield* callback(page, { code: "code" }))._tag, "Expired")
      for (const { sessionUri } of [opened, sent, returned]) {
        assert.strictEqual((yield* ask(token, { sessionUri }))._tag, "Failed")
        assert.strictEqual(
          (yield* Effect.flip(complete(sessionUri, { userId: "alice" })))._tag,
          "AccessDeniedException"
        )
        assert.strictEqual((yield* Effect.flip(local.approve(sessionUri))).reason, "Expired")
      }
      // Ten minutes later the sessions are dropped.
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* local.authorize(opened.sessionUri))._tag, "Unknown")
      assert.strictEqual((yield* callback(page, { code: "code" }))._tag, "Unknown")
      assert.strictEqual((yield* ask(token, { sessionUri: opened.sessionUri }))._tag, "Failed")
    }).pipe(Effect.provide(backend())))

  it.effect("accepts only one callback, at the callback URL of its provider", () =>
    Effect.gen(function*() {
      yield* setup
      yield* createProvider("mail")
      const token = yield* tokenFor("alice")
      const { sessionUri } = yield* consent(token)
      const page = yield* authorize(sessionUri)
      const mail = yield* consent(token, { resourceCredentialProviderName: "mail" })
      const mailPage = yield* authorize(mail.sessionUri)
      const mailId = new URL(mailPage.searchParams.get("redirect_uri") ?? "").pathname.split("/").at(-1)
      assert.strictEqual((yield* callback(page, { code: "code" }, mailId))._tag, "Unknown")
      assert.strictEqual((yield* callback(page, { code: "code" }, "nowhere"))._tag, "Unknown")
      assert.strictEqual((yield* callback(page, { code: "code", state: "guessed" }))._tag, "Unknown")
      const callbacks = yield* Effect.all([callback(page, { code: "one" }), callback(page, { code: "two" })], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(callbacks.map(({ _tag }) => _tag), ["Redirect", "Replayed"])
      yield* complete(sessionUri, { userId: "alice" })
      assert.strictEqual(yield* issued(token), "token-1.calendar.one.read")
    }).pipe(Effect.provide(backend())))

  it.effect("stores no token when the session expires during the exchange, and continues when the caller disconnects", () =>
    Effect.gen(function*() {
      yield* setup
      const token = yield* tokenFor("alice")
      const late = yield* consent(token)
      yield* Effect.forkChild(callback(yield* authorize(late.sessionUri), { code: "late" }))
      yield* TestClock.adjust(Duration.millis(10 * 60 * 1000 - 1))
      const sleeps = yield* Sleeps.make
      const exchange = yield* Effect.forkChild(
        sleeps.counted(Effect.flip(complete(late.sessionUri, { userId: "alice" })))
      )
      yield* sleeps.until(1)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(exchange))._tag, "AccessDeniedException")
      assert.strictEqual((yield* ask(token, { sessionUri: late.sessionUri }))._tag, "Failed")

      const { sessionUri } = yield* consent(token)
      yield* callback(yield* authorize(sessionUri), { code: "code" })
      const hangsUp = yield* Effect.forkChild(sleeps.counted(complete(sessionUri, { userId: "alice" })))
      yield* sleeps.until(1)
      yield* TestClock.adjust("1 second")
      const interruption = yield* Effect.forkChild(Fiber.interrupt(hangsUp))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(interruption)
      assert.strictEqual(yield* issued(token, { sessionUri }), "token-2.calendar.code.read")
    }).pipe(Effect.provide(backend({ latency: "10 seconds" }))))
})
