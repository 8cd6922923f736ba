/** The command `agentcore-identity`. */
import { CommanderError } from "@commander-js/extra-typings"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { isTagged } from "effect/Predicate"
import * as Result from "effect/Result"
import { closeSync, fstatSync, openSync, statSync } from "node:fs"
import * as Messages from "../internal/messages.js"
import type { Run } from "./commandLine.js"
import * as Logging from "./logging.js"
import * as Program from "./program.js"
import * as ShellText from "./shellText.js"
import { describeError, layerConsole, whenWritten } from "./terminal.js"

// The SDK would warn on stderr about the Node version of its next releases.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"
// With `NODE_USE_ENV_PROXY`, Node would ask a proxy for the authorization server of this process.
Object.assign(process.env, ShellText.noProxy(process.env))

/** A `SetupParseError` has one line for each problem. Line breaks in other messages come from foreign text. */
const describe = (error: unknown): string =>
  (isTagged(error, "SetupParseError") ? Messages.escapeLines : Messages.escape)(describeError(error))

/** The table of causes is only loaded for an error. */
const explain = (error: unknown) =>
  Effect.flatMap(Effect.promise(() => import("./causes.js")), (Causes) => Causes.explain(error))

const report = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>) {
  if (Cause.hasInterruptsOnly(cause)) return
  const error = Cause.findError(cause)
  const lines = Result.isSuccess(error)
    ? [describe(error.success), ...(yield* explain(error.success)).map(Messages.escape)]
    : [Messages.escapeLines(Cause.pretty(cause))]
  console.error(`\n${lines.join("\n")}`)
})

const run: Run = (program, level) =>
  program.pipe(
    Effect.provide(Layer.mergeAll(Logging.layer(level), NodeServices.layer, layerConsole)),
    Effect.tapCause(report),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      // A command can set the exit code. A signal stops the server as intended, so without a code it is 0.
      teardown: (exit, end) => {
        const isInterrupted = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        const code = Number(process.exitCode || (Exit.isFailure(exit) && !isInterrupted ? 1 : 0))
        process.exitCode = code
        return isInterrupted ? end(code) : whenWritten(() => end(code))
      }
    })
  )

// The reader of a pipe has exited, as after `| head -1`. End as after a signal, and print nothing.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    if (!process.emit("SIGTERM", "SIGTERM")) process.exit()
  })
}

/** Whether a shell runs it in the background, as `eval "$(… local &)"` does. */
const isInBackground = (): boolean => {
  try {
    closeSync(openSync("/dev/tty", "r"))
    return fstatSync(0).rdev === statSync("/dev/null").rdev && fstatSync(1).isFIFO()
  } catch {
    return false
  }
}

const { args, exec } = Program.split(process.argv.slice(2))
try {
  Program.parse(Program.make(run, exec), args)
  // The shell has told it to ignore Ctrl-C, which is for the program in the foreground. Node has reset that.
  if (isInBackground()) process.removeAllListeners("SIGINT").on("SIGINT", () => {})
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode
}
