/** The log of a command, on stderr. Stdout is for results. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redactable from "effect/Redactable"
import * as References from "effect/References"
import * as Messages from "../internal/messages.js"
import { makeStyle, originalOf } from "./terminal.js"

export const levels = {
  all: "All",
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warning: "Warn",
  error: "Error",
  fatal: "Fatal",
  none: "None"
} as const

export type Level = keyof typeof levels

/** `formatLogFmt` quotes values with line breaks. */
const lineLogger = Logger.map(Logger.formatLogFmt, Messages.escape)

const levelStyles = {
  Trace: "gray",
  Debug: "blue",
  Info: "green",
  Warn: "yellow",
  Error: "red",
  Fatal: "bgRed"
} as const

const print = (value: unknown): string =>
  Messages.escapeLines(Inspectable.toStringUnknown(Redactable.redact(value), 0)).replaceAll("\n", "\n  ")

/** Formats like `Logger.consolePretty`, but escapes all parts except the colors. */
const prettyLogger: Logger.Logger<unknown, void> = Logger.make(({ cause, date, fiber, logLevel, message }) => {
  const style = makeStyle(process.stderr)
  const level = logLevel === "All" || logLevel === "None" ? "Info" : logLevel
  const [first, ...others] = Arr.ensure(message).map(print)
  const annotations = Object.entries(fiber.getRef(References.CurrentLogAnnotations))
    .map(([name, value]) => `${style("bold", `${print(name)}:`)} ${print(value)}`)
  const lines = [
    `[${date.toTimeString().slice(0, 8)}] ${style(levelStyles[level], level.toUpperCase())}: ${
      style(["bold", "cyan"], first ?? "")
    }`,
    ...(cause.reasons.length === 0 ? [] : [print(Cause.pretty(cause))]),
    ...others,
    ...annotations
  ]
  originalOf(fiber.getRef(Console.Console)).error(lines.join("\n  "))
})

export const layer = (level: Level): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([process.stderr.isTTY ? prettyLogger : Logger.withConsoleError(lineLogger)]),
    Layer.succeed(References.MinimumLogLevel, levels[level])
  )
