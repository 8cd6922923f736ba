/** The authorization and callback URLs: redirects through a consent, and pages where it ends early. */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import * as ConsentPages from "../../internal/consentPages.js"
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

const respond = (answer: LocalBackend.BrowserAnswer): HttpServerResponse.HttpServerResponse =>
  answer._tag === "Redirect"
    ? redirect(answer.url)
    : BrowserRoute.respondText(...ConsentPages.textOf(
      answer._tag === "Replayed" ? "AlreadyUsed" : answer._tag,
      "provider" in answer ? answer.provider : undefined
    ))

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
