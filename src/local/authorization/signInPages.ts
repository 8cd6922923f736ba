/** The pages of the development authorization server. */
import * as Html from "../../internal/html.js"
import { html } from "../../internal/html.js"
import { maxUserNameLength } from "./accounts.js"

const kicker = "Development authorization server"

const developmentNote = html`<p class="note">This server is for development. It asks for no password.</p>`

export const login = (options: {
  readonly action: string
  readonly client: string
  readonly userName?: string | undefined
  readonly problem?: string | undefined
}): Html.Page =>
  Html.render({
    title: "Sign in",
    kicker,
    forms: true,
    body: html`<p><strong>${options.client}</strong> wants to use your account. Please sign in first.</p>
<form method="post" action="${options.action}">
<input type="hidden" name="prompt" value="login">
<label for="login">User name</label>
<input type="text" id="login" name="login" value="${options.userName ?? ""}"
  required maxlength="${maxUserNameLength}" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus
  ${options.problem === undefined ? undefined : html`aria-invalid="true" aria-describedby="problem"`}>
${options.problem === undefined ? undefined : html`<p class="bad" id="problem" role="alert">${options.problem}</p>`}
<button class="first" type="submit">Sign in</button>
</form>
${developmentNote}`
  })

const descriptions: Readonly<Record<string, string>> = {
  openid: "know your user name",
  offline_access: "keep access while you are away"
}

const scopeItem = (scope: string): Html.Html => {
  const description = Object.hasOwn(descriptions, scope) ? html`: ${descriptions[scope]}` : undefined
  return html`<li><code>${scope}</code>${description}</li>`
}

export const consent = (options: {
  readonly action: string
  readonly client: string
  readonly userName: string
  readonly scopes: ReadonlyArray<string>
  readonly returnTo: string
}): Html.Page =>
  Html.render({
    title: `Allow ${options.client} to act for you?`,
    kicker,
    forms: true,
    body: html`<dl>
<div><dt>Signed in as</dt><dd>${options.userName}</dd></div>
<div><dt>It asks for</dt><dd>${
      options.scopes.length === 0 ? "no scope" : html`<ul>${options.scopes.map(scopeItem)}</ul>`
    }</dd></div>
<div><dt>Then you return to</dt><dd>${options.returnTo}</dd></div>
</dl>
<form method="post" action="${options.action}">
<input type="hidden" name="prompt" value="consent">
<button class="first" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
<button class="link" type="submit" name="decision" value="switch">Sign in as another user</button>
</form>`
  })

export const proceed = (to: string): Html.Page =>
  Html.render({
    title: "One moment",
    kicker,
    refresh: to,
    body: html`<p>The next page opens now. If it does not, <a href="${to}">continue here</a>.</p>`
  })

export const problem = (title: string, explanation: string, code?: string): Html.Page =>
  Html.render({
    title,
    kicker,
    body: html`<p>${explanation}</p>${
      code === undefined ? undefined : html`<p class="soft">Error: <code>${code}</code></p>`
    }`
  })

export const expired: Html.Page = problem(
  "This page has expired",
  "This request is already complete, is too old, or was started in another browser. "
    + "Go back to the application and start again."
)

export const wrongForm: Html.Page = problem(
  "This did not work",
  "The form does not belong to this step. Go back and try again."
)

export const formTooLarge: Html.Page = problem(
  "Form too large",
  "The form is larger than the forms of this page, so the server ignored it. Go back and try again."
)

export const unknownHost: Html.Page = problem(
  "Unknown host",
  "This server does not accept the host name in the address. The option allowedHosts adds names."
)

export const noNavigation: Html.Page = problem(
  "This did not work",
  "A page of another site can only link or redirect to this server. It cannot load it in the background."
)

export const home = (options: { readonly issuer: string; readonly discoveryUrl: string }): Html.Page =>
  Html.render({
    title: "The server is running",
    kicker,
    body: html`<dl>
<div><dt>Issuer</dt><dd><code>${options.issuer}</code></dd></div>
<div><dt>Discovery</dt><dd><a href="${options.discoveryUrl}">${options.discoveryUrl}</a></dd></div>
</dl>${developmentNote}`
  })
