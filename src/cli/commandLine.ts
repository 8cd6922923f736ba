/** The root command, and what all commands share: the start of a program, parsers of flags, and help. */
import { Command, type CommandUnknownOpts, Help, InvalidArgumentError, Option } from "@commander-js/extra-typings"
import type * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { isLifetime, type Lifetime } from "../internal/dates.js"
import { type Level, levels } from "./logging.js"

/** Runs the program of a command. */
export type Run = (program: Effect.Effect<unknown, unknown, NodeServices.NodeServices>, level: Level) => void

/** Makes an action that loads a module and runs a program of it. Loading it later keeps the start of `local` fast. */
export const onLoad = <Module>(run: Run, module: () => Promise<Module>, defaultLevel: Level = "warning") =>
(
  command: CommandUnknownOpts,
  use: (module: Module) => Effect.Effect<unknown, unknown, NodeServices.NodeServices>
): void => {
  // The root has checked the level.
  const { logLevel = defaultLevel }: { readonly logLevel?: Level } = command.optsWithGlobals()
  run(Effect.flatMap(Effect.promise(module), use), logLevel)
}

/** The version of the package. The build defines it, from the manifest. */
declare const packageVersion: string

const columns = 80

export const makeRoot = () => {
  const root = new Command("agentcore-identity")
  // The commands below inherit the form of the help.
  return root
    // An exit would drop output that a pipe has not taken yet. The commands below inherit this.
    .exitOverride()
    .configureHelp({
      helpWidth: Math.min(process.stdout.isTTY ? process.stdout.columns : columns, columns),
      // The longest flag leaves less than the default of 40.
      minWidthToWrap: 20,
      showGlobalOptions: true,
      commandUsage: (command) => `npx ${new Help().commandUsage(command)}`,
      // The commands below 'local' do not have its options.
      visibleGlobalOptions: (command) => command.parent === null ? [] : [...root.options]
    })
    .helpOption("-h, --help", "Print this help")
    .description("Credentials for agents: AgentCore Identity on your machine.")
    .version(packageVersion, "--version", "Print the version")
    .addOption(
      new Option(
        "--log-level <level>",
        "Minimum log level on stderr (default: info for local and setup, else warning)"
      ).choices(Object.keys(levels) as ReadonlyArray<Level>)
    )
    .addHelpText(...details({
      environment: [["NO_COLOR", "disables colors if it is not empty"]],
      examples: [
        "demo",
        "local --authorization-server --exec -- npm test",
        "setup plan setup.jsonc",
        "doctor credentials.js",
        `eval "$(npx agentcore-identity --completions bash)"`
      ]
    }))
}

export type Root = ReturnType<typeof makeRoot>

export const parseNumber = (text: string): number => {
  const number = Number(text)
  if (text.trim() !== "" && Number.isFinite(number)) return number
  throw new InvalidArgumentError("Expected a number.")
}

export const parsePort = (text: string): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.")
}

export const parseLifetime = (text: string): Lifetime => {
  if (isLifetime(text)) return text
  throw new InvalidArgumentError("A lifetime is a whole number and a unit, such as '90 seconds' or '5 minutes'.")
}

/** The parser of a repeatable flag. */
export const collect = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  previous.concat(value)

export const region = ["--region <region>", "AWS region (default: as the AWS SDK finds it)"] as const

export const setupFile = "Setup file (JSON or JSONC): workload identities, credential providers, tags"

export const regionVariable = ["AWS_REGION", "region, if --region is not given"] as const

export const endpointVariable = [
  "BEDROCK_AGENTCORE_CP_ENDPOINT, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
  "endpoint of the control plane"
] as const

const section = (heading: string, lines: ReadonlyArray<string>): string =>
  `\n${heading}:\n${lines.map((line) => `  ${line}`).join("\n")}`

/** The arguments of `addHelpText`. Lines have at most 80 columns. */
export const details = ({ environment = [], examples, sections = {} }: {
  readonly environment?: ReadonlyArray<readonly [names: string, meaning: string]>
  /** Other sections, by heading. */
  readonly sections?: { readonly [heading: string]: ReadonlyArray<string> }
  /** Arguments, or lines with the command. */
  readonly examples: ReadonlyArray<string>
}) => {
  const variables = environment.flatMap(([names, meaning]) => [...names.split("\n"), `    ${meaning}`])
  const text = [
    ...(variables.length === 0 ? [] : [section("Environment", variables)]),
    ...Object.entries(sections).map(([heading, lines]) => section(heading, lines)),
    section(
      "Examples",
      examples.map((line) => `$ ${line.includes("agentcore-identity") ? "" : `npx agentcore-identity `}${line}`)
    )
  ].join("\n")
  return ["after", text] as const
}

/** Adds the command `help`, and a hint to errors, to this command and all below it. */
export const configureErrors = (command: CommandUnknownOpts, path = `npx ${command.name()}`): void => {
  command.showHelpAfterError(`Run '${path} --help' for its options.`)
  if (command.commands.length > 0) {
    command.helpCommand("help [command]", "Print the help of a command")
    // Commander would print the help of the parent for an unknown command. Parsing its name reports the error.
    command.on("beforeAllHelp", () => {
      const names = command.args.filter((arg) => !arg.startsWith("-"))
      const name = names[0] === "help" ? names[1] : names[0]
      if (name !== undefined && !command.commands.some((subcommand) => subcommand.name() === name)) {
        command.parse([name], { from: "user" })
      }
    })
  }
  for (const subcommand of command.commands) configureErrors(subcommand, `${path} ${subcommand.name()}`)
}
