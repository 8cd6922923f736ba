/** A connection as HTML: what it is, its state, and what the user can do. */
import * as Redacted from "effect/Redacted"
import * as Html from "../../internal/html.js"
import type { Texts } from "./appearance.js"
import type { Connection } from "./connectTypes.js"
import type { Localized } from "./localize.js"

const { html } = Html

/** Replaces all placeholders at once: the vendor's text for an account can be `{user}`. */
export const fill = (text: string, values: { readonly [placeholder: string]: string }): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => Object.hasOwn(values, name) ? values[name] ?? whole : whole)

export const labelOfAccount = (account: Connection["account"]): string | undefined =>
  account === undefined || account === "unknown" ? undefined : account.label

/** `undefined` if the account is not asked for. */
export const accountLine = ({ account }: Pick<Connection, "account">, texts: typeof Texts.Type): string | undefined =>
  account === undefined
    ? undefined
    : account === "unknown"
    ? texts.accountUnknown
    : fill(texts.connectedAs, { account: account.label })

const colorOf = {
  Granted: "on",
  NotGranted: "off",
  RevokedAtVendor: "broken",
  WrongAccount: "broken",
  Unknown: "off"
} as const

const status = (connection: Connection, { formatDate, texts }: Localized): Html.Html => {
  const { since, state } = connection
  const text = (state === "Granted" ? accountLine(connection, texts) : undefined)
    ?? (state === "Unknown" && connection.account === "unknown"
      ? texts.outcomes.AccountUnknown.text
      : texts.states[state])
  return html`<p class="status ${colorOf[state]}">${
    state !== "Granted" || since === undefined || connection.account === "unknown"
      ? text
      : fill(texts.since, { status: text, date: formatDate(since) })
  }</p>`
}

const facts = (connection: Connection, localized: Localized): Html.Html => {
  const { access, description } = localized.describe(connection)
  return html`${description === undefined ? undefined : html`<p>${description}</p>`}${
    access.length === 0 ? undefined : html`<p class="kicker">${localized.texts.access}</p>
<ul>${access.map((text) => html`<li>${text}</li>`)}</ul>`
  }`
}

type Action = "connect" | "reconnect" | "check" | "disconnect"

/** The first action looks like a button, and the others like links. */
const actionsOf = ({ account, state }: Connection): ReadonlyArray<Action> => {
  switch (state) {
    case "Granted":
      return account === undefined ? ["disconnect", "reconnect"] : ["disconnect", "check", "reconnect"]
    case "RevokedAtVendor":
      return ["reconnect", "disconnect"]
    case "Unknown":
      // AgentCore has the token, and the vendor did not name the account.
      return account === "unknown" ? ["check", "disconnect"] : ["connect"]
    default:
      return ["connect"]
  }
}

const form = (
  connection: Connection,
  { describe, texts }: Localized,
  { continue: address, formToken }: { readonly formToken: Redacted.Redacted; readonly continue?: string | undefined }
): Html.Html => {
  const { label } = describe(connection)
  const isConnected = connection.state === "Granted"
  const button = (action: Action, index: number) =>
    html`<button class="${
      index > 0 ? "link" : isConnected ? "plain" : "first"
    }" type="submit" name="action" value="${action}"${
      action === "connect" ? undefined : html` aria-label="${texts[action]}: ${label}"`
    }>${action === "connect" ? fill(texts.connect, { credential: label }) : texts[action]}</button>`
  return html`<form class="actions" method="post" action="${new URL(connection.link).pathname}">
<input type="hidden" name="token" value="${Redacted.value(formToken)}">
${address === undefined ? undefined : html`<input type="hidden" name="continue" value="${address}">`}
${actionsOf(connection).map(button)}
</form>`
}

export const withdrawal = (
  { revokeAt }: Pick<Connection, "revokeAt">,
  { withdraw }: typeof Texts.Type
): Html.Html | undefined =>
  revokeAt === undefined
    ? undefined
    : html`<p class="soft"><a href="${revokeAt}" rel="noreferrer">${withdraw}</a></p>`

/** Says what is connected. The letter is decorative: a screen reader reads the label. */
const heading = (connection: Connection, { describe }: Localized, level: "h2" | "p"): Html.Html => {
  const { label, logo, vendor } = describe(connection)
  const [letter = ""] = label
  const tile = logo === undefined
    ? html`<span class="logo" data-letter="${letter.toUpperCase()}"></span>`
    : html`<img class="logo" src="${logo}" alt="">`
  const soft = vendor === label ? undefined : html`<p class="soft">${vendor}</p>`
  return html`<header>${tile}<div>${
    level === "h2" ? html`<h2>${label}</h2>${soft}` : soft ?? html`<p>${label}</p>`
  }</div></header>`
}

/** A connection. Its heading is that of the page, or one below it. */
export const card = (
  connection: Connection,
  localized: Localized,
  { level, ...options }: {
    readonly level: "h2" | "p"
    readonly formToken: Redacted.Redacted
    readonly continue?: string | undefined
  }
): Html.Html =>
  html`<section class="card">${heading(connection, localized, level)}
${status(connection, localized)}${facts(connection, localized)}${form(connection, localized, options)}${
    connection.state === "NotGranted" ? undefined : withdrawal(connection, localized.texts)
  }</section>`
