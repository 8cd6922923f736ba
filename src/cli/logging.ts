/**
 * The log of the command. Lines go to standard error, because standard output is the result of a command, and to a file if there is one.
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as PlatformLogger from "@effect/platform/PlatformLogger"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Printable from "../internal/printable.js"
import * as SafeFile from "../internal/safeFile.js"
import { hasColor } from "./terminal.js"

/** @internal */
export const levels = {
  all: LogLevel.All,
  trace: LogLevel.Trace,
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  fatal: LogLevel.Fatal,
  none: LogLevel.None
}

/** @internal */
export type Level = keyof typeof levels

/** @internal */
export interface Settings {
  readonly level: Level
  /** Gets every line from `debug` on, requests included. */
  readonly file?: string | undefined
}

/** Values of others have no line breaks here: they are quoted. */
const lineLogger = Logger.map(Logger.logfmtLogger, Printable.escape)

const toText = (value: unknown): string =>
  Printable.escapeLines(Inspectable.toStringUnknown(Inspectable.redact(value), 0)).replaceAll("\n", "\n  ")

/** Gets parts that are escaped, because its own text has colours. */
const makePrettyLogger = (): Logger.Logger<unknown, void> => {
  const logger = Logger.prettyLogger({ stderr: true, colors: hasColor(process.stderr) })
  return Logger.make((options) => {
    const messages = Arr.ensure(options.message)
    const causes = Cause.isEmpty(options.cause) ? [] : [Cause.pretty(options.cause, { renderErrorCause: true })]
    return logger.log({
      ...options,
      message: [...messages.slice(0, 1), ...causes, ...messages.slice(1)].map(toText),
      cause: Cause.empty,
      annotations: HashMap.fromIterable(
        Array.from(options.annotations, ([name, value]) => [toText(name), toText(value)] as const)
      )
    })
  })
}

/** @internal */
export class CannotWriteLogFile extends Data.TaggedError("CannotWriteLogFile")<{ readonly message: string }> {}

const makeFileLogger = (file: string) =>
  SafeFile.checkWritable(file).pipe(
    Effect.mapError(({ message }) => new CannotWriteLogFile({ message: `Cannot write ${file}: ${message}` })),
    Effect.zipRight(PlatformLogger.toFile(lineLogger, file, { mode: 0o600 }))
  )

const makeTerminalLogger = (): Logger.Logger<unknown, void> =>
  process.stderr.isTTY
    ? makePrettyLogger()
    : Logger.withConsoleError(lineLogger)

/** @internal */
export const layer = (
  { file, level }: Settings
): Layer.Layer<never, CannotWriteLogFile | PlatformError.PlatformError, FileSystem.FileSystem> => {
  const least = levels[level]
  const terminal = Logger.filterLogLevel(makeTerminalLogger(), (level) => LogLevel.greaterThanEqual(level, least))
  return file === undefined
    ? Layer.merge(Logger.replace(Logger.defaultLogger, terminal), Logger.minimumLogLevel(least))
    : Layer.mergeAll(
      Logger.replace(Logger.defaultLogger, terminal),
      Logger.addScoped(makeFileLogger(file)),
      Logger.minimumLogLevel(LogLevel.lessThan(least, LogLevel.Debug) ? least : LogLevel.Debug)
    )
}
