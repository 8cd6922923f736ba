/** The pages for languages: their files and commands, in a project that has the package as it is published. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll } from "vitest"
import { bodies, type Reads } from "../../src/local/control/controlApi.js"
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

/** Both pages use it, and one shows it. */
const setup = python.get("setup.jsonc") ?? ""

let project: Project.Project

/** Runs a command of a page, in a folder with some of its files. */
const run = async (page: ReadonlyMap<string, string>, step: string, options: {
  readonly files: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}) => {
  const cwd = join(project.folder, step.replaceAll(" ", "-"))
  mkdirSync(cwd, { recursive: true })
  for (const name of ["setup.jsonc", ...options.files]) {
    writeFileSync(join(cwd, name), page.get(name) ?? setup)
  }
  return Project.run(project, page.get(step) ?? assert.fail(`the page has no '${step}'`), { ...options, cwd })
}

beforeAll(async () => {
  project = await Project.makeProject(["vitest", "@aws-sdk", ".bin/vitest"])
})

afterAll(() => project.remove())

describe("the page for JavaScript", () => {
  it.concurrent("has a test for vitest", async () => {
    assert.match(await run(javascript, "run vitest", { files: ["agent.test.ts"] }), /Tests\s+2 passed/)
  })

  it.concurrent("has a test for node:test", async () => {
    assert.match(await run(javascript, "run node", { files: ["agent.test.mjs"] }), /^[#ℹ] pass 1$/m)
  })

  it.concurrent("has a helper for every other runner", async () => {
    assert.match(await run(javascript, "run any", { files: ["local.mjs", "anyRunner.mjs"] }), /offset: 3600000/)
  })
})

describe("the page for Python", () => {
  const pythonCase = (name: string, step: string, files: ReadonlyArray<string>, expected: RegExp) =>
    Python.pythonTest(name, () =>
      Effect.gen(function*() {
        const env = yield* Python.environment(project)
        assert.match(yield* Effect.promise(() => run(python, step, { files, env })), expected)
      }))

  pythonCase(
    "has a test for unittest",
    "run unittest",
    ["local_identity.py", "test_agent.py"],
    /Ran 4 tests in .*\n\nOK/
  )

  pythonCase(
    "has a fixture for pytest",
    "run pytest",
    ["local_identity.py", "test_agent.py", "conftest.py"],
    /4 passed/
  )

  it("has every path of the control", () => {
    const page = readFileSync(new URL("python.md", import.meta.url), "utf8").replaceAll(
      /`(POST \/_local\/\w+\/)\w+`, `…\/(\w+)`(?:, `…\/(\w+)`)?/g,
      (all, start: string, ...names: ReadonlyArray<string>) => `${all} ${names.map((name) => start + name).join(" ")}`
    )
    const reads: { readonly [Path in keyof Reads]: true } = {
      clock: true,
      snapshots: true,
      faults: true,
      requests: true,
      consents: true,
      grants: true,
      rejections: true,
      resources: true,
      server: true
    }
    // Only the page of the console uses `console/token`.
    const actions = Object.keys(bodies).filter((path) => path !== "console/token")
    for (const path of [...Object.keys(reads), ...actions, "events"]) assert.include(page, `/_local/${path}`)
  })
})
