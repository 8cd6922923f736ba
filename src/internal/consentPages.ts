/** The pages at the end of a consent, for applications and for the local server. */
import * as Html from "./html.js"
import * as Languages from "./languages.js"

const { html } = Html

/** The status of each page. */
export const statusOf = {
  Completed: 200,
  Denied: 200,
  WrongUser: 403,
  AlreadyUsed: 410,
  Expired: 410,
  Unknown: 404,
  Failed: 502,
  NotSignedIn: 401
} as const

export type Name = keyof typeof statusOf

export interface PageText {
  /** The heading of the page, and the title of the window. */
  readonly title: string
  /** The paragraph below the heading. */
  readonly text: string
}

export type Texts = { readonly [N in Name]: PageText }

const en: Texts = {
  Completed: { title: "Consent given", text: "The agent can continue. You can close this page." },
  Denied: {
    title: "You did not allow access",
    text: "Nothing was stored, and the agent gets no access. You can change your mind at any time."
  },
  WrongUser: {
    title: "Signed in as another user",
    text:
      "This consent belongs to another user than the one who is signed in here. Nothing was stored. Start again from where you were asked."
  },
  AlreadyUsed: {
    title: "Link already used",
    text: "This consent has already ended, or another user opened the link. Each link works once."
  },
  Expired: {
    title: "Link expired",
    text: "The time for this consent is over. Start again from where you were asked."
  },
  Unknown: {
    title: "Unknown link",
    text: "No consent is waiting here. Check that the whole address was opened, or start again."
  },
  Failed: {
    title: "Consent could not be completed",
    text: "The service did not accept the consent, or access was not allowed. Start again from where you were asked."
  },
  NotSignedIn: { title: "Not signed in", text: "Sign in to the application here, then open this address again." }
}

const de: Texts = {
  Completed: { title: "Zustimmung erteilt", text: "Der Agent kann fortfahren. Sie können diese Seite schließen." },
  Denied: {
    title: "Sie haben den Zugriff nicht erlaubt",
    text: "Nichts wurde gespeichert, und der Agent erhält keinen Zugriff. Sie können sich jederzeit anders entscheiden."
  },
  WrongUser: {
    title: "Mit einem anderen Konto angemeldet",
    text:
      "Diese Zustimmung gehört zu einem anderen Konto als dem, das hier angemeldet ist. Nichts wurde gespeichert. Beginnen Sie dort neu, wo Sie gefragt wurden."
  },
  AlreadyUsed: {
    title: "Link bereits verwendet",
    text: "Dieser Vorgang ist schon beendet, oder ein anderes Konto hat den Link geöffnet. Jeder Link gilt nur einmal."
  },
  Expired: {
    title: "Link abgelaufen",
    text: "Die Zeit für diese Zustimmung ist vorbei. Beginnen Sie dort neu, wo Sie gefragt wurden."
  },
  Unknown: {
    title: "Unbekannter Link",
    text:
      "Hier wartet keine Zustimmung. Prüfen Sie, ob die ganze Adresse geöffnet wurde, oder beginnen Sie noch einmal."
  },
  Failed: {
    title: "Die Zustimmung wurde nicht abgeschlossen",
    text:
      "Der Dienst hat die Zustimmung nicht angenommen, oder der Zugriff wurde nicht erlaubt. Beginnen Sie dort neu, wo Sie gefragt wurden."
  },
  NotSignedIn: {
    title: "Nicht angemeldet",
    text: "Melden Sie sich hier bei der Anwendung an, und öffnen Sie dann diese Adresse noch einmal."
  }
}

/** English is the default, and that of the local server. */
export const texts = { en, de }

/** Renders a page in the language that the header `accept-language` prefers. */
export const render = (
  name: Name,
  acceptLanguage: string | null | undefined
): Html.Page & { readonly status: number } => {
  const language = Languages.choose(["en", "de"], acceptLanguage ?? undefined)
  const { text, title } = texts[language][name]
  const { body, headers } = Html.render({ title, body: html`<p>${text}</p>`, frame: { language } })
  return { status: statusOf[name], headers: { ...headers, vary: "accept-language" }, body }
}
