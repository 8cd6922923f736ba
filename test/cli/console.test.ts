/** The console of the command, which is one bundled file with the console beside it. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Program from "./program.js"

describe("agentcore-identity local", () => {
  beforeAll(Program.build, 60_000)

  it.live("prints the URL of the console on a terminal, and serves it", () =>
    Effect.gen(function*() {
      const started = yield* Program.launch(["local", "--port", "0"], {}, { terminal: true })
      const url = yield* Program.seen(started, /^Console: (\S+)/m)
      const token = yield* Program.seen(started, /AGENTCORE_LOCAL_TOKEN=([\w-]+)\s/)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/_local\/console#token=/)
      assert.strictEqual(new URL(url).hash, `#token=${token}`)
      for (const path of ["", "/main.js", "/main.css"]) {
        const page = `${new URL(url).origin}/_local/console${path}`
        const { ok, text } = yield* Effect.promise(async () => {
          const response = await fetch(page)
          return { ok: response.ok, text: await response.text() }
        })
        assert.isTrue(ok, path)
        assert.notInclude(text, token)
      }
    }))

  it.live("keeps the token out of what is no terminal", () =>
    Effect.gen(function*() {
      const running = yield* Program.local()
      const { stderr, stdout } = yield* running.kill("SIGTERM")
      assert.notInclude(stdout, "Console")
      assert.notInclude(stderr, running.variables["AGENTCORE_LOCAL_TOKEN"] ?? "")
      assert.notInclude(stderr, "Console")
    }))
})
