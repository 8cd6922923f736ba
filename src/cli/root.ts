/** The command `agentcore-identity` itself: the flags of all commands, and its help. */
import { Command, Option } from "@commander-js/extra-typings"
import * as Completions from "./completions.js"
import * as Help from "./help.js"
import type { Level } from "./logging.js"
import { version } from "./version.js"

const logLevels = [
  "all",
  "trace",
  "debug",
  "info",
  "warning",
  "error",
  "fatal",
  "none"
] as const satisfies ReadonlyArray<
  Level
>

export const make = () =>
  new Command("agentcore-identity")
    .description("Credentials for agents: AgentCore Identity on your machine.")
    .version(version, "--version", "Print the version")
    .addOption(
      new Option(
        "--log-level <level>",
        "The least level of the lines on standard error (default: info for local and setup, else warning)"
      )
        .choices(logLevels)
    )
    .addOption(
      new Option("--completions <shell>", "Print a completion script for a shell").choices(Completions.shells)
    )
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [["NO_COLOR", "no colours, if it is not empty"]],
        examples: [
          "agentcore-identity demo",
          `eval "$(agentcore-identity local --authorization-server &)"`,
          "agentcore-identity setup plan setup.jsonc",
          "agentcore-identity doctor credentials.js",
          `eval "$(agentcore-identity --completions bash)"`
        ]
      })
    )

export type Root = ReturnType<typeof make>
