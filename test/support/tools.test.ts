import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { lineOf } from "../../.ci/skipped.mjs"
import * as Tools from "./tools.js"

const tests = fileURLToPath(new URL("..", import.meta.url))

/** A call with a program as its first argument, or the browser of Playwright. Some tools have the name of a program. */
const starts =
  /\b(?!testWith|pathOf|foldersOf)\w+\(\s*["'`][\w/]*\b(?:redis-server|redis-cli|initdb|postgres|psql|pg_\w+|nginx|caddy|unshare|chromium\S*|aws|python3?)["'`]|\bchromium\.\w+\(/g

/** One gets the path of Chromium from `tools.ts`. The other is a program that draws pictures. */
const allowed = ["browser/chromium.ts", "pictures/record.mjs"]

describe("tools that not every machine has", () => {
  Tools.testWith()("are reached only by a test that declares them", () =>
    Effect.gen(function*() {
      const cause = yield* Effect.flip(Effect.sandbox(Tools.pathOf("Redis")))
      assert.include(Cause.pretty(cause), "This test has to declare that it needs Redis")
    }))

  it("are started nowhere else", () => {
    const files = readdirSync(tests, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(?:ts|mjs)$/.test(file) && !allowed.includes(file) && !file.includes("node_modules"))
    assert.isAbove(files.length, 300)
    const found = files.flatMap((file) =>
      Array.from(readFileSync(`${tests}${file}`, "utf8").matchAll(starts), ([match]) => `${file}: ${match}`)
    )
    assert.deepStrictEqual(found, [])
  })

  it("are named in the last line of a run that lacks them", () => {
    assert.strictEqual(
      lineOf([["Redis"], ["Chromium", "boto3"], ["Redis"]]),
      "Skipped: 3 tests need Chromium, Redis or boto3, which are not installed."
    )
    assert.strictEqual(lineOf([["Redis"]]), "Skipped: 1 test needs Redis, which is not installed.")
  })
})
