/** The pages for languages: their files and commands, in a project that has the package as it is published. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as Control from "../../src/local/server/controlOperations.js"
import * as Project from "../support/project.js"
import * as Python from "../support/python.js"

/** The blocks of code below a comment: files and commands, by what the comment says. */
const blocksOf = (page: string): ReadonlyMap<string, string> =>
  new Map(
    Array.from(
      readFileSync(new URL(page, import.meta.url), "utf8").matchAll(/^<!-- (.+) -->\n```\w+\n([\s\S]*?)^```$/gm),
      ([, name = "", text = ""]) => [name, text]
    )
  )

const javascript = blocksOf("javascript.md")
const python = blocksOf("python.md")

/** Both pages use the file that the README shows. */
const setup = blocksOf("../../README.md").get("test/examples/setup.jsonc") ?? assert.fail("no setup.jsonc")

let project: Project.Project

/** Runs a command of a page, in a folder with some of its files. */
const run = async (page: ReadonlyMap<string, string>, step: string, options: {
  readonly files: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly edit?: (command: string) => string
}) => {
  const { edit = (command: string) => command, files, ...others } = options
  const cwd = join(project.folder, [step, ...files].join("-").replaceAll(" ", "-"))
  mkdirSync(cwd, { recursive: true })
  for (const name of ["setup.jsonc", ...files]) {
    writeFileSync(join(cwd, name), page.get(name) ?? setup)
  }
  const command = page.get(step) ?? assert.fail(`the page has no '${step}'`)
  return Project.run(project, edit(command), { ...others, cwd })
}

beforeAll(async () => {
  project = await Project.makeProject(["vitest", "@aws-sdk", ".bin/vitest", "effect"])
})

afterAll(() => project.remove())

describe("the page about troubleshooting", () => {
  it("quotes messages of this package as they are", () => {
    const page = readFileSync(new URL("troubleshooting.md", import.meta.url), "utf8")
    const [, symptoms = ""] = page.split(/^## /m)
    const source = new URL("../../src/", import.meta.url)
    const sources = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
    const text = sources.map((name) => readFileSync(new URL(name, source), "utf8")).join("\n")
    const quoted = [...symptoms.matchAll(/^\| `(.+?)`/gm)].map(([, message = ""]) => message)
    // Of npm, Node, Effect and esbuild.
    const others = ["npm install", "EADDRINUSE", "Service not found", "Dynamic require"]
    assert.deepStrictEqual(
      quoted.filter((message) => !text.includes(message) && !others.some((other) => message.startsWith(other))),
      []
    )
    assert.isAtLeast(quoted.length, 10)
  })
})

describe("the page for JavaScript", () => {
  it.concurrent("has a test for vitest", async () => {
    assert.match(await run(javascript, "run vitest", { files: ["agent.test.ts"] }), /Tests\s+2 passed/)
  })
})

describe("the page for Python", () => {
  const pythonCase = (
    name: string,
    step: string,
    files: ReadonlyArray<string>,
    expected: RegExp,
    edit = (command: string) => command
  ) =>
    Python.pythonTest(name, () =>
      Effect.gen(function*() {
        const env = yield* Python.environment(project)
        assert.match(yield* Effect.promise(() => run(python, step, { files, env, edit })), expected)
      }))

  pythonCase(
    "has a program of the SDK, which runs if it is installed",
    "run sdk",
    ["sdk.py"],
    /Sales, with a token|without the SDK/,
    (command) =>
      command.replace(
        "python3 sdk.py",
        `sh -c 'python3 -m py_compile sdk.py; python3 -c "import bedrock_agentcore" && python3 sdk.py || echo without the SDK'`
      )
  )

  it("has every path of the control", () => {
    const page = readFileSync(new URL("python.md", import.meta.url), "utf8").replaceAll(
      /`(POST \/_local\/\w+\/)\w+`, `…\/(\w+)`(?:, `…\/(\w+)`)?/g,
      (all, start: string, ...names: ReadonlyArray<string>) => `${all} ${names.map((name) => start + name).join(" ")}`
    )
    // Only the page of the console uses `console/token`.
    const actions = Object.keys(Control.actions).filter((path) => path !== Control.exchangePath)
    for (const path of [...Object.keys(Control.reads), ...actions, "events"]) assert.include(page, `/_local/${path}`)
  })
})
