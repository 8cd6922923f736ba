/** The terminal: whether there is one, its colours, and questions to the person at it. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createInterface } from "node:readline"

/** Whether a person reads the output and can answer. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stdout.isTTY

/** Whether a stream shows colours. See https://no-color.org. */
export const hasColor = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

export class Cancelled extends Data.TaggedError("Cancelled")<{ readonly message: string }> {}

export type Ask = (question: string) => Effect.Effect<string, Cancelled>

/**
 * Asks questions on standard error, as plain lines. The terminal itself edits the answer, so Ctrl-C works as elsewhere.
 */
export const makeAsk: Effect.Effect<Ask, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => createInterface({ input: process.stdin, terminal: false })),
  (lines) => Effect.sync(() => lines.close())
).pipe(Effect.map((lines) => {
  const answers = lines[Symbol.asyncIterator]()
  return (question) =>
    Effect.promise(() => {
      process.stderr.write(question)
      return answers.next()
    }).pipe(Effect.flatMap((answer) =>
      answer.done === true
        ? new Cancelled({ message: "The input ended before the answer. Nothing was done." })
        : Effect.succeed(answer.value.trim())
    ))
}))

export const confirm = (question: string): Effect.Effect<boolean, Cancelled> =>
  Effect.scoped(
    Effect.flatMap(makeAsk, (ask) => Effect.map(ask(`${question} [y/N] `), (answer) => /^y(es)?$/i.test(answer)))
  )
