/** The pages at the end of a consent, for applications and for the local server. */
import * as Html from "./html.js"

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

type Name = keyof typeof statusOf

interface PageText {
  /** The heading of the page, and the title of the window. */
  readonly title: string
  /** The paragraph below the heading. */
  readonly text: string
}

type Texts = { readonly [N in Name]: PageText }

const en: Texts = {
  Completed: { title: "Consent given", text: "The agent can continue. You can close this page." },
  Denied: {
    title: "You did not allow access",
    text: "Nothing was stored, and the agent gets no access. You can change your mind at any time."
  },
  WrongUser: {
    title: "Signed in as another user",
    text: "Another user started this consent. Nothing was stored. Go back to where you were asked, and start again."
  },
  AlreadyUsed: {
    title: "Link already used",
    text: "This consent has already ended, or another user has opened the link. Each link works only once."
  },
  Expired: {
    title: "Link expired",
    text: "The time to give consent has run out. Go back to where you were asked, and start again."
  },
  Unknown: {
    title: "Unknown link",
    text: "No consent is waiting here. Check that you opened the complete address, or start again."
  },
  Failed: {
    title: "Consent could not be completed",
    text:
      "The service did not accept the consent, or access was not allowed. Go back to where you were asked, and start again."
  },
  NotSignedIn: { title: "Not signed in", text: "Sign in to the application here, then open this address again." }
}

const de: Texts = {
  Completed: { title: "Zustimmung erteilt", text: "Der Agent kann fortfahren. Sie können diese Seite schließen." },
  Denied: {
    title: "Sie haben den Zugriff nicht erlaubt",
    text:
      "Es wurde nichts gespeichert, und der Agent erhält keinen Zugriff. Sie können es sich jederzeit anders überlegen."
  },
  WrongUser: {
    title: "Mit einem anderen Konto angemeldet",
    text:
      "Diese Zustimmung gehört zu einem anderen Konto als dem, das hier angemeldet ist. Es wurde nichts gespeichert. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn."
  },
  AlreadyUsed: {
    title: "Link bereits verwendet",
    text:
      "Dieser Vorgang ist bereits beendet, oder der Link wurde mit einem anderen Konto geöffnet. Jeder Link gilt nur einmal."
  },
  Expired: {
    title: "Link abgelaufen",
    text:
      "Die Zeit für die Zustimmung ist abgelaufen. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn."
  },
  Unknown: {
    title: "Unbekannter Link",
    text:
      "Hier wird auf keine Zustimmung gewartet. Prüfen Sie, ob Sie die vollständige Adresse geöffnet haben, oder beginnen Sie von vorn."
  },
  Failed: {
    title: "Die Zustimmung wurde nicht abgeschlossen",
    text:
      "Der Dienst hat die Zustimmung nicht angenommen, oder der Zugriff wurde nicht erlaubt. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn."
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
  const language = chooseLanguage(["en", "de"], acceptLanguage ?? undefined)
  const { text, title } = texts[language][name]
  const { body, headers } = Html.render({ title, body: html`<p>${text}</p>`, frame: { language } })
  return { status: statusOf[name], headers: { ...headers, vary: "accept-language" }, body }
}

// -----------------------------------------------------------------------------
// The language of a page
// -----------------------------------------------------------------------------

/** The language ranges of the header, the preferred one first. */
const rangesOf = (acceptLanguage: string): ReadonlyArray<string> =>
  acceptLanguage.slice(0, 1024).toLowerCase().split(",").map((item) => {
    const [range = "", ...parameters] = item.split(";").map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith("q="))
    return { range, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 }
  }).filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight).map(({ range }) => range)

/**
 * Returns the language that the header `accept-language` prefers, and the first one if it accepts none of them: `de-AT`
 * accepts `de`, and `pt` accepts `pt-BR`.
 */
export const chooseLanguage = <Language extends string>(
  languages: readonly [Language, ...ReadonlyArray<Language>],
  acceptLanguage: string | undefined
): Language => {
  for (const range of rangesOf(acceptLanguage ?? "")) {
    if (range === "*") return languages[0]
    const fitting = languages.find((language) => language.toLowerCase() === range)
      ?? languages.find((language) => range.startsWith(`${language.toLowerCase()}-`))
      ?? languages.find((language) => language.toLowerCase().startsWith(`${range}-`))
    if (fitting !== undefined) return fitting
  }
  return languages[0]
}
