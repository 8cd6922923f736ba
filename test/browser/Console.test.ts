/** Every action of the console in Chromium, with a real server and a real authorization server. */
import { assert, describe } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { parseEnv } from "node:util"
import type { Locator, Page } from "playwright-core"
import { buildConsoleFolder } from "../support/build.mjs"
import * as Folder from "../support/folder.js"
import * as Backend from "../support/localBackend.js"
import { scriptedServer, serverOverHttp } from "../support/localBackend.js"
import * as Recorder from "../support/recorder.js"
import * as Servers from "../support/server.js"
import * as Tools from "../support/tools.js"
import * as Wire from "../support/wire.js"
import * as Chromium from "./chromium.js"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

interface AxeResults {
  readonly violations: ReadonlyArray<{ readonly id: string; readonly nodes: ReadonlyArray<{ readonly html: string }> }>
}

const clientSecret = "sentinel-'client'-secret"
const apiKey = "sentinel-weather-key"

const setup = (discoveryUrl: string) => ({
  workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: [Backend.returnUrl] }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make(apiKey) }],
  oauth2CredentialProviders: [{
    name: "calendar",
    credentialProviderVendor: "CustomOauth2" as const,
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl },
        clientId: "console",
        clientSecret: Redacted.make(clientSecret)
      }
    }
  }]
})

const server = Layer.unwrap(Effect.gen(function*() {
  const authorizationServer = yield* AuthorizationServer.AuthorizationServer
  const folder = pathToFileURL(yield* Effect.promise(buildConsoleFolder))
  return serverOverHttp({
    authorizationServer,
    setup: setup(authorizationServer.discoveryUrl),
    settings: { offlineIssuer: "https://stand-in.example.com" },
    secretEnvironment: { SENTINEL_CLIENT_SECRET: Redacted.make(clientSecret) }
  }).pipe(Layer.provide(Layer.succeed(Backend.ConsoleRoutes.ConsoleFolder, () => folder)))
})).pipe(Layer.provideMerge(AuthorizationServer.layer()))

class Tab extends Context.Service<Tab, Chromium.Tab>()("test/browser/Console/Tab") {}

const environment = Layer.merge(
  server,
  Layer.effect(Tab, Chromium.open({ viewport: { width: 1180, height: 760 }, acceptDownloads: true }))
).pipe(Layer.provide(Logger.layer([])))

type Services = Layer.Success<typeof environment>

let services: Context.Context<Services>

Tools.beforeAllWith("Chromium")(Effect.gen(function*() {
  services = yield* Layer.build(environment)
  const { url } = Context.get(services, LocalIdentity.LocalServer)
  const { registerClient } = Context.get(services, AuthorizationServer.AuthorizationServer)
  yield* registerClient({
    clientId: "console",
    clientSecret: Redacted.make(clientSecret),
    redirectUris: [`${url}/identities/oauth2/callback/*`],
    scopes: ["read", "write"]
  })
}))

/** What Chromium reports about requests that a reload ends. */
const ended = /\/_local\/\w+: net::ERR_ABORTED$/

/** The messages of Chromium about error responses. */
const rejectedRequests = /the server responded with a status of 40[013]/

/**
 * A test with a new server and an open console. The page may load nothing from elsewhere, and report no error
 * except `expected`.
 */
const test = (
  name: string,
  body: (page: Page) => Effect.Effect<void, unknown, Services | Tools.Tools>,
  expected: RegExp = ended,
  ...tools: ReadonlyArray<Tools.Tool>
): void =>
  Tools.testWith("Chromium", ...tools)(name, () =>
    Effect.gen(function*() {
      const { complaints, foreignRequests, page } = yield* Tab
      const { reset } = yield* LocalControl.LocalControl
      yield* reset
      yield* Effect.promise(async () => {
        await page.setViewportSize({ width: 1180, height: 760 })
        await page.goto("about:blank")
      })
      yield* openConsole
      const earlier = complaints.length
      yield* body(page)
      assert.deepStrictEqual(foreignRequests, [])
      assert.deepStrictEqual(complaints.slice(earlier).filter((text) => !expected.test(text)), [])
    }).pipe((test) => Effect.provide(test, services)))

const newConsoleUrl = Effect.flatMap(
  LocalIdentity.LocalServer,
  ({ consoleUrl }) => Effect.map(consoleUrl, Redacted.value)
)

const openConsole = Effect.gen(function*() {
  const { page } = yield* Tab
  const consoleUrl = yield* newConsoleUrl
  yield* Effect.promise(async () => {
    await page.goto(consoleUrl)
    await page.locator(".connection.live").waitFor()
  })
})

const use = <A>(body: (page: Page) => Promise<A>): Effect.Effect<A, never, Tab> =>
  Effect.flatMap(Tab, ({ page }) => Effect.promise(() => body(page)))

/** Goes to a section, as a click on its link does. */
const go = (section: string) => use((page) => page.getByRole("link", { name: new RegExp(`^${section}`) }).click())

/** Presses a button, and waits for what the page then reports. */
const pressOne = (find: (page: Page) => Locator, result: string) =>
  use(async (page) => {
    await page.locator(".message").evaluateAll((messages) =>
      messages.forEach((message) => message.classList.add("old"))
    )
    await find(page).click()
    await page.locator(".message:not(.old)").filter({ hasText: result }).waitFor()
  })

const press = (name: string, result: string) =>
  pressOne((page) => page.getByRole("button", { name, exact: true }), result)

const confirm = (label: string, result: string) =>
  pressOne((page) => page.getByRole("dialog").getByRole("button", { name: label }), result)

/** Waits until the page shows this number of them. */
const hasCount = async (items: Locator, count: number): Promise<void> => {
  await items.nth(count - 1).waitFor({ state: "attached" })
  await items.nth(count).waitFor({ state: "detached" })
}

/** A server with a page. Returns its port. */
const attacker = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<Server>((resolve) => {
        const server = createServer((_, response) => {
          response.setHeader("content-type", "text/html")
          response.end("<p>A page of another site")
        })
        server.listen(0, "127.0.0.1", () => resolve(server))
      })
    ),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ),
  (server) => (server.address() as AddressInfo).port
)

const control = LocalControl.LocalControl

const states = Effect.flatMap(control, ({ consents }) => Effect.map(consents.list, (list) => list.map((c) => c.state)))

const tokenOf = (userId: string) =>
  Effect.map(
    Wire.call("/identities/GetWorkloadAccessTokenForUserId", { workloadName: "agent", userId }),
    (response) => String(Wire.succeeds(response).workloadAccessToken)
  )

/** Asks for the user's token, as a program over HTTP. */
const ask = (workloadIdentityToken: string, more: object = {}) =>
  Wire.call("/identities/oauth2/token", {
    workloadIdentityToken,
    resourceCredentialProviderName: "calendar",
    scopes: ["read"],
    oauth2Flow: "USER_FEDERATION",
    resourceOauth2ReturnUrl: Backend.returnUrl,
    ...more
  })

const hasToken = (token: string) =>
  Effect.map(ask(token), (response) => typeof Wire.succeeds(response).accessToken === "string")

const readKey = (workloadIdentityToken: string) =>
  Wire.call("/identities/api-key", { workloadIdentityToken, resourceCredentialProviderName: "weather" })

describe("the console, in Chromium", () => {
  test("removes the code from the address, and stays connected after a reload", (page) =>
    Effect.gen(function*() {
      const { controlToken, url } = yield* LocalIdentity.LocalServer
      const token = Redacted.value(controlToken)
      assert.strictEqual(page.url(), `${url}/_local/console#requests`)
      yield* go("Grants")
      yield* use(async (page) => {
        await page.reload()
        await page.locator(".connection.live").waitFor()
      })
      assert.strictEqual(page.url(), `${url}/_local/console#grants`)
      assert.strictEqual(yield* use((page) => page.getByRole("heading", { level: 1 }).innerText()), "Grants")
      assert.notInclude(yield* use((page) => page.content()), token)

      const responses = yield* Effect.forEach(
        ["/_local/console", "/_local/console/main.js", "/_local/console/main.css", "/"],
        (path) => Wire.page(`${url}${path}`)
      )
      assert.deepStrictEqual(responses.map(({ status }) => status), [200, 200, 200, 302])
      for (const { headers, text } of responses) {
        const policy = String(headers["content-security-policy"])
        assert.include(policy, "default-src 'none'")
        assert.include(policy, "frame-ancestors 'none'")
        assert.notInclude(policy, "unsafe")
        assert.strictEqual(headers["referrer-policy"], "no-referrer")
        assert.strictEqual(headers["cache-control"], "no-store")
        Recorder.assertSecretFree([text], [token, clientSecret, apiKey])
      }
    }))

  Chromium.browserTest(
    "leaves no token in the history of the browser, and none in the log of the server",
    () =>
      Effect.gen(function*() {
        const logged: Array<string> = []
        const folder = yield* Effect.map(Effect.promise(buildConsoleFolder), pathToFileURL)
        const { consoleUrl, controlToken, url } = yield* Effect.map(
          Layer.build(
            scriptedServer().pipe(
              Layer.provide(Layer.succeed(Backend.ConsoleRoutes.ConsoleFolder, () => folder)),
              Layer.provide(Layer.merge(
                Logger.layer([Logger.map(Logger.formatJson, (line) => void logged.push(line))]),
                Layer.succeed(References.MinimumLogLevel, "All")
              ))
            )
          ),
          (context) => Context.get(context, LocalIdentity.LocalServer)
        )
        const token = Redacted.value(controlToken)
        const address = Redacted.value(yield* consoleUrl)
        const profile = yield* Folder.temporary
        const { context, page } = yield* Chromium.openWithProfile(profile)
        yield* Effect.promise(async () => {
          await page.goto(address)
          await page.locator(".connection.live").waitFor()
          assert.strictEqual(page.url(), `${url}/_local/console#requests`)
          const session = await context.newCDPSession(page)
          const { entries } = await session.send("Page.getNavigationHistory")
          assert.isAbove(entries.length, 0)
          assert.notInclude(JSON.stringify(entries), token)

          // The address with the used code does not work again, neither in this tab nor in another one.
          await page.goto("about:blank")
          await page.goto(address)
          await page.locator(".connection.live").waitFor()
          const other = await context.newPage()
          await other.goto(address)
          await other.getByText("It was used, or has expired").waitFor()
          await other.getByText("npx agentcore-identity console").waitFor()
          assert.strictEqual(other.url(), `${url}/_local/console#requests`)
          await context.close()
        })
        // The storage of a tab has the token, so that the console stays open after a reload.
        const files = readdirSync(profile, { recursive: true, encoding: "utf8" })
          .filter((name) =>
            !/Session Storage/.test(name) && statSync(join(profile, name), { throwIfNoEntry: false })?.isFile() === true
          )
          .map((name) => [name, readFileSync(join(profile, name), "latin1")] as const)
        const code = new URL(address).hash.slice("#code=".length)
        const withCode = files.filter(([, content]) => content.includes(code)).map(([name]) => name)
        // Otherwise the token would also be there.
        assert.isTrue(withCode.some((name) => /\bHistory/.test(name)), withCode.join())
        for (const [name, content] of files) assert.notInclude(content, token, name)
        assert.include(logged.join(), "console 200")
        assert.include(logged.join(), "control 401")
        Recorder.assertSecretFree(logged, [token, code])
      })
  )

  test("shows requests as they arrive, with their reasons, and keeps the position", (page) =>
    Effect.gen(function*() {
      const token = yield* tokenOf("alice")
      const { faults } = yield* control
      yield* faults.add({ endpoint: "token", exception: "invalid_client", message: "no such client", count: 1 })
      Wire.fails(yield* ask(token, { oauth2Flow: "M2M" }), 400, "ValidationException")
      const row = page.locator("summary").filter({ hasText: "ValidationException" })
      yield* use(async () => {
        await row.waitFor()
        assert.include(await row.innerText(), "Error parsing ClientCredentials response")
        assert.include(await row.innerText(), "no such client")
        await row.focus()
        await page.keyboard.press("Enter")
        await page.getByLabel("Request", { exact: true }).waitFor()
        assert.include(await page.getByLabel("Request", { exact: true }).innerText(), "<redacted>")
        assert.notInclude(await page.content(), token)
      })
      const calls = (count: number) => Effect.forEach(Array.from({ length: count }), () => readKey(token))
      yield* calls(40)
      const rows = page.locator("summary")
      yield* use(async () => {
        await rows.nth(41).waitFor()
        await row.scrollIntoViewIfNeeded()
      })
      const place = () => row.evaluate((element) => Math.round(element.getBoundingClientRect().top))
      const before = yield* use(place)
      yield* calls(20)
      yield* use(async () => {
        await rows.nth(61).waitFor()
        assert.closeTo(await place(), before, 1)
        assert.isTrue(await row.evaluate((element) => element === document.activeElement))
        assert.isTrue(await page.getByLabel("Request", { exact: true }).isVisible())

        await page.getByLabel("Failures only").check()
        await hasCount(rows, 1)
        await page.getByLabel("Failures only").uncheck()
        await page.getByLabel("Filter the requests").fill("weather key")
        await hasCount(rows, 60)
        await page.getByLabel("Filter the requests").fill("weather nothing")
        await page.getByText("None of 62 requests match.").waitFor()
        await page.getByLabel("Filter the requests").fill("")
        await page.getByRole("button", { name: "Pause" }).click()
      })
      yield* calls(2)
      yield* use(async () => {
        await page.getByRole("button", { name: "Pause (2 new)" }).click()
        await rows.nth(63).waitFor()
        assert.include(await rows.first().innerText(), "GetResourceApiKey")
      })
    }))

  test("shows who was denied what on which resource, and the statement to change", (page) =>
    Effect.gen(function*() {
      const token = yield* tokenOf("alice")
      const { seed } = yield* control
      const vault = "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default"
      yield* seed({
        local: {
          policies: {
            "reporting-agent": [{
              Statement: [
                { Sid: "Keys", Effect: "Allow", Action: "bedrock-agentcore:GetResourceApiKey", Resource: vault },
                { Effect: "Allow", Action: "bedrock-agentcore:*", NotResource: `${vault}*` }
              ]
            }]
          }
        }
      })
      Wire.fails(
        yield* Wire.call(
          "/identities/api-key",
          { workloadIdentityToken: token, resourceCredentialProviderName: "weather" },
          { authorization: Wire.authorization.replace("Credential=local/", "Credential=reporting-agent/") }
        ),
        403,
        "AccessDeniedException"
      )
      const provider = `${vault}/apikeycredentialprovider/weather`
      yield* use(async () => {
        const row = page.locator("summary").filter({ hasText: "AccessDeniedException" })
        const text = await row.innerText()
        assert.include(text, `assumed-role/agentcore-identity-local/reporting-agent is not authorized to perform`)
        assert.include(text, `bedrock-agentcore:GetResourceApiKey on resource: ${provider}`)
        assert.include(text, `add the resource ${provider} to statement 'Keys'`)
        await page.getByLabel("Filter the requests").fill("reporting-agent 'keys'")
        await hasCount(page.locator("summary"), 1)
        await page.getByLabel("Filter the requests").fill("")
      })
    }))

  test("approves, also as another user, denies and expires consents", (page) =>
    Effect.gen(function*() {
      const [alice, bob, carol, dora] = yield* Effect.forEach(["alice", "bob", "carol", "dora"], tokenOf)
      // Of the two sessions of alice, one is shown.
      for (const token of [alice, alice, bob, carol, dora]) yield* ask(token ?? "")
      yield* go("Consents")
      yield* press("Approve calendar for alice", "alice has consented to calendar")
      assert.isTrue(yield* hasToken(alice ?? ""))
      yield* use((page) => page.getByLabel("Approve as").fill("robert"))
      yield* press("Approve calendar for bob", "bob has consented to calendar")
      assert.isTrue(yield* hasToken(bob ?? ""))
      yield* press("Deny calendar for carol", "carol has denied calendar")
      yield* press("Expire calendar for dora", "The session of dora has expired")
      assert.deepStrictEqual(yield* states, ["Expired", "Denied", "Completed", "Completed", "Pending"])
      yield* use(async () => {
        await page.getByText("denied by the user").waitFor()
        assert.strictEqual(await page.getByRole("button", { name: "Approve" }).count(), 0)
        // The pressed button is gone.
        await page.locator("h1:focus").waitFor()
      })
    }))

  test("opens the page of a waiting consent in another tab", (page) =>
    Effect.gen(function*() {
      const { issuer } = yield* AuthorizationServer.AuthorizationServer
      yield* ask(yield* tokenOf("alice"))
      yield* go("Consents")
      yield* use(async () => {
        const open = page.getByRole("button", { name: "Open the page of calendar for alice" })
        await open.waitFor()
        assert.notInclude(await page.content(), "request_uri")
        const [tab] = await Promise.all([page.context().waitForEvent("page"), open.click()])
        await tab.getByLabel("User name").waitFor()
        assert.strictEqual(new URL(tab.url()).origin, issuer)
        assert.isNull(await tab.evaluate("opener"))
        await tab.close()
        await page.getByText("at the authorization server").waitFor()
        assert.notInclude(await page.content(), "request_uri")
      })
      assert.deepStrictEqual(yield* states, ["Authorizing"])
    }))

  test("explains an unregistered return URL, and shows the registered ones and the servers of providers", (page) =>
    Effect.gen(function*() {
      const { discoveryUrl } = yield* AuthorizationServer.AuthorizationServer
      const { url } = yield* LocalIdentity.LocalServer
      const resourceOauth2ReturnUrl = "http://localhost:3000/consent"
      Wire.fails(yield* ask(yield* tokenOf("alice"), { resourceOauth2ReturnUrl }), 400, "ValidationException")
      yield* use(async () => {
        const text = await page.locator("summary").filter({ hasText: "ValidationException" }).innerText()
        assert.include(text, "for alice")
        assert.include(text, `The return URL ${resourceOauth2ReturnUrl} is not registered on the workload identity`)
        assert.include(text, `Send a registered one (${Backend.returnUrl})`)
      })
      yield* go("Providers")
      yield* use(async () => {
        await page.getByRole("row").filter({ hasText: "agent" }).filter({ hasText: Backend.returnUrl }).waitFor()
        await page.getByText("Offline: https://stand-in.example.com stands in for all vendors").waitFor()
        const provider = await page.getByRole("row").filter({ hasText: "calendar" }).innerText()
        assert.include(provider, discoveryUrl)
        assert.include(provider, `${url}/identities/oauth2/callback/`)
        assert.match(provider, /\bread\s+write\b/)
      })
    }))

  test("explains a discovery URL that cannot be read, when a provider is created and when it is used", (page) =>
    Effect.gen(function*() {
      const token = yield* tokenOf("alice")
      const gone = yield* Effect.scoped(Servers.serve(() => {}))
      const discoveryUrl = `${gone}/.well-known/openid-configuration`
      yield* Backend.createProvider("away", { oauthDiscovery: { discoveryUrl } })
      Wire.fails(yield* ask(token, { resourceCredentialProviderName: "away" }), 400, "ValidationException")
      yield* use(async () => {
        const reason = `the discovery document ${discoveryUrl} cannot be used: ECONNREFUSED`
        const created = page.locator("summary").filter({ hasText: "CreateOauth2CredentialProvider" })
        assert.match(await created.innerText(), /\bok\b/)
        assert.include(await created.innerText(), "the discovery URL of the provider 'away' cannot be read")
        assert.include(await created.innerText(), reason)
        const used = await page.locator("summary").filter({ hasText: "GetResourceOauth2Token" }).innerText()
        assert.include(used, "Invalid Discovery URL")
        assert.include(used, "authorization request of the provider 'away'")
        assert.include(used, reason)
      })
    }))

  test("breaks no word on a wide screen or on a phone", (page) =>
    Effect.gen(function*() {
      const { consents, grants } = yield* control
      for (const user of ["alice", "a-user-with.a-long-name@subsidiary.example.com"]) {
        const token = yield* tokenOf(user)
        yield* ask(token, { scopes: ["read", "offline_access"] })
        yield* consents.approve((yield* consents.list)[0]?.id ?? "")
        yield* ask(token, { scopes: ["read", "write", "https://www.googleapis.com/auth/calendar.readonly"] })
        yield* ask(token, { resourceOauth2ReturnUrl: "http://localhost:3000/consent" })
        yield* ask(token, { oauth2Flow: "M2M", scopes: ["calendar.readonly"] })
      }
      yield* grants.revoke((yield* grants.list)[0]?.id ?? "")
      const { faults, snapshot } = yield* control
      yield* faults.add({ operation: "CreateApiKeyCredentialProvider", exception: "ServiceQuotaExceededException" })
      yield* snapshot("after-the-first-consent")
      /** The words on two lines. A word of over 24 characters may break before a capital. */
      const findBroken = () => {
        const texts = document.createTreeWalker(document.querySelector("main") ?? document.body, NodeFilter.SHOW_TEXT)
        const broken: Array<string> = []
        for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
          const words = [...(text.nodeValue ?? "").matchAll(/[\p{L}\p{N}_]+/gu)].flatMap(({ 0: word, index }) =>
            word.length <= 24 ? [[word, index] as const] : Array.from(
              word.matchAll(/^[^\p{Lu}]+|\p{Lu}+[^\p{Lu}]*/gu),
              (part) => [part[0], index + part.index] as const
            )
          )
          for (const [word, index] of words) {
            const range = document.createRange()
            range.setStart(text, index)
            range.setEnd(text, index + word.length)
            if (new Set(Array.from(range.getClientRects(), ({ top }) => top)).size > 1) broken.push(word)
          }
        }
        return broken
      }
      const contents = [
        ["requests", "calendar"],
        ["consents", "calendar"],
        ["grants", "calendar"],
        ["providers", "calendar"],
        ["faults", "CreateApiKeyCredentialProvider"],
        ["clock", "real time"],
        ["state", "after-the-first-consent"],
        ["environment", "dotenv"]
      ] as const
      yield* use(async () => {
        const findings: Array<string> = []
        for (const width of [1280, 1440, 1920, 390]) {
          await page.setViewportSize({ width, height: 800 })
          for (const [section, content] of contents) {
            await page.locator(`nav a[href$="#${section}"]`).click()
            await page.locator(`nav a[href$="#${section}"][aria-current]`).waitFor()
            await page.locator("main").filter({ hasText: content }).waitFor()
            for (const word of await page.evaluate(findBroken)) findings.push(`${word} in ${section} at ${width} px`)
            const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if (overflow !== 0) findings.push(`${section} at ${width} px: ${overflow} pixels too wide`)
          }
        }
        assert.deepStrictEqual(findings, [])
      })
    }))

  test("expires, revokes and forgets grants", (page) =>
    Effect.gen(function*() {
      const { consents, grants } = yield* control
      const token = yield* tokenOf("alice")
      yield* ask(token, { scopes: ["read", "offline_access"] })
      yield* consents.approve((yield* consents.list)[0]?.id ?? "")
      yield* go("Grants")
      const get = ask(token, { scopes: ["read", "offline_access"] })
      const first = Wire.succeeds(yield* get).accessToken
      yield* press("Expire the token of alice for calendar", "has expired")
      const second = Wire.succeeds(yield* get).accessToken
      assert.notStrictEqual(second, first)
      assert.isString(second)
      yield* press("Revoke the grant of alice for calendar", "has revoked the grant")
      yield* use(async () => {
        const row = page.getByRole("row").filter({ hasText: "revoked" })
        assert.include(await row.innerText(), "the vault issues its token until it expires in")
        assert.strictEqual(await row.getByRole("button", { name: "Revoke" }).count(), 0)
      })
      yield* press("Expire the token of alice for calendar", "has expired")
      // The refresh fails.
      assert.isUndefined(Wire.succeeds(yield* get).accessToken)

      yield* consents.approve((yield* consents.list)[0]?.id ?? "")
      yield* use(async () => {
        await page.getByRole("row").filter({ hasText: "expires in" }).waitFor()
        const forget = page.getByRole("button", { name: "Forget the grant of alice for calendar" })
        await forget.click()
        await page.getByRole("dialog").waitFor()
        await page.keyboard.press("Escape")
        await page.getByRole("dialog").waitFor({ state: "detached" })
        assert.isTrue(await forget.evaluate((element) => element === document.activeElement))
        await forget.click()
      })
      assert.lengthOf(yield* grants.list, 1)
      yield* confirm("Forget", "The vault has forgotten the grant")
      assert.lengthOf(yield* grants.list, 0)

      yield* ask(token, { scopes: ["read"] })
      yield* consents.approve((yield* consents.list)[0]?.id ?? "")
      yield* use((page) => page.getByText("without a refresh token").waitFor())
      yield* press(
        "Revoke the grant of alice for calendar",
        "has no refresh token, and the authorization server does not revoke an access token alone"
      )
      assert.lengthOf(yield* grants.list, 0)
    }))

  test("moves the clock, and rejects an invalid time", (page) =>
    Effect.gen(function*() {
      const { clock } = yield* control
      const offset = Effect.map(clock.state, ({ offset }) => offset)
      yield* go("Clock")
      yield* press("+ 1 hour", "The clock shows")
      assert.strictEqual(yield* offset, 3_600_000)
      yield* use(async () => {
        await page.getByRole("link", { name: "Clock +1 h" }).waitFor()
        await page.getByLabel("By").fill("90 seconds")
      })
      yield* press("Advance", "The clock shows")
      assert.strictEqual(yield* offset, 3_690_000)
      yield* use(async () => {
        await page.getByLabel("By").fill("for ever")
        await page.getByRole("button", { name: "Advance" }).click()
        await page.getByRole("alert").filter({ hasText: "advance is a duration" }).waitFor()
        await page.getByRole("button", { name: "Close" }).click()
        await page.getByLabel("Time, in UTC").fill("2031-05-06T07:08:09")
      })
      yield* press("Set", "The clock shows 2031-05-06 07:08:")
      assert.strictEqual(DateTime.getPartUtc((yield* clock.state).now, "year"), 2031)
      yield* press("Back to the real time", "The clock shows")
      assert.strictEqual(yield* offset, 0)
    }), rejectedRequests)

  test("adds faults of operations and of authorization servers, and removes them", (page) =>
    Effect.gen(function*() {
      const { faults } = yield* control
      const token = yield* tokenOf("alice")
      const list = Effect.map(faults.list, (list) => list.map(({ fault }) => fault))
      yield* go("Faults")
      yield* use(async () => {
        await page.getByLabel("Operation", { exact: false }).last().waitFor()
        // The console requests the operations after it has drawn the form.
        await page.locator("#operations option[value=GetResourceOauth2Token]").waitFor({ state: "attached" })
        await page.locator("[name=operation]").fill("GetResourceApiKey")
        await page.getByLabel("Exception").fill("ThrottlingException")
        await page.getByLabel("Calls").fill("2")
      })
      yield* press("Add the fault", "The fault is active")
      Wire.fails(yield* readKey(token), 429, "ThrottlingException")
      yield* use(() => page.getByRole("row").filter({ hasText: "fails with ThrottlingException" }).waitFor())
      Wire.fails(yield* readKey(token), 429, "ThrottlingException")
      Wire.succeeds(yield* readKey(token))
      yield* use(async () => {
        await page.getByText("No faults.").waitFor()
        await page.getByLabel("A request to an authorization server").check()
        await page.getByLabel("Endpoint").selectOption("token")
        await page.getByLabel("Credential provider").fill("calendar")
        await page.getByLabel("OAuth error").fill("invalid_grant")
        await page.getByLabel("HTTP status").fill("401")
        await page.getByLabel("Message").fill("from the console")
        await page.getByLabel("Delay").fill("1 millis")
      })
      yield* press("Add the fault", "The fault is active")
      assert.deepInclude((yield* list)[0], {
        endpoint: "token",
        provider: "calendar",
        exception: "invalid_grant",
        status: 401,
        message: "from the console"
      })
      yield* use(() => page.getByLabel("Cut the connection").check())
      yield* press("Add the fault", "The fault is active")
      assert.deepStrictEqual((yield* list)[1], { endpoint: "token", cut: true })
      yield* pressOne((page) => page.getByRole("button", { name: "Remove the fault" }).last(), "The fault is removed")
      assert.lengthOf(yield* list, 1)
      yield* press("Remove all", "There are no faults now")
      assert.lengthOf(yield* list, 0)
      yield* press("Add the fault", "a fault has `exception`, `status`, `cut` or `delay`")
    }), rejectedRequests)

  test("seeds, takes and restores snapshots, and resets", (page) =>
    Effect.gen(function*() {
      const { clock, resources } = yield* control
      const workloads = Effect.map(resources, ({ workloadIdentities }) => workloadIdentities.items.map((w) => w.name))
      yield* go("State")
      yield* use(() =>
        page.getByLabel("Setup").fill(`{
          // A comment, and a comma at the end.
          "workloadIdentities": [{ "name": "seeded" /* here */ }],
        }`)
      )
      yield* press("Seed", "The setup is applied")
      assert.sameMembers([...yield* workloads], ["agent", "seeded"])
      yield* use(async () => {
        assert.include(await page.getByRole("row").filter({ hasText: "seeded" }).innerText(), "create")
        await page.getByLabel("Setup").fill(
          `{"apiKeyCredentialProviders": [{"name": "x", "apiKey": {"$env": "HOME"}}]}`
        )
      })
      yield* press("Seed", "it would read the variables of the server")
      yield* use(() => page.getByLabel("Setup").fill("{ no json }"))
      yield* press("Seed", "The setup is not valid JSON")

      yield* use(() => page.getByLabel("Name").fill("before"))
      yield* press("Take a snapshot", "The snapshot before is taken")
      yield* use((page) => page.getByRole("button", { name: "Reset the server" }).click())
      yield* confirm("Reset", "The server is reset to its start")
      assert.deepStrictEqual(yield* workloads, ["agent"])
      yield* clock.advance("1 hour")
      yield* use(() => page.getByRole("button", { name: "Restore the snapshot before" }).click())
      yield* confirm("Restore", "The server has the content of the snapshot before")
      assert.sameMembers([...yield* workloads], ["agent", "seeded"])
      assert.strictEqual((yield* clock.state).offset, 0)

      yield* go("Providers")
      yield* use(async () => {
        await page.getByText("seeded").waitFor()
        assert.include(await page.getByRole("row").filter({ hasText: "calendar" }).innerText(), "CustomOauth2")
        assert.include(await page.getByRole("row").filter({ hasText: "weather" }).innerText(), "API key")
      })
    }), rejectedRequests)

  test(
    "copies the environment in forms that shells and languages can read",
    (page) =>
      Effect.gen(function*() {
        const { controlToken, environment } = yield* LocalIdentity.LocalServer
        const { context } = yield* Tab
        yield* Effect.promise(() => context.grantPermissions(["clipboard-read", "clipboard-write"]))
        const expected = {
          ...environment,
          AGENTCORE_LOCAL_TOKEN: Redacted.value(controlToken),
          SENTINEL_CLIENT_SECRET: clientSecret
        }
        yield* go("Environment")
        const text = page.locator("#environment-text")
        const copy = (format: string) =>
          use(async () => {
            await page.getByRole("radio", { name: format }).check({ force: true })
            await page.getByLabel(`Environment for ${format}`).waitFor()
            Recorder.assertSecretFree([await text.innerText()], [Redacted.value(controlToken), clientSecret])
            await page.getByRole("button", { name: "Copy" }).click()
            await page.getByText("The environment is copied.").waitFor()
            return String(await page.evaluate("navigator.clipboard.readText()"))
          })
        const run = (command: string, ...args: ReadonlyArray<string>): object =>
          JSON.parse(execFileSync(command, args, { env: { PATH: process.env["PATH"] }, encoding: "utf8" }))
        const print = "import json, os; print(json.dumps(dict(os.environ)))"
        const python = yield* Tools.pathOf("boto3")
        assert.deepInclude(run("bash", "--norc", "-c", `${yield* copy("bash")}\n${python} -c '${print}'`), expected)
        assert.deepInclude(run(python, "-c", `${yield* copy("Python")}\n${print}`), expected)
        assert.deepInclude(
          run(process.execPath, "-e", `${yield* copy("TypeScript")}\nconsole.log(JSON.stringify(process.env))`),
          expected
        )
        assert.deepStrictEqual(Object.fromEntries(Object.entries(parseEnv(yield* copy("dotenv")))), expected)
        assert.include(yield* copy("fish"), `set -gx SENTINEL_CLIENT_SECRET 'sentinel-\\'client\\'-secret'`)
        yield* use(async () => {
          await page.getByLabel("Show secrets").check()
          await text.filter({ hasText: Redacted.value(controlToken) }).waitFor()
        })
      }),
    ended,
    "boto3"
  )

  test("works with the keyboard alone", (page) =>
    Effect.gen(function*() {
      const token = yield* tokenOf("alice")
      yield* ask(token)
      yield* use(async () => {
        await page.getByRole("link", { name: "Consents 1 waiting" }).waitFor()
        const focused = () => page.evaluate("document.activeElement.innerText ?? document.activeElement.tagName")
        /** Presses Tab until the control has the focus. */
        const tabTo = async (name: string): Promise<void> => {
          for (let steps = 0; steps < 40; steps++) {
            await page.keyboard.press("Tab")
            if (String(await focused()).startsWith(name)) {
              const width = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
              assert.strictEqual(width, "3px", name)
              return
            }
          }
          assert.fail(`The keyboard does not reach ${name}`)
        }
        await tabTo("Skip to the content")
        await page.keyboard.press("Enter")
        assert.strictEqual(await focused(), "Requests")
        await page.reload()
        await page.getByRole("link", { name: "Consents 1 waiting" }).waitFor()
        await tabTo("Consents")
        await page.keyboard.press("Enter")
        await page.getByRole("button", { name: "Approve" }).waitFor()
        await tabTo("Approve")
        await page.keyboard.press("Enter")
        await page.getByText("alice has consented to calendar").waitFor()
      })
      assert.isTrue(yield* hasToken(token))
    }))

  test("passes the checks of axe, in dark and light, on any screen", (page) =>
    Effect.gen(function*() {
      const { clock, consents, faults, snapshot } = yield* control
      const token = yield* tokenOf("alice")
      for (const scopes of [["read"], ["read", "write"], ["write"]]) yield* ask(token, { scopes })
      yield* consents.approve((yield* consents.list)[0]?.id ?? "")
      yield* consents.deny((yield* consents.list)[1]?.id ?? "")
      yield* faults.add({ operation: "GetResourceApiKey", exception: "ThrottlingException" })
      yield* faults.add({ endpoint: "token", exception: "invalid_client", count: 1 })
      yield* readKey(token)
      yield* ask(token, { oauth2Flow: "M2M" })
      yield* clock.advance("1 minute")
      yield* snapshot("one")
      yield* use(async () => {
        const findings: Array<string> = []
        const check = async (where: string, options: object = {}) => {
          if (await page.evaluate("typeof axe") === "undefined") await page.evaluate(axe)
          const { violations } = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`) as AxeResults
          findings.push(...violations.map(({ id, nodes }) => `${where}: ${id} ${nodes.map((n) => n.html).join(" ")}`))
          const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
          if (overflow !== 0) findings.push(`${where}: ${overflow} pixels too wide`)
        }
        const sections = await page.locator("nav a").evaluateAll((links) =>
          links.map((link) => link.getAttribute("href"))
        )
        assert.lengthOf(sections, 8)
        for (const section of sections) {
          await page.locator(`nav a[href="${section}"]`).click()
          await page.locator(`nav a[href="${section}"][aria-current]`).waitFor()
          await page.locator("main").filter({ hasNotText: "Reading…" }).waitFor()
          await check(`${section} light`)
          // Only its colors differ.
          await page.emulateMedia({ colorScheme: "dark" })
          await check(`${section} dark`, { runOnly: ["color-contrast"] })
          await page.emulateMedia({ colorScheme: "light" })
          await page.setViewportSize({ width: 320, height: 640 })
          await check(`${section} on a phone`)
          await page.setViewportSize({ width: 1180, height: 760 })
        }
        await page.setViewportSize({ width: 320, height: 640 })
        await page.locator(`nav a[href$="#requests"]`).click()
        await page.locator("summary").filter({ hasText: "invalid_client" }).click()
        await page.getByLabel("Request", { exact: true }).waitFor()
        await check("an open request")
        await page.locator(`nav a[href$="#state"]`).click()
        await page.getByRole("button", { name: "Reset the server" }).click()
        await page.getByRole("dialog").waitFor()
        await check("a question")
        await page.getByRole("button", { name: "Cancel" }).click()
        await page.getByRole("dialog").waitFor({ state: "detached" })
        await page.getByLabel("Setup").fill("{")
        await page.getByRole("button", { name: "Seed" }).click()
        await page.locator(".message").waitFor()
        await check("a problem")
        assert.deepStrictEqual(findings, [])
      })
    }))

  test("asks for a token until it is valid", (page) =>
    Effect.gen(function*() {
      const { controlToken } = yield* LocalIdentity.LocalServer
      yield* use(async () => {
        await page.evaluate("sessionStorage.clear()")
        await page.reload()
        await page.getByText("so it needs the server's token").waitFor()
        await page.getByText("Run npx agentcore-identity console").waitFor()
        await page.evaluate(axe)
        assert.deepStrictEqual((await page.evaluate("axe.run(document)") as AxeResults).violations, [])
        await page.getByLabel("Token").fill("wrong")
        await page.getByRole("button", { name: "Connect" }).click()
        await page.getByText("The token is not the one of the running server").waitFor()
        await page.getByLabel("Token").fill(Redacted.value(controlToken))
        await page.getByRole("button", { name: "Connect" }).click()
        await page.locator(".connection.live").waitFor()
      })
    }), /_local\/\w+: net::ERR_ABORTED$|status of 401/)

  test("rejects pages of other sites", (page) =>
    Effect.gen(function*() {
      const { url } = yield* LocalIdentity.LocalServer
      const consoleUrl = yield* newConsoleUrl
      const foreign = url.replace("127.0.0.1", Chromium.otherSite)
      const { clock } = yield* control
      yield* clock.advance("1 hour")
      const port = yield* attacker
      yield* use(async () => {
        assert.strictEqual((await page.goto(`${foreign}/_local/console`))?.status(), 403)
        // The page has no policy that blocks the request.
        await page.goto(`http://${Chromium.otherSite}:${port}`)
        const attempt = async (script: string) => String(await page.evaluate(script))
        assert.strictEqual(
          await attempt(`fetch("${url}/_local/console/main.js").then(() => "read", () => "rejected")`),
          "rejected"
        )
        assert.strictEqual(
          await attempt(`fetch("${url}/_local/reset", {
            method: "POST", mode: "no-cors", body: "{}", headers: { authorization: "Bearer x" }
          }).then(({ status }) => status === 0 ? "opaque" : "read", () => "rejected")`),
          "opaque"
        )
        await page.goto("about:blank")
        await page.setContent(`<iframe src="${consoleUrl}"></iframe>`)
        const frame = await (await page.waitForSelector("iframe")).contentFrame()
        await page.waitForLoadState("networkidle")
        assert.strictEqual(await frame?.locator("nav").count(), 0)
      })
      assert.strictEqual((yield* clock.state).offset, 3_600_000)
    }).pipe(Effect.scoped), /./)

  test("reports a lost server, and reconnects", (page) =>
    Effect.gen(function*() {
      const folder = yield* Effect.map(Effect.promise(buildConsoleFolder), pathToFileURL)
      const start = (port: number) =>
        Effect.map(
          Layer.build(
            scriptedServer({ port }).pipe(
              Layer.provide(Layer.succeed(Backend.ConsoleRoutes.ConsoleFolder, () => folder))
            )
          ),
          (context) => Context.get(context, LocalIdentity.LocalServer)
        )
      const first = yield* Effect.scoped(Effect.tap(start(0), ({ consoleUrl }) =>
        Effect.flatMap(consoleUrl, (address) =>
          use(async () => {
            await page.goto(Redacted.value(address))
            await page.locator(".connection.live").waitFor()
          }))))
      yield* use(async () => {
        await page.getByText("No response. Trying again…").waitFor()
        await page.getByRole("link", { name: "Clock" }).click()
        await page.getByRole("button", { name: "+ 1 hour" }).click()
        await page.getByText("The server does not respond. Is it still running?").waitFor()
      })
      // A server that starts again has another token.
      yield* Effect.scoped(Effect.andThen(
        start(Number(new URL(first.url).port)),
        use(() =>
          page.getByText("The token is not the one of the running server").waitFor()
        )
      ))
    }), /./)
})
