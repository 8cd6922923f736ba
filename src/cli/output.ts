/** The standard output of `agentcore-identity local`: environment variables for a shell. */
import * as Effect from "effect/Effect"
import { closeSync, fstatSync, openSync, writeSync } from "node:fs"
import * as ShellText from "./shellText.js"

const standardOutput = 1

/**
 * Ends the output, for a reader that waits for its end, as `$(…)` does. The next file that opens takes the same
 * descriptor, so `/dev/null` takes it here.
 */
const closeIfPipe = (): void => {
  const stats = fstatSync(standardOutput)
  if (process.platform === "win32" || !(stats.isFIFO() || stats.isSocket())) return
  closeSync(standardOutput)
  openSync("/dev/null", "w")
}

/** Prints all of the standard output, with the blank line at its end. It ignores a reader that has gone. */
export const print = (environment: ShellText.Environment): Effect.Effect<void> =>
  Effect.ignore(Effect.try(() => {
    writeSync(standardOutput, `${ShellText.exportLines(environment)}\n`)
    closeIfPipe()
  }))
