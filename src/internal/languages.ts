/** Chooses the language of a page. */

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
export const choose = <Language extends string>(
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
