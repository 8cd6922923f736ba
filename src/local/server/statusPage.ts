/**
 * What the server says of itself: a page for people, and a word for supervisors.
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
import * as ControlPlane from "../../ControlPlane.js"
import * as Page from "../../internal/html.js"
import * as LocalBackend from "../LocalBackend.js"
import type { Service } from "../LocalServer.js"
import * as WireBrowser from "./consentPages.js"
import { isOwnHost, respondError, type Settings } from "./dispatch.js"
import * as WireErrors from "./errors.js"

// -----------------------------------------------------------------------------
// Page
// -----------------------------------------------------------------------------

/**
 * What the page shows: names and states.
 *
 * @internal
 */
export interface Facts {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  readonly workloads: Listed<string>
  readonly providers: Listed<{ readonly name: string; readonly kind: string; readonly vendor: string }>
  readonly consents: ReadonlyArray<LocalBackend.ConsentStatus>
  readonly now: DateTime.Utc
}

/** As many as a page can hold; whether there are more. */
interface Listed<A> {
  readonly items: ReadonlyArray<A>
  readonly more: boolean
}

const most = 200

const stateText: { readonly [State in LocalBackend.ConsentStatus["state"]]: string } = {
  Pending: "waiting for the user to open the page",
  Authorizing: "at the authorization server",
  Authorized: "allowed, waiting for the application to complete it",
  Completing: "being completed",
  Completed: "completed",
  Refused: "refused by the user",
  Rejected: "ended by an error of the authorization server",
  ExchangeFailed: "no token came for the code",
  Expired: "expired"
}

/** `3 min`, without fractions. */
const age = (from: DateTime.Utc, to: DateTime.Utc): string => {
  const seconds = Math.max(0, Math.floor((to.epochMillis - from.epochMillis) / 1000))
  return seconds < 60
    ? `${seconds} s`
    : seconds < 3600
    ? `${Math.floor(seconds / 60)} min`
    : `${Math.floor(seconds / 3600)} h`
}

const section = (title: string, count: string, body: Page.Html): Page.Html =>
  Page.html`<section><h2>${title} <span class="count">${count}</span></h2>
${body}</section>
`

const countOf = ({ items, more }: Listed<unknown>): string => `${items.length}${more ? "+" : ""}`

const none = (text: string): Page.Html => Page.html`<p class="soft">${text}</p>`

const table = (columns: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): Page.Html =>
  Page.html`<table><thead><tr>${columns.map((column) => Page.html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${
    rows.map(([first, ...rest]) =>
      Page.html`<tr><th scope="row">${first}</th>${
        rest.map((cell, index) => Page.html`<td data-column="${columns[index + 1]}">${cell}</td>`)
      }</tr>
`
    )
  }</tbody></table>`

/** @internal */
export const page = (facts: Facts): Page.Page =>
  Page.render({
    title: "Local AgentCore Identity",
    kicker: "For development, on this machine",
    wide: true,
    body: Page.html`<dl>
<div><dt>Both planes, and STS</dt><dd><code>${facts.url}</code></dd></div>
<div><dt>Health</dt><dd><a href="/health">${facts.url}/health</a></dd></div>
</dl>
<section><h2>Point AWS SDKs at it</h2>
<pre tabindex="0" aria-label="Shell commands">${
      Object.entries(facts.environment).map(([name, value]) =>
        Page.html`export ${name}=${value}
`
      )
    }</pre></section>
${
      section(
        "Workload identities",
        countOf(facts.workloads),
        facts.workloads.items.length === 0
          ? none("None yet. CreateWorkloadIdentity makes one.")
          : Page.html`<ul class="names">${
            facts.workloads.items.map((name) => Page.html`<li><code>${name}</code></li>`)
          }</ul>`
      )
    }${
      section(
        "Credential providers",
        countOf(facts.providers),
        facts.providers.items.length === 0
          ? none("None yet. CreateOauth2CredentialProvider and CreateApiKeyCredentialProvider make them.")
          : table(
            ["Name", "Kind", "Vendor"],
            facts.providers.items.map(({ kind, name, vendor }) => [name, kind, vendor])
          )
      )
    }${
      section(
        "Consent sessions",
        String(facts.consents.length),
        facts.consents.length === 0
          ? none("None. One begins when an agent asks for a token that a user has to consent to.")
          : table(
            ["Provider", "Workload identity", "State", "Age"],
            facts.consents.slice(0, most).map((consent) => [
              consent.provider,
              consent.workload,
              stateText[consent.state],
              age(consent.openedAt, facts.now)
            ])
          )
      )
    }<p class="soft">No tokens, keys or links are on this page. Reload it to see what has changed.</p>`
  })

// -----------------------------------------------------------------------------
// Routes
// -----------------------------------------------------------------------------

const listed = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Listed<A>, E> =>
  Effect.map(Stream.runCollect(Stream.take(stream, most + 1)), (items) => ({
    items: Chunk.toReadonlyArray(items).slice(0, most),
    more: items.length > most
  }))

const gather = (
  backend: LocalBackend.Service,
  controlPlane: ControlPlane.Service,
  self: Service
): Effect.Effect<Facts> =>
  Effect.all({
    url: Effect.succeed(self.url),
    environment: Effect.succeed(self.environment),
    workloads: listed(Stream.map(controlPlane.streamWorkloadIdentities(), ({ name }) => name)),
    providers: listed(
      Stream.map(
        controlPlane.streamOauth2CredentialProviders(),
        ({ credentialProviderVendor, name }) => ({ name, kind: "OAuth2", vendor: credentialProviderVendor })
      ).pipe(
        Stream.concat(
          Stream.map(
            controlPlane.streamApiKeyCredentialProviders(),
            ({ name }) => ({ name, kind: "API key", vendor: "–" })
          )
        ),
        Stream.concat(
          Stream.map(
            controlPlane.streamPaymentCredentialProviders(),
            ({ credentialProviderVendor, name }) => ({ name, kind: "Payment", vendor: credentialProviderVendor })
          )
        )
      )
    ),
    consents: backend.consents,
    now: DateTime.now
  }).pipe(Effect.orDie)

/**
 * `GET /` and `GET /health`.
 *
 * @internal
 */
export const add = (
  router: HttpLayerRouter.HttpRouter,
  settings: Settings,
  self: Service
): Effect.Effect<void, never, ControlPlane.ControlPlane | LocalBackend.LocalBackend> =>
  Effect.gen(function*() {
    const backend = yield* LocalBackend.LocalBackend
    const controlPlane = yield* ControlPlane.ControlPlane

    yield* router.add(
      "GET",
      "/",
      WireBrowser.handler("status", settings, () =>
        Effect.map(gather(backend, controlPlane, self), (facts) => {
          const { body, headers } = page(facts)
          return HttpServerResponse.text(body, { headers })
        }))
    )

    yield* router.add(
      "GET",
      "/health",
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
            : respondError(WireErrors.foreignHost, randomUUID()))
      )
    )
  })
