/** The commands of `agentcore-identity`, put together. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings"
import * as Completions from "./completions.js"
import * as CredentialCommands from "./credentialCommands.js"
import * as DemoCommand from "./demoCommand.js"
import * as Help from "./help.js"
import * as LocalCommand from "./localCommand.js"
import * as Root from "./root.js"
import type { Run } from "./run.js"
import * as RunningCommands from "./runningCommands.js"
import * as SetupCommands from "./setupCommands.js"

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

/** The commands. `exec` is the program of `local --exec`. */
export const make = (run: Run, exec: ReadonlyArray<string> = []): CommandUnknownOpts => {
  const root = Root.make()
  LocalCommand.add(root, run, exec)
  RunningCommands.add(root, run)
  SetupCommands.add(root, run)
  CredentialCommands.add(root, run)
  DemoCommand.add(root, run)
  Help.configure(root)
  // Like `--version`: wherever the flag stands, nothing else runs.
  root.on("option:completions", (name: string) => {
    const shell = Completions.shells.find((shell) => shell === name)
    if (shell === undefined) return
    process.stdout.write(Completions.script(shell, root))
    process.exit(0)
  })
  return root
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
