/**
 * The standard output of `agentcore-identity local`: environment variables for a shell.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { closeSync, fstatSync, openSync, writeSync } from "node:fs"

/** @internal */
export type Environment = Readonly<Record<string, string>>

const plain = /^[\w./:@%+,-]+$/

/** @internal */
export const quote = (text: string): string => plain.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** @internal */
export const exportLines = (environment: Environment): string =>
  Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`).join("")

const standardOutput = 1

/** A reader that waits for the end, as `$(…)` does, gets it; what takes the number after it swallows what is written to it. */
const closeIfPipe = (): void => {
  const stats = fstatSync(standardOutput)
  if (process.platform === "win32" || !(stats.isFIFO() || stats.isSocket())) return
  closeSync(standardOutput)
  openSync("/dev/null", "w")
}

/**
 * Everything there is to say on standard output, with the blank line that ends it. Whoever does not read it any more has no need
 * of it.
 *
 * @internal
 */
export const print = (environment: Environment): Effect.Effect<void> =>
  Effect.ignore(Effect.try(() => {
    writeSync(standardOutput, `${exportLines(environment)}\n`)
    closeIfPipe()
  }))
