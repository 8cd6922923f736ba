/** Routes for browsers: pages, and redirects between them. */
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { randomUUID } from "node:crypto"
import * as Html from "../../internal/html.js"
import { isOwnHost } from "../../internal/ownHost.js"
import { failed, type Settings } from "./dispatch.js"

export const respondPage = ({ body, headers }: Html.Page, status = 200): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(body, { status, headers })

/** Responds with a page of one paragraph. */
export const respondText = (status: number, title: string, text: Html.Html): HttpServerResponse.HttpServerResponse =>
  respondPage(
    Html.render({ title, kicker: "Local AgentCore Identity", body: Html.html`<p>${text}</p>` }),
    status
  )

const unknownHost = respondText(
  403,
  "Unknown host",
  Html.html`This server does not answer to the host name in the address.`
)

const broken = respondText(
  500,
  "The local server failed",
  Html.html`This is an error of the server, not yours. The log of the server has the details.`
)

/** Handles `GET` only, so that a link preview has no effect. */
export const handler = <R>(
  name: string,
  settings: Settings,
  respond: (
    request: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  // Platform's own log line contains the URL of the request.
  HttpMiddleware.withLoggerDisabled(settings.access(
    name,
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const requestId = randomUUID()
      return (request.method !== "GET"
        ? Effect.succeed(HttpServerResponse.empty({ status: 405, headers: { allow: "GET" } }))
        : !isOwnHost(request.headers.host, settings.allowedHosts)
        ? Effect.succeed(unknownHost)
        : Effect.catchCause(respond(request), (cause) => Effect.as(failed(name, requestId, cause), broken))).pipe(
          Effect.map(HttpServerResponse.setHeader("x-amzn-requestid", requestId))
        )
    })
  ))
