/** Completion scripts for shells. They are made from the commands themselves, and do not start the program. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings"

export const shells = ["bash", "zsh", "fish", "sh"] as const

export type Shell = typeof shells[number]

interface Flag {
  readonly name: string
  readonly description: string
  /** What follows the flag: nothing, a file, one of some words, or a text that only the user knows. */
  readonly value: "none" | "file" | "text" | ReadonlyArray<string>
}

interface Node {
  /** The names below the root, each with a space before it: ` setup plan`. */
  readonly path: string
  readonly flags: ReadonlyArray<Flag>
  readonly commands: ReadonlyArray<{ readonly name: string; readonly description: string }>
  readonly takesFile: boolean
}

// -----------------------------------------------------------------------------
// Commands
// -----------------------------------------------------------------------------

const help: Flag = { name: "--help", description: "Print the help", value: "none" }

const toFlags = ({ options }: CommandUnknownOpts): ReadonlyArray<Flag> =>
  options.flatMap(({ argChoices, description, flags, long, required }) =>
    typeof long !== "string"
      ? []
      : [{
        name: long,
        description,
        value: !required ? "none" : argChoices ?? (flags.includes("<file>") ? "file" : "text")
      }]
  )

const toNodes = (
  command: CommandUnknownOpts,
  path = "",
  inherited: ReadonlyArray<Flag> = [help]
): ReadonlyArray<Node> => {
  const flags = [...toFlags(command), ...inherited]
  return [
    {
      path,
      flags,
      commands: command.commands.map((subcommand) => ({
        name: subcommand.name(),
        description: subcommand.summary() || subcommand.description()
      })),
      takesFile: command.registeredArguments.some((argument) => ["file", "module"].includes(argument.name()))
    },
    // Commands below another one have the flags of the root, and not those of the other.
    ...command.commands.flatMap((subcommand) =>
      toNodes(subcommand, `${path} ${subcommand.name()}`, path === "" ? flags : inherited)
    )
  ]
}

/** All flags of all commands with one kind of value, as patterns of a shell's `case`. */
const patterns = (nodes: ReadonlyArray<Node>, value: Flag["value"]): string =>
  nodes.flatMap(({ flags, path }) =>
    flags.filter((flag) => flag.value === value).map(({ name }) => `"${path} ${name}"`)
  ).join(" | ")

const choices = (nodes: ReadonlyArray<Node>) =>
  nodes.flatMap(({ flags, path }) =>
    flags.flatMap(({ name, value }) =>
      typeof value === "string" ? [] : [{ pattern: `"${path} ${name}"`, words: value.join(" ") }]
    )
  )

const paths = (nodes: ReadonlyArray<Node>): string =>
  nodes.flatMap(({ path }) => path === "" ? [] : [`"${path}"`]).join(" | ")

const lines = (indent: string, texts: ReadonlyArray<string>): string =>
  texts.map((text) => `${indent}${text}`).join("\n")

// -----------------------------------------------------------------------------
// Shells
// -----------------------------------------------------------------------------

const bash = (name: string, nodes: ReadonlyArray<Node>): string => {
  const id = name.replaceAll("-", "_")
  return `# bash completion for ${name}
_${id}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command="" flags="" words="" file="" i
  COMPREPLY=()
  # bash splits --flag=value at the sign.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
      ${paths(nodes)}) command="$command \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command $previous" in
${
    lines(
      "    ",
      choices(nodes).map(({ pattern, words }) =>
        `${pattern}) COMPREPLY=($(compgen -W "${words}" -- "$current")); return ;;`
      )
    )
  }
    ${patterns(nodes, "text")}) return ;;
    ${patterns(nodes, "file")}) file=1 ;;
  esac
  case "$command" in
${
    lines(
      "    ",
      nodes.map(({ commands, flags, path, takesFile }) =>
        `"${path}") flags="${flags.map(({ name }) => name).join(" ")}" words="${
          commands.map(({ name }) => name).join(" ")
        }"${takesFile ? " file=1" : ""} ;;`
      )
    )
  }
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $file ]]; then
    local IFS=$'\\n'
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F _${id} ${name}
`
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** \`_describe\` separates name and description by a colon. */
const describe = (items: ReadonlyArray<{ readonly name: string; readonly description: string }>): string =>
  items.map(({ description, name }) => quote(`${name}:${description.replaceAll(":", "\\:")}`)).join(" ")

const zsh = (name: string, nodes: ReadonlyArray<Node>): string => {
  const id = name.replaceAll("-", "_")
  return `#compdef ${name}
_${id}() {
  local command="" file="" i
  local -a flags names
  for ((i = 2; i < CURRENT; i++)); do
    case "$command \${words[i]}" in
      (${paths(nodes)}) command="$command \${words[i]}" ;;
    esac
  done
  case "$command \${words[CURRENT-1]}" in
${lines("    ", choices(nodes).map(({ pattern, words }) => `(${pattern}) compadd -- ${words}; return ;;`))}
    (${patterns(nodes, "text")}) return ;;
    (${patterns(nodes, "file")}) _files; return ;;
  esac
  case "$command" in
${
    lines(
      "    ",
      nodes.map(({ commands, flags, path, takesFile }) =>
        `("${path}") flags=(${describe(flags)}) names=(${describe(commands)})${takesFile ? " file=1" : ""} ;;`
      )
    )
  }
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o 'option' flags
  elif [[ -n $file ]]; then
    _files
  else
    _describe 'command' names
  fi
}
if [[ $funcstack[1] == _${id} ]]; then
  _${id} "$@"
else
  compdef _${id} ${name}
fi
`
}

const fish = (name: string, nodes: ReadonlyArray<Node>): string => {
  const seen = (names: ReadonlyArray<string>) => `__fish_seen_subcommand_from ${names.join(" ")}`
  const condition = ({ commands, path }: Node): string =>
    [
      ...path.split(" ").filter((word) => word !== "").map((word) => seen([word])),
      ...(commands.length === 0 ? [] : [`not ${seen(commands.map(({ name }) => name))}`])
    ].join("; and ")
  return [
    `# fish completion for ${name}`,
    `complete -c ${name} -f`,
    ...nodes.flatMap((node) => {
      const start = `complete -c ${name} -n ${quote(condition(node))}`
      return [
        ...node.commands.map(({ description, name }) => `${start} -a ${name} -d ${quote(description)}`),
        ...node.flags.map(({ description, name, value }) => {
          const takes = value === "none"
            ? ""
            : value === "file"
            ? " -r -F"
            : value === "text"
            ? " -x"
            : ` -x -a ${quote(value.join(" "))}`
          return `${start} -l ${name.slice(2)}${takes} -d ${quote(description)}`
        }),
        ...(node.takesFile ? [`${start} -F`] : [])
      ]
    })
  ].join("\n") + "\n"
}

export const script = (shell: Shell, root: CommandUnknownOpts): string => {
  const make = { bash, zsh, fish, sh: bash }[shell]
  return make(root.name(), toNodes(root))
}
