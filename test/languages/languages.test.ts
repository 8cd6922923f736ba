/** The pages for languages: their files and commands, in a project that has the package as it is published. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify, stripVTControlCharacters } from "node:util"
import { afterAll } from "vitest"
import { bodies, type Reads } from "../../src/local/control/api.js"
import { buildCommand, buildModules } from "../support/build.mjs"
import * as Python from "../support/python.js"
import * as ServiceModel from "../support/serviceModel.js"

const root = fileURLToPath(new URL("../../", import.meta.url))

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

let folder = ""

const commands = () => `${join(folder, "node_modules", ".bin")}:${process.env["PATH"]}`

/** Runs a command of a page, in a folder with some of its files. */
const run = async (page: ReadonlyMap<string, string>, step: string, options: {
  readonly files: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}) => {
  const cwd = join(folder, step.replaceAll(" ", "-"))
  mkdirSync(cwd, { recursive: true })
  for (const name of ["setup.jsonc", ...options.files]) {
    writeFileSync(join(cwd, name), page.get(name) ?? setup)
  }
  const command = page.get(step) ?? assert.fail(`the page has no '${step}'`)
  const { stderr, stdout } = await promisify(execFile)("bash", ["-c", command], {
    cwd,
    env: {
      PATH: commands(),
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      AWS_EC2_METADATA_DISABLED: "true",
      ...options.env
    }
  }).catch(({ stderr, stdout }) => assert.fail(`${command}${stdout}${stderr}`))
  return stripVTControlCharacters(stdout + stderr)
}

beforeAll(async () => {
  const [command, modules] = await Promise.all([buildCommand(), buildModules()])
  folder = mkdtempSync(join(tmpdir(), "agentcore-languages-"))
  const own = join(folder, "node_modules", "effect-agentcore-identity")
  mkdirSync(own, { recursive: true })
  mkdirSync(join(folder, "node_modules", ".bin"))
  copyFileSync(join(root, "package.json"), join(own, "package.json"))
  symlinkSync(modules, join(own, "dist"))
  symlinkSync(command, join(folder, "node_modules", ".bin", "agentcore-identity"))
  for (const name of ["vitest", "@aws-sdk", ".bin/vitest"]) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name))
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

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
  const skips = Python.python === undefined && !Python.isRequired

  const runPython = async (step: string, files: ReadonlyArray<string>) => {
    const models = join(folder, step, "models")
    const bin = join(folder, step, "bin")
    mkdirSync(models, { recursive: true })
    mkdirSync(bin)
    ServiceModel.write(models)
    // `python3` of the page is the Python that has boto3.
    symlinkSync(Python.python ?? assert.fail(Python.missing), join(bin, "python3"))
    return run(python, step, { files, env: { AWS_DATA_PATH: models, PATH: `${bin}:${commands()}` } })
  }

  it.skipIf(skips)("has a test for unittest", async () => {
    const output = await runPython("run unittest", ["local_identity.py", "test_agent.py"])
    assert.match(output, /Ran 4 tests in .*\n\nOK/)
  })

  it.skipIf(skips)("has a fixture for pytest", async () => {
    const output = await runPython("run pytest", ["local_identity.py", "test_agent.py", "conftest.py"])
    assert.match(output, /4 passed/)
  })

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
      refusals: true,
      resources: true,
      server: true
    }
    // Only the page of the console uses `console/token`.
    const actions = Object.keys(bodies).filter((path) => path !== "console/token")
    for (const path of [...Object.keys(reads), ...actions, "events"]) assert.include(page, `/_local/${path}`)
  })
})
