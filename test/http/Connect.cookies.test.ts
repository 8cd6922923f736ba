import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as TestClock from "effect/testing/TestClock"
import { randomBytes } from "node:crypto"
import * as Cookies from "../../src/http/connect/cookies.js"
import * as World from "../support/connectWorld.js"
import * as Proxies from "../support/proxies.js"
import * as Server from "../support/server.js"
import * as Tools from "../support/tools.js"

const secret = randomBytes(32)

const make = (origin = "https://app.example.com", key = secret) => Cookies.make(key, { origin, path: "/connect" })

const minutes = 60_000

const sessionOf = (name: number | string) => `urn:ietf:params:oauth:request_uri:${name}`.padEnd(80, "x")

const started = (name: number | string, options: Partial<Cookies.Started> = {}): Cookies.Started => ({
  session: sessionOf(name),
  user: "u".repeat(43),
  state: "s".repeat(22),
  credential: "calendar",
  expiresAt: 10 * minutes,
  ...options
})

/** A browser, as far as it keeps cookies. */
const makeBrowser = () => {
  const jar = new Map<string, string>()
  const responses: Array<ReadonlyArray<string>> = []
  return {
    jar,
    responses,
    sends: <A, E, R>(self: Effect.Effect<A, E, R>) =>
      Effect.provideServiceEffect(
        self,
        HttpServerRequest.HttpServerRequest,
        Effect.sync(() => {
          const cookie = [...jar].map((pair) => pair.join("=")).join("; ")
          return HttpServerRequest.fromWeb(new Request("https://app.example.com/connect", { headers: { cookie } }))
        })
      ),
    receives: (lines: ReadonlyArray<string>) => {
      responses.push(lines)
      for (const line of lines) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/; Max-Age=0/.test(line)) jar.delete(name)
        else jar.set(name, value)
      }
    },
    sizes: () => [...jar].map((pair) => pair.join("=").length)
  }
}

type Browser = ReturnType<typeof makeBrowser>

const keep = (browser: Browser, cookies: Cookies.Cookies, one: Cookies.Started) =>
  Effect.map(
    browser.sends(cookies.keep(one)),
    (kept) =>
      browser.receives(HttpServerResponse.toWeb(cookies.addTo(HttpServerResponse.empty(), kept)).headers.getSetCookie())
  )

/** Which of the sessions the browser still has. */
const found = (browser: Browser, cookies: Cookies.Cookies, names: ReadonlyArray<number | string>) =>
  Effect.filter(
    names,
    (name) => Effect.map(browser.sends(cookies.find(sessionOf(name))), (found) => found !== undefined)
  )

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("the cookie of a session", () => {
  it.effect("is sealed, and found by all processes with the key, for its session only", () =>
    Effect.gen(function*() {
      const browser = makeBrowser()
      const cookies = yield* make()
      const one = started(1, { userToken: "header.payload.signature", continue: "https://app.example.com/chat" })
      yield* keep(browser, cookies, one)
      assert.deepStrictEqual(yield* browser.sends((yield* make()).find(sessionOf(1))), one)
      assert.isUndefined(yield* browser.sends(cookies.find(sessionOf(2))))
      assert.isUndefined(yield* browser.sends((yield* make(undefined, randomBytes(32))).find(sessionOf(1))))
      const [[line = ""] = []] = browser.responses
      assert.match(
        line,
        /^__Secure-agentcore-consent-[\w-]{16}=[\w.-]+; Max-Age=1200; Path=\/connect; HttpOnly; Secure; SameSite=Lax$/
      )
      // Under the name of another session it is that of no session.
      const [[, value = ""] = []] = [...browser.jar]
      yield* keep(browser, cookies, started(2))
      for (const name of browser.jar.keys()) browser.jar.set(name, value)
      assert.deepStrictEqual(yield* found(browser, cookies, [1, 2]), [1])
    }))

  it.effect("works on plain http, and without a state", () =>
    Effect.gen(function*() {
      const browser = makeBrowser()
      const cookies = yield* make("http://127.0.0.1:8080")
      yield* keep(browser, cookies, started(1, { state: undefined }))
      assert.match(
        browser.responses[0]?.[0] ?? "",
        /^agentcore-consent-[\w-]{16}=[^;]+; Max-Age=1200; Path=\/connect; H/
      )
      assert.notInclude(browser.responses[0]?.[0], "Secure")
      assert.deepStrictEqual(yield* found(browser, cookies, [1]), [1])
    }))

  it.effect("is found until the session has expired for as long as a store keeps it, and then removed", () =>
    Effect.gen(function*() {
      const browser = makeBrowser()
      const cookies = yield* make()
      yield* keep(browser, cookies, started(1))
      yield* TestClock.adjust("19 minutes")
      assert.deepStrictEqual(yield* found(browser, cookies, [1]), [1])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* found(browser, cookies, [1]), [])
      yield* keep(browser, cookies, started(2, { expiresAt: 30 * minutes }))
      assert.lengthOf([...browser.jar], 1)
    }))

  it.effect("is found although a sibling domain has set others of its name", () =>
    Effect.gen(function*() {
      const browser = makeBrowser()
      const cookies = yield* make()
      yield* keep(browser, cookies, started(1))
      const [[name = "", value = ""] = []] = [...browser.jar]
      browser.jar.set(name, `planted; ${name}=; ${name}=${value}`)
      assert.deepStrictEqual(yield* found(browser, cookies, [1]), [1])
    }))
})

describe("the cookies of many sessions", () => {
  it.effect("are at most eight, of which the oldest give way, and those without a readable value first", () =>
    Effect.gen(function*() {
      const browser = makeBrowser()
      const cookies = yield* make()
      for (const index of range(20)) browser.jar.set(`__Secure-agentcore-consent-${index}`, "planted")
      for (const index of range(30)) {
        yield* keep(browser, cookies, started(index, { expiresAt: 10 * minutes + index }))
        assert.isAtMost(browser.responses.at(-1)?.length ?? 0, 9)
      }
      assert.lengthOf([...browser.jar], 8)
      assert.deepStrictEqual(yield* found(browser, cookies, range(30)), range(30).slice(-8))
      // A session that is kept again is no further one.
      yield* keep(browser, cookies, started(25, { expiresAt: 10 * minutes + 25 }))
      assert.deepStrictEqual(yield* found(browser, cookies, range(30)), range(30).slice(-8))
    }))

  it.effect("are at least two if they contain JWTs, and fit into the headers that nginx accepts", () =>
    Effect.gen(function*() {
      const cookies = yield* make()
      for (const size of [100, 500, 1000, 1400, 1600, 3000, 100_000]) {
        const browser = makeBrowser()
        const userToken = "j".repeat(size)
        for (const index of range(10)) {
          yield* keep(browser, cookies, started(index, { userToken, expiresAt: 10 * minutes + index }))
          assert.isAtMost(browser.responses.at(-1)?.join().length ?? 0, 3400, `${size}`)
        }
        const sizes = browser.sizes()
        assert.isAtMost(sizes.reduce((total, size) => total + size + 2, 0), 5000, `${size}`)
        assert.isAtLeast(sizes.length, 2)
        const last = yield* browser.sends(cookies.find(sessionOf(9)))
        // A larger one is not kept. The session then needs the same JWT at the return.
        assert.strictEqual(last?.userToken?.length, size <= 1400 ? size : undefined)
      }
    }))

  it.effect("omit an address that is too long, after the JWT", () =>
    Effect.gen(function*() {
      const browser = makeBrowser()
      const cookies = yield* make()
      const long = { userToken: "j".repeat(1000), continue: `https://app.example.com/${"c".repeat(1000)}` }
      yield* keep(browser, cookies, started(1, long))
      assert.deepStrictEqual(
        yield* browser.sends(cookies.find(sessionOf(1))),
        started(1, { continue: long.continue })
      )
      yield* keep(browser, cookies, started(2, { ...long, continue: "c".repeat(2000) }))
      assert.deepStrictEqual(yield* browser.sends(cookies.find(sessionOf(2))), started(2))
    }))
})

/** A browser that presses the button of a link again and again, behind nginx with its defaults. */
const behindNginx = (own: string, options: World.Options) =>
  Effect.gen(function*() {
    const { origin } = yield* World.setUp
    const port = yield* Server.freePort
    const name = "nginx"
    const configuration = `server { listen 127.0.0.1:${port}; location / { proxy_pass ${origin}; } }`
    const nginx = yield* Proxies.run(name, configuration, { port })
    const { jar, receives } = makeBrowser()
    const send = (path: string, body?: Record<string, string>) =>
      Effect.promise(async () => {
        const cookie = [own, ...[...jar].map((pair) => pair.join("="))].join("; ")
        const response = await fetch(`${nginx.url}${path}`, {
          redirect: "manual",
          headers: { cookie, ...body && { origin } },
          ...body && { method: "POST", body: new URLSearchParams(body) }
        })
        receives(response.headers.getSetCookie())
        return { status: response.status, text: await response.text() }
      })
    const { token = "" } = World.fieldsOf((yield* send("/connect/calendar")).text)
    for (const _ of range(12)) {
      const started = yield* send("/connect/calendar", { action: "connect", token })
      assert.strictEqual(started.status, 200, started.text)
    }
    // It has the sessions that it may come back from.
    assert.strictEqual((yield* send("/connect/return?session_id=x")).status, 403)
    const kept = jar.size
    jar.set("large", "x".repeat(8192))
    assert.strictEqual((yield* send("/connect")).status, 400)
    return kept
  }).pipe(Effect.provide(World.environment(options)))

describe("nginx with its defaults", () => {
  Tools.testWith("nginx")(
    "accepts the cookies of many sessions, beside 3 KB of the application",
    () => Effect.map(behindNginx(`user=alice; app=${"a".repeat(3000)}`, {}), (kept) => assert.strictEqual(kept, 8))
  )

  for (const size of [700, 1400, 3000]) {
    Tools.testWith("nginx")(`accepts the cookies of sessions with JWTs of ${size} characters, beside the JWT`, () => {
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
      const claims = { iss: "https://idp.example.com", sub: "alice", salt: "" }
      const jwt = (salt: string) => `${encode({ alg: "ES256" })}.${encode({ ...claims, salt })}.c2ln`
      const own = jwt("x".repeat(Math.floor((size - jwt("").length) * 3 / 4)))
      assert.closeTo(own.length, size, 4)
      return Effect.map(behindNginx(`jwt=${own}`, { users: "jwt" }), (kept) => assert.isAtLeast(kept, 2))
    })
  }
})
