/** The console of the command, which is one bundled file next to the console's files. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Program from "../support/cli.js"

describe("agentcore-identity local", () => {
  beforeAll(Program.build, 60_000)

  it.live("prints the URL of the console on a terminal, and serves it", () =>
    Effect.gen(function*() {
      const started = yield* Program.launch(["local", "--port", "0"], {}, { terminal: true })
      const url = yield* Program.seen(started, /^Console: (\S+)/m)
      const token = yield* Program.seen(started, /AGENTCORE_LOCAL_TOKEN=([\w-]+)\s/)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/_local\/console#code=[\w-]{43}$/)
      assert.notInclude(url, token)
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

  it.live("prints a new URL for each run of the command 'console'", () =>
    Effect.gen(function*() {
      const running = yield* Program.local()
      const base = running.variables["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] ?? ""
      const print = Effect.map(
        Program.run(["console", "--port", new URL(base).port]),
        ({ stderr, stdout }) => {
          assert.strictEqual(stderr, "")
          assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d+\/_local\/console#code=[\w-]{43}\n$/)
          return new URL(stdout)
        }
      )
      const urls = [yield* print, yield* print]
      assert.notStrictEqual(urls[0]?.hash, urls[1]?.hash)
      for (const { hash, origin } of urls) {
        assert.strictEqual(origin, base)
        const body = yield* Effect.promise(async () => {
          const response = await fetch(`${base}/_local/console/token`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ code: hash.slice("#code=".length) })
          })
          return await response.json() as unknown
        })
        assert.deepStrictEqual(body, { token: running.variables["AGENTCORE_LOCAL_TOKEN"] })
      }
    }))

  it.live("prints no URL and no token when stderr is not a terminal", () =>
    Effect.gen(function*() {
      const running = yield* Program.local()
      const { stderr, stdout } = yield* running.kill("SIGTERM")
      assert.notInclude(stdout, "Console")
      assert.notInclude(stderr, running.variables["AGENTCORE_LOCAL_TOKEN"] ?? "")
      assert.notInclude(stderr, "Console")
    }))
})
