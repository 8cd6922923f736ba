/** The commands of `agentcore-identity`, put together. */
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import {
  configureHelp,
  details,
  endpointVariable,
  makeRoot,
  onLoad,
  regionOption,
  regionVariable,
  type Root,
  type Run,
  setupFile
} from "./commandLine.js"
import * as Completions from "./completions.js"
import * as CredentialCommands from "./credentialCommands.js"
import type { AwsSettings } from "./demo.js"
import * as LocalCommand from "./localCommand.js"
import * as RunningCommands from "./runningCommands.js"
import { isInteractive } from "./terminal.js"

/** The commands. `exec` is the program of `local --exec`. */
export const make = (run: Run, exec: ReadonlyArray<string> = []): CommandUnknownOpts => {
  const root = makeRoot()
  LocalCommand.add(root, run, exec)
  RunningCommands.add(root, run)
  addSetup(root, run)
  CredentialCommands.add(root, run)
  addDemo(root, run)
  configureHelp(root)
  // Like `--version`: wherever the flag stands, nothing else runs.
  root.on("option:completions", (name: string) => {
    const shell = Completions.shells.find((shell) => shell === name)
    if (shell === undefined) return
    process.stdout.write(Completions.script(shell, root))
    process.exit(0)
  })
  return root
}

const addSetup = (root: Root, run: Run): void => {
  const act = onLoad(run, () => import("./setup.js"), "info")

  const setup = root.command("setup")
    .summary("Apply a file to AgentCore Identity")
    .description("Applies a file to AgentCore Identity, at AWS or at the endpoints of the environment.")
    .addHelpText(...details({
      examples: ["agentcore-identity setup plan setup.jsonc", "agentcore-identity setup apply setup.jsonc"]
    }))

  setup.command("plan")
    .summary("Show what would change")
    .description("Shows what would change, with old and new values, and changes nothing.")
    .argument("<file>", setupFile)
    .addOption(regionOption())
    .option("--json", "Print target and changes as JSON")
    .addHelpText(...details({
      environment: [regionVariable, endpointVariable],
      sections: {
        "Exit codes": ["0  nothing would change", "1  it failed", "2  changes are pending"],
        "In the file": [
          "\"$schema\": \"./node_modules/effect-agentcore-identity/dist/setup.schema.json\"",
          "makes editors complete it. { \"$env\": \"NAME\" } reads a variable."
        ]
      },
      examples: ["agentcore-identity setup plan setup.jsonc", "agentcore-identity setup plan --json setup.jsonc"]
    }))
    .action((file, { json = false, region }, command) => act(command, ({ plan }) => plan({ file, json, region })))

  setup.command("apply")
    .summary("Make the changes, and report each")
    .description("Makes the changes, and reports each. On a terminal it shows them and asks first.")
    .argument("<file>", setupFile)
    .addOption(regionOption())
    .option("--rotate-secrets", "Send all secrets, because the service does not report whether they differ")
    .option("--yes", "Do not ask")
    .addHelpText(...details({
      environment: [regionVariable, endpointVariable],
      examples: [
        "agentcore-identity setup apply setup.jsonc",
        "agentcore-identity setup apply --yes --rotate-secrets setup.jsonc"
      ]
    }))
    .action((file, { region, rotateSecrets = false, yes = false }, command) =>
      act(command, ({ apply }) => apply({ file, region, rotateSecrets, yes }))
    )
}

/** Flags of the run at AWS. Each has a variable, too: `AGENTCORE_DEMO_MACHINE_PROVIDER`. */
const awsFlags: { readonly [K in keyof AwsSettings]: readonly [flags: string, description: string] } = {
  workload: ["--workload <name>", "The workload identity"],
  user: ["--user <id>", "The user that the agent acts for"],
  machineProvider: ["--machine-provider <name>", "The OAuth2 credential provider of the agent's own token"],
  userProvider: ["--user-provider <name>", "The OAuth2 credential provider of the user's token"],
  apiKeyProvider: ["--api-key-provider <name>", "The API-key credential provider"],
  returnUrl: ["--return-url <url>", "The return URL, on this machine and registered at the workload"],
  apiUrl: ["--api-url <url>", "An API with the routes /reports, /me and /quota, as in the demo"]
}

class MissingSettings extends Data.TaggedError("MissingSettings")<{ readonly options: ReadonlyArray<Option> }> {
  override get message() {
    const lines = this.options.map(({ envVar, long }) => `  ${long}   or   ${envVar}`)
    return `the run at AWS uses resources of yours, and needs their names:\n${lines.join("\n")}`
  }
}

const addDemo = (root: Root, run: Run): void => {
  const settings = Object.values(awsFlags).map(([flags, description]) => {
    const option = new Option(flags, description)
    return option.env(`AGENTCORE_DEMO_${option.name().toUpperCase().replaceAll("-", "_")}`)
  })
  const demo = root.command("demo")
    .summary("Watch an agent obtain three credentials and use them")
    .description("An agent obtains three credentials and uses them, on this machine or against AWS.")
    .option("--auto-consent", "Consent without a browser (the default without a terminal)")
    .option("--deny", "Refuse the consent without a browser")
    .option("--aws", "Run the same program against AWS, with the options below")
  for (const option of settings) demo.addOption(option)
  demo
    .addHelpText(...details({ examples: ["agentcore-identity demo", "agentcore-identity demo --auto-consent"] }))
    .action(({ autoConsent = !isInteractive(), aws = false, deny = false }, command) => {
      const missing = settings.filter((option) => command.getOptionValue(option.attributeName()) === undefined)
      onLoad(run, () => import("./demo.js"), "warning")(command, (Demo): Effect.Effect<unknown, unknown> =>
        !aws
          ? Demo.onThisMachine(deny ? "deny" : autoConsent ? "allow" : "ask")
          : missing.length > 0
          ? new MissingSettings({ options: missing })
          // None of them is missing.
          : Demo.atAws(command.opts() as AwsSettings))
    })
}

/**
 * Separates the program of `local --exec` from the arguments of the command: its words could be names of commands here.
 */
export const split = (
  words: ReadonlyArray<string>
): { readonly args: ReadonlyArray<string>; readonly exec: ReadonlyArray<string> } => {
  const end = words.indexOf("--")
  const args = words.slice(0, end)
  if (end !== -1 && args.includes("--exec")) return { args, exec: words.slice(end + 1) }
  // The error for a missing '--' says more than the one for too many arguments.
  const flag = end === -1 ? words.indexOf("--exec") : -1
  return { args: flag === -1 || words[flag + 1]?.startsWith("-") ? words : words.slice(0, flag + 1), exec: [] }
}

/** Commander suggests the nearest flag for `--prot 1`, and not for `--prot=1`. */
const splitUnknownFlags = (root: CommandUnknownOpts, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const flagsOf = (command: CommandUnknownOpts): ReadonlyArray<string | null | undefined> => [
    ...command.options.map(({ long }) => long),
    ...command.commands.flatMap(flagsOf)
  ]
  const known = flagsOf(root)
  return args.flatMap((arg) => {
    const [, flag] = /^(--[^=]+)=/s.exec(arg) ?? []
    return flag === undefined || known.includes(flag) ? [arg] : [flag, arg.slice(flag.length + 1)]
  })
}

/**
 * Runs the command that the arguments name. It ends the process for `--help`, and for arguments that it does not know.
 */
export const parse = (root: CommandUnknownOpts, args: ReadonlyArray<string>): void => {
  root.parse(splitUnknownFlags(root, args), { from: "user" })
}
