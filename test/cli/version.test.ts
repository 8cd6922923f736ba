import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Commands from "../../src/cli/program.js"

describe("version", () => {
  it("equals the version of the package", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    assert.strictEqual(Commands.make(() => {}).version(), manifest.version)
  })
})
