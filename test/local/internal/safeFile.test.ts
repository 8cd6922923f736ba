import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as SafeFile from "../../../src/local/internal/safeFile.js"
import * as Program from "../../support/cli.js"

describe("a file that a user names", () => {
  it.live.skipIf(process.platform === "win32")("has at most 4 MiB, also if it is a pipe", () =>
    Effect.gen(function*() {
      const pipe = join(yield* Program.temporary, "pipe")
      execFileSync("mkfifo", [pipe])
      const limit = 4 * 1024 * 1024
      const readFrom = (size: number) =>
        Effect.all([
          Effect.match(SafeFile.readText(pipe), {
            onFailure: ({ message }) => message,
            onSuccess: (text) => text.length
          }),
          // The writer of more than that is cut off.
          Effect.promise(() => writeFile(pipe, "x".repeat(size)).catch(() => {}))
        ], { concurrency: 2 }).pipe(Effect.map(([read]) => read))
      assert.strictEqual(yield* readFrom(limit), limit)
      assert.strictEqual(yield* readFrom(2 * limit), `Cannot read ${pipe}: it has more than 4 MiB`)
      const file = `${pipe}.json`
      yield* Effect.promise(() => writeFile(file, "").then(() => truncate(file, 1e12)))
      for (let time = 0; time < 10; time++) {
        const { message } = yield* Effect.flip(SafeFile.readText(file))
        assert.strictEqual(message, `Cannot read ${file}: it has more than 4 MiB`)
      }
    }))
})
