/**
 * Python programs with boto3. Without boto3, the tests are reported as skipped, or fail if `AGENTCORE_REQUIRE_BOTO3=1`.
 * The tests use `$PYTHON`, or the system's Python 3.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Child from "./child.js"
import type { Project } from "./project.js"
import * as ServiceModel from "./serviceModel.js"

const configured = process.env["PYTHON"]

/** The Python that has boto3 and pytest. */
export const python = (configured === undefined || configured === "" ? ["/usr/bin/python3"] : [configured])
  .find((path) => existsSync(path) && spawnSync(path, ["-c", "import boto3, pytest"]).status === 0)

export const isRequired = process.env["AGENTCORE_REQUIRE_BOTO3"] === "1"

export const missing =
  "boto3 or pytest not found: install python3-boto3 and python3-pytest, or set PYTHON to a Python that has both"

/** The variables for commands of a project, in which `python3` is the Python that has boto3 and pytest. */
export const environment = (project: Project): Readonly<Record<string, string>> => {
  const models = join(project.folder, "models")
  const bin = join(project.folder, "bin")
  if (!existsSync(bin)) {
    mkdirSync(models)
    mkdirSync(bin)
    ServiceModel.write(models)
    symlinkSync(python ?? assert.fail(missing), join(bin, "python3"))
  }
  return { AWS_DATA_PATH: models, PATH: `${bin}:${project.environment["PATH"]}` }
}

/** Runs a task of a program in this environment only. Returns its report. */
export const run = (program: URL) =>
(
  task: string,
  environment: Readonly<Record<string, string>>,
  more: object = {}
): Effect.Effect<Readonly<Record<string, unknown>>, never, Scope.Scope> =>
  Effect.gen(function*() {
    if (python === undefined) return yield* Effect.die(new Error(missing))
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

export const pythonTest = (name: string, test: () => Effect.Effect<void, unknown, Scope.Scope>): void => {
  const available = python !== undefined || isRequired
  it.live.skipIf(!available)(available ? name : `${name} (skipped: ${missing})`, test, 60_000)
}
