import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Utils from "../support/authorizationServer.js"
import * as Server from "../support/server.js"
import * as Chromium from "./chromium.js"

/** Prepares an authorization request for a browser. The client adds a second redirect at the end, as AgentCore does. */
const start = () =>
  Effect.gen(function*() {
    const application = yield* Server.serve((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8")
      response.end(
        "<!doctype html><link rel=icon href=data:,><title>Application</title><h1>Back at the application</h1>"
      )
    })
    const identity = yield* Server.serve((request, response) => {
      const { search } = new URL(request.url ?? "/", "http://callback")
      response.writeHead(302, { location: `${application}/return${search}` }).end()
    })
    const { server } = yield* Utils.start()
    const callbackUrl = `${identity}/callback/one`
    yield* server.registerClient({
      clientId: Utils.clientId,
      clientSecret: Utils.clientSecret,
      name: "Travel agent",
      scopes: Utils.clientScopes,
      redirectUris: [callbackUrl]
    })
    const configuration = yield* Utils.discover(server)
    const request = yield* Utils.authorizationRequest(configuration, callbackUrl, {
      scope: "openid reports:read offline_access"
    })
    return { server, application, configuration, callbackUrl, request }
  })

const assertHarmless = (tab: Chromium.Tab) => {
  assert.deepStrictEqual(tab.foreignRequests, [])
  assert.deepStrictEqual(tab.complaints, [])
}

const picture = (tab: Chromium.Tab, name: string) =>
  process.env.AGENTCORE_SCREENSHOTS === undefined
    ? Effect.void
    : Effect.promise(() =>
      tab.page.screenshot({ path: `${process.env.AGENTCORE_SCREENSHOTS}/${name}.png`, fullPage: true })
    )

const head = "<!doctype html><link rel=icon href=data:,>"

/** Redirects without a click, as applications do. */
const scripted = (url: string) => `${head}<script>location.assign(${JSON.stringify(url)})</script>`

/** Loads a URL in every way that is not a navigation of the page. */
const hostile = (url: string) => {
  const source = `"${url.replaceAll("&", "&amp;")}"`
  const load = `fetch(${JSON.stringify(url)}, { mode, credentials: "include" }).catch(() => {})`
  return `${head}<img src=${source}><link rel=stylesheet href=${source}><script src=${source}></script>`
    + `<iframe src=${source}></iframe><object data=${source}></object><a href=${source}>Sign in</a>`
    + `<script>for (const mode of ["no-cors", "cors"]) ${load}</script>`
}

describe("the pages of the authorization server, in Chromium", () => {
  Chromium.browserTest(
    "sign a user in, accept the consent, and return across two more origins",
    () =>
      Effect.gen(function*() {
        const { application, callbackUrl, configuration, request } = yield* start()
        const tab = yield* Chromium.open()
        const { page } = tab
        yield* Effect.promise(() => page.goto(Redacted.value(request.url)))
        assert.strictEqual(yield* Effect.promise(() => page.getByRole("heading", { level: 1 }).innerText()), "Sign in")
        yield* picture(tab, "login-desktop-light")
        // The field has the focus, so that typing and Enter suffice.
        yield* Effect.promise(() => page.keyboard.type("alice"))
        yield* Effect.promise(() => page.keyboard.press("Enter"))
        yield* Effect.promise(() => page.getByRole("heading", { name: "Allow Travel agent to act for you?" }).waitFor())
        yield* picture(tab, "consent-desktop-light")
        const text = yield* Effect.promise(() => page.getByRole("main").innerText())
        for (const fact of ["alice", "Travel agent", "reports:read", "offline_access", new URL(callbackUrl).host]) {
          assert.include(text, fact)
        }
        yield* Effect.promise(() => page.getByRole("button", { name: "Allow" }).click())
        yield* Effect.promise(() => page.waitForURL(`${application}/return?**`))
        const returned = new URL(page.url())
        const tokens = yield* Effect.promise(() =>
          Utils.exchange(configuration, request, Redacted.make(`${callbackUrl}${returned.search}`))
        )
        assert.strictEqual(tokens.claims()?.sub, "alice")
        assertHarmless(tab)
      })
  )

  Chromium.browserTest("let another user deny, by keyboard, on a phone in dark mode", () =>
    Effect.gen(function*() {
      const { application, request } = yield* start()
      const tab = yield* Chromium.open({ viewport: { width: 390, height: 844 }, colorScheme: "dark" })
      const { page } = tab
      const overflow = Effect.promise(() => page.evaluate("document.documentElement.scrollWidth - innerWidth"))
      yield* Effect.promise(() => page.goto(Redacted.value(request.url)))
      yield* picture(tab, "login-phone-dark")
      assert.strictEqual(yield* overflow, 0)
      yield* Effect.promise(() => page.getByLabel("User name").fill("<script>alert(1)</script>".padEnd(120, "x")))
      yield* Effect.promise(() => page.getByRole("button", { name: "Sign in" }).click())
      yield* Effect.promise(() => page.getByRole("button", { name: "Sign in as another user" }).waitFor())
      yield* picture(tab, "consent-phone-dark-hostile")
      assert.strictEqual(yield* overflow, 0)
      yield* Effect.promise(() => page.getByRole("button", { name: "Sign in as another user" }).click())
      yield* Effect.promise(() => page.getByLabel("User name").fill("bob"))
      yield* Effect.promise(() => page.getByLabel("User name").press("Enter"))
      yield* Effect.promise(() => page.getByText("bob").waitFor())
      yield* picture(tab, "consent-phone-dark")
      yield* Effect.promise(() => page.getByRole("button", { name: "Deny" }).press("Enter"))
      yield* Effect.promise(() => page.waitForURL(`${application}/return?**`))
      assert.strictEqual(new URL(page.url()).searchParams.get("error"), "access_denied")
      assertHarmless(tab)
    }))

  Chromium.browserTest(
    "reject a page when it was already submitted, and a form when another site sends it",
    () =>
      Effect.gen(function*() {
        const { application, request, server } = yield* start()
        const tab = yield* Chromium.open()
        const { page } = tab
        yield* Effect.promise(() => page.goto(Redacted.value(request.url)))
        const login = page.url()
        const forged = yield* Server.serve((_, response) => {
          response.setHeader("content-type", "text/html")
          response.end(
            `<!doctype html><link rel=icon href=data:,><form method=post action="${login}">`
              + `<input name=prompt value=login><input name=login value=mallory><button>Win a prize</button></form>`
          )
        })
        yield* Effect.promise(() => page.goto(forged.replace("127.0.0.1", Chromium.otherSite)))
        yield* Effect.promise(() => page.getByRole("button", { name: "Win a prize" }).click())
        yield* Effect.promise(() => page.getByRole("heading", { name: "This page has expired" }).waitFor())
        assert.strictEqual(page.url(), login)
        yield* Effect.promise(() => page.goto(login))
        yield* Effect.promise(() => page.getByLabel("User name").fill("alice"))
        yield* Effect.promise(() => page.getByRole("button", { name: "Sign in" }).click())
        yield* Effect.promise(() => page.getByText("alice").waitFor())
        yield* Effect.promise(() => page.getByRole("button", { name: "Allow" }).click())
        yield* Effect.promise(() => page.waitForURL(`${application}/return?**`))
        const response = yield* Effect.promise(() => page.goto(login))
        assert.strictEqual(response?.status(), 400)
        assert.include(yield* Effect.promise(() => page.getByRole("main").innerText()), "This page has expired")
        yield* picture(tab, "expired-desktop-light")
        yield* Effect.promise(() => page.goto(`${server.issuer}/auth?client_id=unknown`))
        assert.include(yield* Effect.promise(() => page.getByRole("main").innerText()), "invalid_client")
        yield* picture(tab, "error-desktop-light")
        yield* Effect.promise(() => page.goto(server.issuer))
        yield* picture(tab, "home-desktop-light")
        assert.deepStrictEqual(tab.foreignRequests, [])
      })
  )

  Chromium.browserTest(
    "start nothing in the background for another site, and accept its redirect",
    () =>
      Effect.gen(function*() {
        const { request, server } = yield* start()
        const url = Redacted.value(request.url)
        const foreign = (yield* Server.serve(({ url: path }, response) => {
          if (path === "/redirect") {
            response.writeHead(302, { location: url }).end()
          } else {
            response.setHeader("content-type", "text/html")
            response.end(path === "/script" ? scripted(url) : hostile(url))
          }
        })).replace("127.0.0.1", Chromium.otherSite)
        const { context, page } = yield* Chromium.open()
        const requested: Array<string> = []
        const interactions: Array<string> = []
        context.on("request", (request) => {
          if (request.url() === url) requested.push(request.resourceType())
          if (request.url().startsWith(`${server.issuer}/interaction/`)) interactions.push(request.resourceType())
        })
        const statuses: Array<number> = []
        context.on("response", (response) => {
          if (response.url() === url) statuses.push(response.status())
        })
        yield* Effect.promise(() => page.goto(foreign, { waitUntil: "networkidle" }))
        assert.includeMembers(requested, ["image", "script", "stylesheet", "document", "fetch"])
        assert.deepStrictEqual(interactions, [])
        // Chromium blocks some of the responses, and reports no status of these.
        assert.deepStrictEqual([...new Set(statuses)], [403])

        const signIn = Effect.promise(() => page.getByRole("heading", { name: "Sign in" }).waitFor())
        yield* Effect.promise(() => page.getByRole("link", { name: "Sign in" }).click())
        yield* signIn
        for (const path of ["/redirect", "/script"]) {
          yield* Effect.promise(() => page.goto(`${foreign}${path}`))
          yield* signIn
        }
        assert.lengthOf(interactions, 3)
      })
  )
})
