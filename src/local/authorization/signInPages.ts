/** The pages of the development authorization server, and a simulated user who acts on them. */
import * as Html from "../../internal/html.js"
import { html } from "../../internal/html.js"
import { type FilledForm, fillInForm, makeBrowser, type UserInput } from "../internal/browser.js"
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

/** Why the user did not return to the client. The message contains no secrets. */
export class DecisionError extends Error {
  override readonly name = "DecisionError"
}

const timeout = 10_000

/** Sign-in and consent need eight steps. */
const maxSteps = 20

/** Reads the `error` that a page of the server shows. */
const errorOf = (page: string): string => {
  const code = /Error: <code>([\w.-]{1,64})<\/code>/.exec(page)?.[1]
  return code === undefined ? "" : `: ${code}`
}

/**
 * Opens an authorization request in a new browser, signs in, and allows or denies. Returns the redirect to the client,
 * whose query contains the authorization response. It opens no page of another origin.
 */
export const decide = async (
  issuer: string,
  { authorizationUrl, ...input }: { readonly authorizationUrl: string } & Pick<UserInput, "userName" | "decision">,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal }
): Promise<string> => {
  const load = makeBrowser(timeout)
  let url = new URL(authorizationUrl)
  let form: FilledForm | undefined
  for (let count = 0; count < maxSteps; count++) {
    if (url.origin !== issuer) return url.href
    const page = await load(url, { body: form?.values, now, signal })
    form = page.next !== undefined || form !== undefined || page.status >= 300
      ? undefined
      : fillInForm(page.html, { ...input, connects: false })
    const next = page.next ?? form?.action
    if (next === undefined) {
      throw new DecisionError(
        `the authorization server rejected it with the status ${page.status}${errorOf(page.html)}`
      )
    }
    url = new URL(next, url)
  }
  throw new DecisionError(`the authorization server shows more than ${maxSteps} pages and redirects`)
}
