/** Checks how the pages look and read, and prepares it for each language. */
import * as Effect from "effect/Effect"
import { isObject, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../../IdentityError.js"
import * as Html from "../../internal/html.js"
import * as Languages from "../../internal/languages.js"
import * as Constraint from "../../models/internal/constraint.js"
import * as Validation from "../../plane/validation.js"
import type { Appearance, Connection, Label, Texts } from "./api.js"
import { makeStyle } from "./colors.js"
import { invalid, type Links, parseWebUrl } from "./links.js"
import { texts as ownTexts } from "./texts.js"

const { html } = Html

/** The pages in one language. */
export interface Localized {
  readonly texts: Texts
  readonly frame: Html.Frame
  readonly describe: (connection: Pick<Connection, "name" | "scopes">) => {
    /** Whether the application gave texts for the credential. */
    readonly isDescribed: boolean
    /** `undefined` if the application gave no label. */
    readonly label: string | undefined
    readonly description: string | undefined
    readonly access: ReadonlyArray<string>
  }
}

/** Chooses the language by the header `accept-language`. */
export type Localize = (acceptLanguage: string | undefined) => Localized

const own = <A>(record: { readonly [name: string]: A } | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

// -----------------------------------------------------------------------------
// Checks
// -----------------------------------------------------------------------------

/** Checks the types of the values. The checks below have the other rules. */
const checkTypes = Validation.makeCheck(
  () => {
    const text = Schema.String
    const label = Schema.Union([text, Schema.Record(text, Schema.Unknown)])
    const colors = { accent: Constraint.optional(text), background: Constraint.optional(text) }
    return Schema.Struct({
      appearance: Schema.Struct({
        name: Constraint.optional(Constraint.string(1, Infinity)),
        logo: Constraint.optional(Constraint.string(1, Infinity)),
        colors: Constraint.optional(Schema.Struct({ ...colors, dark: Constraint.optional(Schema.Struct(colors)) })),
        languages: Constraint.optional(Schema.Array(text)),
        texts: Constraint.optional(Schema.Record(text, Schema.Unknown)),
        credentials: Constraint.optional(Schema.Record(
          text,
          Schema.Struct({
            label: Constraint.optional(label),
            description: Constraint.optional(label),
            scopes: Constraint.optional(Schema.Record(text, label))
          })
        ))
      })
    })
  },
  { name: "Connect" }
)

/** The path and the constraint of the first text that a table lacks. */
const findMissing = (
  expected: object,
  given: unknown,
  path: string
): readonly [path: string, constraint: string] | undefined => {
  for (const [name, text] of Object.entries(expected)) {
    const found: unknown = isObject(given) && Object.hasOwn(given, name) ? given[name] : undefined
    if (isObject(text)) {
      const missing = findMissing(text, found, `${path}.${name}`)
      if (missing !== undefined) return missing
    } else if (!isString(found)) return [`${path}.${name}`, "be a text"]
    else if (String(text).includes("{credential}") && !found.includes("{credential}")) {
      return [`${path}.${name}`, "contain the placeholder {credential}"]
    }
  }
  return undefined
}

const checkTexts = (language: string, texts: Texts): Effect.Effect<void, ValidationException> => {
  const path = `appearance.texts.${language}`
  const missing = findMissing(ownTexts.en, texts, path)
  return missing !== undefined
    ? invalid(...missing)
    : texts.direction !== "ltr" && texts.direction !== "rtl"
    ? invalid(`${path}.direction`, "be 'ltr' or 'rtl'")
    : Effect.void
}

const checkLabel = (
  property: string,
  label: Label | undefined,
  languages: ReadonlyArray<string>
): Effect.Effect<void, ValidationException> => {
  if (label === undefined || isString(label)) return Effect.void
  const missing = languages.find((language) => !isString(own(label, language)))
  return missing === undefined
    ? Effect.void
    : invalid(property, `have a text for '${missing}', or the option appearance.languages without it`)
}

const checkCredentials = (
  credentials: Appearance["credentials"] = {},
  languages: ReadonlyArray<string>,
  links: Links
): Effect.Effect<void, ValidationException> =>
  Effect.gen(function*() {
    for (const [name, { description, label, scopes = {} }] of Object.entries(credentials)) {
      const property = `appearance.credentials.${name}`
      if (links.find(name) === undefined) return yield* invalid(property, "have the name of one of the credentials")
      yield* checkLabel(`${property}.label`, label, languages)
      yield* checkLabel(`${property}.description`, description, languages)
      for (const [scope, text] of Object.entries(scopes)) {
        yield* checkLabel(`${property}.scopes.${scope}`, text, languages)
      }
    }
  })

const isLanguageTag = (tag: string): boolean => /^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(tag)

/** The URL of the logo, and its origin if the content security policy has to allow it. */
const checkLogo = (
  { logo, name }: Appearance,
  links: Links
): Effect.Effect<{ readonly url: string; readonly images?: string } | undefined, ValidationException> => {
  if (logo === undefined) return Effect.succeed(undefined)
  if (name === undefined) return invalid("appearance.name", "be given with a logo, as its alternative text")
  if (/^data:image\/[a-z+.-]+[;,]/i.test(logo)) return Effect.succeed({ url: logo })
  const url = parseWebUrl(logo, links.origin)
  return url !== undefined && (url.protocol === "https:" || url.origin === links.origin)
      // Hosts of URLs may contain a semicolon, which would end the directive of the policy.
      && /^https?:\/\/[\w.:[\]-]+$/.test(url.origin)
    ? Effect.succeed({ url: url.href, images: url.origin })
    : invalid("appearance.logo", "be an image as a data: URL, an https: URL, or an address of this server")
}

// -----------------------------------------------------------------------------
// Languages
// -----------------------------------------------------------------------------

export const make = (appearance: Appearance = {}, links: Links): Effect.Effect<Localize, ValidationException> =>
  Effect.gen(function*() {
    const wrong = checkTypes({ appearance })
    if (wrong !== undefined) return yield* wrong
    const { credentials, name } = appearance
    const tables: { readonly [language: string]: Texts } = { ...ownTexts, ...appearance.texts }
    const languages = appearance.languages ?? Object.keys(tables)
    const [first, ...others] = languages
    if (first === undefined) return yield* invalid("appearance.languages", "have at least one language")
    for (const language of languages) {
      const texts = own(tables, language)
      if (!isLanguageTag(language) || texts === undefined) {
        return yield* invalid("appearance.languages", "be language tags that appearance.texts has, or 'en' and 'de'")
      }
      yield* checkTexts(language, texts)
    }
    yield* checkCredentials(credentials, languages, links)
    const logo = yield* checkLogo(appearance, links)
    const header = logo !== undefined
      ? html`<div class="brand"><img src="${logo.url}" alt="${name}"></div>\n`
      : name === undefined
      ? undefined
      : html`<div class="brand">${name}</div>\n`
    const frame: Html.Frame = {
      name,
      header,
      icon: logo?.url,
      images: logo?.images,
      style: yield* makeStyle(appearance.colors)
    }

    const localizeTo = (language: string, texts: Texts): Localized => {
      const read = (label: Label | undefined) => label === undefined || isString(label) ? label : own(label, language)
      return {
        texts,
        frame: { ...frame, language, direction: texts.direction },
        describe: ({ name, scopes }) => {
          const given = own(credentials, name)
          return {
            isDescribed: given !== undefined,
            label: read(given?.label),
            description: read(given?.description),
            access: scopes.map((scope) => read(own(given?.scopes, scope)) ?? own(texts.scopes, scope) ?? scope)
          }
        }
      }
    }
    return (acceptLanguage) => {
      const language = Languages.choose([first, ...others], acceptLanguage)
      return localizeTo(language, tables[language] ?? ownTexts.en)
    }
  })
