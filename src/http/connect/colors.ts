/** The colors of an application, as a style sheet with its digest. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { ValidationException } from "../../IdentityError.js"
import * as Html from "../../internal/html.js"
import type { Colors, SchemeColors } from "./api.js"
import { invalid } from "./links.js"

type Rgb = readonly [red: number, green: number, blue: number]

/** The cards of `Html.style`. */
export const cards = { light: "#ffffff", dark: "#191d27" } as const

const white: Rgb = [255, 255, 255]
const black: Rgb = [0, 0, 0]

/** WCAG 2.2, success criterion 1.4.3. */
const minimumContrast = 4.5

const parse = (color: string): Rgb | undefined => {
  const digits = /^#([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(color)?.[1]
  if (digits === undefined) return undefined
  const [red = 0, green = 0, blue = 0] = digits.length === 3
    ? Array.from(digits, (digit) => Number.parseInt(digit + digit, 16))
    : [0, 2, 4].map((start) => Number.parseInt(digits.slice(start, start + 2), 16))
  return [red, green, blue]
}

const format = (color: Rgb): string => `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`

const mix = (color: Rgb, other: Rgb, share: number): Rgb => {
  const [red, green, blue] = color.map((part, index) => Math.round(part + ((other[index] ?? part) - part) * share))
  return [red ?? 0, green ?? 0, blue ?? 0]
}

/** The relative luminance of WCAG 2.2. */
const luminanceOf = (color: Rgb): number => {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const contrastOf = (one: Rgb, other: Rgb): number => {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].sort((low, high) => low - high)
  return (lighter + 0.05) / (darker + 0.05)
}

const cardOf = (scheme: keyof typeof cards): Rgb => parse(cards[scheme]) ?? white

const lighten = (color: Rgb): Rgb => {
  let share = 0
  while (contrastOf(mix(color, white, share), cardOf("dark")) < minimumContrast) share += 0.05
  return mix(color, white, share)
}

const check = (
  scheme: keyof typeof cards,
  colors: Colors
): Effect.Effect<{ readonly [C in keyof Colors]: Rgb }, ValidationException> =>
  Effect.gen(function*() {
    const parsed: { -readonly [C in keyof Colors]: Rgb } = {}
    for (const name of ["accent", "background"] as const) {
      const color = colors[name]
      if (color === undefined) continue
      const property = `appearance.colors.${scheme === "dark" ? "dark." : ""}${name}`
      const rgb = parse(color)
      if (rgb === undefined) return yield* invalid(property, "be a color in hexadecimal notation, as in #0b5fff")
      const contrast = contrastOf(rgb, cardOf(scheme))
      if (name === "accent" && contrast < minimumContrast) {
        return yield* invalid(
          property,
          `have a contrast of at least ${minimumContrast} to the card of the page (${cards[scheme]}). It has ${
            // Rounded down, because 4.499 is not enough.
            (Math.floor(contrast * 100) / 100).toFixed(2)}: choose a ${scheme === "dark" ? "lighter" : "darker"} color`
        )
      }
      parsed[name] = rgb
    }
    return parsed
  })

const variables = (
  scheme: keyof typeof cards,
  { accent, background }: { readonly [C in keyof Colors]: Rgb | undefined },
  hover: Rgb
): string =>
  `@media(prefers-color-scheme:${scheme}){:root{${
    accent === undefined ? "" : `--accent:${format(accent)};--hover:${format(mix(accent, hover, 0.2))};`
  }${background === undefined ? "" : `--bg:${format(background)}`}}}`

/** The style sheet of the pages. The digest lets the content security policy allow it, and no other. */
export const makeStyle = (
  colors: SchemeColors | undefined
): Effect.Effect<Html.Style | undefined, ValidationException> =>
  Effect.gen(function*() {
    if (colors === undefined) return undefined
    const light = yield* check("light", colors)
    const dark = yield* check("dark", colors.dark ?? {})
    const accent = dark.accent ?? (light.accent && lighten(light.accent))
    // The text of a button is white in the light scheme, and dark in the dark one.
    const source = `${Html.style}${variables("light", light, black)}${variables("dark", { ...dark, accent }, white)}`
    return { source, digest: `sha256-${createHash("sha256").update(source).digest("base64")}` }
  })
