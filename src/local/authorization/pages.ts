/**
 * What the development authorization server shows: sign in, consent, and what went wrong.
 *
 * @since 0.1.0
 */
import * as Page from "../../internal/html.js"

const kicker = "Development authorization server"

const developmentNote = Page
  .html`<p class="note">This server is for development: it asks for no password, and believes every user name.</p>`

/** @internal */
export const maxUserNameLength = 128

/** @internal */
export const login = (options: {
  readonly action: string
  readonly client: string
  readonly userName?: string | undefined
  readonly problem?: string | undefined
}): Page.Page =>
  Page.render({
    title: "Sign in",
    kicker,
    forms: true,
    body: Page.html`<p><strong>${options.client}</strong> wants to use your account. First say who you are.</p>
<form method="post" action="${options.action}">
<input type="hidden" name="prompt" value="login">
<label for="login">User name</label>
<input type="text" id="login" name="login" value="${options.userName ?? ""}"
  required maxlength="${maxUserNameLength}" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus
  ${options.problem === undefined ? undefined : Page.html`aria-invalid="true" aria-describedby="problem"`}>
${
      options.problem === undefined
        ? undefined
        : Page.html`<p class="bad" id="problem" role="alert">${options.problem}</p>`
    }
<button class="first" type="submit">Sign in</button>
</form>
${developmentNote}`
  })

const scopeText: Record<string, string> = {
  openid: "know your user name",
  offline_access: "keep access while you are away"
}

/** @internal */
export const consent = (options: {
  readonly action: string
  readonly client: string
  readonly userName: string
  readonly scopes: ReadonlyArray<string>
  readonly returnsTo: string
}): Page.Page =>
  Page.render({
    title: `Allow ${options.client} to act for you?`,
    kicker,
    forms: true,
    body: Page.html`<dl>
<div><dt>Signed in as</dt><dd>${options.userName}</dd></div>
<div><dt>It asks for</dt><dd>${
      options.scopes.length === 0
        ? "no scope"
        : Page.html`<ul>${
          options.scopes.map((scope) =>
            Page.html`<li><code>${scope}</code>${
              scopeText[scope] === undefined ? undefined : Page.html`: ${scopeText[scope]}`
            }</li>`
          )
        }</ul>`
    }</dd></div>
<div><dt>Then you return to</dt><dd>${options.returnsTo}</dd></div>
</dl>
<form method="post" action="${options.action}">
<input type="hidden" name="prompt" value="consent">
<button class="first" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
<button class="link" type="submit" name="decision" value="switch">Sign in as somebody else</button>
</form>`
  })

/** @internal */
export const proceed = (to: string): Page.Page =>
  Page.render({
    title: "One moment",
    kicker,
    refresh: to,
    body: Page.html`<p>You are taken on. <a href="${to}">Continue</a> if nothing happens.</p>`
  })

/** @internal */
export const problem = (options: {
  readonly title: string
  readonly text: string
  readonly code?: string | undefined
}): Page.Page =>
  Page.render({
    title: options.title,
    kicker,
    body: Page.html`<p>${options.text}</p>${
      options.code === undefined ? undefined : Page.html`<p class="soft">Error: <code>${options.code}</code></p>`
    }`
  })

/** @internal */
export const home = (options: { readonly issuer: string; readonly discoveryUrl: string }): Page.Page =>
  Page.render({
    title: "It runs",
    kicker,
    body: Page.html`<dl>
<div><dt>Issuer</dt><dd><code>${options.issuer}</code></dd></div>
<div><dt>Discovery</dt><dd><a href="${options.discoveryUrl}">${options.discoveryUrl}</a></dd></div>
</dl>${developmentNote}`
  })
