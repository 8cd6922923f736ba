/**
 * The log of the command. Lines go to standard error, because standard output is the result of a command, and to a file
 * if there is one.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as PlatformError from "effect/PlatformError"
import * as Redactable from "effect/Redactable"
import * as References from "effect/References"
import * as Printable from "../internal/printable.js"
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
  /** Gets every line from `debug` on, requests included. */
  readonly file?: string | undefined
}

/** Values of others have no line breaks here: they are quoted. */
const lineLogger = Logger.map(Logger.formatLogFmt, Printable.escape)

const toText = (value: unknown): string =>
  Printable.escapeLines(Inspectable.toStringUnknown(Redactable.redact(value), 0)).replaceAll("\n", "\n  ")

/** A logger of Effect reads annotations and console from the fiber. */
const withReferences = (
  fiber: Fiber.Fiber<unknown, unknown>,
  context: Context.Context<never>
): Fiber.Fiber<unknown, unknown> =>
  Object.create(fiber, {
    getRef: { value: <A>(reference: Context.Reference<A>): A => Context.get(context, reference) }
  })

/** Gets parts that are escaped, because its own text has colours. */
const makePrettyLogger = (): Logger.Logger<unknown, void> => {
  const logger = Logger.consolePretty({ colors: hasColor(process.stderr) })
  return Logger.make((options) => {
    const { fiber } = options
    const messages = Arr.ensure(options.message)
    const causes = options.cause.reasons.length === 0 ? [] : [Cause.pretty(options.cause)]
    const annotations = Object.entries(fiber.getRef(References.CurrentLogAnnotations))
      .map(([name, value]) => [toText(name), toText(value)] as const)
    return logger.log({
      ...options,
      message: [...messages.slice(0, 1), ...causes, ...messages.slice(1)].map(toText),
      cause: Cause.empty,
      fiber: withReferences(
        fiber,
        fiber.context.pipe(
          Context.add(References.CurrentLogAnnotations, Object.fromEntries(annotations)),
          Context.add(Console.Console, originalOf(fiber.getRef(Console.Console)))
        )
      )
    })
  })
}

export class CannotWriteLogFile extends Data.TaggedError("CannotWriteLogFile")<{ readonly message: string }> {}

const makeFileLogger = (file: string) =>
  SafeFile.checkWritable(file).pipe(
    Effect.mapError(({ message }) => new CannotWriteLogFile({ message: `Cannot write ${file}: ${message}` })),
    Effect.andThen(Logger.toFile(lineLogger, file, { mode: 0o600 }))
  )

/** Gets the lines from `least` on, also where the file gets more. */
const makeTerminalLogger = (least: LogLevel.LogLevel): Logger.Logger<unknown, void> => {
  const logger = process.stderr.isTTY ? makePrettyLogger() : Logger.withConsoleError(lineLogger)
  return Logger.make((options) => {
    if (LogLevel.isGreaterThanOrEqualTo(options.logLevel, least)) logger.log(options)
  })
}

export const layer = (
  { file, level }: Settings
): Layer.Layer<never, CannotWriteLogFile | PlatformError.PlatformError, FileSystem.FileSystem> => {
  const least = levels[level]
  const terminal = makeTerminalLogger(least)
  return Layer.mergeAll(
    Logger.layer(file === undefined ? [terminal] : [terminal, makeFileLogger(file)]),
    // Standard output is for results.
    Layer.succeed(Logger.LogToStderr, true),
    Layer.succeed(
      References.MinimumLogLevel,
      file === undefined || LogLevel.isLessThan(least, "Debug") ? least : "Debug"
    )
  )
}
