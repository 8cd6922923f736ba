/** The output for a person: steps, a moving line while the program waits, and a table at the end. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { styleText } from "node:util"
import * as Printable from "../internal/printable.js"
import { hasColor, isInteractive } from "./terminal.js"

export interface Service {
  /** Whether a person reads the output. For standard output: and can answer. */
  readonly interactive: boolean
  readonly title: (text: string) => Effect.Effect<void>
  readonly step: (label: string, detail?: string) => Effect.Effect<void>
  readonly failed: (label: string, detail: string) => Effect.Effect<void>
  readonly text: (text: string) => Effect.Effect<void>
  /** Shows a moving line while an effect runs. Without a terminal, or with `NO_COLOR`, it prints one line. */
  readonly waiting: <A, E, R>(label: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly table: (rows: ReadonlyArray<ReadonlyArray<string>>) => Effect.Effect<void>
}

export class Screen extends Context.Service<Screen, Service>()("effect-agentcore-identity/cli/Screen") {}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

type Style = Parameters<typeof styleText>[0]

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 0)} s`

const make = (output: NodeJS.WriteStream, interactive: boolean): Service => {
  const styled = hasColor(output)
  const style = (format: Style, text: string) => styled ? styleText(format, text) : text
  // A moving line needs more control over the terminal than colours do.
  const moving = interactive && styled
  const clearLine = moving ? "\r\u001b[2K" : ""
  const write = (text: string) => Effect.sync(() => void output.write(text))
  const padded = (label: string) => Printable.escape(label).padEnd(28)
  // Clears the moving line first. It comes back below the text.
  const print = (text: string) => write(`${clearLine}${text}\n`)

  return {
    interactive,
    title: (text) => print(`\n${style("bold", Printable.escape(text))}\n`),
    step: (label, detail = "") =>
      print(`  ${style("green", "✓")} ${padded(label)} ${style("dim", Printable.escape(detail))}`.trimEnd()),
    failed: (label, detail) => print(`  ${style("yellow", "✗")} ${padded(label)} ${Printable.escape(detail)}`),
    text: (text) => print(Printable.escapeLines(text)),
    waiting: (foreign, effect) => {
      const label = Printable.escape(foreign)
      return moving
        ? Effect.gen(function*() {
          const start = yield* Clock.currentTimeMillis
          let frame = 0
          const draw = Effect.flatMap(Clock.currentTimeMillis, (now) =>
            write(
              `${clearLine}  ${style("cyan", frames[frame++ % frames.length] ?? "")} ${label} ${
                style("dim", seconds(now - start))
              }`
            ))
          yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("100 millis")))
          yield* Effect.addFinalizer(() => write(clearLine))
          return yield* effect
        }).pipe(Effect.scoped)
        : Effect.andThen(print(`  … ${label}`), effect)
    },
    table: (cells) => {
      const rows = cells.map((row) => row.map(Printable.escape))
      const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
      const lines = rows.map((row, index) => {
        const line = `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd()}`
        return index === 0
          ? `${style("bold", line)}\n  ${style("dim", widths.map((width) => "─".repeat(width)).join("───"))}`
          : line
      })
      return print(`\n${lines.join("\n")}\n`)
    }
  }
}

export const layer: Layer.Layer<Screen> = Layer.sync(Screen, () => make(process.stdout, isInteractive()))

/** On standard error, for commands whose standard output is their result. */
export const layerStandardError: Layer.Layer<Screen> = Layer.sync(
  Screen,
  () => make(process.stderr, process.stderr.isTTY)
)
