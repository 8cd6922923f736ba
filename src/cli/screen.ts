/** Output for people: steps, a spinner, and a table. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Messages from "../internal/messages.js"
import * as TokenPoller from "../TokenPoller.js"
import * as Table from "./printTable.js"
import { hasColor, makeStyle } from "./terminal.js"

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 0)} s`

/** `interactive`: whether a person reads the stream. */
export const make = (output: NodeJS.WriteStream, interactive: boolean) => {
  const style = makeStyle(output)
  const hasSpinner = interactive && hasColor(output)
  const clearLine = hasSpinner ? "\r\u001b[2K" : ""
  const write = (text: string) => Effect.sync(() => void output.write(text))
  const padded = (label: string) => Messages.escape(label).padEnd(28)
  // The spinner continues below the text.
  const print = (text: string) => write(`${clearLine}${text}\n`)

  /** Shows a spinner while an effect runs. Without colors it prints one line. */
  const waiting = <A, E, R>(label: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    if (!hasSpinner) return Effect.andThen(print(`  … ${Messages.escape(label)}`), effect)
    return Effect.gen(function*() {
      const start = yield* Clock.currentTimeMillis
      let frame = 0
      const draw = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const sign = style("cyan", frames[frame++ % frames.length] ?? "")
        return write(`${clearLine}  ${sign} ${Messages.escape(label)} ${style("dim", seconds(now - start))}`)
      })
      yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("100 millis")))
      yield* Effect.addFinalizer(() => write(clearLine))
      return yield* effect
    }).pipe(Effect.scoped)
  }

  return {
    title: (text: string) => print(`\n${style("bold", Messages.escape(text))}\n`),
    step: (label: string, detail: string) =>
      print(`  ${style("green", "✓")} ${padded(label)} ${style("dim", Messages.escape(detail))}`.trimEnd()),
    failed: (label: string, detail: string) =>
      print(`  ${style("yellow", "✗")} ${padded(label)} ${Messages.escape(detail)}`),
    text: (text: string) => print(Messages.escapeLines(text)),
    waiting,
    /** Shows a spinner while the program waits for consent. */
    withConsentWait: <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.flatMap(TokenPoller.TokenPoller, (poller) =>
        Effect.provideService(
          self,
          TokenPoller.TokenPoller,
          (wait) => waiting("waiting for the user's consent", poller(wait))
        )),
    /** The first row is the heading. */
    table: (rows: ReadonlyArray<ReadonlyArray<string>>) => {
      const [heading = "", ...lines] = Table.align(rows, "   ").map((line) => `  ${line}`)
      const width = Math.max(...[heading, ...lines].map(({ length }) => length)) - 2
      return print(`\n${[style("bold", heading), `  ${style("dim", "─".repeat(width))}`, ...lines].join("\n")}\n`)
    }
  }
}
