import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Log from "../../../src/local/vault/log.js"
import * as Writer from "../../../src/local/vault/writer.js"
import * as Folder from "../../support/folder.js"

describe("the writer of a vault file", () => {
  it.live("drops a rewrite when the lock file is deleted meanwhile, and writes nothing more", () =>
    Effect.gen(function*() {
      const path = join(yield* Folder.temporary, "vault")
      const secret = randomBytes(32)
      const log = yield* Log.create(path, secret, [], () => Effect.void)
      // Another process has the lock as soon as the rewrite has begun.
      let isLost = false
      const isHeld = () => {
        isLost ||= Fs.existsSync(`${path}.new`)
        return !isLost
      }
      const { entriesOf, write } = yield* Writer.make({ path, secret, log, entries: Writer.makeEntries(), isHeld })
      const writeLarge = write(["things", "key", "x".repeat(100_000)])
      let before = Fs.readFileSync(path)
      for (let exit = yield* Effect.exit(writeLarge); exit._tag === "Success"; exit = yield* Effect.exit(writeLarge)) {
        before = Fs.readFileSync(path)
        assert.isBelow(before.length, 2_000_000, "no rewrite began")
      }
      assert.isTrue(isLost)
      const error = yield* Effect.flip(write(["things", "other", 1]))
      assert.include(error.message, "its lock file is gone")
      assert.isUndefined(entriesOf("things").get("other"))
      // The file that another process may have opened is neither replaced nor longer.
      assert.isTrue(Fs.readFileSync(path).equals(before))
      assert.strictEqual(Fs.fstatSync(log.file.fd).ino, Fs.statSync(path).ino)
      assert.isFalse(Fs.existsSync(`${path}.new`))
    }).pipe(Effect.scoped))
})
