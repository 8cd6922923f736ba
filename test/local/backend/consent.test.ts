import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../support/localBackend.js"
import { BrowserResponse, LocalBackend } from "../../support/localBackend.js"
import * as Sleeps from "../../support/sleeps.js"

describe("a user's consent", () => {
  it.effect("redirects the browser to the authorization server and to the return URL", () =>
    Effect.gen(function*() {
      const own = "https://agent.example.com/consent?tab=2&q=a%20b#top"
      yield* Backend.createWorkload("agent", [own, Backend.returnUrl])
      yield* Backend.createProvider("calendar")
      const token = yield* Backend.tokenFor("alice")
      const shape = {
        scopes: ["read", "write"],
        resources: ["https://api.test/a", "https://api.test/b"],
        audiences: ["api"],
        customParameters: { prompt: "consent", state: "mine", response_type: "token" }
      }
      const { sessionUri } = yield* Backend.consent(token, {
        ...shape,
        resourceOauth2ReturnUrl: own,
        customState: Redacted.make("a&b")
      })
      const page = yield* Backend.authorize(sessionUri)
      // The page can be opened again, with the same result.
      assert.strictEqual((yield* Backend.authorize(sessionUri)).href, page.href)

      const back = yield* Backend.callback(page, { code: "code-of-alice" })
      assert.strictEqual(
        Backend.redirected(back).href,
        `https://agent.example.com/consent?tab=2&q=a%20b&session_id=${
          encodeURIComponent(Redacted.value(sessionUri))
        }&state=a%26b#top`
      )
      // The code stays unused until the application completes the session.
      const poll = { ...shape, resourceOauth2ReturnUrl: own, sessionUri }
      assert.strictEqual((yield* Backend.ask(token, poll))._tag, "InProgress")
      yield* Backend.complete(sessionUri, { userId: "alice" })
      assert.strictEqual(yield* Backend.issued(token, poll), "token-1.calendar.code-of-alice.read+write")
      assert.strictEqual(yield* Backend.issued(token, shape), "token-1.calendar.code-of-alice.read+write")
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("accepts no parameters that are too long for the address of a page", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      const token = yield* Backend.tokenFor("alice")
      const list = (count: number) => Array.from({ length: count }, (_, index) => `${index}`.padEnd(128, "x"))
      yield* Backend.consent(token, { scopes: list(100) })
      for (
        const long of [
          { scopes: list(8000) },
          { resources: list(8000) },
          { audiences: list(8000) },
          { customParameters: Object.fromEntries(list(4000).map((name) => [name, name])) }
        ]
      ) {
        const error = yield* Effect.flip(Backend.ask(token, long))
        assert.strictEqual(error._tag, "ValidationException")
        assert.include(error.message, "16384 characters")
      }
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("needs the id of a client", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      const client = {
        clientId: undefined,
        clientSecret: undefined,
        clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT"
      }
      yield* Backend.createProvider("bare", client as never)
      const error = yield* Effect.flip(
        Backend.ask(yield* Backend.tokenFor("alice"), { resourceCredentialProviderName: "bare" })
      )
      assert.strictEqual(error._tag, "ValidationException")
      assert.include(error.message, "USER_FEDERATION needs a clientId")
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("fails the session when the user denies it", () =>
    Effect.gen(function*() {
      const local = yield* LocalBackend.LocalBackend
      yield* Backend.setup
      const token = yield* Backend.tokenFor("alice")
      const first = yield* Backend.consent(token)
      const page = yield* Backend.authorize(first.sessionUri)
      assert.deepStrictEqual(
        yield* Backend.callback(page, { error: "access_denied", error_description: "quoted by nobody" }),
        BrowserResponse.Denied({
          provider: "calendar",
          returnUrl: `${Backend.returnUrl}&error=access_denied`
        })
      )
      const second = yield* Backend.consent(token)
      yield* local.deny(second.sessionUri)
      for (const { sessionUri } of [first, second]) {
        assert.strictEqual((yield* Backend.ask(token, { sessionUri }))._tag, "Failed")
        assert.strictEqual(
          (yield* Effect.flip(Backend.complete(sessionUri, { userId: "alice" })))._tag,
          "AccessDeniedException"
        )
        assert.strictEqual((yield* local.authorize(sessionUri))._tag, "Replayed")
        assert.strictEqual((yield* Effect.flip(local.approve(sessionUri))).reason, "Finished")
      }
      // A later consent on the same page changes nothing.
      assert.strictEqual((yield* Backend.callback(page, { code: "code" }))._tag, "Replayed")
      // Any other error fails the session too.
      const third = yield* Backend.consent(token)
      assert.strictEqual((yield* Backend.callback(yield* Backend.authorize(third.sessionUri), {}))._tag, "Rejected")
      const fourth = yield* Backend.consent(token)
      const broken = yield* Backend.callback(yield* Backend.authorize(fourth.sessionUri), { error: "server_error" })
      assert.strictEqual(broken._tag, "Rejected")
      for (const { sessionUri } of [third, fourth]) {
        assert.strictEqual((yield* Backend.ask(token, { sessionUri }))._tag, "Failed")
      }
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("expires after ten minutes", () =>
    Effect.gen(function*() {
      const local = yield* LocalBackend.LocalBackend
      yield* Backend.setup
      const token = yield* Backend.tokenFor("alice")
      const opened = yield* Backend.consent(token)
      const sent = yield* Backend.consent(token)
      const page = yield* Backend.authorize(sent.sessionUri)
      const returned = yield* Backend.consent(token)
      yield* Backend.callback(yield* Backend.authorize(returned.sessionUri), { code: "code" })
      yield* TestClock.adjust(Duration.millis(10 * 60 * 1000 - 1))
      assert.strictEqual((yield* Backend.ask(token, { sessionUri: returned.sessionUri }))._tag, "InProgress")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* local.authorize(opened.sessionUri))._tag, "Expired")
      assert.strictEqual((yield* Backend.callback(page, { code: "code" }))._tag, "Expired")
      for (const { sessionUri } of [opened, sent, returned]) {
        assert.strictEqual((yield* Backend.ask(token, { sessionUri }))._tag, "Failed")
        assert.strictEqual(
          (yield* Effect.flip(Backend.complete(sessionUri, { userId: "alice" })))._tag,
          "AccessDeniedException"
        )
        assert.strictEqual((yield* Effect.flip(local.approve(sessionUri))).reason, "Expired")
      }
      // A late link is distinguished from a wrong one for a day.
      yield* TestClock.adjust(Duration.millis(24 * 60 * 60 * 1000 - 1))
      assert.strictEqual((yield* local.authorize(opened.sessionUri))._tag, "Expired")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* local.authorize(opened.sessionUri))._tag, "Unknown")
      assert.strictEqual((yield* Backend.callback(page, { code: "code" }))._tag, "Unknown")
      const fresh = yield* Backend.tokenFor("alice")
      assert.strictEqual((yield* Backend.ask(fresh, { sessionUri: opened.sessionUri }))._tag, "Failed")
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("accepts only one callback, at the callback URL of its provider", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      yield* Backend.createProvider("mail")
      const token = yield* Backend.tokenFor("alice")
      const { sessionUri } = yield* Backend.consent(token)
      const page = yield* Backend.authorize(sessionUri)
      const mail = yield* Backend.consent(token, { resourceCredentialProviderName: "mail" })
      const mailPage = yield* Backend.authorize(mail.sessionUri)
      const mailId = new URL(mailPage.searchParams.get("redirect_uri") ?? "").pathname.split("/").at(-1)
      assert.strictEqual((yield* Backend.callback(page, { code: "code" }, mailId))._tag, "Unknown")
      assert.strictEqual((yield* Backend.callback(page, { code: "code" }, "nowhere"))._tag, "Unknown")
      assert.strictEqual((yield* Backend.callback(page, { code: "code", state: "guessed" }))._tag, "Unknown")
      const callbacks = yield* Effect.all([
        Backend.callback(page, { code: "one" }),
        Backend.callback(page, { code: "two" })
      ], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(callbacks.map(({ _tag }) => _tag), ["Redirect", "Replayed"])
      yield* Backend.complete(sessionUri, { userId: "alice" })
      assert.strictEqual(yield* Backend.issued(token), "token-1.calendar.one.read")
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("stores no token when the session expires during the exchange, and continues when the caller disconnects", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      const token = yield* Backend.tokenFor("alice")
      const late = yield* Backend.consent(token)
      yield* Effect.forkChild(Backend.callback(yield* Backend.authorize(late.sessionUri), { code: "late" }))
      yield* TestClock.adjust(Duration.millis(10 * 60 * 1000 - 1))
      const sleeps = yield* Sleeps.make
      const exchange = yield* Effect.forkChild(
        sleeps.counted(Effect.flip(Backend.complete(late.sessionUri, { userId: "alice" })))
      )
      yield* sleeps.until(1)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(exchange))._tag, "AccessDeniedException")
      assert.strictEqual((yield* Backend.ask(token, { sessionUri: late.sessionUri }))._tag, "Failed")

      const { sessionUri } = yield* Backend.consent(token)
      yield* Backend.callback(yield* Backend.authorize(sessionUri), { code: "code" })
      const hangsUp = yield* Effect.forkChild(sleeps.counted(Backend.complete(sessionUri, { userId: "alice" })))
      yield* sleeps.until(1)
      yield* TestClock.adjust("1 second")
      const interruption = yield* Effect.forkChild(Fiber.interrupt(hangsUp))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(interruption)
      assert.strictEqual(yield* Backend.issued(token, { sessionUri }), "token-2.calendar.code.read")
    }).pipe(Effect.provide(Backend.backend({ latency: "10 seconds" }))))
})
