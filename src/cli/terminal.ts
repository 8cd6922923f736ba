/**
 * The terminal: its colours, a console that escapes the text of others, and a question to the person at it.
 *
 * Everything that the command prints goes through the `Console` of {@link layerConsole}, which escapes what could
 * change the terminal. Text that has a line break of its own, and text with colours, is put together of parts that are
 * escaped before.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty, isString } from "effect/Predicate"
import { createInterface } from "node:readline"
import * as Printable from "../internal/printable.js"

/** Whether a person reads the output and can answer. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stdout.isTTY

/** Whether a stream shows colours. See https://no-color.org. */
export const hasColor = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

/** An error as text for people: its tag, if it has one, and its message. */
export const describeError = (error: unknown): string =>
  `${hasProperty(error, "_tag") && isString(error._tag) ? `${error._tag}: ` : ""}${
    error instanceof Error ? error.message : String(error)
  }`

const originals = new WeakMap<Console.Console, Console.Console>()

const escape = (values: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  values.map((value) => typeof value === "string" ? Printable.escapeLines(value) : value)

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

/** Returns the console that prints text as it is, for text of parts that were escaped. */
export const originalOf = (console: Console.Console): Console.Console => originals.get(console) ?? console

/** Prints a text as it is: of parts that were escaped, or for a program that reads it. */
export const printExactly = (text: string): Effect.Effect<void> =>
  Console.consoleWith((console) => Effect.sync(() => originalOf(console).log(text)))

export class Cancelled extends Data.TaggedError("Cancelled")<{ readonly message: string }> {}

/** Asks on standard error. The terminal itself edits the answer, so Ctrl-C works as elsewhere. */
export const confirm = (question: string): Effect.Effect<boolean, Cancelled> =>
  Effect.acquireUseRelease(
    Effect.sync(() => createInterface({ input: process.stdin, terminal: false })),
    (lines) =>
      Effect.promise(() => {
        process.stderr.write(`${question} [y/N] `)
        return lines[Symbol.asyncIterator]().next()
      }),
    (lines) => Effect.sync(() => lines.close())
  ).pipe(Effect.flatMap((answer) =>
    answer.done === true
      ? new Cancelled({ message: "The input ended before the answer. Nothing was done." })
      : Effect.succeed(/^y(es)?$/i.test(answer.value.trim()))
  ))
