import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import packageJson from "../../package.json" with { type: "json" }

const root = new URL("../../", import.meta.url)

const read = (path: string): string => readFileSync(new URL(path, root), "utf8")

const readme = read("README.md")

/** Code blocks and their files: `<!-- test/examples/x.ts -->` stands on the line before. */
const blocks = [...readme.matchAll(/<!-- (test\/examples\/[\w.-]+) -->\n```ts\n([\s\S]*?)```/g)]
  .map(([, path = "", code = ""]) => ({ path, code }))

describe("README", () => {
  it("has no TypeScript that is not an example", () => {
    assert.lengthOf(blocks, readme.match(/```ts/g)?.length ?? 0)
    assert.isAbove(blocks.length, 0)
  })

  it.each(blocks)("shows $path as it is", ({ code, path }) => {
    assert.include(read(path), code)
  })

  it("shows every example", () => {
    const shown = new Set(blocks.map((block) => block.path))
    const examples = readdirSync(new URL("test/examples/", root)).filter((name) =>
      // The documentation of `local/VaultStore` has the last one.
      !["examples.test.ts", "open-telemetry.test.ts", "readme.test.ts", "vault-store.ts"].includes(name)
    )
    assert.deepStrictEqual(examples.filter((name) => !shown.has(`test/examples/${name}`)), [])
  })

  it("names commands that exist", () => {
    for (const [, script = ""] of readme.matchAll(/npm (?:run )?(start|test|check|build|bench)\b/g)) {
      assert.property(packageJson.scripts, script)
    }
  })

  it("links to files that exist", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.isAbove(read(path).length, 0, path)
    }
  })
})
