/**
 * A page about a consent portal, at `/consent-portals/<id>`. The portal itself is a page of AWS, and nothing answers at its URL.
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as ControlPlane from "../../ControlPlane.js"
import { type Html, html, render } from "../../internal/html.js"
import * as BrowserRoute from "./browserRoute.js"
import type { Settings } from "./dispatch.js"

const row = (name: string, value: string): Html =>
  html`<div><dt>${name}</dt><dd><code>${value}</code></dd></div>
`

const respond = (
  portal: Effect.Success<ReturnType<ControlPlane.Operations["getConsentPortal"]>>
): HttpServerResponse.HttpServerResponse =>
  BrowserRoute.respondPage(render({
    title: `Consent portal ${portal.name}`,
    kicker: "Local AgentCore Identity",
    body: html`<dl>
${row("Status", portal.status)}${portal.sources.map(({ identifier }) => row("Gateway", identifier))}${
      row("Identity provider", portal.idpConfig.credentialProviderArn)
    }${row("Scopes of the sign-in", portal.idpConfig.scopes.join(" "))}${
      typeof portal.portalUrl !== "string" ? undefined : [
        row("Redirect URI for the identity provider", `${portal.portalUrl}/callback`),
        row("Return URL for the targets of the gateway", `${portal.portalUrl}/connect/callback`)
      ]
    }</dl>
<p class="soft">AWS serves the portal itself. This server has no gateway, and no sign-in.</p>`
  }))

const unknown = BrowserRoute.respondText(
  404,
  "Unknown consent portal",
  html`This server has no consent portal at the address. It was deleted, or the address is not complete.`
)

export const add = (
  router: HttpRouter.HttpRouter,
  settings: Settings,
  controlPlane: ControlPlane.Service
): Effect.Effect<void> =>
  router.add(
    "*",
    "/consent-portals/:id",
    BrowserRoute.handler("consent-portal", settings, () =>
      Effect.flatMap(HttpRouter.params, ({ id = "" }) =>
        controlPlane.getConsentPortal({ consentPortalIdentifier: id }).pipe(
          Effect.map(respond),
          Effect.catchTags({
            ResourceNotFoundException: () =>
              Effect.succeed(unknown),
            ValidationException: () =>
              Effect.succeed(unknown)
          }),
          // Any other error is the store's, and its log has it.
          Effect.orDie
        )))
  )
