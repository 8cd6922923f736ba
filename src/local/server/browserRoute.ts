/** Routes for browsers: the pages of a consent, and requests from pages of other sites. */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import * as Html from "../../internal/html.js"
import { html } from "../../internal/html.js"
import { isOwnHost } from "../../internal/ownHost.js"
import { BrowserResponse } from "../backend/backendModels.js"
import type { LocalBackend } from "../backend/localBackend.js"
import { respondDefect, type Settings } from "./dispatch.js"
import { headers } from "./errors.js"

/** Responds with a page of one paragraph, and a link below it. */
export const respondText = (
  status: number,
  title: string,
  text: Html.Html,
  link?: Html.Html
): HttpServerResponse.HttpServerResponse => {
  const { body, headers } = Html.render({
    title,
    kicker: "Local AgentCore Identity",
    body: html`<p>${text}</p>${link}`
  })
  return HttpServerResponse.text(body, { status, headers })
}

const unknownHost = respondText(403, "Unknown host", html`This server does not serve the host name in the address.`)

const broken = respondText(
  500,
  "The local server failed",
  html`This is an error of the server, not yours. The log of the server has the details.`
)

/** Makes a handler of `GET` only: a link preview may use `HEAD`, and must have no effect. */
export const handler = <R>(
  name: string,
  settings: Settings,
  respond: (
    request: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  settings.access(
    name,
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const requestId = randomUUID()
      const response = request.method !== "GET"
        ? Effect.succeed(HttpServerResponse.empty({ status: 405, headers: { allow: "GET" } }))
        : !isOwnHost(request.headers.host, settings.allowedHosts)
        ? Effect.succeed(unknownHost)
        : Effect.catchCause(respond(request), (cause) => Effect.as(respondDefect(name, requestId, cause), broken))
      return Effect.map(response, HttpServerResponse.setHeader("x-amzn-requestid", requestId))
    })
  )

/**
 * Whether a page of another site sent the request. Any page can send a form. A browser adds at least one of these
 * headers to the request, and an AWS SDK adds none.
 */
export const isCrossSite = ({ headers }: HttpServerRequest.HttpServerRequest): boolean => {
  const { host, origin, referer, "sec-fetch-site": site } = headers
  const source = origin ?? referer
  return site !== undefined && site !== "same-origin" && site !== "none"
    // The origin of a sandboxed page is `null`, which is not a URL.
    || source !== undefined && (host === undefined || URL.parse(source)?.host !== host.toLowerCase())
}

/** A return URL may contain any character except white space. A header contains printable ASCII. */
const toHeaderValue = (url: string): string => url.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent)

/** A return URL may have any scheme. As far as AWS is known, its page has no such link. */
const wayBack = (returnUrl: string): Html.Html | undefined =>
  /^https?:/i.test(returnUrl)
    ? html`<a class="button first" href="${returnUrl}">Back to the application</a>`
    : undefined

const toResponse = BrowserResponse.$match({
  Redirect: ({ url }) =>
    HttpServerResponse.empty({
      status: 302,
      headers: { ...headers, location: toHeaderValue(Redacted.value(url)), "referrer-policy": "no-referrer" }
    }),
  Denied: ({ provider, returnUrl }) =>
    respondText(
      200,
      "Consent denied",
      html`You denied access through the provider <strong>${provider}</strong>. Nothing was stored, and the agent gets no access. You can close this page.`,
      wayBack(returnUrl)
    ),
  Rejected: ({ provider, returnUrl }) =>
    respondText(
      502,
      "Consent failed",
      html`The authorization server of the provider <strong>${provider}</strong> returned an error, which the log of this server has. Nothing was stored. Go back to the application and start again.`,
      wayBack(returnUrl)
    ),
  Unavailable: ({ provider }) =>
    respondText(
      503,
      "Authorization server unavailable",
      html`The authorization server of the provider <strong>${provider}</strong> cannot be reached, or its configuration is not valid. Reload this page to try again.`
    ),
  Replayed: ({ returnUrl }) =>
    respondText(
      410,
      "Link already used",
      html`This consent has already ended. Each link works only once.`,
      wayBack(returnUrl)
    ),
  Expired: ({ returnUrl }) =>
    respondText(
      410,
      "Link expired",
      html`The time to give consent has run out. Go back to where you were asked, and start again.`,
      wayBack(returnUrl)
    ),
  Unknown: () =>
    respondText(
      404,
      "Unknown link",
      html`No consent is waiting here. Check that you opened the complete address, or start again.`
    )
})

/** Adds the authorization and callback URLs: redirects through a consent, and pages where it ends early. */
export const addConsentPages = (
  router: HttpRouter.HttpRouter,
  settings: Settings,
  backend: LocalBackend["Service"]
): Effect.Effect<void> =>
  Effect.all([
    router.add(
      "*",
      "/identities/oauth2/authorize",
      handler("authorize", settings, () =>
        Effect.flatMap(HttpServerRequest.ParsedSearchParams, ({ request_uri: uri }) =>
          Effect.map(
            typeof uri === "string"
              ? backend.authorize(Redacted.make(uri))
              : Effect.succeed(BrowserResponse.Unknown()),
            toResponse
          )))
    ),
    router.add(
      "*",
      "/identities/oauth2/callback/:id",
      handler("callback", settings, (request) =>
        Effect.flatMap(HttpRouter.params, ({ id = "" }) =>
          Effect.map(backend.callback(id, Redacted.make(request.url)), toResponse)))
    )
  ], { discard: true })
