/** The commands `agentcore-identity setup plan` and `setup apply`: their flags and help. */
import * as Effect from "effect/Effect"
import * as Help from "./help.js"
import { endpointVariable, load, regionVariable, setupFile } from "./options.js"
import type { Root } from "./root.js"
import type { Run } from "./run.js"

export const add = (root: Root, run: Run): void => {
  const setup = root.command("setup")
    .summary("Apply a file to AgentCore Identity")
    .description("Applies a file to AgentCore Identity, at AWS or at the endpoints of the environment.")
    .addHelpText(
      "after",
      Help.formatDetails({
        examples: ["agentcore-identity setup plan setup.jsonc", "agentcore-identity setup apply setup.jsonc"]
      })
    )

  setup.command("plan")
    .summary("Show what would change")
    .description("Shows what would change, with old and new values, and changes nothing.")
    .argument("<file>", setupFile)
    .option("--region <region>", "The AWS region (default: the one that the AWS SDK finds)")
    .option("--json", "Print target and changes as JSON")
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [regionVariable, endpointVariable],
        sections: {
          "Exit codes": ["0  nothing would change", "1  it failed", "2  changes are pending"],
          "In the file": [
            "\"$schema\": \"./node_modules/effect-agentcore-identity/dist/setup.schema.json\"",
            "makes editors complete it. { \"$env\": \"NAME\" } reads a variable."
          ]
        },
        examples: ["agentcore-identity setup plan setup.jsonc", "agentcore-identity setup plan --json setup.jsonc"]
      })
    )
    .action((file, { json = false, region }, command) =>
      run(
        Effect.flatMap(load(() => import("./setup.js")), (Setup) => Setup.plan({ file, json, region })),
        { level: command.optsWithGlobals().logLevel ?? "info" }
      )
    )

  setup.command("apply")
    .summary("Make the changes, and report each")
    .description("Makes the changes, and reports each. On a terminal it shows them and asks first.")
    .argument("<file>", setupFile)
    .option("--region <region>", "The AWS region (default: the one that the AWS SDK finds)")
    .option("--rotate-secrets", "Send all secrets, because the service does not report whether they differ")
    .option("--yes", "Do not ask")
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [regionVariable, endpointVariable],
        examples: [
          "agentcore-identity setup apply setup.jsonc",
          "agentcore-identity setup apply --yes --rotate-secrets setup.jsonc"
        ]
      })
    )
    .action((file, { region, rotateSecrets = false, yes = false }, command) =>
      run(
        Effect.flatMap(
          load(() => import("./setup.js")),
          (Setup) => Setup.apply({ file, region, rotateSecrets, yes })
        ),
        { level: command.optsWithGlobals().logLevel ?? "info" }
      )
    )
}
