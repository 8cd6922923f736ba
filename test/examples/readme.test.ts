import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import packageJson from "../../package.json" with { type: "json" }
import { pictureAddress } from "../pictures/draw.mjs"

const root = new URL("../../", import.meta.url)

const read = (path: string): string => readFileSync(new URL(path, root), "utf8")

const readme = read("README.md")

/** Every block of code, with the comment on the line before it. */
const blocks = [...readme.matchAll(/^(?:<!-- (.+) -->\n)?```(\w+)\n([\s\S]*?)^```$/gm)]
  .map(([, marker = "", language = "", code = ""]) => ({ marker, language, code }))

/** Blocks below `<!-- test/examples/x.ts -->`: the file, or a part of it. */
const examples = blocks.filter(({ marker }) => marker.startsWith("test/"))

describe("README", () => {
  it("has only tested code: files of the examples, and steps that `follow-readme.mjs` follows", () => {
    assert.lengthOf(blocks, (readme.match(/^```/gm)?.length ?? 0) / 2)
    const others = blocks.filter(({ marker }) => !/^(test\/|follow: )/.test(marker))
    // `.ci/run` runs the commands of a clone.
    assert.deepStrictEqual(others.map(({ marker }) => marker), ["a clone"])
    for (const { language, marker } of blocks) {
      assert.strictEqual(marker.startsWith("test/"), !["sh", "json"].includes(language), marker)
    }
  })

  it.each(examples)("shows $marker as it is", ({ code, marker }) => {
    assert.include(read(marker), code)
  })

  it.each(examples)("shows the whole of $marker, or says that it is an excerpt", ({ code, marker }) => {
    const [before = ""] = readme.split(`<!-- ${marker} -->`)
    const name = marker.slice("test/examples/".length)
    assert.strictEqual(
      /excerpt\s+of\s+\[`(.+)`\]\(.*\):\s*$/.exec(before.slice(-120))?.[1],
      code === read(marker) ? undefined : name
    )
  })

  it("shows or links every example", () => {
    const files = readdirSync(new URL("test/examples/", root)).filter((name) =>
      // The documentation of `local/VaultStore` and `durable/ObtainConsent` has the last ones.
      ![
        "examples.test.ts",
        "open-telemetry.test.ts",
        "promise-agent.test.ts",
        "readme.test.ts",
        "vault-store.ts",
        "durable-consent.test.ts"
      ].includes(name)
    )
    assert.deepStrictEqual(files.filter((name) => !readme.includes(`test/examples/${name}`)), [])
  })

  it("takes at most ten minutes to read", () => {
    // Tables are looked up, not read.
    const words = readme.replaceAll(/```[\s\S]*?```|<[^>]*>|^\|.*$/gm, "").split(/\s+/).filter((word) =>
      /\w/.test(word)
    )
    assert.isBelow(words.length, 2_100)
  })

  it("names commands and public modules that exist", () => {
    for (const [, script = ""] of readme.matchAll(/npm (?:run )?(start|test|check|build|bench)\b/g)) {
      assert.property(packageJson.scripts, script)
    }
    for (const [, module = ""] of readme.matchAll(/"effect-agentcore-identity\/([\w/]+)"/g)) {
      assert.isAbove(read(`src/${module}.ts`).length, 0)
    }
  })

  it("names the versions of package.json", () => {
    const supported: Record<string, string> = packageJson.peerDependencies
    for (const [, name = "", version = ""] of readme.matchAll(/([@\w/-]+)@(\d[\d.]*)/g)) {
      const range = supported[name]
        ?? Object.entries(packageJson.devDependencies).find(([other]) => other === name)?.[1]
      if (range !== undefined) assert.match(range, new RegExp(`^[~^]?${version.replaceAll(".", "\\.")}(\\.|$)`), name)
    }
  })

  it("links to files and headings that exist", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.isAbove(read(path).length, 0, path)
    }
    // The page of the package on npm has no checkout.
    for (const [, address = ""] of readme.matchAll(/(?:src|srcset)="([^"]+)/g)) {
      const file = address.slice(address.indexOf("test/pictures/"))
      assert.strictEqual(address, pictureAddress(file))
      assert.isAbove(read(file).length, 0, file)
    }
    const headings = [...readme.matchAll(/^## (.+)$/gm)].map(([, text = ""]) =>
      text.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
    )
    for (const [, anchor = ""] of readme.matchAll(/\]\(#([^)]+)\)/g)) assert.include(headings, anchor)
    // The only addresses: the program's own, Effect's, and those of the pictures.
    const hosts = [...readme.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host)
    assert.deepStrictEqual(
      [...new Set(hosts)].sort(),
      ["127.0.0.1", "agent.example.com", "effect.website", "raw.githubusercontent.com", "warehouse.example.com"]
    )
  })
})
