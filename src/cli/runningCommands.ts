/**
 * The commands `agentcore-identity env`, `status`, `console` and `stop`, for the server that runs: their flags and help.
 */
import { Option } from "@commander-js/extra-typings"
import * as Help from "./help.js"
import { controlledBy, onSelected, selectPid, selectPort } from "./options.js"
import type { Root } from "./root.js"
import type { Run } from "./run.js"
import * as ShellText from "./shellText.js"

const selectedBy = [["AGENTCORE_LOCAL_TOKEN", "which server is meant, if several run"]] as const

export const add = (root: Root, run: Run): void => {
  const act = onSelected(run, () => import("./running.js"), "warning")

  root.command("env")
    .summary("Print the environment of the local server that runs")
    .description("Prints the environment of the 'agentcore-identity local' that runs, for a shell or a file.")
    .addOption(
      new Option("--shell <shell>", "The form of the lines; bash is for zsh and sh, too")
        .choices(ShellText.forms).default("bash" as const)
    )
    .option("--unset", "Print lines that remove the environment from this shell")
    .addOption(selectPort())
    .addOption(selectPid())
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: selectedBy,
        examples: [
          `eval "$(agentcore-identity env)"`,
          "agentcore-identity env --shell fish | source",
          "agentcore-identity env --shell dotenv > .env.local",
          `eval "$(agentcore-identity env --unset)"`
        ]
      })
    )
    .action(({ shell, unset = false }, command) => {
      if (unset && shell === "dotenv") command.error("error: --unset is for a shell, and not for dotenv")
      act(command, (running) => shell !== "dotenv" && unset ? running.unset(shell) : running.print(shell))
    })

  root.command("status")
    .summary("List the local servers that run")
    .description("Lists each 'agentcore-identity local' of this user that runs, and whether it answers.")
    .option("--json", "Print JSON")
    .addOption(selectPort())
    .addOption(selectPid())
    .addHelpText(
      "after",
      Help.formatDetails({
        sections: { "Exit codes": ["0  each that runs answers", "1  none runs, or one does not answer"] },
        examples: ["agentcore-identity status", "agentcore-identity status --json"]
      })
    )
    .action(({ json = false }, command) => act(command, ({ status }) => status(json)))

  root.command("console")
    .summary("Print a URL of the console of the local server that runs")
    .description(
      "Prints a URL of the console of the 'agentcore-identity local' that runs. It opens the console once, within a minute."
    )
    .addOption(selectPort())
    .addOption(selectPid())
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: controlledBy,
        examples: ["agentcore-identity console", "agentcore-identity console --port 4020"]
      })
    )
    .action((_, command) =>
      onSelected(run, () => import("./localControl.js"), "info")(command, ({ consoleUrl }) => consoleUrl)
    )

  root.command("stop")
    .summary("Stop the local server that runs")
    .description("Stops the 'agentcore-identity local' that runs, and waits until it has ended.")
    .option("--all", "Stop all of them")
    .addOption(selectPort())
    .addOption(selectPid())
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: selectedBy,
        examples: ["agentcore-identity stop", "agentcore-identity stop --port 4020", "agentcore-identity stop --all"]
      })
    )
    .action(({ all = false }, command) => act(command, ({ stop }) => stop(all)))
}
