/**
 * The ways to run the server: for one program, with a file of its environment, and as the server that other commands
 * find.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { parseEnv } from "node:util"
import { Commands } from "../support/cli.js"
import * as Program from "../support/cli.js"

beforeAll(Program.build)

const serverVariable = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"

/** Prints the environment of the program, then runs `more`. */
const child = (more = "") => ["--", process.execPath, "-e", `console.log(JSON.stringify(process.env)); ${more}`]

const stateFiles = (folder: string) => {
  const directory = join(folder, "agentcore-identity")
  return existsSync(directory) ? readdirSync(directory) : []
}

const waitUntil = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => condition() ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), waitUntil(condition)))
    .pipe(Effect.timeout("20 seconds"), Effect.orDie)

describe("agentcore-identity local --exec", () => {
  it.live("runs a program with the environment, passes its exit code on, and stops", () =>
    Effect.gen(function*() {
      const env = { XDG_RUNTIME_DIR: yield* Program.temporary, OF_THE_SHELL: "stays" }
      const { code, stderr, stdout } = yield* Program.run(
        [
          "local",
          "--authorization-server",
          "--exec",
          ...child("fetch(process.env.AWS_ENDPOINT_URL_STS + '/health').then(({ ok }) => process.exit(ok ? 7 : 8))")
        ],
        env
      )
      assert.strictEqual(code, 7, stderr)
      assert.strictEqual(stderr, "")
      // Only the program prints.
      const variables = JSON.parse(stdout)
      assert.strictEqual(variables["OF_THE_SHELL"], "stays")
      assert.match(variables["AGENTCORE_LOCAL_OAUTH_ISSUER"], /^http:/)
      // The port is free unless one is given: several can run at the same time.
      assert.notStrictEqual(new URL(variables[serverVariable]).port, "4020")
      assert.deepStrictEqual(stateFiles(env.XDG_RUNTIME_DIR), [])
      const rejected = yield* Effect.result(Effect.tryPromise(() => fetch(variables[serverVariable])))
      assert.isTrue(Result.isFailure(rejected))
    }))

  it.live("passes arguments on unchanged, also its own names and flags", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      // `reset` is a command of `local`, and here it is a program.
      writeFileSync(join(folder, "reset"), "#!/bin/sh\nprintf '%s|' \"$@\"\n", { mode: 0o755 })
      const words = ["--port", "x", "--reporter=dot", "a b", "$HOME", "--", "--exec"]
      const { code, stderr, stdout } = yield* Program.run(["local", "--exec", "--", "reset", ...words], {
        PATH: `${folder}:${process.env["PATH"]}`,
        XDG_RUNTIME_DIR: folder
      })
      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(stdout.split("|").slice(0, -1), words)
    }))

  it.live("passes SIGINT and SIGTERM on, waits for the program, and exits with its code", () =>
    Effect.gen(function*() {
      const env = { XDG_RUNTIME_DIR: yield* Program.temporary }
      const program = (signal: string) => [
        "--",
        process.execPath,
        "-e",
        `process.on("${signal}", () => fetch(process.env.AWS_ENDPOINT_URL_STS + "/health")
            .then(({ status }) => { console.log("status", status); process.exit(5) }))
          setInterval(() => {}, 1000)
          console.log("ready")`
      ]
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        const started = yield* Program.launch(["local", "--exec", ...program(signal)], env)
        yield* Program.seen(started, /ready/)
        started.child.kill(signal)
        const { code, stdout } = yield* Effect.promise(() => started.ended)
        assert.strictEqual(code, 5)
        // The server runs until the program has ended.
        assert.include(stdout, "status 200")
      }
      assert.deepStrictEqual(stateFiles(env.XDG_RUNTIME_DIR), [])
      const killed = yield* Program.run(["local", "--exec", ...child("process.kill(process.pid, 'SIGKILL')")], env)
      assert.strictEqual(killed.code, 128 + 9)
    }))

  it.live("reports a program that does not start", () =>
    Effect.gen(function*() {
      const missing = yield* Program.run(["local", "--exec", "npm", "test"])
      assert.strictEqual(missing.code, 1)
      assert.include(missing.stderr, "--exec runs the program after '--'")
      assert.deepStrictEqual(Commands.split(["local", "--exec"]), { args: ["local", "--exec"], exec: [] })
      const withHelp = ["local", "--exec", "--help"]
      assert.deepStrictEqual(Commands.split(withHelp), { args: withHelp, exec: [] })
      const foreign = ["setup", "plan", "--", "--exec"]
      assert.deepStrictEqual(Commands.split(foreign), { args: foreign, exec: [] })
      assert.strictEqual(
        yield* Program.failure(["local", "--exec", "--", "no-such-program"], {
          XDG_RUNTIME_DIR: yield* Program.temporary
        }),
        "Cannot run no-such-program: there is no such program"
      )
    }))
})

describe("agentcore-identity env, status, stop", () => {
  it.live("find the running server, which has a file of its environment", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const env = { XDG_RUNTIME_DIR: folder }
      const file = join(folder, ".env.local")
      const secret = "it's a \"secret\""
      const running = yield* Program.local(["--authorization-server", "--signatures", "verify", "--write-env", file], {
        ...env,
        AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET: "it's a secret"
      })
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.deepStrictEqual({ ...parseEnv(readFileSync(file, "utf8")) }, running.variables)

      assert.deepStrictEqual(Program.evaluate(yield* Program.inProcess(["env"], env)), running.variables)
      const dotenv = yield* Program.inProcess(["env", "--shell", "dotenv"], env)
      assert.deepStrictEqual({ ...parseEnv(dotenv) }, running.variables)
      const fish = yield* Program.inProcess(["env", "--shell", "fish"], env)
      assert.include(fish, "set -gx AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET 'it\\'s a secret'\n")
      assert.include(fish, "set -gx AWS_SESSION_TOKEN ''\n")

      // A shell that has evaluated the environment, and has its own variables.
      const own = { ...running.variables, AWS_PROFILE: "mine" }
      const text = yield* Program.inProcess(["env", "--unset"], own)
      assert.deepStrictEqual(Program.evaluate(text, own), { AWS_PROFILE: "mine" })
      assert.include(yield* Program.inProcess(["env", "--unset", "--shell", "fish"], own), "set -ge AWS_REGION\n")
      assert.include(
        yield* Program.failure(["env", "--unset"], { ...env, AWS_ACCESS_KEY_ID: "mine" }),
        "This shell does not have the environment of a local server"
      )

      const [server] = JSON.parse(yield* Program.inProcess(["status", "--json"], env))
      const consoleUrl = `${running.variables[serverVariable]}/_local/console`
      assert.deepInclude(server, {
        url: running.variables[serverVariable],
        console: consoleUrl,
        pid: running.pid,
        answers: true
      })
      const table = yield* Program.inProcess(["status"], env)
      assert.include(table, running.variables["AGENTCORE_LOCAL_OAUTH_ISSUER"] ?? "")
      assert.include(table, `Console: ${consoleUrl} ('npx agentcore-identity console --port `)
      for (const printed of [JSON.stringify(server), table]) {
        assert.notInclude(printed, running.variables["AGENTCORE_LOCAL_TOKEN"] ?? "")
        assert.notInclude(printed, secret)
      }

      assert.strictEqual(
        yield* Program.inProcess(["stop"], env),
        `Stopped ${running.variables[serverVariable]} (process ${running.pid}).\n`
      )
      assert.isFalse(existsSync(file))
      for (const command of ["env", "status", "console", "stop"]) {
        assert.include(yield* Program.failure([command], env), "No local server runs")
      }
    }))

  it.live("are named by every command that calls AWS while a server runs", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const running = yield* Program.local([], { XDG_RUNTIME_DIR: folder })
      // Not on a loopback host, and nobody listens there.
      const AWS_ENDPOINT_URL = "https://0.0.0.0:9"
      const env = {
        XDG_RUNTIME_DIR: folder,
        AWS_ENDPOINT_URL,
        AWS_REGION: "us-west-2",
        AWS_ACCESS_KEY_ID: "a",
        AWS_SECRET_ACCESS_KEY: "b",
        AWS_MAX_ATTEMPTS: "1"
      }
      const file = join(folder, "setup.json")
      writeFileSync(file, JSON.stringify({ workloadIdentities: [{ name: "agent" }] }))
      const commands = [["token", "calendar"], ["api-key", "weather"], ["setup", "plan", file], ["doctor"]]
      const note = `This command calls AWS, and not the local server at ${running.variables[serverVariable]} `
        + `(process ${running.pid}). To use that server, run eval "$(npx agentcore-identity env)" first.`
      for (const command of commands) {
        assert.include((yield* Program.run(command, env)).stderr, note, command.join(" "))
      }
      const used = yield* Program.run(["doctor", "--no-token"], { ...env, ...running.variables })
      assert.notInclude(used.stderr, "This command calls AWS")
    }))

  it.live("ask for a choice when several servers run", () =>
    Effect.gen(function*() {
      const env = { XDG_RUNTIME_DIR: yield* Program.temporary }
      const [first, second] = yield* Effect.all([Program.local([], env), Program.local([], env)], {
        concurrency: "unbounded"
      })
      const urls = [first, second].map(({ variables }) => variables[serverVariable] ?? "")
      const message = yield* Program.failure(["stop"], env)
      for (const { pid } of [first, second]) assert.include(message, `(process ${pid})`)
      assert.include(message, "Choose one with --port.")

      const [port = ""] = urls.map((url) => new URL(url).port)
      assert.include(yield* Program.inProcess(["env", "--port", port], env), `=${urls[0]}\n`)
      // The environment of the shell names one, and a flag names another.
      assert.include(yield* Program.inProcess(["env"], { ...env, ...second.variables }), `=${urls[1]}\n`)
      assert.include(
        yield* Program.inProcess(["env", "--port", port], { ...env, ...second.variables }),
        `=${urls[0]}\n`
      )
      yield* Program.inProcess(["local", "clock", "--port", port, "--advance", "1 hour"], {
        ...env,
        ...second.variables
      })
      assert.include(yield* Program.inProcess(["local", "clock"], { ...env, ...first.variables }), "(+3600 s)")
      assert.include(yield* Program.inProcess(["local", "clock"], { ...env, ...second.variables }), "(+0 s)")

      yield* Program.inProcess(["stop", "--all"], env)
      assert.deepStrictEqual(stateFiles(env.XDG_RUNTIME_DIR), [])
    }))

  it.live("replace only their own file with --write-env, and find the file of a killed server", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const env = { XDG_RUNTIME_DIR: folder }
      const file = join(folder, ".env")
      writeFileSync(file, "OF_THE_USER=1\n")
      assert.include(
        yield* Program.failure(["local", "--port", "0", "--write-env", file], env),
        `${file} is not from 'npx agentcore-identity local'`
      )
      assert.strictEqual(readFileSync(file, "utf8"), "OF_THE_USER=1\n")

      const left = join(folder, ".env.local")
      const first = yield* Program.local(["--write-env", left], env)
      yield* first.kill("SIGKILL")
      assert.isTrue(existsSync(left))
      const second = yield* Program.local(["--write-env", left], env)
      assert.strictEqual(parseEnv(readFileSync(left, "utf8"))["AGENTCORE_LOCAL_PID"], String(second.pid))
      yield* second.kill("SIGTERM")
      yield* waitUntil(() => !existsSync(left))

      mkdirSync(join(folder, "none"))
      assert.include(
        yield* Program.failure(["local", "--port", "0", "--write-env", join(folder, "none")], env),
        "EISDIR"
      )
    }))

  it.live.skipIf(process.platform === "win32")(
    "--write-env writes neither through a link nor into a pipe",
    () =>
      Effect.gen(function*() {
        const folder = yield* Program.temporary
        const env = { XDG_RUNTIME_DIR: folder }
        const start = (...args: ReadonlyArray<string>) => Program.run(["local", "--port", "0", ...args], env)
        const victim = join(folder, "victim")
        const link = join(folder, "link")
        symlinkSync("victim", link)
        const pipe = join(folder, "pipe")
        execFileSync("mkfifo", [pipe])
        const linked = yield* start("--write-env", link)
        assert.strictEqual(linked.code, 1)
        assert.include(linked.stderr, `Cannot write ${link}: it is a symbolic link`)
        assert.isFalse(existsSync(victim), "a dangling link was followed")
        const piped = yield* start("--write-env", pipe)
        assert.strictEqual(piped.code, 1)
        assert.include(piped.stderr, `Cannot write ${pipe}: it is not a regular file`)

        // An attacker prepared a file with the mark of the command, to read the next secrets.
        const file = join(folder, ".env")
        writeFileSync(file, "# Written by 'npx agentcore-identity local', which removes it when it stops.\n")
        chmodSync(file, 0o666)
        const running = yield* Program.local(["--write-env", file], env)
        assert.strictEqual(statSync(file).mode & 0o777, 0o600)
        assert.strictEqual(parseEnv(readFileSync(file, "utf8"))["AGENTCORE_LOCAL_PID"], String(running.pid))
      })
  )
})

describe("the lines for a shell", () => {
  /** The environment of a server with these variables. */
  const environmentOf = (environment: Program.Environment) =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const directory = join(folder, "agentcore-identity")
      mkdirSync(directory, { mode: 0o700 })
      const state = { version: 1, pid: process.pid, startedAt: "now", url: "http://127.0.0.1:9", environment }
      writeFileSync(join(directory, `${process.pid}.json`), JSON.stringify(state), { mode: 0o600 })
      return { XDG_RUNTIME_DIR: folder }
    })
  const values = ["", "a b", "it's", "$HOME `id` \"x\" \\ !", "two\nlines", "ü;&|*?~#", "-e"]

  const environment = Object.fromEntries(values.map((value, index) => [`A_${index}`, value]))

  it.live("are evaluated by bash to the same values", () =>
    Effect.gen(function*() {
      const env = yield* environmentOf(environment)
      assert.deepStrictEqual(Program.evaluate(yield* Program.inProcess(["env"], env)), environment)
    }))

  it.live("are a dotenv file, or an error that names the unsupported variable", () =>
    Effect.gen(function*() {
      const dotenv = ["env", "--shell", "dotenv"]
      const text = yield* Program.inProcess(dotenv, yield* environmentOf(environment))
      assert.deepStrictEqual({ ...parseEnv(text) }, environment)
      const rejected = yield* Program.failure(dotenv, yield* environmentOf({ SECRET: "'\"sentinel" }))
      assert.include(rejected, "SECRET")
      assert.notInclude(rejected, "sentinel")
    }))
})
