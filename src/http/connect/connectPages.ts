/** The pages of `Connect`: HTML without scripts, and the same as JSON. */
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import * as ConsentPages from "../../internal/consentPages.js"
import * as Html from "../../internal/html.js"
import type { Texts } from "./appearance.js"
import * as Card from "./card.js"
import { type Connection, View } from "./connectTypes.js"
import type { Localize, Localized } from "./localize.js"

const { html } = Html

const statusOfRejection: { readonly [R in Extract<View, { readonly _tag: "Rejected" }>["reason"]]: number } = {
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

const statusOfReturn = { ...ConsentPages.statusOf, WrongAccount: 403, AccountUnknown: 502 } as const

const statusOf = (view: View): number =>
  view._tag === "Returned"
    ? statusOfReturn[view.outcome]
    : view._tag === "Rejected"
    ? statusOfRejection[view.reason]
    : 200

type Page<Tag extends View["_tag"]> = (view: Extract<View, { readonly _tag: Tag }>, localized: Localized) => Html.Page

const render = (
  title: string,
  body: Html.Html,
  { frame }: Localized,
  options?: Pick<Html.Options, "forms" | "refresh" | "wide">
): Html.Page => Html.render({ title, body, frame, ...options })

const titleOf = (
  text: "connect" | "connected" | "connecting" | "disconnected",
  connection: Pick<Connection, "name" | "provider" | "scopes">,
  { describe, texts }: Localized
): string => Card.fill(texts[text], { credential: describe(connection).label })

/** Links to where the user can go on. The first one looks like the main button of a form. */
const linksTo = (...ways: ReadonlyArray<readonly [text: string, url: string | undefined] | undefined>): Html.Html =>
  html`<nav>${
    ways.flatMap((way) => way === undefined || way[1] === undefined ? [] : [[way[0], way[1]] as const]).map(
      ([text, url], index) => html`<a class="button${index === 0 ? " first" : ""}" href="${url}">${text}</a>`
    )
  }</nav>`

const signedInAs = (name: string, { signedInAs }: typeof Texts.Type): Html.Html =>
  html`<p class="soft">${signedInAs} <strong>${name}</strong></p>`

const connectionsPage: Page<"Connections"> = ({ connections, formToken, user }, localized) => {
  const { texts } = localized
  return render(
    texts.connections,
    html`${signedInAs(user, texts)}${connections.length === 0 ? html`<p>${texts.noConnections}</p>` : undefined}${
      connections.map((connection) => Card.card(connection, localized, { level: "h2", formToken }))
    }`,
    localized,
    { forms: true, wide: true }
  )
}

const linkPage: Page<"Link"> = (
  { connection, connectionsUrl, continue: continueUrl, formToken, user },
  localized
) => {
  const { texts } = localized
  const isGranted = connection.state === "Granted"
  return render(
    titleOf(isGranted ? "connected" : "connect", connection, localized),
    html`${signedInAs(user, texts)}${
      isGranted ? html`<p>${texts.nothingToDo}</p>${linksTo([texts.continue, continueUrl])}` : undefined
    }${Card.card(connection, localized, { level: "p", formToken, continue: continueUrl })}
<p class="soft"><a href="${connectionsUrl}">${texts.connections}</a></p>`,
    localized,
    { forms: true }
  )
}

const startedPage: Page<"Started"> = ({ authorizationUrl, connection }, localized) => {
  const url = Redacted.value(authorizationUrl)
  const { texts } = localized
  return render(
    titleOf("connecting", connection, localized),
    html`<p>${texts.vendorOpens}</p>${linksTo([texts.continue, url])}`,
    localized,
    { refresh: url }
  )
}

const disconnectedPage: Page<"Disconnected"> = (
  { atVendor, connection, connectionsUrl, continue: continueUrl },
  localized
) => {
  const { texts } = localized
  return render(
    titleOf("disconnected", connection, localized),
    html`<p>${texts.accessEnded} ${texts.atVendor[atVendor]}</p>${
      atVendor === "Revoked" ? undefined : Card.withdrawal(connection, texts)
    }${linksTo([texts.continue, continueUrl], [texts.connections, connectionsUrl])}`,
    localized
  )
}

const returnedPage: Page<"Returned"> = (
  { account, connectionsUrl, continue: continueUrl, link, outcome, user },
  localized
) => {
  const { texts } = localized
  const { text, title } = texts.outcomes[outcome]
  const isCompleted = outcome === "Completed"
  const isUnusable = outcome === "NotUsable"
  const line = isCompleted ? Card.accountLine({ account }, texts) : undefined
  const retry = outcome === "WrongAccount" ? texts.connectAnother : texts.tryAgain
  return render(
    title,
    html`<p>${
      outcome === "WrongAccount"
        ? Card.fill(text, { account: Card.labelOfAccount(account) ?? texts.anotherAccount, user })
        : text
    }</p>${line === undefined ? undefined : html`<p>${line}</p>`}${
      linksTo(
        isCompleted ? undefined : [retry, link],
        isUnusable ? undefined : [texts.continue, continueUrl],
        [texts.connections, connectionsUrl],
        isUnusable ? [texts.backToApplication, continueUrl] : undefined
      )
    }`,
    localized,
    isCompleted ? { refresh: continueUrl } : {}
  )
}

const rejectedPage: Page<"Rejected"> = ({ connectionsUrl, link, reason }, localized) => {
  const { texts } = localized
  const { text, title } = texts.rejections[reason]
  // No page can serve a user of another kind.
  const ways = reason === "OtherUserKind"
    ? undefined
    : linksTo([texts.tryAgain, link], [texts.connections, connectionsUrl])
  return render(title, html`<p>${text}</p>${ways}`, localized)
}

const makePages = (localized: Localized) =>
  View.$match({
    Connections: (view) => connectionsPage(view, localized),
    Link: (view) => linkPage(view, localized),
    Started: (view) => startedPage(view, localized),
    Disconnected: (view) => disconnectedPage(view, localized),
    Returned: (view) => returnedPage(view, localized),
    Rejected: (view) => rejectedPage(view, localized)
  })

const makeJson = ({ describe, texts }: Localized) => {
  /** Adds the texts that the application gave. */
  const withTexts = <C extends Pick<Connection, "name" | "provider" | "scopes">>(connection: C) => {
    const { isDescribed, ...texts } = describe(connection)
    return isDescribed ? { ...connection, ...texts } : connection
  }
  return View.$match({
    Connections: ({ _tag, connections, formToken, ...view }) => ({
      ...view,
      connections: connections.map(withTexts),
      token: Redacted.value(formToken)
    }),
    Link: ({ _tag, connection, formToken, ...view }) => ({
      ...view,
      connection: withTexts(connection),
      token: Redacted.value(formToken)
    }),
    Started: ({ authorizationUrl, connection }) => ({
      connection: withTexts(connection),
      authorizationUrl: Redacted.value(authorizationUrl)
    }),
    Disconnected: ({ _tag, connection, ...view }) => ({ ...view, connection: withTexts(connection) }),
    Returned: ({ _tag, ...view }) => view,
    Rejected: ({ _tag, reason, ...view }) => ({ ...view, error: reason, message: texts.rejections[reason].text })
  })
}

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

export const make = (localize: Localize) => {
  const choose = localize((localized) => ({ toJson: makeJson(localized), toPage: makePages(localized) }))
  return (view: View, { headers }: HttpServerRequest.HttpServerRequest): HttpServerResponse.HttpServerResponse => {
    const status = statusOf(view)
    const { toJson, toPage } = choose(headers["accept-language"])
    if (wantsJson(headers["accept"])) {
      return HttpServerResponse.jsonUnsafe(toJson(view), { status, headers: headersOf(view) })
    }
    const page = toPage(view)
    return HttpServerResponse.text(page.body, { status, headers: { ...page.headers, ...headersOf(view) } })
  }
}
