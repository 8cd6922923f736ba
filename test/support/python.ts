/** Python programs with boto3. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Child from "./child.js"
import type { Project } from "./project.js"
import * as ServiceModel from "./serviceModel.js"
import * as Tools from "./tools.js"

/** The variables for commands of a project, in which `python3` is the Python that has boto3 and pytest. */
export const environment = (
  project: Project
): Effect.Effect<Readonly<Record<string, string>>, never, Tools.Tools> =>
  Effect.map(Tools.pathOf("boto3"), (python) => {
    const models = join(project.folder, "models")
    const bin = join(project.folder, "bin")
    if (!existsSync(bin)) {
      mkdirSync(models)
      mkdirSync(bin)
      ServiceModel.write(models)
      symlinkSync(python, join(bin, "python3"))
    }
    return { AWS_DATA_PATH: models, PATH: `${bin}:${project.environment["PATH"]}` }
  })

/** Runs a task of a program in this environment only. Returns its report. */
export const run = (program: URL) =>
(
  task: string,
  environment: Readonly<Record<string, string>>,
  more: object = {}
): Effect.Effect<Readonly<Record<string, unknown>>, never, Scope.Scope | Tools.Tools> =>
  Effect.gen(function*() {
    const python = yield* Tools.pathOf("boto3")
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const path = mkdtempSync(join(tmpdir(), "agentcore-boto3-"))
        ServiceModel.write(path)
        return path
      }),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const child = yield* Child.start(
      [fileURLToPath(program), JSON.stringify({ task, ...more })],
      {
        AWS_DATA_PATH: directory,
        AWS_CONFIG_FILE: join(directory, "none"),
        AWS_SHARED_CREDENTIALS_FILE: join(directory, "none"),
        ...environment
      },
      python
    )
    const reports = yield* Stream.runCollect(child.reports)
    assert.strictEqual(yield* child.ended, 0, child.output())
    return Object.fromEntries(reports.map(({ name, value }) => [String(name), value]))
  })

/** A test that needs Python with boto3: `it.live`. */
export const pythonTest = Tools.testWith("boto3")
