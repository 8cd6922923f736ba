import { afterAll, assert, beforeAll, describe } from "@effect/vitest"
import * as Connect from "effect-agentcore-identity/http/Connect"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Page } from "playwright-core"
import * as Pages from "../support/connectPages.js"
import * as World from "../support/connectWorld.js"
import type * as Tools from "../support/tools.js"
import * as Chromium from "./chromium.js"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

interface AxeResults {
  readonly violations: ReadonlyArray<{ readonly id: string; readonly nodes: ReadonlyArray<{ readonly html: string }> }>
}

type Environment = Layer.Success<ReturnType<typeof World.environment>>

interface Application {
  readonly context: Context.Context<Environment>
  readonly origin: string
}

const appearances = { default: undefined, own: Pages.appearance } as const

/** A label that no line has room for. */
const label = `${"long.name".repeat(20)}@example.com`

const accounts: Connect.LinkOptions["accounts"] = {
  calendar: { account: () => Effect.succeed({ id: "2", label: "mallory@example.com" }), expect: () => false },
  mail: { account: () => Effect.succeed({ id: "1", label }) }
}

const scope = Effect.runSync(Scope.make())
const applications: { default?: Application; own?: Application } = {}

beforeAll(async () => {
  for (const name of ["default", "own"] as const) {
    applications[name] = await Effect.gen(function*() {
      const context = yield* Layer.build(World.environment({ accounts, appearance: appearances[name] }))
      const { origin } = yield* Effect.provide(World.setUp, context)
      return { context, origin }
    }).pipe(Scope.provide(scope), Effect.runPromise)
  }
})

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const pictures = process.env["AGENTCORE_SCREENSHOTS"]

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 800 }

/** Returns what is wrong with a page. In the dark scheme only its colors differ, and on a desktop only its width. */
const check = async (page: Page, name: string): Promise<ReadonlyArray<string>> => {
  const findings: Array<string> = []
  await page.evaluate(axe)
  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    await page.setViewportSize(viewport)
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if (overflow !== 0) findings.push(`${name}-${size}: ${overflow} pixels too wide`)
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme })
      const where = `${name}-${size}-${colorScheme}`
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${where}.png`, fullPage: true })
      if (viewport === desktop) continue
      const options = colorScheme === "dark" ? { runOnly: ["color-contrast"] } : {}
      const { violations } = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`) as AxeResults
      findings.push(...violations.map(({ id, nodes }) => `${where}: ${id} ${nodes.map(({ html }) => html).join(" ")}`))
    }
  }
  return findings
}

/** Presses the button of a link without the browser, which gets the cookies. */
const press = (page: Page, link: string, cookie: string) =>
  Effect.tap(
    World.press(link, "connect", cookie),
    (started) =>
      Effect.promise(() =>
        page.context().addCookies(
          World.keptBy(started).map((kept) => {
            const [name = "", value = ""] = kept.split("=")
            return { name, value, url: link }
          })
        )
      )
  )

const test = (
  title: string,
  application: keyof typeof appearances,
  options: { readonly locale?: string; readonly javaScriptEnabled?: boolean },
  run: (tab: Chromium.Tab, origin: string) => Effect.Effect<void, unknown, Environment | Scope.Scope | Tools.Tools>
) =>
  Chromium.browserTest(title, () =>
    Effect.gen(function*() {
      const { context, origin } = applications[application] ?? assert.fail("no application")
      const tab = yield* Chromium.open(options)
      yield* Effect.provide(run(tab, origin), context)
      assert.deepStrictEqual(tab.foreignRequests, [])
      // Chromium also reports the statuses of the pages that say why something failed.
      assert.deepStrictEqual(tab.complaints.filter((complaint) => !/status of [45]\d\d/.test(complaint)), [])
    }))

describe("the pages of Connect, in Chromium", () => {
  for (const application of ["default", "own"] as const) {
    for (const [language, locale] of [["en", "en-US"], ["de", "de-AT"]] as const) {
      test(
        `pass axe in both color schemes, on a phone too: ${application}, ${language}`,
        application,
        { locale },
        ({ page }, origin) =>
          Effect.gen(function*() {
            const user = `${application}-${language}`
            const cookie = `user=${user}`
            const texts = Connect.texts[language]
            const findings: Array<string> = []
            const visit = (name: string, path: string, title?: string) =>
              Effect.promise(async () => {
                await page.goto(`${origin}${path}`)
                if (title !== undefined) await page.getByRole("heading", { name: title, exact: true }).waitFor()
                assert.strictEqual(await page.getAttribute("html", "lang"), language)
                findings.push(...await check(page, `${application}-${language}-${name}`))
              })
            yield* Effect.promise(() => page.goto(`${origin}/sign-in/${encodeURIComponent(cookie)}`))
            yield* visit("connections", "/connect", texts.connections)
            yield* Effect.promise(async () => {
              const logos = await page.locator(".brand img").evaluateAll((images) =>
                images.map((image) => [image.getAttribute("alt"), image.getBoundingClientRect().height])
              )
              assert.deepStrictEqual(logos, application === "own" ? [["Acme", 36]] : [])
              const loaded = await page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
              assert.isTrue(loaded)
            })
            yield* visit("link", "/connect/calendar?continue=/chat/1")
            const authorizationUrl = Effect.map(
              press(page, `${origin}/connect/calendar?continue=/chat/1`, cookie),
              World.refreshOf
            )
            yield* visit(
              "denied",
              Pages.returnUrlOf(yield* authorizationUrl, "&error=access_denied"),
              texts.outcomes.Denied.title
            )
            yield* visit(
              "failed",
              Pages.returnUrlOf(yield* authorizationUrl, "&error=server_error"),
              texts.outcomes.NotUsable.title
            )
            yield* visit("unknown", "/connect/return", texts.outcomes.NotUsable.title)
            yield* visit("unknown-link", "/connect/nothing", texts.rejections.UnknownCredential.title)

            // Through the vendor.
            yield* Effect.promise(async () => {
              await page.goto(`${origin}/connect/mail`)
              await page.locator("button.first").click()
              await page.getByLabel("User name").fill(`${user}@example.com`)
              await page.getByRole("button", { name: "Sign in" }).click()
              await page.getByRole("button", { name: "Allow" }).click()
              await page.getByRole("heading", { name: texts.outcomes.Completed.title }).waitFor()
              findings.push(...await check(page, `${application}-${language}-completed`))
              await page.getByRole("link", { name: texts.connections }).click()
              await page.getByRole("heading", { name: texts.connections }).waitFor()
              assert.include(await page.getByRole("main").innerText(), label.slice(0, 200))
              findings.push(...await check(page, `${application}-${language}-account`))
              await page.goto(`${origin}/connect/calendar`)
              await page.locator("button.first").click()
              await page.getByRole("button", { name: "Allow" }).click()
              await page.getByRole("heading", { name: texts.outcomes.WrongAccount.title }).waitFor()
              findings.push(...await check(page, `${application}-${language}-wrong-account`))
              await page.getByRole("link", { name: texts.connectAnother }).click()
              await page.locator("button[value=connect]").waitFor()
            })
            yield* visit("granted", "/connect/mail?continue=/chat/1")
            yield* Effect.promise(async () => {
              await page.locator("button[value=disconnect]").click()
              await page.getByRole("link", { name: texts.connections }).waitFor()
              findings.push(...await check(page, `${application}-${language}-disconnected`))
              await page.getByRole("link", { name: texts.continue }).click()
              await page.getByRole("heading", { name: "Chat" }).waitFor()
            })
            assert.deepStrictEqual(findings, [])
          })
      )
    }
  }

  test(
    "need only a keyboard, and no script",
    "own",
    { locale: "de-DE", javaScriptEnabled: false },
    ({ page }, origin) =>
      Effect.gen(function*() {
        const cookie = "user=keyboard"
        const started = yield* press(page, `${origin}/connect/calendar`, cookie)
        const denied = Pages.returnUrlOf(World.refreshOf(started), "&error=access_denied")
        yield* Effect.promise(async () => {
          const focused = page.locator(":focus")
          /** Presses Tab, and returns what has the focus. It must be visible. */
          const tab = async () => {
            await page.keyboard.press("Tab")
            const outline = await focused.evaluate((element) => {
              const { outlineStyle, outlineWidth } = getComputedStyle(element)
              return `${outlineStyle} ${outlineWidth}`
            })
            assert.strictEqual(outline, "solid 3px")
            return (await focused.innerText()).trim()
          }
          await page.setViewportSize(phone)
          await page.goto(`${origin}/sign-in/${encodeURIComponent(cookie)}`)
          await page.goto(`${origin}${denied}`)
          assert.deepStrictEqual([await tab(), await tab()], ["Erneut versuchen", "Ihre Verbindungen"])
          await page.keyboard.press("Shift+Tab")
          await page.keyboard.press("Enter")
          await page.getByRole("heading", { name: "Google Kalender verbinden" }).waitFor()
          assert.deepStrictEqual([await tab(), await tab()], ["Google Kalender verbinden", "Ihre Verbindungen"])
          await page.keyboard.press("Enter")
          await page.getByRole("heading", { name: "Ihre Verbindungen" }).waitFor()
          assert.deepStrictEqual([await tab(), await tab()], ["Google Kalender verbinden", "Mail verbinden"])
          await page.keyboard.press("Enter")
          await page.getByLabel("User name").waitFor()
        })
      })
  )
})
