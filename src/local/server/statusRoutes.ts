/** `GET /`, the status page, and `GET /health`, for supervisors. */
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { randomUUID } from "node:crypto"
import { isOwnHost } from "../../internal/ownHost.js"
import type * as LocalControl from "../LocalControl.js"
import * as BrowserRoute from "./browserRoute.js"
import { respondError, type Settings } from "./dispatch.js"
import * as Errors from "./errors.js"
import type { Service } from "./options.js"
import * as StatusPage from "./statusPage.js"

const readStatus = (self: Service, control: LocalControl.Service): Effect.Effect<StatusPage.StatusPage> =>
  Effect.map(
    Effect.orDie(Effect.all([control.resources, control.consents.list, control.refusals, control.clock.state])),
    ([resources, consents, refusals, { now }]) => ({
      ...resources,
      url: self.url,
      environment: self.environment,
      consents,
      refusals,
      now
    })
  )

const health = (settings: Settings) =>
  settings.access(
    "health",
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      isOwnHost(headers.host, settings.allowedHosts)
        ? HttpServerResponse.jsonUnsafe({ status: "ok" }, {
          headers: {
            "x-amzn-requestid": randomUUID(),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff"
          }
        })
        : respondError(Errors.foreignHost, randomUUID()))
  )

export const add = (
  router: HttpRouter.HttpRouter,
  settings: Settings,
  self: Service,
  control: LocalControl.Service
): Effect.Effect<void> =>
  Effect.all([
    router.add(
      "GET",
      "/",
      BrowserRoute.handler("status", settings, () =>
        Effect.map(readStatus(self, control), (status) =>
          BrowserRoute.respondPage(StatusPage.render(status))))
    ),
    router.add("GET", "/health", health(settings))
  ], { discard: true })
