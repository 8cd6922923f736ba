/**
 * The console: its page at `/_local/console`, with script and style, and the codes that open it. `GET /` redirects to
 * the page.
 *
 * These files contain no secrets. The script reads a one-time code from the fragment of the URL, which browsers do not
 * send, and exchanges it for the token of the control.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { randomBytes } from "node:crypto"
import { access, readFile } from "node:fs/promises"
import * as ExpiringMap from "../../internal/expiringMap.js"
import * as Html from "../../internal/html.js"
import * as BrowserRoute from "./browserRoute.js"
import type { Settings } from "./dispatch.js"

export type ConsoleCodes = Effect.Success<typeof makeConsoleCodes>

/** Milliseconds. */
const lifetime = 60_000

/**
 * Makes the one-time codes in the address of the page. The address stays in the history of a browser, so it does not
 * hold the token.
 */
export const makeConsoleCodes = Effect.sync(() => {
  // Codes have 256 random bits, so the time of a lookup reveals nothing useful.
  const codes = ExpiringMap.make<true>()
  const now = Effect.tap(Clock.currentTimeMillis, (now) => Effect.sync(() => codes.removeExpired(now)))
  return {
    /** Makes a new code, valid for a minute. */
    issue: Effect.map(now, (now) => {
      const code = randomBytes(32).toString("base64url")
      codes.set(code, true, now + lifetime)
      return code
    }),
    /** Whether the code is valid. A code can be used once. */
    redeem: (code: string) =>
      Effect.map(now, () => {
        const isValid = codes.get(code) === true
        codes.remove(code)
        return isValid
      })
  }
})

export const path = "/_local/console"

/** The bundle of the command defines it, because its folder has another path. */
declare const consoleFolder: string | undefined

/**
 * Finds the folder of `main.js` and `main.css`, which the build writes (`.ci/console.mjs`). Tests build their own
 * folder. In a bundle of another program `import.meta.url` may be missing: then there is no console.
 */
export const ConsoleFolder = Context.Reference("effect-agentcore-identity/local/ConsoleFolder", {
  defaultValue: () => (): URL =>
    new URL(typeof consoleFolder === "string" ? consoleFolder : "./console/", import.meta.url)
})

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    + "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

const page = HttpServerResponse.text(
  Html.html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Console of the local AgentCore Identity</title>
<link rel="icon" href="${Html.icon}">
<link rel="stylesheet" href="${path}/main.css">
<script type="module" src="${path}/main.js"></script>
</head>
<body><noscript>The console needs JavaScript. The command <code>npx agentcore-identity local</code> does the same without it.</noscript></body>
</html>
`.source,
  { contentType: "text/html; charset=utf-8", headers }
)

const notBuilt = BrowserRoute.respondText(
  404,
  "No console here",
  Html
    .html`The server is running, without its console. The published package has the console beside this server. In a clone, <code>npm run build</code> makes it. A bundle of another program does not have it.`
)

export const add = (router: HttpRouter.HttpRouter, settings: Settings): Effect.Effect<void> =>
  Effect.flatMap(ConsoleFolder, (findFolder) => {
    const add = <A>(
      path: HttpRouter.PathInput,
      read: () => Promise<A>,
      onSuccess: (content: A) => HttpServerResponse.HttpServerResponse
    ) => {
      const respond = Effect.match(Effect.tryPromise(read), { onFailure: () => notBuilt, onSuccess })
      return router.add("GET", path, BrowserRoute.handler("console", settings, () => respond))
    }
    const find = () => access(new URL("main.js", findFolder()))
    const toConsole = HttpServerResponse.empty({ status: 302, headers: { ...headers, location: path } })
    const file = (name: string, contentType: string) =>
      add(
        `${path}/${name}`,
        () => readFile(new URL(name, findFolder())),
        (content) => HttpServerResponse.uint8Array(content, { contentType, headers })
      )
    return Effect.all([
      add("/", find, () => toConsole),
      add(path, find, () => page),
      file("main.js", "text/javascript; charset=utf-8"),
      file("main.css", "text/css; charset=utf-8")
    ], { discard: true })
  })
