import { spawn } from "node:child_process"
import { randomInt } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { buildProgram } from "../support/build.mjs"
import { rounds as choose } from "../support/rounds.js"

const rounds = choose({ few: 10, full: 50 })

let directory: string
let child: string

beforeAll(async () => {
  directory = Fs.mkdtempSync(join(tmpdir(), "vault-crash-"))
  child = await buildProgram("local/VaultFile.crash.child.ts")
})

afterAll(() => Fs.rmSync(directory, { recursive: true, force: true }))

interface Round {
  readonly found: Readonly<Record<string, number>>
  readonly acknowledged: ReadonlyArray<readonly [key: string, count: number]>
}

/** One run of the child, which `kill -9` ends some time after its first write. */
const round = (path: string): Promise<Round> =>
  new Promise((resolve, reject) => {
    const process = spawn("node", [child, path], { stdio: ["ignore", "pipe", "pipe"] })
    let errors = ""
    process.stderr.on("data", (chunk) => errors += chunk)
    const acknowledged: Array<readonly [string, number]> = []
    let found: Readonly<Record<string, number>> | undefined
    const lines = createInterface({ input: process.stdout })
    lines.on("line", (line) => {
      // The kill may cut off the last line. Then it does not count.
      if (!line.endsWith("}") && !line.endsWith("]")) return
      if (found === undefined) {
        found = JSON.parse(line)
        return
      }
      if (acknowledged.push(JSON.parse(line)) === 1) setTimeout(() => process.kill("SIGKILL"), randomInt(0, 60))
    })
    lines.on("close", () => {
      if (found === undefined) reject(new Error(`The vault was not opened: ${errors}`))
      else resolve({ found, acknowledged })
    })
  })

/** A child in the same or another pid namespace, its first line, and its stderr. */
const start = (path: string, command: ReadonlyArray<string> = []) => {
  const [program = "node", ...rest] = [...command, "node", child, path]
  const running = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] })
  let errors = ""
  running.stderr.on("data", (chunk) => errors += chunk)
  const opened = new Promise<boolean>((resolve) => {
    running.stdout.once("data", () => resolve(true))
    running.once("close", () => resolve(false))
  })
  const closed = new Promise<void>((resolve) => running.once("close", () => resolve()))
  return { running, opened, closed, errors: () => errors }
}

describe("VaultFile and a second process", () => {
  it(
    "rejects it and names the process that uses the vault, until that process is killed",
    { timeout: 60_000 },
    async () => {
      const path = join(directory, "shared.vault")
      const first = start(path)
      try {
        assert.isTrue(await first.opened, first.errors())
        const second = start(path)
        assert.isFalse(await second.opened)
        assert.include(second.errors(), `process ${first.running.pid} uses it`)
        // A container does not see processes of another one, but it sees that its file is touched.
        const container = start(path, ["unshare", "--pid", "--fork"])
        assert.isFalse(await container.opened)
        await container.closed
        assert.include(
          container.errors(),
          `process ${first.running.pid} uses it`,
          "This test needs `unshare` (Debian: util-linux), and root with CAP_SYS_ADMIN"
        )
        first.running.kill("SIGKILL")
        const third = start(path)
        assert.isTrue(await third.opened, third.errors())
        third.running.kill("SIGKILL")
        await third.closed
      } finally {
        first.running.kill("SIGKILL")
      }
    }
  )
})

describe("VaultFile after kill -9", () => {
  it(`contains all acknowledged writes, ${rounds} times`, { timeout: 120_000 }, async () => {
    const path = join(directory, "agentcore.vault")
    const expected = new Map<string, number>()
    const check = (found: Round["found"]) => {
      for (const [key, count] of expected) {
        // One more entry may exist, which was written and not acknowledged.
        assert.include([count, count + 1], found[key], key)
      }
    }
    let writes = 0
    for (let index = 0; index < rounds; index++) {
      const { acknowledged, found } = await round(path)
      check(found)
      for (const [key, count] of Object.entries(found)) expected.set(key, count)
      for (const [key, count] of acknowledged) {
        assert.strictEqual(count, (expected.get(key) ?? 0) + 1)
        expected.set(key, count)
      }
      writes += acknowledged.length
    }
    check((await round(path)).found)
    assert.isAbove(writes, rounds)
  })
})
