/**
 * How the command prints. Everything goes through the `Console` of {@link layer}, which escapes what could change the terminal.
 * Text that has a line break of its own, and text with colours, is put together of parts that are escaped before.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Printable from "../internal/printable.js"

const originals = new WeakMap<Console.Console, Console.Console>()

const clean = (values: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  values.map((value) => typeof value === "string" ? Printable.escapeLines(value) : value)

const make = (original: Console.Console): Console.Console => {
  const console: Console.Console = {
    ...original,
    log: (...values) => original.log(...clean(values)),
    error: (...values) => original.error(...clean(values))
  }
  originals.set(console, original)
  return console
}

export const layer: Layer.Layer<never> = Layer.effect(Console.Console)(
  Effect.map(Console.Console, make)
)

/** Returns the console that prints text as it is, for text of parts that were escaped. */
export const originalOf = (console: Console.Console): Console.Console => originals.get(console) ?? console

/** Prints a text as it is: of parts that were escaped, or for a program that reads it. */
export const exact = (text: string): Effect.Effect<void> =>
  Console.consoleWith((console) => Effect.sync(() => originalOf(console).log(text)))
