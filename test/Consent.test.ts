import { assert, describe, it } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import { AuthorizationFailed, RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import childProcess from "node:child_process"
import { EventEmitter } from "node:events"
import * as Http from "node:http"
import { inspect } from "node:util"
import { vi } from "vitest"

const secret = "Zq7-sentinel-Kp3"
const authorizationUrl = `https://login.example/authorize?request_uri=${secret}`

const sessionOf = (url: string) =>
  new ConsentSession({
    provider: "google",
    flow: "USER_FEDERATION",
    scopes: [],
    sessionUri: Redacted.make("urn:session"),
    authorizationUrl: Redacted.make(url),
    expiresAt: DateTime.makeUnsafe(0)
  })

/** Replaces the start of processes. The test plays the browser. */
const start = (url = authorizationUrl) =>
  Effect.gen(function*() {
    const started = yield* Deferred.make<ReadonlyArray<string>>()
    const browser = Object.assign(new EventEmitter(), { exitCode: null, unref: () => {} })
    const spawn = vi.spyOn(childProcess, "spawn").mockImplementation((...[command, args]: Array<unknown>) => {
      Deferred.doneUnsafe(started, Effect.succeed([String(command), ...args as ReadonlyArray<string>]))
      setImmediate(() => browser.emit("spawn"))
      // `open` needs the events, `unref` and the exit code only.
      return browser as unknown as childProcess.ChildProcess
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => spawn.mockRestore()))
    const printed: Array<unknown> = []
    const clock = yield* Clock.Clock
    let sleepers = 0
    const sleep = (duration: Duration.Duration) =>
      Effect.suspend(() => {
        sleepers++
        return Effect.ensuring(clock.sleep(duration), Effect.sync(() => sleepers--))
      })
    const fiber = yield* Consent.openBrowser(sessionOf(url)).pipe(
      Effect.provideService(Console.Console, { ...console, log: (text) => void printed.push(text) }),
      Effect.provideService(Clock.Clock, { ...clock, sleep }),
      Effect.forkChild
    )
    const opened = Effect.map(Deferred.await(started), (processArguments) => ({
      processArguments,
      page: processArguments.find((argument) => argument.startsWith("http")) ?? assert.fail("no URL")
    }))
    /** Waits until the handler sleeps for its limits, then moves the clock. */
    const advance = (limits: number, seconds: number) =>
      Effect.gen(function*() {
        while (sleepers < limits) {
          yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
        }
        yield* TestClock.adjust(seconds * 1000)
      })
    return { fiber, browser, spawn, printed, opened, advance }
  })

interface Response {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
}

const request = (url: string, options: Http.RequestOptions = {}) =>
  Effect.callback<Response, NodeJS.ErrnoException>((resume) => {
    Http.request(url, { agent: false, ...options }, (response) => {
      response.resume()
      resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers }))
    }).on("error", (error) => resume(Effect.fail(error))).end()
  })

const assertClosed = (url: string) =>
  Effect.map(Effect.flip(request(url)), (error) => assert.include(["ECONNREFUSED", "ECONNRESET"], error.code))

// `open` finds its commands in other ways on Windows.
describe.skipIf(process.platform === "win32")("openBrowser", () => {
  it.effect("passes the URL to the browser, and hides it from the list of processes", () =>
    Effect.gen(function*() {
      const { fiber, opened, printed } = yield* start()
      const { page, processArguments } = yield* opened
      assert.notInclude(processArguments.join("\n"), secret)
      assert.notInclude(processArguments.join("\n"), "login.example")
      assert.match(page, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/)
      const { headers, status } = yield* request(page)
      assert.strictEqual(status, 302)
      assert.strictEqual(headers.location, authorizationUrl)
      assert.strictEqual(headers["cache-control"], "no-store")
      assert.strictEqual(headers["referrer-policy"], "no-referrer")
      yield* Fiber.join(fiber)
      yield* assertClosed(page)
      assert.include(printed.join("\n"), authorizationUrl)
    }))

  it.effect("rejects every other path and method", () =>
    Effect.gen(function*() {
      const { fiber, opened } = yield* start()
      const { page } = yield* opened
      const { origin } = new URL(page)
      for (
        const [url, options] of [
          [origin, {}],
          [`${origin}/favicon.ico`, {}],
          [page.slice(0, -1), {}],
          [`${page}?a`, {}],
          [page, { method: "HEAD" }],
          [page, { method: "POST" }],
          [page, { headers: { "sec-purpose": "prefetch" } }]
        ] as const
      ) {
        const response = yield* request(url, options)
        assert.strictEqual(response.status, 404)
        assert.notProperty(response.headers, "location")
      }
      assert.strictEqual((yield* request(page)).status, 302)
      yield* Fiber.join(fiber)
    }))

  it.effect("redirects once when several requests arrive at the same time", () =>
    Effect.gen(function*() {
      const { fiber, opened } = yield* start()
      const { page } = yield* opened
      const responses = yield* Effect.all([request(page), request(page), request(page)].map(Effect.result), {
        concurrency: "unbounded"
      })
      const redirects = responses.filter((response) => response._tag === "Success" && response.success.status === 302)
      assert.lengthOf(redirects, 1)
      yield* Fiber.join(fiber)
    }))

  it.effect("closes the page after 30 seconds, and when it is interrupted", () =>
    Effect.gen(function*() {
      const late = yield* start()
      const latePage = (yield* late.opened).page
      yield* late.advance(1, 29)
      assert.strictEqual((yield* request(new URL("/", latePage).href)).status, 404)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(late.fiber)
      yield* assertClosed(latePage)

      const interrupted = yield* start()
      const { page } = yield* interrupted.opened
      yield* Fiber.interrupt(interrupted.fiber)
      yield* assertClosed(page)
    }))

  it.effect("continues when there is no browser", () =>
    Effect.gen(function*() {
      for (const event of ["exit", "error"]) {
        const { advance, browser, fiber, opened, printed } = yield* start()
        const { page } = yield* opened
        while (browser.listenerCount("exit") === 0) yield* advance(1, 0)
        browser.emit(event, event === "exit" ? 3 : new Error("no browser"))
        yield* advance(2, 5)
        yield* Fiber.join(fiber)
        yield* assertClosed(page)
        assert.include(printed.join("\n"), authorizationUrl)
      }
    }))

  it.effect("opens only https pages, and http pages of this machine", () =>
    Effect.gen(function*() {
      for (const url of ["javascript:alert(1)", "file:///etc/passwd", "http://login.example/", "nonsense"]) {
        const { fiber, spawn } = yield* start(url)
        yield* Fiber.join(fiber)
        assert.strictEqual(spawn.mock.calls.length, 0)
      }
    }))
})

describe("fromError", () => {
  const session = sessionOf(authorizationUrl)
  const error = new RequiresUserConsent({ session })
  const expected = { provider: "google", link: session.authorizationUrl, session }

  const circular: { cause?: unknown; error?: unknown } = new Error("circular")
  circular.cause = circular
  circular.error = { errors: [1, null, error] }

  it.each<[string, unknown]>([
    ["the error", error],
    ["its cause", new Error("Error executing tool", { cause: new Error("inner", { cause: error }) })],
    ["a part of an AI SDK", { type: "tool-error", toolName: "list_events", error }],
    ["an AggregateError", new AggregateError([new Error("other"), error])],
    ["a Cause", Cause.combine(Cause.fail("other"), Cause.fail(error))],
    ["a defect", Cause.die(error)],
    ["an error that contains itself", circular]
  ])("finds the consent in %s", (_, value) => {
    assert.deepStrictEqual(Consent.fromError(value), expected)
  })

  it.live("finds the consent in the error of a program in a span, and of a promise", () =>
    Effect.gen(function*() {
      const program = Effect.withSpan(Effect.fail(error), "tool")
      assert.deepStrictEqual(Consent.fromError(yield* Effect.flip(program)), expected)
      const rejection: unknown = yield* Effect.promise(() => Effect.runPromise(program).catch((error) => error))
      assert.deepStrictEqual(Consent.fromError(rejection), expected)
      const defect: unknown = yield* Effect.promise(() =>
        Effect.runPromise(Effect.orDie(program)).catch((error) => error)
      )
      assert.deepStrictEqual(Consent.fromError(defect), expected)
    }))

  it("returns undefined for any other value", () => {
    const values = [
      undefined,
      null,
      "RequiresUserConsent",
      { _tag: "RequiresUserConsent", session },
      new Error("other")
    ]
    for (const value of [...values, new AuthorizationFailed({ provider: "google" })]) {
      assert.isUndefined(Consent.fromError(value))
    }
  })

  it("shows no secret in the text of its result", () => {
    assert.notInclude(`${JSON.stringify(Consent.fromError(error))}${inspect(Consent.fromError(error))}`, secret)
  })
})
