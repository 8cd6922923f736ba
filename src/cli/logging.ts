/**
 * The log of the command. Lines go to standard error, because standard output is the result of a command, and to a file if there is one.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as PlatformError from "effect/PlatformError"
import * as References from "effect/References"
import { hasColor } from "./terminal.js"

/** @internal */
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

/** @internal */
export type Level = keyof typeof levels

/** @internal */
export interface Settings {
  readonly level: Level
  /** Gets every line from `debug` on, requests included. */
  readonly file?: string | undefined
}

const makeTerminalLogger = (): Logger.Logger<unknown, void> =>
  process.stderr.isTTY
    ? Logger.consolePretty({ colors: hasColor(process.stderr) })
    : Logger.withConsoleError(Logger.formatLogFmt)

/** @internal */
export const layer = (
  { file, level }: Settings
): Layer.Layer<never, PlatformError.PlatformError, FileSystem.FileSystem> => {
  const least = levels[level]
  const logger = makeTerminalLogger()
  const terminal = Logger.make<unknown, void>((options) => {
    if (LogLevel.isGreaterThanOrEqualTo(options.logLevel, least)) logger.log(options)
  })
  return file === undefined
    ? Layer.mergeAll(
      Logger.layer([terminal]),
      Layer.succeed(Logger.LogToStderr, true),
      Layer.succeed(References.MinimumLogLevel, least)
    )
    : Layer.mergeAll(
      Logger.layer([terminal, Logger.toFile(Logger.formatLogFmt, file)]),
      // Standard output is for results.
      Layer.succeed(Logger.LogToStderr, true),
      Layer.succeed(References.MinimumLogLevel, LogLevel.isLessThan(least, "Debug") ? least : "Debug")
    )
}
