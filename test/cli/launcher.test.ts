import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as esbuild from "esbuild"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Program from "../support/cli.js"

const { version: ownVersion } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

const recorder = new URL("../package/record-modules.mjs", import.meta.url).href

beforeAll(Program.build)

/** Runs the command on a Node that reports another version. */
const runOn = (version: string) => {
  const preload = `Object.defineProperty(process.versions, "node", { value: "${version}" })`
  return spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(preload)}`, Program.file, "--version"],
    { encoding: "utf8" }
  )
}

describe("the launcher", () => {
  const versions = {
    "does not run": ["8.17.0", "18.20.8", "20.19.4", "21.7.3", "22.15.1"],
    "is not tested": ["20.19.5", "20.20.2", "22.16.0", "22.20.0"],
    runs: ["22.21.0", "23.0.0", "24.1.0", "100.0.0"]
  }

  it.each(Object.entries(versions).flatMap(([result, all]) => all.map((version) => [result, version] as const)))(
    "%s on Node %s, and otherwise names the required version in one line",
    (result, version) => {
      const { status, stderr, stdout } = runOn(version)
      const line = `agentcore-identity ${result} on Node ${version}: use Node 22.21 or later.\n`
      assert.strictEqual(stderr, result === "runs" ? "" : line)
      assert.deepStrictEqual([status, stdout.trim()], result === "does not run" ? [1, ""] : [0, ownVersion])
    }
  )

  it("loads for `--help` only a part of the command", () => {
    const { stdout } = spawnSync(process.execPath, ["--import", recorder, Program.file, "--help"], { encoding: "utf8" })
    const size = (paths: ReadonlyArray<string>) => paths.reduce((sum, path) => sum + statSync(path).size, 0)
    const folder = dirname(Program.file)
    const loaded = stdout.split("\n").filter((line) => line.startsWith("file:")).map((url) => fileURLToPath(url))
    const all = readdirSync(folder).filter((name) => name.endsWith(".js")).map((name) => join(folder, name))
    assert.include(loaded, join(folder, "main.js"))
    assert.isBelow(size(loaded.filter((path) => dirname(path) === folder)), size(all) / 2)
  })

  it("requires the version of the manifest, and has only syntax that old versions parse", () => {
    const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    assert.strictEqual(engines.node, ">=22.21")
    const text = readFileSync(Program.file, "utf8")
    // `import()` is the only exception: every Node with ES modules parses it.
    const target = { target: "es2015", supported: { "dynamic-import": true }, minifySyntax: false } as const
    assert.strictEqual(
      esbuild.transformSync(text, target).code.replaceAll(/\s+/g, ""),
      text.replaceAll(/\s+/g, "")
    )
    assert.notMatch(text, /^\s*import\b(?!\()/m)
  })
})
