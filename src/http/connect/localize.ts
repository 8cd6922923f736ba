/** Checks an appearance against the credentials, and prepares the pages in each language. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as Record from "effect/Record"
import type { ValidationException } from "../../IdentityError.js"
import * as ConsentPages from "../../internal/consentPages.js"
import * as Html from "../../internal/html.js"
import type * as Appearances from "./appearance.js"
import type { Texts } from "./appearance.js"
import type { Appearance, Connection } from "./connectTypes.js"
import { invalid, type Links, parseWebUrl } from "./links.js"
import { makeStyle } from "./style.js"
import { texts as ownTexts } from "./texts.js"

const { html } = Html

/** The pages in one language. */
export interface Localized {
  readonly texts: typeof Texts.Type
  readonly frame: Html.Frame
  readonly formatDate: (date: string) => string
  readonly describe: (connection: Pick<Connection, "name" | "provider" | "scopes">) => {
    /** Whether the application gave texts for the credential. */
    readonly isDescribed: boolean
    readonly label: string
    readonly vendor: string
    /** A URL. */
    readonly logo: string | undefined
    readonly description: string | undefined
    readonly access: ReadonlyArray<string>
  }
}

/** Makes something for each language once. Returns a function that chooses by the header `accept-language`. */
export type Localize = <A>(make: (localized: Localized) => A) => (acceptLanguage: string | undefined) => A

const own = <A>(record: { readonly [name: string]: A } | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

/** `google-calendar` and `googleCalendar` are `Google Calendar`. */
const toTitleCase = (name: string): string =>
  name.replace(/[-_ ]+/g, " ").replace(/([a-z\d])(?=[A-Z])/g, "$1 ").replace(
    /(^| )[a-z]/g,
    (word) => word.toUpperCase()
  )

const isLanguageTag = (tag: string): boolean => Option.isSome(Option.liftThrowable(Intl.getCanonicalLocales)(tag))

interface Image {
  readonly url: string
  /** Its origin, if the content security policy has to allow it. */
  readonly origin?: string
}

const checkLogo = (logo: string, property: string, links: Links): Effect.Effect<Image, ValidationException> => {
  if (/^data:image\/[a-z+.-]+[;,]/i.test(logo)) return Effect.succeed({ url: logo })
  const url = parseWebUrl(logo, links.origin)
  return url !== undefined && (url.protocol === "https:" || url.origin === links.origin)
      // Hosts of URLs may contain a semicolon, which would end the directive of the policy.
      && /^https?:\/\/[\w.:[\]-]+$/.test(url.origin)
    ? Effect.succeed({ url: url.href, origin: url.origin })
    : invalid(property, "be an image as a data: URL, an https: URL, or an address of this server")
}

/** Each credential is one of Connect, and has each of its labels in all languages. Returns the logos by name. */
const checkCredentials = (
  credentials: Appearance["credentials"] = {},
  languages: ReadonlyArray<string>,
  links: Links
): Effect.Effect<ReadonlyMap<string, Image>, ValidationException> =>
  Effect.gen(function*() {
    const logos = new Map<string, Image>()
    for (const [name, { logo, scopes = {}, ...labels }] of Object.entries(credentials)) {
      const property = `appearance.credentials.${name}`
      if (links.find(name) === undefined) return yield* invalid(property, "have the name of one of the credentials")
      if (logo !== undefined) logos.set(name, yield* checkLogo(logo, `${property}.logo`, links))
      const all = { ...labels, ...Record.mapKeys(scopes, (scope) => `scopes.${scope}`) }
      for (const [part, label] of Object.entries(all)) {
        const missing = label === undefined || isString(label)
          ? undefined
          : languages.find((language) => own(label, language) === undefined)
        if (missing !== undefined) {
          return yield* invalid(
            `${property}.${part}`,
            `have a text for '${missing}', or the option appearance.languages without it`
          )
        }
      }
    }
    return logos
  })

const makeHeader = (name: string | undefined, logo: Image | undefined): Html.Html | undefined => {
  if (logo !== undefined) return html`<div class="brand"><img src="${logo.url}" alt="${name}"></div>\n`
  return name === undefined ? undefined : html`<div class="brand">${name}</div>\n`
}

const makeLocalized = (
  language: string,
  { credentials, frame, logos, texts }: {
    readonly credentials: Appearance["credentials"]
    readonly frame: Html.Frame
    readonly logos: ReadonlyMap<string, Image>
    readonly texts: typeof Texts.Type
  }
): Localized => {
  const read = (label: Appearances.Label | undefined) =>
    label === undefined || isString(label) ? label : own(label, language)
  return {
    texts,
    frame: { ...frame, language, direction: texts.direction },
    formatDate: (date) => DateTime.formatUtc(DateTime.makeUnsafe(date), { locale: language, dateStyle: "long" }),
    describe: ({ name, provider, scopes }) => {
      const given = own(credentials, name)
      return {
        isDescribed: given !== undefined,
        label: read(given?.label) ?? toTitleCase(name),
        vendor: read(given?.vendor) ?? toTitleCase(provider),
        logo: logos.get(name)?.url,
        description: read(given?.description),
        access: scopes.map((scope) => read(own(given?.scopes, scope)) ?? own(texts.scopes, scope) ?? scope)
      }
    }
  }
}

export const make = (appearance: Appearance = {}, links: Links): Effect.Effect<Localize, ValidationException> =>
  Effect.gen(function*() {
    const { credentials, name } = appearance
    const tables: { readonly [language: string]: typeof Texts.Type } = { ...ownTexts, ...appearance.texts }
    const languages = appearance.languages ?? Object.keys(tables)
    // The schema has rejected an empty list.
    const [first = "en", ...others] = languages
    for (const language of languages) {
      if (!isLanguageTag(language) || own(tables, language) === undefined) {
        return yield* invalid("appearance.languages", "be language tags that appearance.texts has, or 'en' and 'de'")
      }
    }
    const logos = yield* checkCredentials(credentials, languages, links)
    if (appearance.logo !== undefined && name === undefined) {
      return yield* invalid("appearance.name", "be given with a logo, as its alternative text")
    }
    const logo = appearance.logo === undefined
      ? undefined
      : yield* checkLogo(appearance.logo, "appearance.logo", links)
    const origins = [logo, ...logos.values()].flatMap((image) => image?.origin ?? [])
    const frame: Html.Frame = {
      name,
      header: makeHeader(name, logo),
      icon: logo?.url,
      images: origins.length === 0 ? undefined : [...new Set(origins)].join(" "),
      style: makeStyle(appearance.colors)
    }

    const localized = (language: string) =>
      makeLocalized(language, { credentials, frame, logos, texts: tables[language] ?? ownTexts.en })
    return (make) => {
      const byDefault = make(localized(first))
      const made = new Map(others.map((language) => [language, make(localized(language))]))
      return (acceptLanguage) => made.get(ConsentPages.chooseLanguage([first, ...others], acceptLanguage)) ?? byDefault
    }
  })
