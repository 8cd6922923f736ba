/**
 * `GET /_local/console`: the page of the console, its script and its style. They hold no secrets: the script reads a one-time code from
 * the fragment of the URL, which browsers do not send, and exchanges it for the token of the control.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { access, readFile } from "node:fs/promises"
import * as Html from "../../internal/html.js"
import * as BrowserRoute from "./browserRoute.js"
import type { Settings } from "./dispatch.js"

export const path = "/_local/console"

/** The bundled command has the folder at another place beside it. */
declare const consoleFolder: string | undefined

/**
 * Finds the folder of `main.js` and `main.css`, which the build writes (`.ci/console.mjs`). Tests run from the sources and
 * build their own. A bundle of another program may have no URL: then there is no console.
 */
export const ConsoleFolder = Context.Reference(
  "effect-agentcore-identity/local/ConsoleFolder",
  {
    defaultValue: () => (): URL =>
      new URL(typeof consoleFolder === "string" ? consoleFolder : "./console/", import.meta.url)
  }
)

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

const page = Html.html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Console of the local AgentCore Identity</title>
<link rel="icon" href="${Html.icon}">
<link rel="stylesheet" href="${path}/main.css">
<script type="module" src="${path}/main.js"></script>
</head>
<body><noscript>The console needs JavaScript. <a href="/">The status page</a> does not.</noscript></body>
</html>
`.source

const respond = (body: string | Uint8Array, contentType: string): HttpServerResponse.HttpServerResponse =>
  typeof body === "string"
    ? HttpServerResponse.text(body, { contentType, headers })
    : HttpServerResponse.uint8Array(body, { contentType, headers })

const notBuilt = BrowserRoute.respondText(
  404,
  "No console here",
  Html
    .html`The published package has the console beside this server. In a clone, <code>npm run build</code> makes it. A bundle of another program does not have it.`
)

export const add = (router: HttpRouter.HttpRouter, settings: Settings): Effect.Effect<void> =>
  Effect.flatMap(ConsoleFolder, (findFolder) => {
    const find = (name: string) => new URL(name, findFolder())
    const file = (name: string, contentType: string) =>
      router.add(
        "GET",
        `${path}/${name}`,
        BrowserRoute.handler("console", settings, () =>
          Effect.match(
            Effect.tryPromise(() => readFile(find(name))),
            {
              onFailure: () => notBuilt,
              onSuccess: (content) => respond(content, contentType)
            }
          ))
      )
    return Effect.all([
      router.add(
        "GET",
        path,
        BrowserRoute.handler(
          "console",
          settings,
          () =>
            Effect.match(Effect.tryPromise(() => access(find("main.js"))), {
              onFailure: () => notBuilt,
              onSuccess: () => respond(page, "text/html; charset=utf-8")
            })
        )
      ),
      file("main.js", "text/javascript; charset=utf-8"),
      file("main.css", "text/css; charset=utf-8")
    ], { discard: true })
  })
