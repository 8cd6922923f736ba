/**
 * Reads a file that a user names.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { readFile } from "node:fs/promises"

/** @internal */
export class CannotReadFile extends Data.TaggedError("CannotReadFile")<{ readonly message: string }> {}

/** @internal */
export const readText = (file: string): Effect.Effect<string, CannotReadFile> =>
  Effect.tryPromise({
    try: (signal) => readFile(file, { encoding: "utf8", signal }),
    catch: (error) =>
      new CannotReadFile({
        message: `Cannot read ${file}: ${error instanceof Error && "code" in error ? String(error.code) : "unreadable"}`
      })
  })
