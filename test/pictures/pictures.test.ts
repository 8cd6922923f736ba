import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, statSync } from "node:fs"
import * as Program from "../support/cli.js"
import { draw } from "./draw.mjs"

const folder = new URL("./", import.meta.url)

const read = (name: string): string => readFileSync(new URL(name, folder), "utf8")

const filesOf = (extension: string) => readdirSync(folder).filter((name) => name.endsWith(extension)).sort()

describe("the pictures of the README and the guides", () => {
  it("are what draw.mjs draws", () => {
    const drawn = draw()
    assert.deepStrictEqual(filesOf(".svg"), Object.keys(drawn).sort())
    for (const [name, content] of Object.entries(drawn)) assert.strictEqual(read(name), content, name)
  })

  it("load nothing, and have a light and a dark form", () => {
    for (const name of filesOf(".svg")) {
      assert.notMatch(read(name).replace("http://www.w3.org/2000/svg", ""), /href|url\((?!#)|<script|<style/, name)
    }
    const names = [...filesOf(".svg"), ...filesOf(".png")]
    // A terminal is dark everywhere.
    for (const name of names.filter((name) => name !== "demo.svg")) {
      assert.include(names, name.replace("-light", "-dark"))
      assert.include(names, name.replace("-dark", "-light"))
    }
  })

  it("have the figures of the table of data planes", () => {
    const { ratios } = JSON.parse(read("figures.json"))
    for (
      const [plane, { cold, kilobytes, token }] of [
        ["AwsDataPlane.layerHttpNode", ratios.http],
        ["AwsDataPlane.layer`", ratios.sdk],
        ["AwsDataPlane.layerHttp` over fetch", ratios.fetch]
      ]
    ) {
      const row = readFileSync(new URL("../../src/aws/README.md", folder), "utf8").split("\n").find((line) =>
        line.startsWith(`| \`${plane}`)
      )
      const figures = `| ${token.toFixed(1)} | ${cold.toFixed(1)} | ${kilobytes.toFixed(0)} KB |`
      assert.isTrue(row?.endsWith(figures), `${row} ends with ${figures}`)
    }
  })

  it("are small", () => {
    for (const name of [...filesOf(".svg"), ...filesOf(".png")]) {
      assert.isBelow(statSync(new URL(name, folder)).size, 60_000, name)
    }
  })

  describe("the demo", () => {
    beforeAll(Program.build)

    it.live("shows its real output, except ports and times", () =>
      Effect.gen(function*() {
        const normalize = (text: string) =>
          text.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT").replaceAll(/\d+(\.\d+)? s$/gm, "TIME")
        const { stdout } = yield* Program.run(["demo", "--auto-consent"])
        assert.strictEqual(normalize(read("demo.txt")), normalize(stdout), "run node test/pictures/record.mjs")
      }))
  })
})
