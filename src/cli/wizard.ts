/** `agentcore-identity --wizard`: asks for a command, its options and its arguments. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Quote from "../local/internal/quote.js"
import { commandPath } from "./help.js"
import * as Terminal from "./terminal.js"

export class NoTerminal extends Data.TaggedError("NoTerminal")<{ readonly message: string }> {}

const print = (text: string) => Effect.sync(() => void process.stderr.write(`${text}\n`))

const chooseCommand = (
  ask: Terminal.Ask,
  command: CommandUnknownOpts
): Effect.Effect<CommandUnknownOpts, Terminal.Cancelled> =>
  command.commands.length === 0 ? Effect.succeed(command) : Effect.gen(function*() {
    for (const subcommand of command.commands) {
      yield* print(`  ${subcommand.name().padEnd(8)} ${subcommand.summary() || subcommand.description()}`)
    }
    // Such as 'local', which runs the server.
    const runsItself = command.parent !== null && command.options.length > 0
    if (runsItself) yield* print(`Press Enter for '${command.name()}' itself.`)
    const name = yield* ask("Command: ")
    if (runsItself && name === "") return command
    const chosen = command.commands.find((subcommand) => subcommand.name() === name)
    if (chosen !== undefined) return yield* chooseCommand(ask, chosen)
    yield* print(`There is no command '${name}'.`)
    return yield* chooseCommand(ask, command)
  })

const askArgument = (
  ask: Terminal.Ask,
  { name, required }: { readonly name: string; readonly required: boolean }
): Effect.Effect<ReadonlyArray<string>, Terminal.Cancelled> =>
  Effect.flatMap(
    ask(`${name}: `),
    (answer) =>
      answer !== "" ? Effect.succeed([answer]) : required ? askArgument(ask, { name, required }) : Effect.succeed([])
  )

/** An empty answer omits the option. */
const askOptions = (ask: Terminal.Ask, { options }: CommandUnknownOpts) =>
  Effect.forEach(
    options,
    (option) =>
      Effect.map(
        ask(`${option.long ?? option.flags}: ${option.description} ${option.required ? "" : "[y/N] "}`),
        (answer) =>
          typeof option.long !== "string" || answer === ""
            ? []
            : option.required
            ? [option.long, answer]
            : /^y(es)?$/i.test(answer)
            ? [option.long]
            : []
      )
  )

/** Asks for the arguments of a run, and whether to run it. */
export const run = (
  root: CommandUnknownOpts
): Effect.Effect<ReadonlyArray<string>, NoTerminal | Terminal.Cancelled> =>
  !Terminal.isInteractive()
    ? new NoTerminal({
      message:
        `--wizard asks questions, and needs a terminal. Run '${root.name()} --help' for the commands and their options.`
    })
    : Effect.gen(function*() {
      const ask = yield* Terminal.makeAsk
      const command = yield* chooseCommand(ask, root)
      yield* print("Press Enter to keep an option as it is.")
      const options = yield* askOptions(ask, command)
      const values = yield* Effect.forEach(command.registeredArguments, (argument) =>
        askArgument(ask, { name: argument.name(), required: argument.required }))
      const args = [...commandPath(command).slice(1), ...options.flat(), ...values.flat()]
      const answer = yield* ask(
        `\n  ${[root.name(), ...args].map(Quote.forBash).join(" ")}\n\nRun this command? [Y/n] `
      )
      return /^n/i.test(answer) ? yield* new Terminal.Cancelled({ message: "Nothing was done." }) : args
    }).pipe(Effect.scoped)
