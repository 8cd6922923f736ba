/**
 * The root of the commands, and what they share: how they run a program, values of flags, and the form of their help.
 */
import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings"
import type * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Completions from "./completions.js"
import { type Level, levels, type Settings } from "./logging.js"

/** Runs the program of a command. */
export type Run = (program: Effect.Effect<unknown, unknown, NodeServices.NodeServices>, log: Settings) => void

/**
 * How an action runs a function of a module. The module is loaded only then, so that the server starts without the
 * demo.
 */
export const onLoad = <Module>(run: Run, module: () => Promise<Module>, defaultLevel: Level) =>
(
  command: CommandUnknownOpts,
  use: (module: Module) => Effect.Effect<unknown, unknown, NodeServices.NodeServices>
): void => {
  // The root checks the level.
  const { logLevel = defaultLevel } = command.optsWithGlobals() as { readonly logLevel?: Level }
  run(Effect.flatMap(Effect.promise(module), use), { level: logLevel })
}

/** The version of the package. */
const version = "0.2.0"

export const makeRoot = () =>
  new Command("agentcore-identity")
    .description("Credentials for agents: AgentCore Identity on your machine.")
    .version(version, "--version", "Print the version")
    .addOption(
      new Option(
        "--log-level <level>",
        "The least level of the lines on standard error (default: info for local and setup, else warning)"
      )
        .choices(Object.keys(levels) as ReadonlyArray<Level>)
    )
    .addOption(
      new Option("--completions <shell>", "Print a completion script for a shell").choices(Completions.shells)
    )
    .addHelpText(...details({
      environment: [["NO_COLOR", "no colours, if it is not empty"]],
      examples: [
        "agentcore-identity demo",
        `eval "$(agentcore-identity local --authorization-server &)"`,
        "agentcore-identity setup plan setup.jsonc",
        "agentcore-identity doctor credentials.js",
        `eval "$(agentcore-identity --completions bash)"`
      ]
    }))

export type Root = ReturnType<typeof makeRoot>

export const parseNumber = (text: string): number => {
  const number = Number(text)
  if (text.trim() !== "" && Number.isFinite(number)) return number
  throw new InvalidArgumentError("It is a number.")
}

export const parsePort = (text: string): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.")
}

export const repeatable = <F extends string>(flags: F, description: string) =>
  new Option(flags, `${description}; repeatable`).argParser<ReadonlyArray<string>>((value, previous = []) => [
    ...previous,
    value
  ])

export const regionOption = () =>
  new Option("--region <region>", "The AWS region (default: the one that the AWS SDK finds)")

export const setupFile = "A JSON or JSONC file: workload identities, credential providers, tags"

const columns = 80

export const regionVariable = ["AWS_REGION", "the region, where --region is not given"] as const

export const endpointVariable = [
  "BEDROCK_AGENTCORE_CP_ENDPOINT, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
  "the endpoint"
] as const

/** The names of a command, from the root: `agentcore-identity setup plan`. */
const commandPath = (command: CommandUnknownOpts): ReadonlyArray<string> => [
  ...(command.parent === null ? [] : commandPath(command.parent)),
  command.name()
]

const rootOf = (command: CommandUnknownOpts): CommandUnknownOpts =>
  command.parent === null ? command : rootOf(command.parent)

export interface Details {
  /** What the command reads and prints. The lines have at most 80 columns. */
  readonly environment?: ReadonlyArray<readonly [names: string, text: string]> | undefined
  /** Other sections: a heading and its lines. */
  readonly sections?: { readonly [heading: string]: ReadonlyArray<string> } | undefined
  readonly examples: ReadonlyArray<string>
}

const section = (heading: string, lines: ReadonlyArray<string>): string =>
  `\n${heading}:\n${lines.map((line) => `  ${line}`.trimEnd()).join("\n")}`

/** The arguments of `addHelpText`. */
export const details = ({ environment = [], examples, sections = {} }: Details) => {
  const text = [
    ...(environment.length === 0
      ? []
      : [section("Environment", environment.flatMap(([names, text]) => [...names.split("\n"), `    ${text}`]))]),
    ...Object.entries(sections).map(([heading, lines]) => section(heading, lines)),
    section("Examples", examples.map((example) => `$ ${example}`))
  ].join("\n")
  return ["after", text] as const
}

/** Sets the form of the help, for this command and all below it. */
export const configureHelp = (command: CommandUnknownOpts): void => {
  command
    .configureHelp({
      helpWidth: Math.min(process.stdout.isTTY ? process.stdout.columns : columns, columns),
      // The longest flag leaves less than the default of 40.
      minWidthToWrap: 20,
      showGlobalOptions: true,
      // The commands below 'local' do not have its options.
      visibleGlobalOptions: (command) => command.parent === null ? [] : [...rootOf(command).options]
    })
    .helpOption("-h, --help", "Print this help")
    .showHelpAfterError(`Run '${commandPath(command).join(" ")} --help' for its options.`)
  if (command.commands.length > 0) {
    command.helpCommand("help [command]", "Print the help of a command")
    // The help of a command that does not exist would be the help of its parent.
    command.on("beforeAllHelp", () => {
      const names = command.args.filter((arg) => !arg.startsWith("-"))
      const name = names[0] === "help" ? names[1] : names[0]
      if (name !== undefined && !command.commands.some((subcommand) => subcommand.name() === name)) {
        command.parse([name], { from: "user" })
      }
    })
  }
  for (const subcommand of command.commands) configureHelp(subcommand)
}
