/** The pages at the end of a consent, for applications and for the local server. */
import * as Html from "./html.js"

const { html } = Html

/** A function for the pages of the local server, which name the provider. */
type Text = string | ((provider: string) => Html.Html)

export const notSignedIn = [
  401,
  "Not signed in",
  "Sign in to the application here, then open this address again."
] as const

const pages = {
  Completed: [200, "Consent given", "The agent can continue. You can close this page."],
  /** The browser returns to the application. */
  Continued: [200, "Consent given", "The agent can continue."],
  WrongUser: [
    403,
    "Signed in as another user",
    "This consent belongs to another user than the one who is signed in here. Nothing was stored. Start again from where you were asked."
  ],
  AlreadyUsed: [
    410,
    "Link already used",
    "This consent was completed before, or another user opened the link. Each link works once."
  ],
  Expired: [410, "Link expired", "The time for this consent is over. Start again from where you were asked."],
  Unknown: [
    404,
    "Unknown link",
    "No consent is waiting here. Check that the whole address was opened, or start again."
  ],
  Failed: [
    502,
    "Consent could not be completed",
    "The service did not accept the consent. Start again from where you were asked."
  ],
  NotSignedIn: notSignedIn,
  Refused: [
    200,
    "Consent denied",
    (provider) =>
      html`You denied access through the provider <strong>${provider}</strong>. Nothing was stored, and the agent gets no access. You can close this page.`
  ],
  Rejected: [
    502,
    "Consent failed",
    (provider) =>
      html`The authorization server of the provider <strong>${provider}</strong> returned an error. Nothing was stored. Go back to the application and start again.`
  ],
  Unavailable: [
    503,
    "Authorization server unavailable",
    (provider) =>
      html`The authorization server of the provider <strong>${provider}</strong> cannot be reached, or its configuration is not valid. Reload this page to try again.`
  ]
} as const satisfies { readonly [name: string]: readonly [status: number, title: string, text: Text] }

export type Name = keyof typeof pages

export const textOf = (name: Name, provider = ""): readonly [status: number, title: string, text: Html.Html] => {
  const [status, title, text]: readonly [number, string, Text] = pages[name]
  return [status, title, typeof text === "string" ? html`${text}` : text(provider)]
}

/** Renders a page without the kicker of the local server. With `continueTo`, the browser then opens that address. */
export const render = (name: Name, continueTo?: string): Html.Page & { readonly status: number } => {
  const [status, title, text] = textOf(name)
  const link = continueTo === undefined ? undefined : html`<p><a href="${continueTo}">Continue</a></p>`
  return { status, ...Html.render({ title, refresh: continueTo, body: html`<p>${text}</p>${link}` }) }
}
