/** The help of the command: 80 columns, examples, environment variables. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings"

const columns = 80

/** The names of a command, from the root: `agentcore-identity setup plan`. */
export const commandPath = (command: CommandUnknownOpts): ReadonlyArray<string> => [
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

export const formatDetails = ({ environment = [], examples, sections = {} }: Details): string =>
  [
    ...(environment.length === 0
      ? []
      : [section("Environment", environment.flatMap(([names, text]) => [...names.split("\n"), `    ${text}`]))]),
    ...Object.entries(sections).map(([heading, lines]) => section(heading, lines)),
    section("Examples", examples.map((example) => `$ ${example}`))
  ].join("\n")

/** Sets the form of the help, for this command and all below it. */
export const configure = (command: CommandUnknownOpts): void => {
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
  for (const subcommand of command.commands) configure(subcommand)
}
