/** The tests in Python, with the command of their README. */
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe } from "vitest"
import * as Project from "../../support/project.js"
import * as Python from "../../support/python.js"
import * as RecipePolicy from "../../support/recipePolicy.js"
import * as Tools from "../../support/tools.js"

const readme = readFileSync(new URL("README.md", import.meta.url), "utf8")
const command = /<!-- run -->\n```sh\n([^]*?)^```/m.exec(readme)?.[1] ?? ""

describe("pytest", () => {
  Tools.testWith("boto3")("runs the recipe, with the SDK if it is installed", () =>
    Effect.gen(function*() {
      const project = yield* Effect.acquireRelease(
        Effect.promise(() => Project.makeRecipe("pytest", [])),
        (project) => Effect.sync(() => project.remove())
      )
      const policy = yield* Effect.promise(() => RecipePolicy.print("pytest"))
      writeFileSync(join(project.folder, "policy.json"), policy)
      const env = yield* Python.environment(project)
      const find = "import importlib.util; print(importlib.util.find_spec('bedrock_agentcore') is not None)"
      const python = yield* Tools.pathOf("boto3")
      const hasSdk = execFileSync(python, ["-c", find], { encoding: "utf8" }).trim() === "True"
      const output = yield* Effect.promise(() => Project.run(project, command, { env }))
      assert.match(output, hasSdk ? /8 passed/ : /6 passed, 1 skipped/)
    }))
})
