/** The log of a command, on stderr and in the file of `--log-file`. Stdout is for results. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as PlatformError from "effect/PlatformError"
import * as Redactable from "effect/Redactable"
import * as References from "effect/References"
import { styleText } from "node:util"
import * as Messages from "../internal/messages.js"
import * as SafeFile from "../local/internal/safeFile.js"
import { hasColor, originalOf } from "./terminal.js"

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

export interface Settings {
  readonly level: Level
  /** Gets every line from level `debug`, including all requests. */
  readonly file?: string | undefined
}

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
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    hasColor(process.stderr) ? styleText(format, text, { validateStream: false }) : text
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

export class CannotWriteLogFile extends Data.TaggedError("CannotWriteLogFile")<{ readonly message: string }> {}

const makeFileLogger = (file: string) =>
  SafeFile.checkWritable(file).pipe(
    Effect.mapError(({ message }) => new CannotWriteLogFile({ message: `Cannot write ${file}: ${message}` })),
    Effect.andThen(Logger.toFile(lineLogger, file, { mode: 0o600 }))
  )

export const layer = (
  { file, level }: Settings
): Layer.Layer<never, CannotWriteLogFile | PlatformError.PlatformError, FileSystem.FileSystem> => {
  const minimum = levels[level]
  const logger = process.stderr.isTTY ? prettyLogger : Logger.withConsoleError(lineLogger)
  // The file may have a lower minimum level.
  const terminal = Logger.make<unknown, void>((options) => {
    if (LogLevel.isGreaterThanOrEqualTo(options.logLevel, minimum)) logger.log(options)
  })
  return Layer.mergeAll(
    Logger.layer(file === undefined ? [terminal] : [terminal, makeFileLogger(file)]),
    Layer.succeed(
      References.MinimumLogLevel,
      file === undefined || LogLevel.isLessThan(minimum, "Debug") ? minimum : "Debug"
    )
  )
}
