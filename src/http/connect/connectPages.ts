/** The pages of `Connect`: HTML without scripts, and the same as JSON. */
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import * as ConsentPages from "../../internal/consentPages.js"
import * as Html from "../../internal/html.js"
import { type Connection, type Rejection, type Texts, View } from "./connectTypes.js"
import type { Localize, Localized } from "./localize.js"

const { html } = Html

const statusOfRejection: { readonly [R in Rejection]: number } = {
  NotSignedIn: ConsentPages.statusOf.NotSignedIn,
  OtherSite: 403,
  StaleForm: 403,
  FormTooLarge: 413,
  UnknownCredential: 404,
  ContinueNotAllowed: 400,
  OtherUserKind: 500,
  Unavailable: 502,
  Stopping: 503
}

const statusOfReturn = { ...ConsentPages.statusOf, WrongAccount: 403, AccountUnknown: 502, Forgotten: 410 } as const

const statusOf = (view: View): number =>
  view._tag === "Returned"
    ? statusOfReturn[view.outcome]
    : view._tag === "Rejected"
    ? statusOfRejection[view.reason]
    : 200

// -----------------------------------------------------------------------------
// HTML
// -----------------------------------------------------------------------------

const fill = (text: string, label: string): string => text.replaceAll("{credential}", () => label)

/** The placeholders are replaced at once: an account can be called `{user}`. */
const fillAccount = (text: string, account: Connection["account"], user = ""): string =>
  text.replaceAll(
    /\{(account|user)\}/g,
    (_, name) => name === "user" ? user : account === undefined || account === "unknown" ? "?" : account.label
  )

/** `undefined` if the account is not asked for. */
const accountLine = ({ account }: Pick<Connection, "account">, texts: Texts): string | undefined =>
  account === undefined
    ? undefined
    : account === "unknown"
    ? texts.accountUnknown
    : fillAccount(texts.connectedAs, account)

/** The state of a connection, and whose account it is. */
const stateLine = (connection: Connection, texts: Texts): string => {
  const line = connection.state === "Granted" ? accountLine(connection, texts) : undefined
  return line ?? (connection.state === "Unknown" && connection.account === "unknown"
    ? texts.outcomes.AccountUnknown.text
    : texts.states[connection.state])
}

const button = (action: string, label: string, isFirst: boolean): Html.Html =>
  html`<button${
    isFirst ? html` class="first"` : undefined
  } type="submit" name="action" value="${action}">${label}</button>`

const revoke = ({ revokeAt }: Pick<Connection, "revokeAt">, { withdraw }: Texts): Html.Html | undefined =>
  revokeAt === undefined
    ? undefined
    : html`<p class="soft"><a href="${revokeAt}" rel="noreferrer">${withdraw}</a></p>`

/** Links to where the user can go on. The first one looks like the main button of a form. */
const waysOn = (...ways: ReadonlyArray<readonly [text: string, url: string | undefined] | undefined>): Html.Html =>
  html`<nav>${
    ways.flatMap((way) => way === undefined || way[1] === undefined ? [] : [[way[0], way[1]] as const]).map(
      ([text, url], index) => html`<a class="button${index === 0 ? " first" : ""}" href="${url}">${text}</a>`
    )
  }</nav>`

const makePages = ({ describe, frame, texts }: Localized) => {
  const labelOf = (connection: Pick<Connection, "name" | "scopes">) => describe(connection).label ?? connection.name

  const formOf = (connection: Connection, formToken: Redacted.Redacted, continueUrl?: string): Html.Html => {
    const label = labelOf(connection)
    return html`<form method="post" action="${new URL(connection.link).pathname}">
<input type="hidden" name="token" value="${Redacted.value(formToken)}">
${continueUrl === undefined ? undefined : html`<input type="hidden" name="continue" value="${continueUrl}">`}
${
      connection.state === "Granted" || connection.state === "RevokedAtVendor"
        ? [
          button("reconnect", fill(texts.reconnect, label), connection.state === "RevokedAtVendor"),
          ...connection.account === undefined ? [] : [button("check", fill(texts.check, label), false)],
          button("disconnect", fill(texts.disconnect, label), false)
        ]
        : button("connect", fill(texts.connect, label), true)
    }
</form>`
  }

  const facts = (connection: Connection, user?: string): Html.Html => {
    const { access, description, label } = describe(connection)
    return html`${description === undefined ? undefined : html`<p>${description}</p>`}<dl>
${user === undefined ? undefined : html`<div><dt>${texts.signedInAs}</dt><dd>${user}</dd></div>`}
${label === undefined ? html`<div><dt>${texts.provider}</dt><dd>${connection.provider}</dd></div>` : undefined}
${
      access.length === 0
        ? undefined
        : html`<div><dt>${texts.access}</dt><dd><ul>${access.map((text) => html`<li>${text}</li>`)}</ul></dd></div>`
    }
<div><dt>${texts.state}</dt><dd>${stateLine(connection, texts)}</dd></div>
</dl>`
  }

  const render = (title: string, body: Html.Html, options?: Pick<Html.Options, "forms" | "refresh">): Html.Page =>
    Html.render({ title, body, frame, ...options })

  const connectionsOf = (connectionsUrl: string) => [texts.connections, connectionsUrl] as const

  return View.$match({
    Connections: ({ connections, formToken, user }) =>
      render(
        texts.connections,
        html`<p>${texts.signedInAs} <strong>${user}</strong></p>${
          connections.map((connection) =>
            html`<section><h2>${labelOf(connection)}</h2>${facts(connection)}${formOf(connection, formToken)}${
              revoke(connection, texts)
            }</section>`
          )
        }`,
        { forms: true }
      ),
    Link: ({ connection, connectionsUrl, continue: continueUrl, formToken, user }) => {
      const isGranted = connection.state === "Granted"
      return render(
        fill(isGranted ? texts.connected : texts.connect, labelOf(connection)),
        html`${facts(connection, user)}${isGranted ? html`<p>${texts.nothingToDo}</p>` : undefined}${
          isGranted && continueUrl !== undefined ? waysOn([texts.continue, continueUrl]) : undefined
        }${formOf(connection, formToken, continueUrl)}${
          connection.state === "NotGranted" ? undefined : revoke(connection, texts)
        }<p class="soft"><a href="${connectionsUrl}">${texts.connections}</a></p>`,
        { forms: true }
      )
    },
    Started: ({ authorizationUrl, connection }) =>
      render(
        fill(texts.connecting, labelOf(connection)),
        html`<p>${texts.vendorOpens}</p>${waysOn([texts.continue, Redacted.value(authorizationUrl)])}`,
        { refresh: Redacted.value(authorizationUrl) }
      ),
    Disconnected: ({ atVendor, connection, connectionsUrl, continue: continueUrl }) =>
      render(
        fill(texts.disconnected, labelOf(connection)),
        html`<p>${texts.accessEnded} ${texts.atVendor[atVendor]}</p>${
          atVendor === "Revoked" ? undefined : revoke(connection, texts)
        }${waysOn([texts.continue, continueUrl], connectionsOf(connectionsUrl))}`
      ),
    Returned: ({ account, connectionsUrl, continue: continueUrl, link, outcome, user }) => {
      const { text, title } = texts.outcomes[outcome]
      const isCompleted = outcome === "Completed"
      const line = isCompleted ? accountLine({ account }, texts) : undefined
      return render(
        title,
        html`<p>${outcome === "WrongAccount" ? fillAccount(text, account, user) : text}</p>${
          line === undefined ? undefined : html`<p>${line}</p>`
        }${
          waysOn(
            isCompleted ? undefined : [outcome === "WrongAccount" ? texts.connectAnother : texts.tryAgain, link],
            [texts.continue, continueUrl],
            connectionsOf(connectionsUrl)
          )
        }`,
        isCompleted ? { refresh: continueUrl } : {}
      )
    },
    Rejected: ({ connectionsUrl, link, reason }) => {
      const { text, title } = texts.rejections[reason]
      return render(
        title,
        html`<p>${text}</p>${
          // No page can serve this user.
          reason === "OtherUserKind"
            ? undefined
            : waysOn([texts.tryAgain, link], connectionsOf(connectionsUrl))}`
      )
    }
  })
}

// -----------------------------------------------------------------------------
// JSON
// -----------------------------------------------------------------------------

const makeJson = ({ describe, texts }: Localized) => {
  /** Adds the texts that the application gave. */
  const withTexts = <C extends Pick<Connection, "name" | "scopes">>(connection: C) => {
    const { isDescribed, ...texts } = describe(connection)
    return isDescribed ? { ...connection, ...texts } : connection
  }
  return View.$match({
    Connections: ({ connections, formToken, user }) => ({
      user,
      connections: connections.map(withTexts),
      token: Redacted.value(formToken)
    }),
    Link: ({ connection, connectionsUrl, continue: continueUrl, formToken, user }) => ({
      user,
      connection: withTexts(connection),
      continue: continueUrl,
      token: Redacted.value(formToken),
      connectionsUrl
    }),
    Started: ({ authorizationUrl, connection }) => ({
      connection: withTexts(connection),
      authorizationUrl: Redacted.value(authorizationUrl)
    }),
    Disconnected: ({ atVendor, connection, connectionsUrl, continue: continueUrl }) => ({
      connection: withTexts(connection),
      atVendor,
      continue: continueUrl,
      connectionsUrl
    }),
    Returned: ({ _tag, ...returned }) => returned,
    Rejected: ({ connectionsUrl, link, reason }) => ({
      error: reason,
      message: texts.rejections[reason].text,
      link,
      connectionsUrl
    })
  })
}

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

/**
 * Headers of every response, including the application's own pages. A browser sends `Origin: null` with a form if the
 * page sends no referrer, so pages with forms send the referrer to their own origin.
 */
export const headersOf = (view: View): { readonly [name: string]: string } => ({
  "cache-control": "no-store",
  "referrer-policy": view._tag === "Connections" || view._tag === "Link" ? "same-origin" : "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  vary: "accept, accept-language"
})

const wantsJson = (accept = ""): boolean => /\bapplication\/json\b/i.test(accept) && !/\btext\/html\b/i.test(accept)

export const make =
  (localize: Localize) =>
  (view: View, { headers }: HttpServerRequest.HttpServerRequest): HttpServerResponse.HttpServerResponse => {
    const status = statusOf(view)
    const localized = localize(headers["accept-language"])
    if (wantsJson(headers["accept"])) {
      return HttpServerResponse.jsonUnsafe(makeJson(localized)(view), { status, headers: headersOf(view) })
    }
    const page = makePages(localized)(view)
    return HttpServerResponse.text(page.body, { status, headers: { ...page.headers, ...headersOf(view) } })
  }
