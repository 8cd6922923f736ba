/** The status page: names and states of what the server holds, and no secrets. */
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Html from "../../internal/html.js"
import { html } from "../../internal/html.js"
import { formatAge, formatConsentState, formatRefusal, requestNames } from "../backend/format.js"
import type { ConsentStatus, Refusal } from "../LocalBackend.js"
import type { Excerpt, Resources } from "../LocalControl.js"
import type { Service } from "./options.js"

export interface StatusPage extends Pick<Service, "url" | "environment">, Resources {
  readonly consents: ReadonlyArray<ConsentStatus>
  readonly refusals: ReadonlyArray<Refusal>
  readonly now: DateTime.Utc
}

const maxConsents = 200

const section = (title: string, count: string, body: Html.Html): Html.Html =>
  html`<section><h2>${title} <span class="count">${count}</span></h2>
${body}</section>
`

const formatCount = ({ items, more }: Excerpt<unknown>): string => `${items.length}${more ? "+" : ""}`

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

const workloadSection = ({ workloadIdentities }: StatusPage): Html.Html =>
  section(
    "Workload identities",
    formatCount(workloadIdentities),
    workloadIdentities.items.length === 0
      ? empty("None yet. CreateWorkloadIdentity creates one.")
      : html`<ul class="names">${workloadIdentities.items.map(({ name }) => html`<li><code>${name}</code></li>`)}</ul>`
  )

const providerSection = ({ credentialProviders }: StatusPage): Html.Html =>
  section(
    "Credential providers",
    formatCount(credentialProviders),
    credentialProviders.items.length === 0
      ? empty("None yet. CreateOauth2CredentialProvider and CreateApiKeyCredentialProvider create one.")
      : table(
        ["Name", "Kind", "Vendor"],
        credentialProviders.items.map(({ kind, name, vendor }) => [name, kind, Option.getOrElse(vendor, () => "–")])
      )
  )

const consentSection = ({ consents, now }: StatusPage): Html.Html =>
  section(
    "Consent sessions",
    String(consents.length),
    consents.length === 0
      ? empty("None. A session starts when an agent requests a token that needs a user's consent.")
      : table(
        ["Provider", "Workload identity", "State", "Age"],
        consents.slice(0, maxConsents).map((consent) => [
          consent.provider,
          consent.workload,
          formatConsentState(consent),
          formatAge(consent.openedAt.epochMilliseconds, now.epochMilliseconds)
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
          requestNames[refusal.request],
          refusal.error ?? "–",
          formatRefusal(refusal),
          formatAge(refusal.at.epochMilliseconds, now.epochMilliseconds)
        ])
      )
  )

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
    }<p class="soft">This page shows no tokens, keys or links. Reload it to see changes. <a href="/_local/console">The console</a> is live, and acts on the server: open it with the URL that <code>agentcore-identity console</code> prints, or with <code>AGENTCORE_LOCAL_TOKEN</code>.</p>`
  })
