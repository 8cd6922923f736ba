/**
 * The file of `agentcore-identity local --write-env`: the environment, in the form of dotenv. It is there while the server runs.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { rmSync } from "node:fs"
import * as SafeFile from "../local/internal/safeFile.js"
import * as ShellText from "./shellText.js"

export class CannotWriteEnvFile extends Data.TaggedError("CannotWriteEnvFile")<{ readonly message: string }> {}

const mark = "# Written by 'agentcore-identity local', which removes it when it stops."

/** Undefined where there is no file. */
const read = (file: string): Effect.Effect<string | undefined, SafeFile.SafeFileError> =>
  SafeFile.read(file).pipe(
    Effect.map(({ bytes }) => bytes.toString("utf8")),
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined))
  )

/**
 * Writes the file, and removes it at the end of the scope. Only the user can read it. It replaces the file of another server,
 * perhaps one that was killed, and no other file.
 */
export const write = (
  file: string,
  environment: ShellText.Environment
): Effect.Effect<void, CannotWriteEnvFile | ShellText.CannotWriteVariable, Scope.Scope> =>
  Effect.gen(function*() {
    const text = `${mark}\n${yield* Effect.fromResult(ShellText.format("dotenv", environment))}`
    const cannotWrite = ({ message }: SafeFile.SafeFileError) =>
      new CannotWriteEnvFile({ message: `Cannot write ${file}: ${message}` })
    const before = yield* Effect.mapError(read(file), cannotWrite)
    if (before !== undefined && !before.startsWith(mark)) {
      return yield* new CannotWriteEnvFile({
        message:
          `${file} is not from 'agentcore-identity local', and stays as it is. Choose another name for --write-env.`
      })
    }
    yield* Effect.acquireRelease(
      Effect.mapError(SafeFile.write(file, text), cannotWrite),
      // Another server may have replaced it.
      () =>
        Effect.ignore(
          Effect.flatMap(read(file), (found) => Effect.try(() => found === text && rmSync(file)))
        )
    )
  })
