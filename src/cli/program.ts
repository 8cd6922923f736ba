/** All commands of `agentcore-identity`. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings"
import { closestName } from "../internal/models/violation.js"
import {
  configureErrors,
  details,
  endpointVariable,
  makeRoot,
  onLoad,
  region,
  regionVariable,
  type Root,
  type Run,
  setupFile
} from "./commandLine.js"
import * as Completions from "./completions.js"
import * as CredentialCommands from "./credentialCommands.js"
import * as LocalCommand from "./localCommand.js"
import * as RunningCommands from "./runningCommands.js"
import { isInteractive } from "./terminal.js"

/** Makes the commands. `exec` is the program of `local --exec`. */
export const make = (run: Run, exec: ReadonlyArray<string> = []): CommandUnknownOpts => {
  const root = makeRoot()
  addLocal(root, run, exec)
  RunningCommands.add(root, run)
  addSetup(root, run)
  CredentialCommands.add(root, run)
  addDemo(root, run)
  configureErrors(root)
  Completions.add(root)
  return root
}

const addLocal = (root: Root, run: Run, exec: ReadonlyArray<string>): void => {
  const isAlone = exec.length === 0
  const act = onLoad(run, () => import("./local.js"), isAlone ? "info" : "warning")
  const local = LocalCommand.add(root).action(({ port = isAlone ? 4020 : 0, ...flags }, command) => {
    if (flags.exec === true && isAlone) {
      command.error("error: --exec runs the program after '--', as in --exec -- npm test")
    }
    act(command, (Local) => Local.run({ ...flags, port }, exec))
  })
  // The commands below do not read the options of `local`, which are part of its type.
  RunningCommands.addControl(local as unknown as Parameters<typeof RunningCommands.addControl>[0], run)
}

const addSetup = (root: Root, run: Run): void => {
  const act = onLoad(run, () => import("./setupCommand.js"), "info")

  const setup = root.command("setup")
    .summary("Apply a setup file to AgentCore Identity")
    .description("Applies a setup file to AgentCore Identity, at AWS or at the endpoints of the environment.")
    .addHelpText(...details({ examples: ["setup plan setup.jsonc", "setup apply setup.jsonc"] }))

  setup.command("plan")
    .summary("Show what would change")
    .description("Shows what would change, with old and new values. It changes nothing.")
    .argument("<file>", setupFile)
    .option(...region)
    .option("--json", "Print the target and the changes as JSON")
    .addHelpText(...details({
      environment: [regionVariable, endpointVariable],
      sections: {
        "Exit codes": ["0  nothing would change", "1  the command failed", "2  changes are pending"],
        "Setup file": [
          "\"$schema\": \"./node_modules/effect-agentcore-identity/dist/setup.schema.json\"",
          "enables completion in editors. { \"$env\": \"NAME\" } reads a variable."
        ]
      },
      examples: ["setup plan setup.jsonc", "setup plan --json setup.jsonc"]
    }))
    .action((file, options, command) => act(command, ({ plan }) => plan({ file, ...options })))

  setup.command("apply")
    .summary("Make the changes")
    .description("Makes the changes, and prints each. On a terminal it shows them first and asks for confirmation.")
    .argument("<file>", setupFile)
    .option(...region)
    .option("--rotate-secrets", "Send all secrets: the service does not report whether they differ")
    .option("--yes", "Do not ask for confirmation")
    .addHelpText(...details({
      environment: [regionVariable, endpointVariable],
      examples: ["setup apply setup.jsonc", "setup apply --yes --rotate-secrets setup.jsonc"]
    }))
    .action((file, options, command) => act(command, ({ apply }) => apply({ file, ...options })))
}

const addDemo = (root: Root, run: Run): void => {
  root.command("demo")
    .summary("Watch an agent obtain three credentials and use them")
    .description("An agent obtains three credentials and uses them, on this machine.")
    .option("--auto-consent", "Consent without a browser (default if there is no terminal)")
    .option("--deny", "Deny the consent, without a browser")
    .addHelpText(...details({ examples: ["demo", "demo --auto-consent"] }))
    .action(({ autoConsent = !isInteractive(), deny = false }, command) =>
      onLoad(run, () => import("./demo.js"))(command, (Demo) => Demo.run(deny ? "deny" : autoConsent ? "allow" : "ask"))
    )
}

/** Separates the program of `local --exec` from the arguments. Commander could take its words for commands. */
export const split = (
  words: ReadonlyArray<string>
): { readonly args: ReadonlyArray<string>; readonly exec: ReadonlyArray<string> } => {
  const end = words.indexOf("--")
  const args = words.slice(0, end)
  if (end !== -1 && args.includes("--exec")) return { args, exec: words.slice(end + 1) }
  // Drops the program, so that the error is about the missing '--' and not about too many arguments.
  const flag = end === -1 ? words.indexOf("--exec") : -1
  return { args: flag === -1 || words[flag + 1]?.startsWith("-") ? words : words.slice(0, flag + 1), exec: [] }
}

const find = (parent: CommandUnknownOpts, name: string): CommandUnknownOpts | undefined =>
  parent.commands.find((command) => command.name() === name)

/**
 * Rejects `requests`, which is a command of `local`, `local requsts` and `local clock advance`. Commander would look
 * for the first among the commands of the root only, take the second for an argument of `local`, and suggest no flag
 * for the third.
 */
const rejectUnknown = (
  root: CommandUnknownOpts,
  [first = "", second = "", third = ""]: ReadonlyArray<string>
): void => {
  const isName = (word: string) => /^\w/.test(word) && word !== "help"
  const local = find(root, "local")
  if (local === undefined) return
  const names = local.commands.map((command) => command.name())
  const suggest = (name: string | undefined, prefix = "") =>
    name === undefined ? "" : `\n(Did you mean ${prefix}${name}?)`
  if (isName(first) && find(root, first) === undefined) {
    const nearest = closestName(first, [...root.commands.map((command) => command.name()), ...names])
    // Commander suggests the commands of the root.
    if (nearest !== undefined && names.includes(nearest)) {
      root.error(`error: unknown command '${first}'${suggest(nearest, "local ")}`)
    }
  } else if (first === "local" && isName(second)) {
    const command = find(local, second)
    if (command === undefined) {
      local.error(`error: unknown command '${second}'${suggest(closestName(second, names))}`)
    } else if (isName(third) && command.commands.length + command.registeredArguments.length === 0) {
      const flags = command.options.map((option) => option.name())
      command.error(`error: unknown argument '${third}'${suggest(closestName(third, flags), "--")}`)
    }
  }
}

/** Runs the command of the arguments. Throws a `CommanderError` for `--help` and for invalid arguments. */
export const parse = (root: CommandUnknownOpts, args: ReadonlyArray<string>): void => {
  rejectUnknown(root, args)
  root.parse(args, { from: "user" })
}
