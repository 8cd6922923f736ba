/** The authorization and callback URLs: redirects through a consent, and pages where it ends early. */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import { html } from "../../internal/html.js"
import * as LocalBackend from "../LocalBackend.js"
import * as BrowserRoute from "./browserRoute.js"
import type { Settings } from "./dispatch.js"

/** A return URL may contain any character except white space. A header contains printable ASCII. */
const toHeaderValue = (url: string): string =>
  url.replace(
    /[^\x21-\x7e]+/g,
    (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")
  )

const redirect = (url: Redacted.Redacted): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.empty({
    status: 302,
    headers: {
      location: toHeaderValue(Redacted.value(url)),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff"
    }
  })

const respond = (answer: LocalBackend.BrowserAnswer): HttpServerResponse.HttpServerResponse => {
  switch (answer._tag) {
    case "Redirect":
      return redirect(answer.url)
    case "Refused":
      return BrowserRoute.respondText(
        200,
        "Consent refused",
        html`You refused access through the provider <strong>${answer.provider}</strong>. Nothing was stored, and the agent gets no access. You can close this page.`
      )
    case "Rejected":
      return BrowserRoute.respondText(
        502,
        "Consent failed",
        html`The authorization server of the provider <strong>${answer.provider}</strong> answered with an error. Nothing was stored. Go back to the application and start again.`
      )
    case "Unavailable":
      return BrowserRoute.respondText(
        503,
        "Authorization server unavailable",
        html`The authorization server of the provider <strong>${answer.provider}</strong> cannot be reached, or its configuration is not valid. Reload this page to try again.`
      )
    case "Expired":
      return BrowserRoute.respondText(
        410,
        "Link expired",
        html`The time for this consent is over. Go back to the application and start again.`
      )
    case "Replayed":
      return BrowserRoute.respondText(
        410,
        "Link already used",
        html`This consent was answered before. Each link works once.`
      )
    case "Unknown":
      return BrowserRoute.respondText(
        404,
        "Unknown link",
        html`No consent is waiting here. Check that the address is complete, or start again.`
      )
  }
}

export const add = (
  router: HttpRouter.HttpRouter,
  settings: Settings,
  backend: LocalBackend.Service
): Effect.Effect<void> =>
  Effect.all([
    router.add(
      "*",
      "/identities/oauth2/authorize",
      BrowserRoute.handler("authorize", settings, () =>
        Effect.flatMap(HttpServerRequest.ParsedSearchParams, ({ request_uri: uri }) =>
          Effect.map(
            typeof uri === "string"
              ? backend.authorize(Redacted.make(uri))
              : Effect.succeed(LocalBackend.BrowserAnswer.Unknown()),
            respond
          )))
    ),
    router.add(
      "*",
      "/identities/oauth2/callback/:id",
      BrowserRoute.handler("callback", settings, (request) =>
        Effect.flatMap(HttpRouter.params, ({ id = "" }) =>
          Effect.map(backend.callback(id, Redacted.make(request.url)), respond)))
    )
  ], { discard: true })
