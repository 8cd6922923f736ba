import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildProgram } from "../../support/build.mjs"
import * as Child from "../../support/child.js"

interface Start {
  readonly free: number
  readonly result: string
  readonly files: ReadonlyArray<string>
}

interface Results {
  readonly starts: ReadonlyArray<Start>
  readonly restart: Start
  readonly running: { readonly [name in "earlier" | "last" | "reads"]: ReadonlyArray<number> }
  readonly bodies: ReadonlyArray<string>
  readonly acknowledged: number
  readonly reopened: ReadonlyArray<number>
  readonly last: ReadonlyArray<number>
  readonly log: ReadonlyArray<string>
}

/** Runs the child on a disk of 3 MB, which only the child sees. The test fails where such a disk cannot be mounted. */
const run = Effect.gen(function*() {
  const program = yield* Effect.promise(() => buildProgram("local/vault/vaultFile.disk.child.ts"))
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "vault-disk-"))),
    (directory) => Effect.sync(() => Fs.rmdirSync(directory))
  )
  const child = yield* Child.start(
    [
      "--mount",
      ...process.getuid?.() === 0 ? [] : ["--map-root-user"],
      "sh",
      "-c",
      `mount -t tmpfs -o size=3m tmpfs "$1" || exit 77; exec node "$2" "$1"`,
      "sh",
      directory,
      program
    ],
    {},
    "unshare"
  )
  const [result = assert.fail(
    "This test mounts a tmpfs in a namespace of its own. It needs `unshare` and `mount` (Debian: util-linux, mount), and "
      + `root with CAP_SYS_ADMIN or a user who may create user namespaces.\n${child.output()}`
  )] = yield* Stream.runCollect(child.reports)
  yield* child.ended
  return result as unknown as Results
})

describe("VaultFile on a full disk", () => {
  it.live("rejects writes and starts with a reason, serves reads, and loses nothing", () =>
    Effect.gen(function*() {
      const { restart, running, starts, ...result } = yield* run
      for (const { files, free, result } of starts) {
        if (result === "opened") {
          assert.isAtLeast(free, 65536)
          continue
        }
        assert.isAtMost(free, 8192)
        assert.match(result, /^Unusable: The vault .* cannot be used: .*ENOSPC/, `${free} bytes free`)
        // There is not even a key file without a vault.
        assert.deepStrictEqual(files, [], `${free} bytes free`)
      }
      assert.match(restart.result, /^Unusable: .*ENOSPC/)
      assert.deepStrictEqual(restart.files, ["vault"])

      const { earlier, last, reads } = running
      assert.deepStrictEqual(new Set(earlier), new Set([201, 500]))
      assert.deepStrictEqual(reads, [200])
      assert.deepStrictEqual(last, [201])
      assert.deepStrictEqual(result.bodies, [`{"message":"The store of the local backend failed"}`])
      assert.include(result.log, "The store of the local backend failed: the vault file cannot be written: ENOSPC")
      assert.isAbove(result.acknowledged, 7)
      assert.deepStrictEqual(result.reopened, [200])
      assert.deepStrictEqual(result.last, [200])
    }))
})
