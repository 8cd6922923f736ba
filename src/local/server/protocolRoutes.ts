/** The routes of the server, except those of its control: the wire protocol, the pages for browsers, and STS. */
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import * as ServerSpans from "../../internal/serverSpans.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import * as LocalBackend from "../backend/localBackend.js"
import { addConsentPages } from "./browserRoute.js"
import * as Dispatch from "./dispatch.js"
import * as Sts from "./sts.js"
import * as Operations from "./wireRoutes.js"

// The router uses the handler of GET for HEAD.
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const

export const addProtocol = (router: HttpRouter.HttpRouter, settings: Dispatch.Settings) =>
  Effect.gen(function*() {
    const dataPlane = yield* DataPlane.DataPlane
    const controlPlane = yield* ControlPlane.ControlPlane
    const add = <Plane>(routes: Operations.Routes<Plane>, plane: Plane) =>
      Effect.forEach(routes, ([path, rows]) => {
        const handler = Dispatch.handler(rows, plane, settings)
        // A wrong method gets an error response. `*` would also add the methods of WebDAV, which takes a sixth of the
        // start of the server.
        return Effect.forEach(methods, (method) => router.add(method, path, handler), { discard: true })
      }, { discard: true })
    yield* add(Operations.dataPlane, dataPlane)
    yield* add(Operations.controlPlane, controlPlane)
  })

export const add = (router: HttpRouter.HttpRouter, settings: Dispatch.Settings) =>
  Effect.gen(function*() {
    const backend = yield* LocalBackend.LocalBackend
    const sts = yield* SecurityTokenService.SecurityTokenService
    yield* addProtocol(router, settings)
    yield* addConsentPages(router, settings, backend)
    yield* Sts.add(router, settings, sts, backend.issuer)
  })

/** Effect itself redacts `authorization`, `cookie`, `set-cookie` and `x-api-key`. */
const secretHeaders = [/token/i, /secret/i, /-wat$/i, "proxy-authorization"]

/** Keeps secrets out of the spans of the HTTP server: the URLs of the pages for browsers, and headers with tokens. */
export const layerRedaction: Layer.Layer<never> = Layer.fresh(Layer.merge(
  ServerSpans.layerUntraced((request) => Operations.isConfidential(request.url)),
  Layer.effect(
    Headers.CurrentRedactedNames,
    Effect.map(Headers.CurrentRedactedNames, (names) => [...names, ...secretHeaders])
  )
))
