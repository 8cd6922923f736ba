/** The terminal: whether there is one, its colours, and a question to the person at it. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline"

/** Whether a person reads the output and can answer. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stdout.isTTY

/** Whether a stream shows colours. See https://no-color.org. */
export const hasColor = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

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
