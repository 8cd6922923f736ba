/** The commands for a running server: `env`, `status`, `console`, `stop`, and those below `local`. */
import { Argument, type Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings"
import * as Effect from "effect/Effect"
import { details, onLoad, parseNumber, parsePort, type Root, type Run } from "./commandLine.js"
import type { Level } from "./logging.js"
import * as ShellText from "./shellText.js"
import { SelectedPort } from "./stateFile.js"

/** Adds a command with the option that selects a server. */
const addSelecting = <Args extends Array<unknown>, Options extends Record<string, unknown>>(
  parent: Command<Args, Options>,
  name: string
) => parent.command(name).option("--port <port>", "The server on this port", parsePort)

/** The variables that select the server to control. */
const controlledBy = [
  [
    "AGENTCORE_LOCAL_TOKEN, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
    "the server, without --port (default: the only one that runs)"
  ]
] as const

/** Makes an action that runs a function of a module for the server that `--port` selects. */
const onSelected =
  <Module>(run: Run, module: () => Promise<Module>, defaultLevel?: Level) =>
  (command: CommandUnknownOpts, use: (module: Module) => Effect.Effect<unknown, unknown>): void => {
    // The option has parsed its value. Below 'local', Commander stores '--port' in the option of 'local'.
    const { port }: { readonly port?: number } = command.optsWithGlobals()
    onLoad(run, module, defaultLevel)(command, (module) => Effect.provideService(use(module), SelectedPort, port))
  }

const json = ["--json", "Print JSON"] as const

const selectedBy = [["AGENTCORE_LOCAL_TOKEN", "selects the server, if several run"]] as const

const addEnv = (root: Root, run: Run): void => {
  const act = onSelected(run, () => import("./running.js"))

  addSelecting(root, "env")
    .summary("Print the environment of the running local server")
    .description("Prints the environment of the running 'npx agentcore-identity local', for a shell or a file.")
    .addOption(
      new Option("--shell <shell>", "The form of the lines; bash is also for zsh and sh")
        .choices(ShellText.forms).default("bash" as const)
    )
    .option("--unset", "Print lines that remove the environment from this shell")
    .addHelpText(...details({
      environment: selectedBy,
      examples: [
        `eval "$(npx agentcore-identity env)"`,
        "env --shell fish | source",
        "env --shell dotenv > .env.local",
        `eval "$(npx agentcore-identity env --unset)"`
      ]
    }))
    .action(({ shell, unset = false }, command) => {
      if (!unset) return act(command, ({ print }) => print(shell))
      if (shell === "dotenv") return command.error("error: --unset is for a shell, and not for dotenv")
      act(command, (running) => running.unset(shell))
    })
}

export const add = (root: Root, run: Run): void => {
  const act = onSelected(run, () => import("./running.js"))

  addEnv(root, run)

  addSelecting(root, "status")
    .summary("List the running local servers")
    .description("Lists each running 'npx agentcore-identity local' of this user, and whether it responds.")
    .option(...json)
    .addHelpText(...details({
      sections: { "Exit codes": ["0  every running server responds", "1  none runs, or one does not respond"] },
      examples: ["status", "status --json"]
    }))
    .action(({ json = false }, command) => act(command, ({ status }) => status(json)))

  addSelecting(root, "console")
    .summary("Open the console of the running local server")
    .description(
      "Opens the console of the running 'npx agentcore-identity local' in a browser. Without a browser, or if the output "
        + "is not a terminal, prints a URL, which opens the console once, within a minute."
    )
    .addHelpText(...details({ environment: controlledBy, examples: ["console", "console --port 4020"] }))
    .action((_, command) => onControlled(run)(command, ({ openConsole }) => openConsole))

  addSelecting(root, "stop")
    .summary("Stop the running local server")
    .description("Stops the running 'npx agentcore-identity local', and waits until it has exited.")
    .option("--all", "Stop all of them")
    .addHelpText(...details({ environment: selectedBy, examples: ["stop", "stop --port 4020", "stop --all"] }))
    .action(({ all = false }, command) => act(command, ({ stop }) => stop(all)))
}

// -----------------------------------------------------------------------------
// Below `local`
// -----------------------------------------------------------------------------

type Local = Command<Array<unknown>, Record<string, unknown>>

/** Makes an action that controls a server. */
const onControlled = (run: Run) => onSelected(run, () => import("./localControl.js"), "info")

type Act = ReturnType<typeof onControlled>

const makeDetails = (...examples: ReadonlyArray<string>) =>
  details({ environment: controlledBy, examples: examples.map((example) => `local ${example}`) })

const addState = (local: Local, act: Act): void => {
  addSelecting(local, "reset")
    .summary("Empty the running server, and apply its --config again")
    .description(
      "Empties the running server, and applies its --config again. Users, sign-ins, faults, requests and the clock "
        + "are as at its start. Snapshots stay."
    )
    .addHelpText(...makeDetails("reset"))
    .action((_, command) => act(command, ({ reset }) => reset))

  addSelecting(local, "seed")
    .summary("Add the resources of a file")
    .description("Adds the resources of a file to the running server, until the next reset.")
    .argument("<file>", "A JSON or JSONC file, as for --config")
    .addHelpText(...makeDetails("seed more.jsonc"))
    .action((file, _, command) => act(command, ({ seed }) => seed(file)))

  addSelecting(local, "snapshot")
    .summary("Take a snapshot, or list them")
    .description("Takes a snapshot of the running server, in its memory. Without a name, lists the snapshots.")
    .argument("[name]", "Letters, digits, dots, underscores and hyphens")
    .option(...json)
    .addHelpText(...makeDetails("snapshot consented", "snapshot"))
    .action((name, { json = false }, command) =>
      act(command, ({ list, snapshot }) => name === undefined ? list("snapshots", json) : snapshot(name))
    )

  addSelecting(local, "restore")
    .summary("Go back to a snapshot")
    .description("Replaces the content of the running server with a snapshot.")
    .argument("<name>", "The name of a snapshot")
    .addHelpText(...makeDetails("restore consented"))
    .action((name, _, command) => act(command, ({ restore }) => restore(name)))
}

const addClock = (local: Local, act: Act): void => {
  addSelecting(local, "clock")
    .summary("Show or move the clock")
    .description(
      "Shows the clock of the running server, or moves it: tokens, sessions and grants expire by it. Signatures and "
        + "the HTTP Date header stay real."
    )
    .addOption(new Option("--advance <duration>", "Move it forward, as by '2 hours'").conflicts(["set", "reset"]))
    .addOption(new Option("--set <time>", "Set it, as to 2027-01-01T00:00:00Z").conflicts(["reset"]))
    .option("--reset", "Go back to the real time")
    .addHelpText(...makeDetails("clock --advance '61 minutes'", "clock --reset"))
    .action(({ advance, reset, set }, command) =>
      act(
        command,
        ({ clock }) => clock(advance !== undefined ? { advance } : set !== undefined ? { set } : reset && { reset })
      )
    )
}

const addFault = (local: Local, act: Act): void => {
  addSelecting(local, "fault")
    .summary("Make operations fail, be slow, or lose their connection")
    .description("Adds a fault to the running server, and prints its id. Without options, lists the faults.")
    .addOption(
      new Option("--operation <name>", "An operation, such as GetResourceApiKey, or '*'").conflicts("endpoint")
    )
    .addOption(
      new Option("--endpoint <endpoint>", "A request of the server to an authorization server")
        .choices(["token", "authorization", "revocation", "*"])
    )
    .option("--provider <name>", "With --endpoint: one credential provider (default: all)")
    .option("--exception <name>", "Its exception, or the 'error' of OAuth")
    .option("--status <status>", "Its HTTP status", parseNumber)
    .option("--message <text>", "Its message")
    .option("--delay <duration>", "Delay the failure, or the call, as by '2 seconds'")
    .option("--cut", "Close the connection without a response")
    .option(
      "--count <number>",
      "Remove the fault after this many calls (default: no limit).\nAn SDK repeats a failed call, about 3 times in all",
      parseNumber
    )
    .option("--remove <id>", "Remove one")
    .option("--clear", "Remove all")
    .option(...json)
    .addHelpText(...makeDetails(
      "fault --operation GetResourceApiKey \\\n      --exception ThrottlingException --count 3",
      "fault --endpoint token --exception server_error",
      "fault --clear"
    ))
    .action(({ clear, json = false, port: _port, remove, ...fault }, command) =>
      act(command, ({ addFault, list, removeFault }) =>
        clear === true || remove !== undefined
          ? removeFault(clear === true ? undefined : remove)
          : Object.keys(fault).length === 0
          ? list("faults", json)
          : addFault(fault))
    )
}

const addRequests = (local: Local, act: Act): void => {
  addSelecting(local, "requests")
    .summary("List the last requests, with the reasons of errors")
    .description("Lists the last requests of the running server, the newest first, with the reasons of errors.")
    .option(...json)
    .addHelpText(...makeDetails("requests", "requests --json"))
    .action(({ json = false }, command) => act(command, ({ requests }) => requests(json)))

  addSelecting(local, "events")
    .summary("Print requests as they come")
    .description("Prints each request of the running server as one line of JSON, until it is stopped.")
    .addHelpText(...makeDetails("events"))
    .action((_, command) => act(command, ({ events }) => events))
}

const addUsers = (local: Local, act: Act): void => {
  addSelecting(local, "consents")
    .summary("List the consent sessions, or act on one as its user")
    .description(
      "Lists the consent sessions of the running server, or acts on one as its user. 'approve' also completes it, in "
        + "place of the application."
    )
    .addArgument(new Argument("[action]", "What to do").choices(["approve", "deny", "expire"]))
    .argument("[id]", "The id of the session (default: the only one that waits)")
    .option("--user <name>", "With approve: who signs in at --authorization-server\n(default: the user of the session)")
    .option(...json)
    .addHelpText(...makeDetails("consents", "consents approve"))
    .action((action, id, { json = false, user }, command) =>
      act(
        command,
        ({ changeConsent, list }) => action === undefined ? list("consents", json) : changeConsent(action, id, user)
      )
    )

  addSelecting(local, "grants")
    .summary("List the grants of users, or end one")
    .description(
      "Lists the grants of the running server, or ends one: its access token expires, the authorization server "
        + "revokes it, if it has a refresh token, or the vault forgets it."
    )
    .addArgument(new Argument("[action]", "What to do").choices(["expire", "revoke", "forget"]))
    .argument("[id]", "The id of the grant (default: the only one)")
    .option(...json)
    .addHelpText(...makeDetails("grants", "grants expire"))
    .action((action, id, { json = false }, command) =>
      act(command, ({ changeGrant, list }) => action === undefined ? list("grants", json) : changeGrant(action, id))
    )
}

/** Adds the commands below `local`. */
export const addControl = (local: Local, run: Run): void => {
  const act = onControlled(run)
  for (const add of [addState, addClock, addFault, addRequests, addUsers]) add(local, act)
}
