import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as LoopbackConsent from "effect-agentcore-identity/http/LoopbackConsent"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Commands } from "../support/cli.js"
import * as Program from "../support/cli.js"

beforeAll(Program.build, 60_000)

const actions = [
  "reset",
  "seed",
  "snapshot",
  "restore",
  "clock",
  "fault",
  "requests",
  "events",
  "consents",
  "grants"
]

const commands = [
  [],
  ["local"],
  ["env"],
  ["status"],
  ["console"],
  ["stop"],
  ...actions.map((action) => ["local", action]),
  ["setup"],
  ["setup", "plan"],
  ["setup", "apply"],
  ["token"],
  ["api-key"],
  ["authorize"],
  ["doctor"],
  ["policy"],
  ["demo"]
]

/** Returns the help. It runs in this process, which is faster. */
const help = (...words: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.sync(() => {
    const command = words.reduce(
      (parent, word) => parent.commands.find((command) => command.name() === word) ?? assert.fail(word),
      Commands.make(() => {})
    )
    let text = ""
    command.configureOutput({ writeOut: (part) => text += part })
    command.outputHelp()
    return text
  })

describe("agentcore-identity --help", () => {
  it.live.each(commands.map((command) => [command.join(" "), command] as const))(
    "fits 80 columns, has examples, and has no ANSI codes: %s",
    ([, command]) =>
      Effect.gen(function*() {
        const text = yield* help(...command)
        assert.deepStrictEqual(text.split("\n").filter((line) => line.length > 80), [])
        assert.notInclude(text, "\u001b")
        assert.match(text, /^Usage: npx agentcore-identity/)
        assert.match(text, /^Examples:\n {2}\$ npx agentcore-identity|^Examples:\n {2}\$ eval/m)
        for (const [, example = ""] of text.matchAll(/^ {2}\$ npx agentcore-identity (.*)$/gm)) {
          assert.isTrue(commands.some((command) => example.startsWith(command.join(" "))), example)
        }
      })
  )

  it.live("equals the output of the program", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Program.run(["local", "clock", "--help"])
      assert.strictEqual(code, 0)
      assert.strictEqual(stderr, "")
      assert.strictEqual(stdout, yield* help("local", "clock"))
    }))

  it.live("names the default return URL of token", () =>
    Effect.map(
      help("token"),
      (text) => assert.include(text.replaceAll(/\s+/g, " "), `(default: "${LoopbackConsent.defaultReturnUrl}")`)
    ))

  it.live("names every variable that the server prints", () =>
    Effect.gen(function*() {
      const { variables } = yield* Program.local(["--authorization-server"])
      const text = yield* help("local")
      for (const name of Object.keys(variables)) assert.include(text, name)
    }))
})

describe("an unknown command or flag", () => {
  it.live.each(
    [
      [["setp"], "unknown command 'setp'", "setup"],
      [["setp", "--help"], "unknown command 'setp'", "setup"],
      [["help", "locl"], "unknown command 'locl'", "local"],
      [["requests"], "unknown command 'requests'", "local requests"],
      [["clock", "--advance", "1 hour"], "unknown command 'clock'", "local clock"],
      [["snapshott"], "unknown command 'snapshott'", "local snapshot"],
      [["local", "requsts"], "unknown command 'requsts'", "requests"],
      [["setup", "pln", "file"], "unknown command 'pln'", "plan"],
      [["setup", "pln", "--help"], "unknown command 'pln'", "plan"],
      [["local", "--prot", "1"], "unknown option '--prot'", "--port"],
      [["local", "clock", "--advanc", "1 hour"], "unknown option '--advanc'", "--advance"],
      [["setup", "plan", "--regon", "x", "file"], "unknown option '--regon'", "--region"],
      [["setup", "apply", "--yse", "file"], "unknown option '--yse'", "--yes"],
      [["demo", "--auto-consnt"], "unknown option '--auto-consnt'", "--auto-consent"],
      [["local", "clock", "advance", "1 hour"], "unknown argument 'advance'", "--advance"],
      [["local", "fault", "add"], "unknown argument 'add'", undefined],
      [["local", "zzz"], "unknown command 'zzz'", undefined],
      // Another command has a similar one.
      [["demo", "--rotate-secret"], "unknown option '--rotate-secret'", undefined]
    ] as const
  )("%s is rejected with the nearest of its command", ([args, problem, nearest]) =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Program.run(args)
      assert.strictEqual(code, 1)
      assert.strictEqual(stdout, "")
      const suggestion = nearest === undefined ? "" : `(Did you mean ${nearest}?)\n`
      assert.include(stderr, `error: ${problem}\n${suggestion}Run 'npx agentcore-identity`)
    }))

  it.live("rejects an invalid value, and names the valid ones", () =>
    Effect.gen(function*() {
      for (const port of ["x", "99999"]) {
        assert.include(
          (yield* Program.run(["local", "--port", port])).stderr,
          "A port is a whole number from 0 to 65535."
        )
      }
      assert.include((yield* Program.run(["local", "--signatures", "x"])).stderr, "presence, verify, off")
      assert.include((yield* Program.run(["setup", "plan"])).stderr, "missing required argument 'file'")
      assert.include(
        (yield* Program.run(["setup", "plan", "none.json"])).stderr,
        "Cannot read none.json: it or its directory does not exist (ENOENT)"
      )
    }))
})

describe("agentcore-identity --completions", () => {
  const script = (shell: string) =>
    Effect.map(Program.run(["--completions", shell]), ({ code, stdout }) => {
      assert.strictEqual(code, 0)
      return stdout
    })

  const execute = (shell: string, args: ReadonlyArray<string>) =>
    Effect.sync(() => execFileSync(shell, args, { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "" } }).trim())

  const isInstalled = (shell: string): boolean => {
    try {
      execFileSync(shell, ["-c", "true"], { stdio: "ignore" })
      return true
    } catch {
      return false
    }
  }

  it.live("a shell gets the whole script, which is larger than the buffer of a pipe", () =>
    Effect.gen(function*() {
      const whole = (yield* script("bash")).trimEnd()
      assert.isAbove(whole.length, 65_536)
      const command = `script="$('${process.execPath}' '${Program.file}' --completions bash)"; printf %s "$script"`
      assert.strictEqual(yield* execute("bash", ["--norc", "-c", command]), whole)
    }))

  it.live("bash completes commands, flags, values and files", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      writeFileSync(join(folder, "a setup.json"), "{}")
      const complete = yield* script("bash")
      const words = (...typed: ReadonlyArray<string>) =>
        execute("bash", [
          "--norc",
          "-c",
          // Calls the function as readline does. Bash prints its name.
          `eval "$1"; COMP_LINE=$2; shift 2
          function=$(complete -p agentcore-identity); function=\${function#*-F }
          COMP_WORDS=(agentcore-identity "$@"); COMP_CWORD=$#
          \${function%% *} agentcore-identity "\${COMP_WORDS[-1]#=}" "\${COMP_WORDS[-2]}"
          printf '%s\\n' "\${COMPREPLY[@]}"`,
          "bash",
          complete,
          ["agentcore-identity", ...typed].join(" ").replaceAll(/ = ?/g, "="),
          ...typed
        ]).pipe(Effect.map((text) => text.split("\n")))

      assert.deepStrictEqual(yield* words(""), [
        "local",
        "env",
        "status",
        "console",
        "stop",
        "setup",
        "token",
        "api-key",
        "authorize",
        "doctor",
        "policy",
        "demo"
      ])
      assert.deepStrictEqual(yield* words("setup", ""), ["plan", "apply"])
      assert.deepStrictEqual(yield* words("local", ""), actions)
      assert.deepStrictEqual(yield* words("local", "fault", "--e"), ["--endpoint", "--exception"])
      assert.deepStrictEqual(yield* words("local", "clock", "--p"), ["--port"])
      assert.deepStrictEqual(yield* words("local", "clock", "--sig"), [""])
      assert.deepStrictEqual(yield* words("env", "--shell", ""), ["bash", "fish", "dotenv"])
      assert.deepStrictEqual(yield* words("local", "--allow"), ["--allowed-host", "--allow-remote"])
      assert.deepStrictEqual(yield* words("setup", "apply", "--r"), ["--region", "--rotate-secrets"])
      assert.deepStrictEqual(yield* words("setup", "plan", "--j"), ["--json"])
      assert.deepStrictEqual(yield* words("demo", "--log"), ["--log-level"])
      assert.deepStrictEqual(yield* words("local", "--signatures", ""), ["presence", "verify", "off"])
      assert.deepStrictEqual(yield* words("local", "--signatures", "=", "v"), ["verify"])
      assert.deepStrictEqual(yield* words("local", "--host", ""), [""])
      assert.deepStrictEqual(yield* words("local", "--signatures", "="), ["presence", "verify", "off"])
      const file = join(folder, "a\\ setup.json")
      assert.deepStrictEqual(yield* words("local", "--config", `${folder}/a`), [file])
      assert.deepStrictEqual(yield* words("setup", "plan", `${folder}/a`), [file])
      assert.deepStrictEqual(yield* words("doctor", `${folder}/a`), [file])
      assert.deepStrictEqual(yield* words("token", "--flow", "M"), ["M2M"])
      assert.deepStrictEqual(yield* words("--log-level", "=", "info", "setup", ""), ["plan", "apply"])
    }))

  it.live("fish completes them too, and zsh reads its script, where they are installed", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const [fish, zsh] = [join(folder, "completions.fish"), join(folder, "completions.zsh")]
      writeFileSync(fish, yield* script("fish"))
      writeFileSync(zsh, yield* script("zsh"))
      if (isInstalled("fish")) {
        const words = (line: string) =>
          Effect.map(
            execute("fish", ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", fish, line]),
            (text) => text.split("\n").map((line) => line.split("\t")[0])
          )
        assert.includeMembers(yield* words("agentcore-identity setup "), ["apply", "plan"])
        assert.deepStrictEqual(yield* words("agentcore-identity setup plan --j"), ["--json"])
        assert.deepStrictEqual(yield* words("agentcore-identity local --signatures v"), ["verify"])
      }
      if (isInstalled("zsh")) yield* execute("zsh", ["-f", "-n", zsh])
    }))

  it.live("zsh and fish name every flag that bash completes", () =>
    Effect.gen(function*() {
      const [bash, zsh, fish] = yield* Effect.all([script("bash"), script("zsh"), script("fish")])
      const flags = new Set([...bash.matchAll(/" (--[a-z-]+)"/g)].flatMap(([, flag = ""]) => flag))
      assert.isAbove(flags.size, 25)
      for (const flag of flags) {
        assert.match(zsh, new RegExp(`\\)${flag}=?\\[`))
        assert.include(fish, ` -l ${flag.slice(2)} `)
      }
    }))
})
