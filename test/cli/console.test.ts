/** The console of the command, which is one bundled file next to the console's files. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Program from "../support/cli.js"

describe("agentcore-identity local", () => {
  beforeAll(Program.build)

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

  /** Runs the command `console` on a terminal. `browser` is the script of the only browser. */
  const openOnTerminal = (browser: string) =>
    Effect.gen(function*() {
      const running = yield* Program.local()
      const folder = yield* Program.temporary
      writeFileSync(join(folder, "xdg-open"), `#!/bin/sh\n${browser}\n`, { mode: 0o755 })
      const { port } = new URL(running.variables["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] ?? "")
      const started = yield* Program.launch(["console", "--port", port], {
        PATH: `${folder}:${process.env["PATH"]}`,
        SEEN: join(folder, "seen")
      }, { terminal: true })
      const { code, stdout } = yield* Effect.promise(() => started.ended)
      assert.strictEqual(code, 0, stdout)
      return { stdout, port, seen: readFileSync(join(folder, "seen"), "utf8") }
    })

  const linux = it.live.skipIf(process.platform !== "linux")

  linux(
    "opens the console on a terminal, and shows its code neither there nor to other processes",
    () =>
      Effect.gen(function*() {
        const follow = `fetch(process.argv[1], { redirect: "manual" })
        .then(({ headers }) => console.log(process.argv[1], headers.get("location")))`
        const { port, seen, stdout } = yield* openOnTerminal(`"${process.execPath}" -e '${follow}' "$1" > "$SEEN"`)
        const [argument = "", location = ""] = seen.trim().split(" ")
        assert.match(location, new RegExp(`^http://127\\.0\\.0\\.1:${port}/_local/console#code=[\\w-]{43}$`))
        assert.notInclude(argument, new URL(location).hash)
        assert.strictEqual(stdout.trim(), `Opened the console of http://127.0.0.1:${port} in the browser.`)
      }),
    30_000
  )

  linux("prints the URL on a terminal without a browser", () =>
    Effect.gen(function*() {
      const { port, stdout } = yield* openOnTerminal(`echo "$1" > "$SEEN"; exit 3`)
      assert.include(stdout, "No browser opened the console.")
      assert.match(stdout, new RegExp(`http://127\\.0\\.0\\.1:${port}/_local/console#code=[\\w-]{43}\\s`))
    }))

  it.live("prints a new URL for each run of the command 'console', and none when stderr is not a terminal", () =>
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
      const { stderr, stdout } = yield* running.kill("SIGTERM")
      assert.notInclude(stdout + stderr, "Console")
      assert.notInclude(stderr, running.variables["AGENTCORE_LOCAL_TOKEN"] ?? "")
    }))
})
