/** Chromium for the browser tests, as scoped resources. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import * as Tools from "../support/tools.js"

/** A host name of this machine that is another site for Chromium. Another port would be the same site. */
export const otherSite = "other-site.test"

/** No other host name resolves, so that a request to another machine fails visibly. */
const launchArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${otherSite} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`
]

/** A browser page, and its requests and messages that our pages must not cause. */
export interface Tab {
  readonly page: Page
  readonly context: BrowserContext
  /** The requested URLs of other machines. */
  readonly foreignRequests: ReadonlyArray<string>
  /** Console messages: violations of a content security policy, failed loads, errors. */
  readonly complaints: ReadonlyArray<string>
}

const watch = async (context: BrowserContext): Promise<Tab> => {
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const foreignRequests: Array<string> = []
  const complaints: Array<string> = []
  context.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url())
    if (protocol !== "data:" && protocol !== "about:" && hostname !== "127.0.0.1" && hostname !== otherSite) {
      foreignRequests.push(request.url())
    }
  })
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(message.text())
    }
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`))
  return { page, context, foreignRequests, complaints }
}

const openIn = (make: (executablePath: string) => Promise<BrowserContext>) =>
  Tools.pathOf("Chromium").pipe(
    Effect.flatMap((path) =>
      Effect.acquireRelease(Effect.promise(() => make(path)), (context) => Effect.promise(() => context.close()))
    ),
    Effect.flatMap((context) => Effect.promise(() => watch(context)))
  )

/** Starts once in a process, and ends with it. A start takes 0.4 seconds of the processor. */
let browser: Promise<Browser> | undefined

/**
 * Opens a tab that shares nothing with other tabs. The scope closes it. Debian's `chromium-headless-shell` is the same
 * browser without windows and profiles, and takes a quarter of the CPU time.
 */
export const open = (options: BrowserContextOptions = {}): Effect.Effect<Tab, never, Scope.Scope | Tools.Tools> =>
  openIn(async (path) => {
    const shell = `${path}-headless-shell`
    browser ??= chromium.launch({ executablePath: existsSync(shell) ? shell : path, args: launchArguments })
    return (await browser).newContext(options)
  })

/** The same in a browser of its own with windows, which keeps its history and its storage in a folder. */
export const openWithProfile = (profile: string): Effect.Effect<Tab, never, Scope.Scope | Tools.Tools> =>
  openIn((executablePath) => chromium.launchPersistentContext(profile, { executablePath, args: launchArguments }))

/** A test that needs a browser: `it.live`. */
export const browserTest = Tools.testWith("Chromium")
