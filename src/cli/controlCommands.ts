/** The commands below `agentcore-identity local`, which act on the server that runs. */
import { Argument, type Command, Option } from "@commander-js/extra-typings"
import * as Help from "./help.js"
import { controlledBy, onSelected, parseNumber, selectPid, selectPort } from "./options.js"
import type { Run } from "./run.js"

const json = ["--json", "Print JSON"] as const

/** Adds them. */
export const add = (local: Command<Array<unknown>, Record<string, unknown>>, run: Run): void => {
  const act = onSelected(run, () => import("./localControl.js"), "info")

  const addCommand = (name: string) => local.command(name).addOption(selectPort()).addOption(selectPid())

  const details = (...examples: ReadonlyArray<string>) =>
    Help.formatDetails({
      environment: controlledBy,
      examples: examples.map((example) => `agentcore-identity local ${example}`)
    })

  addCommand("reset")
    .summary("Empty the server that runs, and apply its --config again")
    .description(
      "Empties the server that runs, and applies its --config again. Users, sign-ins, faults, requests and the clock "
        + "are as at its start. Snapshots stay."
    )
    .addHelpText("after", details("reset"))
    .action((_, command) => act(command, ({ reset }) => reset))

  addCommand("seed")
    .summary("Add the resources of a file")
    .description("Adds the resources of a file to the server that runs, until the next reset.")
    .argument("<file>", "A JSON or JSONC file, as for --config")
    .addHelpText("after", details("seed more.jsonc"))
    .action((file, _, command) => act(command, ({ seed }) => seed(file)))

  addCommand("snapshot")
    .summary("Take a snapshot, or list them")
    .description("Takes a snapshot of the server that runs, in its memory. Without a name, lists the snapshots.")
    .argument("[name]", "Letters, digits, dots, underscores and hyphens")
    .option(...json)
    .addHelpText("after", details("snapshot consented", "snapshot"))
    .action((name, { json = false }, command) =>
      act(command, ({ snapshot, snapshots }) => name === undefined ? snapshots(json) : snapshot(name))
    )

  const exportKey = ["AGENTCORE_LOCAL_EXPORT_KEY", "32 bytes in base64url (default: the file <file>.key)"] as const
  const withKey = (...examples: ReadonlyArray<string>) =>
    Help.formatDetails({
      environment: [...controlledBy, exportKey],
      examples: examples.map((example) => `agentcore-identity local ${example}`)
    })

  addCommand("restore")
    .summary("Go back to a snapshot, or to an exported file")
    .description("Replaces the content of the server that runs by a snapshot, or by an exported file.")
    .argument("[name]", "The name of a snapshot")
    .option("--file <file>", "A file of 'local export'")
    .addHelpText("after", withKey("restore consented", "restore --file state.jwe"))
    .action((name, { file }, command) => act(command, ({ restore }) => restore({ name, file })))

  addCommand("export")
    .summary("Write the content to a file, encrypted")
    .description("Writes the content of the server that runs to a file, encrypted. 'local restore --file' reads it.")
    .argument("<file>", "The file")
    .addHelpText("after", withKey("export state.jwe"))
    .action((file, _, command) => act(command, ({ exportTo }) => exportTo(file)))

  addCommand("clock")
    .summary("Show or move the clock")
    .description(
      "Shows the clock of the server that runs, or moves it: tokens, sessions and grants expire by it. Signatures and "
        + "the HTTP Date header stay real."
    )
    .addOption(new Option("--advance <duration>", "Move it forward, as by '2 hours'").conflicts(["set", "reset"]))
    .addOption(new Option("--set <time>", "Set it, as to 2027-01-01T00:00:00Z").conflicts(["reset"]))
    .option("--reset", "Go back to the real time")
    .addHelpText("after", details("clock --advance '61 minutes'", "clock --reset"))
    .action(({ advance, reset, set }, command) =>
      act(command, ({ clock }) =>
        clock(
          advance !== undefined
            ? { advance }
            : set !== undefined
            ? { set }
            : reset === true
            ? { reset }
            : undefined
        ))
    )

  addCommand("fault")
    .summary("Let operations fail, be slow, or lose their connection")
    .description(
      "Adds a fault to the server that runs, and prints its id. Without options, lists the faults."
    )
    .addOption(
      new Option("--operation <name>", "An operation, such as GetResourceApiKey, or '*'").conflicts("endpoint")
    )
    .addOption(
      new Option("--endpoint <endpoint>", "A request of the server to an authorization server")
        .choices(["token", "authorization", "revocation", "*"])
    )
    .option("--provider <name>", "With --endpoint: one credential provider (default: all)")
    .option("--exception <name>", "Its exception, or the 'error' of OAuth")
    .addOption(new Option("--status <status>", "Its HTTP status").argParser(parseNumber))
    .option("--message <text>", "Its message")
    .option("--delay <duration>", "The time before it, or before the call, as '2 seconds'")
    .option("--cut", "Close the connection without an answer")
    .option("--fail-change", "The call succeeds, and its change of a consent portal fails")
    .addOption(new Option("--probability <number>", "From 0 to 1 (default: 1)").argParser(parseNumber))
    .addOption(
      new Option("--count <number>", "The calls that fail, then it ends (default: no limit)").argParser(parseNumber)
    )
    .option("--remove <id>", "Remove one")
    .option("--clear", "Remove all")
    .option(...json)
    .addHelpText(
      "after",
      details(
        "fault --operation GetResourceApiKey \\\n      --exception ThrottlingException --count 3",
        "fault --endpoint token --exception invalid_grant",
        "fault --clear"
      )
    )
    .action(({ clear, json = false, pid: _pid, port: _port, remove, ...fault }, command) =>
      act(command, ({ addFault, listFaults, removeFault }) =>
        clear === true || remove !== undefined
          ? removeFault(clear === true ? undefined : remove)
          : Object.keys(fault).length === 0
          ? listFaults(json)
          : addFault(fault))
    )

  addCommand("requests")
    .summary("List the last requests, with the reasons of errors")
    .description("Lists the last requests of the server that runs, the newest first, with the reasons of errors.")
    .option(...json)
    .addHelpText("after", details("requests", "requests --json"))
    .action(({ json = false }, command) => act(command, ({ requests }) => requests(json)))

  addCommand("events")
    .summary("Print requests as they come")
    .description("Prints each request of the server that runs as one line of JSON, until it is stopped.")
    .addHelpText("after", details("events"))
    .action((_, command) => act(command, ({ events }) => events))

  addCommand("consents")
    .summary("List the consent sessions, or answer one as its user")
    .description("Lists the consent sessions of the server that runs, or answers one as its user.")
    .addArgument(new Argument("[action]", "What to do").choices(["approve", "deny", "expire"]))
    .argument("[id]", "The id of the session")
    .option("--user <name>", "With approve: who signs in at --authorization-server\n(default: the user of the session)")
    .option(...json)
    .addHelpText("after", details("consents", "consents approve 5f2c9a1e7b3d4c608e1f2a3b4c5d6e7f"))
    .action((action, id, { json = false, user }, command) =>
      act(
        command,
        ({ answerConsent, consents, missingId }) =>
          action === undefined ? consents(json) : id === undefined ? missingId : answerConsent(action, id, user)
      )
    )

  addCommand("grants")
    .summary("List the grants of users, or end one")
    .description(
      "Lists the grants of the server that runs, or ends one: its access token expires, the authorization server "
        + "revokes it, or the vault forgets it."
    )
    .addArgument(new Argument("[action]", "What to do").choices(["expire", "revoke", "forget"]))
    .argument("[id]", "The id of the grant")
    .option(...json)
    .addHelpText("after", details("grants", "grants expire 6f1c0c3e-7d0b-4b7e-9d53-0d5b1f1f2b6a"))
    .action((action, id, { json = false }, command) =>
      act(
        command,
        ({ changeGrant, grants, missingId }) =>
          action === undefined ? grants(json) : id === undefined ? missingId : changeGrant(action, id)
      )
    )
}
