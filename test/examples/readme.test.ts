import { assert, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { posix } from "node:path"
import packageJson from "../../package.json" with { type: "json" }
import { blocksOf, pages, read } from "../package/pages.mjs"

const root = new URL("../../", import.meta.url)

const texts = pages.map((page) => ({ page, text: read(page) }))

const readme = read("README.md")

const blocks = pages.flatMap(blocksOf)

/** Blocks below `<!-- test/examples/x.ts -->`: the file, or a part of it. */
const examples = blocks.filter(({ marker }) => marker.startsWith("test/"))

const linesOf = (page: string): number => read(page).split("\n").length - 1

describe("README and guides", () => {
  it("have only tested code: files of the examples, and steps that `follow-readme.mjs` follows", () => {
    for (const { page, text } of texts) {
      assert.lengthOf(blocksOf(page), (text.match(/^```/gm)?.length ?? 0) / 2, page)
    }
    const others = blocks.filter(({ marker }) => !/^(test\/|follow: )/.test(marker))
    // `.ci/run` runs the commands of a clone.
    assert.deepStrictEqual(others.map(({ marker }) => marker), ["a clone"])
    for (const { language, marker } of blocks) {
      assert.strictEqual(marker.startsWith("test/"), !["sh", "json"].includes(language), marker)
    }
    const markers = blocks.map(({ marker }) => marker)
    assert.deepStrictEqual([...new Set(markers)], markers, "each block stands once")
  })

  it.each(examples)("$page shows $marker as it is", ({ code, marker }) => {
    assert.include(read(marker), code)
  })

  it.each(examples)("$page shows the whole of $marker, or says that it is an excerpt", ({ code, marker, page }) => {
    const [before = ""] = read(page).split(`<!-- ${marker} -->`)
    const name = marker.slice("test/examples/".length)
    assert.strictEqual(
      /excerpt\s+of\s+\[`(.+)`\]\([^:]*:\s*$/.exec(before.slice(-200))?.[1],
      code === read(marker) ? undefined : name
    )
  })

  it("show or link every example", () => {
    const files = readdirSync(new URL("test/examples/", root)).filter((name) =>
      // Tests of recipes need the first one. The package does not contain the others.
      ![
        "agent-world.ts",
        "examples.test.ts",
        "open-telemetry.test.ts",
        "promise-agent.test.ts",
        "readme.test.ts",
        "durable-consent.test.ts"
      ].includes(name)
    )
    const missing = files.filter((name) => !texts.some(({ text }) => text.includes(`test/examples/${name}`)))
    assert.deepStrictEqual(missing, [])
  })

  it("are short, and say nothing twice", () => {
    assert.isAtMost(linesOf("README.md"), 350)
    const languages = readdirSync(new URL("test/languages/", root)).filter((name) => name.endsWith(".md"))
    assert.isAtMost(linesOf("src/persistence/README.md"), 120)
    const all = [...pages, "src/README.md", ...languages.map((name) => `test/languages/${name}`)]
    assert.isAtMost(all.reduce((sum, page) => sum + linesOf(page), 0), 1_420)
    const sentences = all.flatMap((page) =>
      read(page)
        // Without code, tables and pictures.
        .replaceAll(/^```[^]*?^```$|^[|<].*$/gm, "")
        .split(/\n\n|\n- |(?<=[.:!?])\s+/)
        .map((sentence) => sentence.replaceAll(/\s+/g, " ").trim())
        .filter((sentence) => sentence.split(" ").length > 4)
    )
    assert.isAbove(sentences.length, 300)
    assert.deepStrictEqual(sentences.filter((sentence, index) => sentences.indexOf(sentence) !== index), [])
  })

  it("the README has doors of at most 30 lines, with one link and one example each", () => {
    const [, ...doors] = (/^### [^]*?^## /m.exec(readme)?.[0] ?? "").split(/^(?:### |## )/m)
    const named = doors.filter((door) => door !== "")
    assert.lengthOf(named, 5)
    for (const door of named) {
      const lines = door.split("\n").filter((line) => line !== "")
      const name = lines[0]
      assert.isAtMost(lines.length, 30, name)
      const text = door.replaceAll(/^```[^]*?^```$/gm, "")
      assert.lengthOf(text.match(/\]\(/g) ?? [], 1, name)
      assert.isAtLeast(text.match(/<!-- follow: /g)?.length ?? 0, 1, name)
    }
  })

  it("recipes install every package that their files import", () => {
    const folder = new URL("test/examples/", root)
    const recipes = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    assert.isAbove(recipes.length, 10)
    for (const { name } of recipes) {
      const [, install = ""] = /<!-- (?:follow: )?install -->\n```sh\n([^]*?)^```/m.exec(
        read(`test/examples/${name}/README.md`)
      ) ?? []
      const files = readdirSync(new URL(`${name}/`, folder)).filter((file) => /^(?!.*\.test).*\.(ts|mjs)$/.test(file))
      const imported = files.flatMap((file) =>
        [...read(`test/examples/${name}/${file}`).matchAll(/(?:from|import) "((?:@[\w-]+\/)?[\w-]+)/g)].map((
          [, name]
        ) => name)
      )
      const installed = [...install.matchAll(/(?<=[\s,{])((?:@[\w-]+\/)?[\w-]+)(?=@\d|\s|$)/gm)].map(([, name]) => name)
      assert.includeMembers(["node", ...installed], [...new Set(["effect-agentcore-identity", ...imported])], name)
    }
  })

  it("name commands and public modules that exist", () => {
    for (const { text } of texts) {
      for (const [, script = ""] of text.matchAll(/npm (?:run )?(start|test|check|build|bench|conformance|docs)\b/g)) {
        assert.property(packageJson.scripts, script)
      }
      for (const [, module = ""] of text.matchAll(/"effect-agentcore-identity\/([\w/]+)"/g)) {
        assert.isAbove(read(`src/${module}.ts`).length, 0)
      }
    }
  })

  it("name the versions of package.json", () => {
    const supported: Record<string, string> = packageJson.peerDependencies
    for (const { text } of texts) {
      for (const [, name = "", version = ""] of text.matchAll(/([@\w/-]+)@(\d[\d.]*)/g)) {
        const range = supported[name]
          ?? Object.entries(packageJson.devDependencies).find(([other]) => other === name)?.[1]
        if (range !== undefined) assert.match(range, new RegExp(`^[~^]?${version.replaceAll(".", "\\.")}(\\.|$)`), name)
      }
      for (const [, version] of text.matchAll(/effect-agentcore-identity-([\d.]+)\.tgz/g)) {
        assert.strictEqual(version, packageJson.version)
      }
    }
  })

  it.each(texts)("$page links to files and headings that exist", ({ page, text }) => {
    const headingsOf = (path: string) =>
      [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
      )
    const links = [
      ...text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/\]\((?!https?:)([^)]*)\)/g),
      // A clone and npm resolve relative pictures.
      ...text.matchAll(/(?:src|srcset)="([^"]+)/g)
    ]
    for (const [, link = ""] of links) {
      const [path = "", anchor] = link.split("#")
      const target = path === "" ? page : posix.join(posix.dirname(page), path)
      assert.isAbove(read(target).length, 0, link)
      if (anchor !== undefined) assert.include(headingsOf(target), anchor, link)
    }
  })

  it("have no other addresses than those of the program, of examples, and of the comparison", () => {
    const hosts = texts.flatMap(({ text }) => [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host))
    assert.deepStrictEqual([...new Set(hosts)].sort(), [
      "127.0.0.1",
      "agent.example.com",
      "auth0.com",
      "docs.aws.amazon.com",
      "docs.localstack.cloud",
      "effect.website",
      "github.com",
      "nango.dev",
      "weather.example.com"
    ])
  })
})
