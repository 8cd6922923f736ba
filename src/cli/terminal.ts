/**
 * The terminal: colors, a console that escapes foreign text, and a prompt.
 *
 * Commands print through the `Console` of {@link layerConsole}, which escapes everything that could control the
 * terminal. Text with colors, or with foreign parts on several lines, escapes these parts first and skips that console.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty, isString } from "effect/Predicate"
import { createInterface } from "node:readline"
import { styleText } from "node:util"
import * as Messages from "../internal/messages.js"

/** Whether a person can read the output and reply to prompts. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stdout.isTTY

/** Whether a stream shows colors. See https://no-color.org. */
export const hasColor = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

/** Styles text for a stream, if it shows colors. */
export const makeStyle =
  (stream: NodeJS.WriteStream) => (format: Parameters<typeof styleText>[0], text: string): string =>
    hasColor(stream) ? styleText(format, text, { validateStream: false }) : text

/** Calls `end` when everything is written. A pipe takes 64 KB at once, and an exit of the process drops the rest. */
export const whenWritten = (end: () => void): void => {
  process.stdout.write("", () => process.stderr.write("", () => end()))
}

export const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

export const describeError = (error: unknown): string =>
  `${hasProperty(error, "_tag") && isString(error._tag) ? `${error._tag}: ` : ""}${messageOf(error)}`

const originals = new WeakMap<Console.Console, Console.Console>()

const escape = (values: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  values.map((value) => typeof value === "string" ? Messages.escapeLines(value) : value)

export const layerConsole: Layer.Layer<never> = Layer.effect(Console.Console)(
  Effect.map(Console.Console, (original) => {
    const console: Console.Console = {
      ...original,
      log: (...values) => original.log(...escape(values)),
      error: (...values) => original.error(...escape(values))
    }
    originals.set(console, original)
    return console
  })
)

/** Returns the console that does not escape. */
export const originalOf = (console: Console.Console): Console.Console => originals.get(console) ?? console

/** Prints text without escaping it: its parts are escaped, or a program reads it. */
export const printExactly = (text: string): Effect.Effect<void> =>
  Console.consoleWith((console) => Effect.sync(() => originalOf(console).log(text)))

/** Prints what a program reads, to the character. A terminal would execute control characters. */
export const printForProgram = (text: string): Effect.Effect<void> =>
  process.stdout.isTTY ? Console.log(text) : printExactly(text)

export class Cancelled extends Data.TaggedError("Cancelled")<{ readonly message: string }> {}

/** Asks on stderr. The terminal edits the line, so Ctrl-C works as usual. */
export const confirm = (question: string): Effect.Effect<boolean, Cancelled> =>
  Effect.acquireUseRelease(
    Effect.sync(() => createInterface({ input: process.stdin, terminal: false })),
    (lines) =>
      Effect.promise(() => {
        process.stderr.write(`${question} [y/N] `)
        return lines[Symbol.asyncIterator]().next()
      }),
    (lines) => Effect.sync(() => lines.close())
  ).pipe(Effect.flatMap((line) =>
    line.done === true
      ? new Cancelled({ message: "The input ended. Nothing was done." })
      : Effect.succeed(/^y(es)?$/i.test(line.value.trim()))
  ))
