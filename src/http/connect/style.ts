/** The colors of an application, as a style sheet with its digest. */
import { createHash } from "node:crypto"
import * as Html from "../../internal/html.js"
import type { Appearance } from "./connectTypes.js"

type Rgb = readonly [red: number, green: number, blue: number]

type Colors = NonNullable<Appearance["colors"]>

/** The cards of `Html.style`. */
export const cards = { light: "#ffffff", dark: "#191d27" } as const

const white: Rgb = [255, 255, 255]
const black: Rgb = [0, 0, 0]

const parse = (color: string): Rgb => {
  const digits = color.length === 4 ? color.replace(/\w/g, "$&$&") : color
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => Number.parseInt(digits.slice(start, start + 2), 16))
  return [red, green, blue]
}

const format = (color: Rgb): string => `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`

const mix = (color: Rgb, other: Rgb, share: number): Rgb => {
  const [red = 0, green = 0, blue = 0] = color.map((part, index) =>
    Math.round(part + ((other[index] ?? part) - part) * share)
  )
  return [red, green, blue]
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

/** Mixes a color with another one until its text is readable on the card: WCAG 2.2, success criterion 1.4.3. */
const adjust = (color: Rgb, other: Rgb, card: string): Rgb => {
  let share = 0
  while (contrastOf(mix(color, other, share), parse(card)) < 4.5) share += 0.05
  return mix(color, other, share)
}

/** Text on a button has more contrast than text on a card: it is white, or darker than the dark card. */
const variables = (scheme: keyof typeof cards, { accent, background }: Colors): string => {
  const other = scheme === "light" ? black : white
  const readable = accent === undefined ? undefined : adjust(parse(accent), other, cards[scheme])
  return `@media(prefers-color-scheme:${scheme}){:root{${
    readable === undefined ? "" : `--accent:${format(readable)};--hover:${format(mix(readable, other, 0.2))};`
  }${background === undefined ? "" : `--bg:${background}`}}}`
}

/** The style sheet of the pages. The digest lets the content security policy allow it, and no other. */
export const makeStyle = (colors: Colors | undefined): Html.Style | undefined => {
  if (colors === undefined) return undefined
  const dark = { ...colors.dark, accent: colors.dark?.accent ?? colors.accent }
  const source = `${Html.style}${variables("light", colors)}${variables("dark", dark)}`
  return { source, digest: `sha256-${createHash("sha256").update(source).digest("base64")}` }
}
