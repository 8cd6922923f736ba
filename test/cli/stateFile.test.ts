/** How the commands find the running server. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Program from "../support/cli.js"

beforeAll(Program.build)

describe("the state file of agentcore-identity local", () => {
  it.live("is private, has the printed environment, and is removed when the server stops", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const env = { XDG_RUNTIME_DIR: folder }
      const running = yield* Program.local([], env)
      const directory = join(folder, "agentcore-identity")
      const file = join(directory, `${running.pid}.json`)
      assert.strictEqual(statSync(directory).mode & 0o777, 0o700)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      const { environment, pid } = JSON.parse(readFileSync(file, "utf8"))
      assert.strictEqual(pid, running.pid)
      assert.deepStrictEqual(environment, running.variables)
      // A file that others can read is not trusted.
      chmodSync(file, 0o644)
      assert.include(yield* Program.failure(["local", "clock"], env), "No local server runs")
      // The environment names it, too.
      assert.include(yield* Program.inProcess(["local", "clock"], { ...env, ...running.variables }), "(+0 s)")
      yield* running.kill("SIGTERM")
      assert.deepStrictEqual(readdirSync(directory), [])
    }))

  it.live("is removed if its process was killed; several servers need a choice", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const env = { XDG_RUNTIME_DIR: folder }
      const directory = join(folder, "agentcore-identity")
      mkdirSync(directory, { mode: 0o700 })
      const write = (pid: number) =>
        writeFileSync(
          join(directory, `${pid}.json`),
          JSON.stringify({ version: 1, pid, startedAt: "now", url: "http://127.0.0.1:9", environment: {} }),
          { mode: 0o600 }
        )
      // No process has this id: it is larger than Linux allows.
      write(5_000_000)
      assert.include(yield* Program.failure(["local", "clock"], env), "No local server runs")
      assert.isFalse(existsSync(join(directory, "5000000.json")))
      write(process.pid)
      assert.include(
        yield* Program.failure(["local", "clock"], env),
        "The local server at http://127.0.0.1:9 does not respond"
      )
      write(process.ppid)
      assert.include(yield* Program.failure(["local", "clock"], env), `http://127.0.0.1:9 (process ${process.pid})`)
    }))
})
