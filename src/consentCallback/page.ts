/** The plain pages of the consent callback. */
import * as Html from "../internal/html.js"
import type { Outcome } from "./completion.js"

type Name = Outcome["_tag"] | "NotSignedIn"

const texts: { readonly [K in Name]: readonly [status: number, title: string, text: string] } = {
  Completed: [200, "Consent given", "The agent can go on. You can close this page."],
  WrongUser: [
    403,
    "Signed in as another user",
    "This consent belongs to another user than the one who is signed in here. Nothing was stored. Start again from where you were asked."
  ],
  AlreadyUsed: [
    410,
    "Link already used",
    "This consent was already completed, or another user opened the link. Each link works once."
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
  NotSignedIn: [401, "Not signed in", "Sign in to the application here, then open this address again."]
}

export const render = (name: Name): Html.Page & { readonly status: number } => {
  const [status, title, text] = texts[name]
  return { status, ...Html.render({ title, body: Html.html`<p>${text}</p>` }) }
}
