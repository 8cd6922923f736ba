/**
 * `GET /`, the status page, and `GET /health`, for supervisors.
 *
 * @since 0.1.0
 */
import type * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import type * as ControlPlane from "../../ControlPlane.js"
import { isOwnHost } from "../../internal/ownHost.js"
import type * as LocalBackend from "../LocalBackend.js"
import * as BrowserRoute from "./browserRoute.js"
import { respondError, type Settings } from "./dispatch.js"
import * as Errors from "./errors.js"
import type { Service } from "./options.js"
import * as StatusPage from "./statusPage.js"

const takeRows = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<StatusPage.Rows<A>, E> =>
  Effect.map(Stream.runCollect(Stream.take(stream, StatusPage.maxRows + 1)), (items) => ({
    items: Chunk.toReadonlyArray(items).slice(0, StatusPage.maxRows),
    more: items.length > StatusPage.maxRows
  }))

const readStatus = (
  self: Service,
  backend: LocalBackend.Service,
  controlPlane: ControlPlane.Service
): Effect.Effect<StatusPage.StatusPage> => {
  const oauth2 = Stream.map(
    controlPlane.streamOauth2CredentialProviders(),
    ({ credentialProviderVendor, name }) => ({ name, kind: "OAuth2", vendor: credentialProviderVendor })
  )
  const apiKeys = Stream.map(
    controlPlane.streamApiKeyCredentialProviders(),
    ({ name }) => ({ name, kind: "API key", vendor: "–" })
  )
  const payments = Stream.map(
    controlPlane.streamPaymentCredentialProviders(),
    ({ credentialProviderVendor, name }) => ({ name, kind: "Payment", vendor: credentialProviderVendor })
  )
  return Effect.all({
    url: Effect.succeed(self.url),
    environment: Effect.succeed(self.environment),
    workloads: takeRows(Stream.map(controlPlane.streamWorkloadIdentities(), ({ name }) => name)),
    providers: takeRows(oauth2.pipe(Stream.concat(apiKeys), Stream.concat(payments))),
    consents: backend.consents,
    refusals: backend.refusals,
    now: DateTime.now
  }).pipe(Effect.orDie)
}

const health = (settings: Settings) =>
  settings.access(
    "health",
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      isOwnHost(headers.host, settings.allowedHosts)
        ? HttpServerResponse.unsafeJson({ status: "ok" }, {
          headers: {
            "x-amzn-requestid": randomUUID(),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff"
          }
        })
        : respondError(Errors.foreignHost, randomUUID()))
  )

/** @internal */
export const add = (
  router: HttpLayerRouter.HttpRouter,
  settings: Settings,
  self: Service,
  backend: LocalBackend.Service,
  controlPlane: ControlPlane.Service
): Effect.Effect<void> =>
  Effect.all([
    router.add(
      "GET",
      "/",
      BrowserRoute.handler("status", settings, () =>
        Effect.map(readStatus(self, backend, controlPlane), (status) =>
          BrowserRoute.respondPage(StatusPage.render(status))))
    ),
    router.add("GET", "/health", health(settings))
  ], { discard: true })
