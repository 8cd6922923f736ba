/**
 * The file of `agentcore-identity local --write-env`: the environment, in the form of dotenv. It is there while the server runs.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { codeOf } from "../internal/errorCode.js"
import * as ShellText from "./shellText.js"

/** @internal */
export class CannotWriteEnvFile extends Data.TaggedError("CannotWriteEnvFile")<{ readonly message: string }> {}

const mark = "# Written by 'agentcore-identity local', which removes it when it stops."

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

/**
 * Writes the file, and removes it at the end of the scope. Only the user can read it. It replaces the file of another server,
 * perhaps one that was killed, and no other file.
 *
 * @internal
 */
export const write = (
  file: string,
  environment: ShellText.Environment
): Effect.Effect<void, CannotWriteEnvFile | ShellText.CannotWriteVariable, Scope.Scope> =>
  Effect.gen(function*() {
    const text = `${mark}\n${yield* Effect.fromResult(ShellText.format("dotenv", environment))}`
    const cannotWrite = (error: unknown) =>
      new CannotWriteEnvFile({ message: `Cannot write ${file}: ${codeOf(error)}` })
    const before = yield* Effect.try({ try: () => read(file), catch: cannotWrite })
    if (before !== undefined && !before.startsWith(mark)) {
      return yield* new CannotWriteEnvFile({
        message:
          `${file} is not from 'agentcore-identity local', and stays as it is. Choose another name for --write-env.`
      })
    }
    yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          // A reader sees all of it, or nothing.
          const draft = `${file}.${process.pid}`
          writeFileSync(draft, text, { mode: 0o600 })
          renameSync(draft, file)
        },
        catch: cannotWrite
      }),
      // Another server may have replaced it.
      () => Effect.ignore(Effect.try(() => read(file) === text && rmSync(file)))
    )
  })
