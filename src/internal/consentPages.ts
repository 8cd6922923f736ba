/** The pages at the end of a consent. */
import * as Html from "./html.js"

const { html } = Html

export const statusOf = {
  Completed: 200,
  Denied: 200,
  NotUsable: 403,
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
  NotUsable: {
    title: "This link cannot be used",
    text:
      "It belongs to another user or another browser, was already used, or is too old. Nothing was stored. Go back to where you were asked, and start again."
  },
  Failed: {
    title: "Consent could not be completed",
    text: "There is a problem on our side. Reload this page to try again, or start again later."
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
  NotUsable: {
    title: "Dieser Link kann nicht verwendet werden",
    text:
      "Er gehört zu einem anderen Konto oder einem anderen Browser, wurde schon verwendet oder ist zu alt. Es wurde nichts gespeichert. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn."
  },
  Failed: {
    title: "Die Zustimmung wurde nicht abgeschlossen",
    text:
      "Es liegt an uns. Laden Sie diese Seite neu, um es noch einmal zu versuchen, oder beginnen Sie später von vorn."
  },
  NotSignedIn: {
    title: "Nicht angemeldet",
    text: "Melden Sie sich hier bei der Anwendung an, und öffnen Sie dann diese Adresse noch einmal."
  }
}

/** English is the default. */
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
