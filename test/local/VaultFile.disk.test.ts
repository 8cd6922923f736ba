import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "vitest"
import { buildProgram } from "../support/build.mjs"

/** Runs the child on a disk of 3 MB, which only the child sees. The test fails where such a disk cannot be mounted. */
const run = async (child: string) => {
  const directory = Fs.mkdtempSync(join(tmpdir(), "vault-disk-"))
  try {
    const { stdout } = await promisify(execFile)("unshare", [
      "--mount",
      ...process.getuid?.() === 0 ? [] : ["--map-root-user"],
      "sh",
      "-c",
      `mount -t tmpfs -o size=3m tmpfs "$1" || exit 77; exec node "$2" "$1"`,
      "sh",
      directory,
      child
    ])
    return JSON.parse(stdout)
  } catch (error) {
    if (/unshare: |spawn unshare|mount: /.test(String(error))) {
      assert.fail(
        "This test mounts a tmpfs in a namespace of its own. It needs `unshare` and `mount` (Debian: util-linux, mount), and root with "
          + `CAP_SYS_ADMIN or a user who may create user namespaces.\n${error}`
      )
    }
    throw error
  } finally {
    Fs.rmdirSync(directory)
  }
}

interface Start {
  readonly free: number
  readonly result: string
  readonly files: ReadonlyArray<string>
}

describe("VaultFile on a full disk", () => {
  it("rejects writes and starts with a reason, serves reads, and loses nothing", { timeout: 60_000 }, async () => {
    const child = await buildProgram("local/VaultFile.disk.child.ts")
    const result = await run(child)
    const starts: ReadonlyArray<Start> = result.starts
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
    const restart: Start = result.restart
    assert.match(restart.result, /^Unusable: .*ENOSPC/)
    assert.deepStrictEqual(restart.files, ["vault"])

    const { earlier, last, reads } = result.running
    assert.deepStrictEqual(new Set(earlier), new Set([201, 500]))
    assert.deepStrictEqual(reads, [200])
    assert.deepStrictEqual(last, [201])
    assert.deepStrictEqual(result.bodies, [`{"message":"The store of the local backend failed"}`])
    assert.include(result.log, "The store of the local backend failed: the vault file cannot be written: ENOSPC")
    assert.isAbove(result.acknowledged, 7)
    assert.deepStrictEqual(result.reopened, [200])
    assert.deepStrictEqual(result.last, [200])
  })
})
