/** Generates completion scripts for shells from the commands. The scripts do not start the program. */
import { CommanderError, type CommandUnknownOpts, Option } from "@commander-js/extra-typings"
import * as Completions from "effect/cli/Completions"

const shells = ["bash", "zsh", "fish", "sh"] as const

type Shell = typeof shells[number]

const toType = (choices: ReadonlyArray<string> | undefined, isFile: boolean) =>
  // Without choices, no value is proposed.
  isFile ? { _tag: "Path", pathType: "file" } as const : { _tag: "Choice", values: choices ?? [] } as const

const toFlag = (name: string, description: string, type: Completions.FlagType): Completions.FlagDescriptor => ({
  name,
  aliases: [],
  description: description.replaceAll(/\s+/g, " "),
  type,
  negation: false
})

const toFlags = ({ options }: CommandUnknownOpts): ReadonlyArray<Completions.FlagDescriptor> =>
  options.map((option) =>
    toFlag(
      option.name(),
      option.description,
      option.required ? toType(option.argChoices, option.flags.includes("<file>")) : { _tag: "Boolean" }
    )
  )

const help = toFlag("help", "Print the help", { _tag: "Boolean" })

/** A command has its own flags and those of the root, but not those of other parents. */
const describe = (
  command: CommandUnknownOpts,
  ofRoot: ReadonlyArray<Completions.FlagDescriptor> = []
): Completions.CommandDescriptor => ({
  name: command.name(),
  description: command.summary() || command.description(),
  flags: [...toFlags(command), ...ofRoot, ...(command.parent === null ? [help] : [])],
  arguments: command.registeredArguments.map((argument) => ({
    name: argument.name(),
    description: argument.description,
    required: argument.required,
    variadic: argument.variadic,
    type: toType(argument.argChoices, ["file", "module"].includes(argument.name()))
  })),
  subcommands: command.commands.map((subcommand) =>
    describe(subcommand, command.parent === null ? [...toFlags(command), help] : ofRoot)
  )
})

/** bash splits `--flag=value` at the equals sign. The generated script expects a flag and its value as two words. */
const splitAtEqualsSign = (id: string, name: string): string => `
_${id}_words() {
  local COMP_LINE="\${COMP_LINE//=/ }" words=() cword=0 i
  for ((i = 0; i < \${#COMP_WORDS[@]}; i++)); do
    [[ \${COMP_WORDS[i]} != "=" || $i -eq $COMP_CWORD ]] && words+=("\${COMP_WORDS[i]#=}")
    ((i == COMP_CWORD)) && cword=$((\${#words[@]} - 1))
  done
  COMP_WORDS=("\${words[@]}") COMP_CWORD=$cword
  _${id} "$@"
}
complete -F _${id}_words ${name}
`

const script = (shell: Shell, root: CommandUnknownOpts): string => {
  const name = root.name()
  const generate = (shell: Completions.Shell) => `${Completions.generate(name, shell, describe(root))}\n`
  if (shell === "fish") return generate("fish")
  // The equals sign in `--flag=[description]:value:` allows `--flag=value`, too.
  if (shell === "zsh") return generate("zsh").replaceAll(/(?<=\)--[a-z-]+)(?=\[.*\]:)/g, "=")
  return generate("bash") + splitAtEqualsSign(name.replaceAll("-", "_"), name)
}

/** Adds the option `--completions`. As with `--version`, nothing else runs. */
export const add = (root: CommandUnknownOpts): void => {
  root.addOption(new Option("--completions <shell>", "Print a completion script for a shell").choices(shells))
  // The option has checked its choices.
  root.on("option:completions", (shell: Shell) => {
    process.stdout.write(script(shell, root))
    throw new CommanderError(0, "completions", "")
  })
}
