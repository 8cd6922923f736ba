/** Chromium for the browser tests, as scoped resources. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import * as Folder from "../support/folder.js"
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
  /** The folder in which the browser keeps its history and its storage. */
  readonly profile: string
  /** The requested URLs of other machines. */
  readonly foreignRequests: ReadonlyArray<string>
  /** Console messages: violations of a content security policy, failed loads, errors. */
  readonly complaints: ReadonlyArray<string>
}

/** Opens a tab in a new profile. The scope closes it. */
export const open = (options: BrowserContextOptions = {}): Effect.Effect<Tab, never, Scope.Scope | Tools.Tools> =>
  Effect.gen(function*() {
    const executablePath = yield* Tools.pathOf("Chromium")
    const profile = yield* Folder.temporary
    const context = yield* Effect.acquireRelease(
      Effect.promise(() =>
        chromium.launchPersistentContext(profile, {
          executablePath,
          args: launchArguments,
          headless: true,
          ...options
        })
      ),
      (context) => Effect.promise(() => context.close())
    )
    const page = yield* Effect.promise(() => context.newPage())
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
    return { page, context, profile, foreignRequests, complaints }
  })

/** A test that needs a browser: `it.live`, with time to launch one. */
export const browserTest = Tools.testWith("Chromium")
