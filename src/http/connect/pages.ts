/** The pages of `Connect`: HTML without scripts, and the same as JSON. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import * as ConsentPages from "../../internal/consentPages.js"
import * as Html from "../../internal/html.js"
import { type Connection, type Rejection, View } from "./api.js"

const { html } = Html

const rejections: { readonly [R in Rejection]: readonly [status: number, title: string, message: string] } = {
  NotSignedIn: ConsentPages.notSignedIn,
  OtherSite: [403, "Not sent from this page", "The form came from another site, so nothing was done."],
  StaleForm: [
    403,
    "Open the page again",
    "The page was open for too long, or another user is signed in now. Nothing was done. Open the link again."
  ],
  FormTooLarge: [
    413,
    "Form too large",
    "The form is larger than the forms of this page. Nothing was done. Open the link again."
  ],
  UnknownCredential: [404, "Unknown link", "Nothing can be connected here. Check that the whole address was opened."],
  ContinueNotAllowed: [400, "Address not allowed", "The application does not allow the address after this link."],
  OtherUserKind: [
    500,
    "Signed in with another kind of account",
    "The application identifies you here in another way than its agent does. This is an error of the application, not yours."
  ],
  Unavailable: [502, "Not possible now", "The service did not respond as expected. Try again later."]
}

const statusOf = (view: View): number =>
  view._tag === "Returned"
    ? ConsentPages.textOf(view.outcome)[0]
    : view._tag === "Refused"
    ? rejections[view.reason][0]
    : 200

const states: { readonly [S in Connection["state"]]: string } = {
  Granted: "Connected",
  NotGranted: "Not connected",
  Unknown: "Not known now"
}

const button = (action: string, label: string, isFirst: boolean): Html.Html =>
  html`<button${
    isFirst ? html` class="first"` : undefined
  } type="submit" name="action" value="${action}">${label}</button>`

const formOf = ({ link, name, state }: Connection, formToken: Redacted.Redacted, continueUrl?: string): Html.Html =>
  html`<form method="post" action="${new URL(link).pathname}">
<input type="hidden" name="token" value="${Redacted.value(formToken)}">
${continueUrl === undefined ? undefined : html`<input type="hidden" name="continue" value="${continueUrl}">`}
${
    state === "Granted"
      ? html`${button("reconnect", `Reconnect ${name}`, false)}${button("disconnect", `Disconnect ${name}`, false)}`
      : button("connect", `Connect ${name}`, true)
  }
</form>`

const revoke = ({ revokeAt }: Connection): Html.Html | undefined =>
  revokeAt === undefined
    ? undefined
    : html`<p class="soft"><a href="${revokeAt}" rel="noreferrer">Withdraw the access at the vendor</a></p>`

const facts = (connection: Connection, user?: string): Html.Html =>
  html`<dl>
${user === undefined ? undefined : html`<div><dt>Signed in as</dt><dd>${user}</dd></div>`}
<div><dt>Connects</dt><dd>${connection.provider}</dd></div>
${
    connection.scopes.length === 0
      ? undefined
      : html`<div><dt>Access</dt><dd><ul>${connection.scopes.map((scope) => html`<li>${scope}</li>`)}</ul></dd></div>`
  }
<div><dt>State</dt><dd>${states[connection.state]}</dd></div>
</dl>`

const toPage = View.$match({
  Connections: ({ connections, formToken, user }) =>
    Html.render({
      title: "Your connections",
      forms: true,
      body: html`<p>Signed in as <strong>${user}</strong></p>${
        connections.map((connection) =>
          html`<section><h2>${connection.name}</h2>${facts(connection)}${formOf(connection, formToken)}${
            revoke(connection)
          }</section>`
        )
      }`
    }),
  Link: ({ connection, continue: continueUrl, formToken, user }) =>
    Html.render({
      title: connection.state === "Granted" ? `${connection.name} is connected` : `Connect ${connection.name}`,
      forms: true,
      body: html`${facts(connection, user)}${
        connection.state === "Granted"
          ? html`<p>There is nothing to do.${
            continueUrl === undefined ? undefined : html` <a href="${continueUrl}">Continue</a>`
          }</p>`
          : undefined
      }${connection.state === "NotGranted" ? undefined : revoke(connection)}${
        formOf(connection, formToken, continueUrl)
      }`
    }),
  Started: ({ authorizationUrl, connection }) =>
    Html.render({
      title: `Connecting ${connection.name}`,
      refresh: Redacted.value(authorizationUrl),
      body: html`<p>The page of the vendor opens.</p><p><a href="${Redacted.value(authorizationUrl)}">Continue</a></p>`
    }),
  Disconnected: ({ connection }) =>
    Html.render({
      title: `${connection.name} is disconnected`,
      body: html`<p>The agent has no access any more. The vendor may still list it.</p>${revoke(connection)}`
    }),
  Returned: ({ continue: continueUrl, outcome }) =>
    continueUrl === undefined ? ConsentPages.render(outcome) : ConsentPages.render("Continued", continueUrl),
  Refused: ({ reason }) => Html.render({ title: rejections[reason][1], body: html`<p>${rejections[reason][2]}</p>` })
})

const toJson = View.$match({
  Connections: ({ connections, formToken, user }) => ({ user, connections, token: Redacted.value(formToken) }),
  Link: ({ connection, continue: continueUrl, formToken, user }) => ({
    user,
    connection,
    continue: continueUrl,
    token: Redacted.value(formToken)
  }),
  Started: ({ authorizationUrl, connection }) => ({ connection, authorizationUrl: Redacted.value(authorizationUrl) }),
  Disconnected: ({ connection }) => ({ connection }),
  Returned: ({ continue: continueUrl, credential, outcome }) => ({ outcome, credential, continue: continueUrl }),
  Refused: ({ reason }) => ({ error: reason, message: rejections[reason][2] })
})

/**
 * Headers of every response, including the application's own pages. A browser sends `Origin: null` with a form if the
 * page sends no referrer, so pages with forms send the referrer to their own origin.
 */
export const headersOf = (view: View): { readonly [name: string]: string } => ({
  "cache-control": "no-store",
  "referrer-policy": view._tag === "Connections" || view._tag === "Link" ? "same-origin" : "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  vary: "accept"
})

export const respond = (view: View, asJson: boolean): HttpServerResponse.HttpServerResponse => {
  const status = statusOf(view)
  if (asJson) return HttpServerResponse.jsonUnsafe(toJson(view), { status, headers: headersOf(view) })
  const { body, headers } = toPage(view)
  return HttpServerResponse.text(body, { status, headers: { ...headers, ...headersOf(view) } })
}
