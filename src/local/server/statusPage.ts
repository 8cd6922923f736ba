/**
 * The status page: names and states of what the server holds, and no secrets.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Html from "../../internal/html.js"
import { html } from "../../internal/html.js"
import { nameOf } from "../backend/refusals.js"
import { formatParts } from "../backend/requestShape.js"
import type { ConsentStatus, Refusal } from "../LocalBackend.js"
import type { Service } from "./options.js"

/** @internal */
export interface StatusPage extends Pick<Service, "url" | "environment"> {
  readonly workloads: Rows<string>
  readonly providers: Rows<{ readonly name: string; readonly kind: string; readonly vendor: string }>
  readonly consents: ReadonlyArray<ConsentStatus>
  readonly refusals: ReadonlyArray<Refusal>
  readonly now: DateTime.Utc
}

/**
 * At most `maxRows` items, and whether there are more.
 *
 * @internal
 */
export interface Rows<A> {
  readonly items: ReadonlyArray<A>
  readonly more: boolean
}

/** @internal */
export const maxRows = 200

const stateTexts: { readonly [State in ConsentStatus["state"]]: string } = {
  Pending: "waiting for the user to open the page",
  Authorizing: "at the authorization server",
  Authorized: "allowed, waiting for the application to complete it",
  Completing: "being completed",
  Completed: "completed",
  Refused: "refused by the user",
  Rejected: "ended by an error of the authorization server",
  ExchangeFailed: "the code was not exchanged for a token",
  Expired: "expired"
}

/** For a refusal without a description. */
const refusalTexts: { readonly [Reason in Refusal["reason"]]: string } = {
  Unreachable: "no answer",
  InvalidGrant: "the code, the refresh token or the user's token is not accepted",
  InvalidClient: "the client's credentials are not accepted",
  AccessDenied: "the user refused",
  Rejected: "refused, or an answer that fails a check",
  Misconfigured: "an endpoint of the configuration cannot be used"
}
/** The state, and why a user who has consented before is asked again. */
const formatState = ({ otherGrant, state }: ConsentStatus): string =>
  otherGrant.length === 0
    ? stateTexts[state]
    : `${stateTexts[state]}. A grant exists for other ${formatParts(otherGrant)}.`

/** Formats the time between two instants in whole units: `3 min`. */
const formatAge = (from: DateTime.Utc, to: DateTime.Utc): string => {
  const seconds = Math.max(0, Math.floor((to.epochMillis - from.epochMillis) / 1000))
  return seconds < 60
    ? `${seconds} s`
    : seconds < 3600
    ? `${Math.floor(seconds / 60)} min`
    : `${Math.floor(seconds / 3600)} h`
}

const section = (title: string, count: string, body: Html.Html): Html.Html =>
  html`<section><h2>${title} <span class="count">${count}</span></h2>
${body}</section>
`

const formatCount = ({ items, more }: Rows<unknown>): string => `${items.length}${more ? "+" : ""}`

const empty = (text: string): Html.Html => html`<p class="soft">${text}</p>`

const table = (columns: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): Html.Html =>
  html`<table><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${
    rows.map(([first, ...rest]) =>
      html`<tr><th scope="row">${first}</th>${
        rest.map((cell, index) => html`<td data-column="${columns[index + 1]}">${cell}</td>`)
      }</tr>
`
    )
  }</tbody></table>`

const workloadSection = ({ workloads }: StatusPage): Html.Html =>
  section(
    "Workload identities",
    formatCount(workloads),
    workloads.items.length === 0
      ? empty("None yet. CreateWorkloadIdentity creates one.")
      : html`<ul class="names">${workloads.items.map((name) => html`<li><code>${name}</code></li>`)}</ul>`
  )

const providerSection = ({ providers }: StatusPage): Html.Html =>
  section(
    "Credential providers",
    formatCount(providers),
    providers.items.length === 0
      ? empty("None yet. CreateOauth2CredentialProvider and CreateApiKeyCredentialProvider create one.")
      : table(["Name", "Kind", "Vendor"], providers.items.map(({ kind, name, vendor }) => [name, kind, vendor]))
  )

const consentSection = ({ consents, now }: StatusPage): Html.Html =>
  section(
    "Consent sessions",
    String(consents.length),
    consents.length === 0
      ? empty("None. A session starts when an agent requests a token that needs a user's consent.")
      : table(
        ["Provider", "Workload identity", "State", "Age"],
        consents.slice(0, maxRows).map((consent) => [
          consent.provider,
          consent.workload,
          formatState(consent),
          formatAge(consent.openedAt, now)
        ])
      )
  )

const refusalSection = ({ now, refusals }: StatusPage): Html.Html =>
  section(
    "Refusals of authorization servers",
    String(refusals.length),
    refusals.length === 0
      ? empty("None. AWS does not pass on the errors of authorization servers. This page and the log show them.")
      : table(
        ["Provider", "Request", "Error", "Description", "Age"],
        refusals.map((refusal) => [
          refusal.provider,
          nameOf(refusal),
          refusal.error ?? "–",
          refusal.description ?? refusalTexts[refusal.reason],
          formatAge(refusal.at, now)
        ])
      )
  )

/** @internal */
export const render = (page: StatusPage): Html.Page =>
  Html.render({
    title: "Local AgentCore Identity",
    kicker: "For development, on this machine",
    wide: true,
    body: html`<dl>
<div><dt>Both planes, and STS</dt><dd><code>${page.url}</code></dd></div>
<div><dt>Health</dt><dd><a href="/health">${page.url}/health</a></dd></div>
</dl>
<section><h2>Point AWS SDKs to this server</h2>
<pre tabindex="0" aria-label="Shell commands">${
      Object.entries(page.environment).map(([name, value]) =>
        html`export ${name}=${value}
`
      )
    }</pre></section>
${workloadSection(page)}${providerSection(page)}${consentSection(page)}${
      refusalSection(page)
    }<p class="soft">This page shows no tokens, keys or links. Reload it to see changes.</p>`
  })
