import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Log from "../../../src/local/vault/log.js"
import * as Writer from "../../../src/local/vault/writer.js"
import * as Folder from "../../support/folder.js"

const iteration = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("the writer of a vault file", () => {
  it.live("drops a rewrite when the lock file is deleted meanwhile, and writes nothing more", () =>
    Effect.gen(function*() {
      const path = join(yield* Folder.temporary, "vault")
      const secret = randomBytes(32)
      const log = yield* Log.create(path, secret, [], () => Effect.void)
      // Another process has the lock as soon as the rewrite has begun.
      const isHeld = () => !Fs.existsSync(`${path}.new`) && !isLost
      let isLost = false
      const { entriesOf, write } = yield* Writer.make({ path, secret, log, entries: Writer.makeEntries(), isHeld })
      let failed = false
      for (let round = 0; !failed; round++) {
        failed = (yield* Effect.exit(write(["things", "key", "x".repeat(100_000)])))._tag === "Failure"
        isLost ||= Fs.existsSync(`${path}.new`)
        assert.isBelow(round, 100, "no rewrite began")
      }
      isLost = true
      while (Fs.existsSync(`${path}.new`)) yield* iteration
      const before = Fs.readFileSync(path)
      const error = yield* Effect.flip(write(["things", "other", 1]))
      assert.include(error.message, "its lock file is gone")
      assert.isUndefined(entriesOf("things").get("other"))
      // The file that another process may have opened is neither replaced nor longer.
      assert.isTrue(Fs.readFileSync(path).equals(before))
      assert.strictEqual(Fs.fstatSync(log.file.fd).ino, Fs.statSync(path).ino)
    }).pipe(Effect.scoped))
})
