/**
 * What a browser gets at the authorization and callback URLs.
 *
 * @since 0.1.0
 */
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import * as Page from "../../internal/html.js"
import type { BrowserAnswer } from "../LocalBackend.js"
import { failed, isOwnHost } from "./dispatch.js"
import type { Settings } from "./dispatch.js"

const kicker = "Local AgentCore Identity"

const page = (status: number, title: string, text: Page.Html): HttpServerResponse.HttpServerResponse => {
  const { body, headers } = Page.render({ title, kicker, body: Page.html`<p>${text}</p>` })
  return HttpServerResponse.text(body, { status, headers })
}

/** A return URL may hold any character that is not white space; a header holds printable ASCII. */
const headerValue = (url: string): string =>
  url.replace(
    /[^\x21-\x7e]+/g,
    (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")
  )

const redirect = (url: Redacted.Redacted): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.empty({
    status: 302,
    headers: {
      location: headerValue(Redacted.value(url)),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff"
    }
  })

/** @internal */
export const respond = (answer: BrowserAnswer): HttpServerResponse.HttpServerResponse => {
  switch (answer._tag) {
    case "Redirect":
      return redirect(answer.url)
    case "Refused":
      return page(
        200,
        "Consent refused",
        Page
          .html`The provider <strong>${answer.provider}</strong> was not given your consent. Nothing was stored, and the agent will be told. You can close this page.`
      )
    case "Rejected":
      return page(
        502,
        "No consent came of this",
        Page
          .html`The authorization server of the provider <strong>${answer.provider}</strong> answered with an error. Nothing was stored. Start again from where you were asked.`
      )
    case "Unavailable":
      return page(
        503,
        "Authorization server unavailable",
        Page
          .html`The authorization server of the provider <strong>${answer.provider}</strong> cannot be reached, or its configuration cannot be used. Reload this page to try again.`
      )
    case "Expired":
      return page(
        410,
        "Link expired",
        Page.html`The time for this consent is over. Start again from where you were asked.`
      )
    case "Replayed":
      return page(410, "Link already used", Page.html`This consent was decided before. Each link works once.`)
    case "Unknown":
      return page(
        404,
        "Unknown link",
        Page.html`No consent is waiting here. Check that the whole address was opened, or start again.`
      )
  }
}

/**
 * The handler of a page: for `GET` only, so that a preview of a link does nothing.
 *
 * @internal
 */
export const handler = <R>(
  name: string,
  settings: Settings,
  answer: (
    request: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  // The line of the log for a request has its URL.
  HttpMiddleware.withLoggerDisabled(settings.access(
    name,
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const requestId = randomUUID()
      return (request.method !== "GET"
        ? Effect.succeed(HttpServerResponse.empty({ status: 405, headers: { allow: "GET" } }))
        : !isOwnHost(request.headers.host, settings.allowedHosts)
        ? Effect.succeed(unknownHost)
        : Effect.catchAllCause(answer(request), (cause) => Effect.as(failed(name, requestId, cause), broken))).pipe(
          Effect.map(HttpServerResponse.setHeader("x-amzn-requestid", requestId))
        )
    })
  ))

const unknownHost = page(
  403,
  "Unknown host",
  Page.html`This server is not known by the name that the browser asked for.`
)

const broken = page(
  500,
  "The local server failed",
  Page.html`It is no fault of yours. What happened is in the log of the server.`
)
