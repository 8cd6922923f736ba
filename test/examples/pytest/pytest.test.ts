/** The tests in Python, with the command of their README. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import * as Project from "../../support/project.js"
import * as Python from "../../support/python.js"

const readme = readFileSync(new URL("README.md", import.meta.url), "utf8")
const command = /<!-- run -->\n```sh\n([^]*?)^```/m.exec(readme)?.[1] ?? ""

describe("pytest", () => {
  it.skipIf(Python.python === undefined && !Python.isRequired)(
    "runs the recipe, with the SDK if it is installed",
    async () => {
      const project = await Project.makeRecipe("pytest", [])
      try {
        const env = Python.environment(project)
        const find = "import importlib.util; print(importlib.util.find_spec('bedrock_agentcore') is not None)"
        const hasSdk = execFileSync(Python.python ?? "", ["-c", find], { encoding: "utf8" }).trim() === "True"
        assert.match(await Project.run(project, command, { env }), hasSdk ? /7 passed/ : /5 passed, 1 skipped/)
      } finally {
        project.remove()
      }
    }
  )
})
