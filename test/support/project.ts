/** Projects of users, which have the package and its command as they are published. */
import * as Effect from "effect/Effect"
import { execFile, spawn } from "node:child_process"
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify, stripVTControlCharacters } from "node:util"
import { buildCommand, buildModules, compileCache } from "./build.mjs"
import * as Server from "./server.js"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Project {
  readonly folder: string
  /** The variables of its commands. */
  readonly environment: Readonly<Record<string, string>>
  readonly remove: () => void
}

/** A project with links to these packages, and executables, of this repository. */
export const makeProject = async (packages: ReadonlyArray<string>): Promise<Project> => {
  const [command, modules] = await Promise.all([buildCommand(), buildModules()])
  const folder = mkdtempSync(join(tmpdir(), "agentcore-project-"))
  const own = join(folder, "node_modules", "effect-agentcore-identity")
  mkdirSync(own, { recursive: true })
  mkdirSync(join(folder, "node_modules", ".bin"))
  copyFileSync(join(root, "package.json"), join(own, "package.json"))
  symlinkSync(modules, join(own, "dist"))
  symlinkSync(command, join(folder, "node_modules", ".bin", "agentcore-identity"))
  for (const name of packages) {
    const link = join(folder, "node_modules", name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, "node_modules", name), link)
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  return {
    folder,
    environment: {
      PATH: `${join(folder, "node_modules", ".bin")}:${process.env["PATH"]}`,
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      AWS_EC2_METADATA_DISABLED: "true",
      ...compileCache,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true"
    },
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}

/** A project with the files of a recipe, and the setup file that all recipes use. */
export const makeRecipe = async (name: string, packages: ReadonlyArray<string>): Promise<Project> => {
  const project = await makeProject(packages)
  const examples = join(root, "test", "examples")
  // As in the tarball.
  cpSync(join(examples, name), project.folder, { recursive: true, filter: (file) => !file.endsWith(".test.ts") })
  copyFileSync(join(examples, "setup.jsonc"), join(project.folder, "setup.jsonc"))
  copyFileSync(join(examples, "reports-api.mjs"), join(project.folder, "reports-api.mjs"))
  return project
}

interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a shell command in a project, and returns what it prints. Rejects with the output if the command fails. */
export const run = async (project: Project, command: string, options: RunOptions = {}): Promise<string> => {
  const { stderr, stdout } = await promisify(execFile)("bash", ["-c", command], {
    cwd: options.cwd ?? project.folder,
    env: { ...project.environment, ...options.env }
  }).catch(({ stderr, stdout }) => {
    throw new Error(`${command}\n${stdout}${stderr}`)
  })
  return stripVTControlCharacters(stdout + stderr)
}

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void
  /** The exit code, or the signal that ended the process. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  readonly output: () => string
  /** Waits until the output matches. */
  readonly printed: (pattern: RegExp) => Promise<void>
}

/** Starts a program in a project. */
export const start = (project: Project, command: ReadonlyArray<string>, options: RunOptions = {}): Running => {
  const [executable = "", ...args] = command
  const child = spawn(executable, args, {
    cwd: options.cwd ?? project.folder,
    env: { ...project.environment, ...options.env }
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += stripVTControlCharacters(text))
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal))
  )
  return {
    kill: (signal) => void child.kill(signal),
    ended,
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(output) && resolve()
        for (const stream of [child.stdout, child.stderr]) stream.on("data", look)
        void ended.then(() => reject(new Error(`it ended before it printed ${pattern}: ${output}`)))
        look()
      })
  }
}

/** Serves HTTP on a free port of this machine. */
export const serve = async (handle: RequestListener) => {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

export const freePort = (): Promise<number> => Effect.runPromise(Server.freePort)

/** Waits until a server that does not announce itself listens. */
export const reachable = async (url: string): Promise<void> => {
  while (!await fetch(url).then(() => true, () => false)) await new Promise((resolve) => setTimeout(resolve, 50))
}
