/** Runs the command `agentcore-identity` as its users do: bundled, in its own process. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Run } from "../../src/cli/commandLine.js"
import * as Commands from "../../src/cli/program.js"
import { buildCommand, compileCache } from "./build.mjs"

export { Commands }

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The built program. */
export let file: string

/** For `beforeAll`. */
export const build = async (): Promise<void> => {
  file = await buildCommand()
}

export type Environment = Readonly<Record<string, string>>

const runtimeDirectory = mkdtempSync(join(tmpdir(), "cli-run-"))

process.once("exit", () => rmSync(runtimeDirectory, { recursive: true, force: true }))

/** Passes on only `PATH`, so that settings of the developer do not change a test. */
const environment = (given: Environment): Environment => ({
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  // Test files share no state files with each other or with the developer.
  XDG_RUNTIME_DIR: runtimeDirectory,
  AWS_EC2_METADATA_DISABLED: "true",
  ...compileCache,
  ...given
})

export interface Output {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly pid: number
  /** Standard output up to the blank line at its end. */
  readonly exports: string
  readonly variables: Environment
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<Output>
}

interface Started {
  readonly child: ChildProcess
  readonly output: { stdout: string; stderr: string }
  readonly ended: Promise<Output>
}

/** Starts the command. With `terminal`, standard output contains both outputs. `columns` is the terminal's width. */
export const launch = (
  args: ReadonlyArray<string>,
  env: Environment = {},
  options: { readonly cwd?: string; readonly terminal?: boolean; readonly columns?: number } = {}
): Effect.Effect<Started, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const command = [process.execPath, file, ...args]
      const resize = options.columns === undefined ? "" : `stty cols ${options.columns}; `
      const words = command.map((word) => `'${word}'`).join(" ")
      const script = ["--quiet", "--return", "--command", `${resize}${words}`, "/dev/null"]
      const [executable = "", ...rest] = options.terminal === true ? ["script", ...script] : command
      const child = spawn(executable, rest, {
        env: environment(env),
        cwd: options.cwd,
        stdio: [options.terminal === true ? "pipe" : "ignore", "pipe", "pipe"]
      })
      const output = { stdout: "", stderr: "" }
      child.stdout?.setEncoding("utf8").on("data", (text: string) => output.stdout += text)
      child.stderr?.setEncoding("utf8").on("data", (text: string) => output.stderr += text)
      const ended = new Promise<Output>((resolve) =>
        child.once("close", (code, signal) => resolve({ code, signal, ...output }))
      )
      return { child, output, ended }
    }),
    ({ child, ended }) =>
      Effect.promise(() => {
        child.kill("SIGKILL")
        return ended
      })
  )

/** Runs the command until it exits. */
export const run = (
  args: ReadonlyArray<string>,
  env: Environment = {},
  options: { readonly cwd?: string } = {}
): Effect.Effect<Output> =>
  Effect.scoped(Effect.flatMap(launch(args, env, options), ({ ended }) => Effect.promise(() => ended)))

/** Runs a command in this process, which is much faster than starting one. Files and requests are the same. */
const runHere = (args: ReadonlyArray<string>, env: Environment, print: (text: string) => void) =>
  Effect.gen(function*() {
    const console: Console.Console = {
      ...yield* Console.Console,
      log: (...texts) => print(texts.map(String).join(" "))
    }
    const { args: own, exec } = Commands.split(args)
    const programs: Array<Parameters<Run>[0]> = []
    const root = Commands.make((program) => void programs.push(program), exec)
    Commands.parse(root, own)
    yield* Effect.forEach(programs, (program) =>
      program.pipe(
        Effect.provideService(Console.Console, console),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
        Effect.provide(Layer.merge(NodeServices.layer, Logger.layer([])))
      ))
  })

/** Returns the standard output of a command that succeeds. `print` receives each piece as it is written. */
export const inProcess = (
  args: ReadonlyArray<string>,
  env: Environment,
  print: (text: string) => void = () => {}
): Effect.Effect<string> =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    return runHere(args, env, (text) => {
      lines.push(text)
      print(text)
    }).pipe(Effect.orDie, Effect.map(() => `${lines.join("\n")}\n`))
  })

/** Returns the message of a command that fails, and prints nothing. */
export const failure = (args: ReadonlyArray<string>, env: Environment): Effect.Effect<string> =>
  runHere(args, env, (text) => assert.fail(`it printed ${text}`)).pipe(
    Effect.flip,
    Effect.map((error) => error instanceof Error ? error.message : String(error)),
    Effect.orDie
  )

/** Waits until the output matches, and returns what the pattern captures. */
export const seen = ({ child, ended, output }: Started, pattern: RegExp): Effect.Effect<string> =>
  Effect.promise(() =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
        if (found !== null) resolve(found[1] ?? found[0])
      }
      child.stdout?.on("data", look)
      child.stderr?.on("data", look)
      void ended.then(({ stderr, stdout }) => reject(new Error(`it ended before: ${stdout}${stderr}`)))
      look()
    })
  )

/**
 * Runs the command on a terminal, where a user types the input. Standard output contains everything that the terminal
 * shows.
 */
export const onTerminal = (
  args: ReadonlyArray<string>,
  env: Environment,
  input: string
): Effect.Effect<Output> =>
  Effect.scoped(Effect.gen(function*() {
    const { child, ended, output } = yield* launch(args, env, { terminal: true })
    child.stdout?.on("data", () => {
      // The user types when the question appears.
      if (child.stdin?.writable === true && output.stdout.endsWith("[y/N] ")) child.stdin.end(input)
    })
    const { stdout, ...rest } = yield* Effect.promise(() => ended)
    return { ...rest, stdout: stdout.replaceAll("\r\n", "\n") }
  }))

/** The environment after a shell with an environment evaluates the lines. */
export const evaluate = (lines: string, env: Environment = {}): Environment => {
  const text = execFileSync("bash", ["--norc", "-c", "eval \"$1\"; env -0", "bash", lines], {
    env,
    encoding: "utf8"
  })
  const variables = text.split("\0").flatMap((entry) => {
    const index = entry.indexOf("=")
    const name = entry.slice(0, index)
    // Every shell sets these.
    return index <= 0 || ["PWD", "SHLVL", "_"].includes(name) ? [] : [[name, entry.slice(index + 1)] as const]
  })
  return Object.fromEntries(variables)
}

/** Starts `npx agentcore-identity local` on free ports, and waits until it is ready. */
export const local = (
  args: ReadonlyArray<string> = [],
  env: Environment = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { child, ended, output } = yield* launch(["local", "--port", "0", ...args], env)
    yield* Effect.promise(() =>
      Promise.race([
        ended,
        new Promise<void>((resolve) =>
          child.stdout?.on("data", () => output.stdout.endsWith("\n\n") ? resolve() : undefined)
        )
      ])
    )
    if (!output.stdout.endsWith("\n\n")) {
      return yield* Effect.die(new Error(`it did not get ready: ${output.stderr}`))
    }
    assert.isDefined(child.pid)
    return {
      pid: child.pid,
      exports: output.stdout,
      variables: evaluate(output.stdout),
      kill: (signal) =>
        Effect.promise(() => {
          child.kill(signal)
          return ended
        })
    }
  })

/** Runs a program in this environment, with the unchanged AWS SDK. The program prints one line of JSON. */
export const script = (variables: Environment, code: string): Effect.Effect<unknown> =>
  Effect.promise(async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--no-warnings", "--input-type=module", "--eval", code],
      { cwd: root, env: environment(variables) }
    )
    return JSON.parse(stdout)
  })

export { temporary } from "./folder.js"
