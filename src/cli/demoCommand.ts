/** The command `agentcore-identity demo`: its flags and help. */
import { Option } from "@commander-js/extra-typings"
import * as Effect from "effect/Effect"
import { type AwsSettings, environmentVariable, MissingSettings } from "./demoSettings.js"
import * as Help from "./help.js"
import { load } from "./options.js"
import type { Root } from "./root.js"
import type { Run } from "./run.js"

const awsSetting = <F extends string>(name: string, flags: F, description: string) =>
  new Option(flags, description).env(environmentVariable(name))

export const add = (root: Root, run: Run): void => {
  root.command("demo")
    .summary("Watch an agent obtain three credentials and use them")
    .description("An agent obtains three credentials and uses them, on this machine or against AWS.")
    .option("--auto-consent", "Consent without a browser (the default without a terminal)")
    .option("--deny", "Refuse the consent without a browser")
    .option("--aws", "Run the same program against AWS, with the options below")
    .addOption(awsSetting("workload", "--workload <name>", "The workload identity"))
    .addOption(awsSetting("user", "--user <id>", "The user that the agent acts for"))
    .addOption(
      awsSetting(
        "machine-provider",
        "--machine-provider <name>",
        "The OAuth2 credential provider of the agent's own token"
      )
    )
    .addOption(
      awsSetting("user-provider", "--user-provider <name>", "The OAuth2 credential provider of the user's token")
    )
    .addOption(awsSetting("api-key-provider", "--api-key-provider <name>", "The API-key credential provider"))
    .addOption(
      awsSetting("return-url", "--return-url <url>", "The return URL, on this machine and registered at the workload")
    )
    .addOption(
      awsSetting("api-url", "--api-url <url>", "An API with the routes /reports, /me and /quota, as in the demo")
    )
    .addHelpText(
      "after",
      Help.formatDetails({ examples: ["agentcore-identity demo", "agentcore-identity demo --auto-consent"] })
    )
    .action((options, command) =>
      run(
        Effect.gen(function*() {
          const [Demo, Screen] = yield* load(() => Promise.all([import("./demo.js"), import("./screen.js")]))
          const runDemo = Effect.gen(function*() {
            const { interactive } = yield* Screen.Screen
            return yield* options.aws === true
              ? Effect.flatMap(requireSettings(options), Demo.atAws)
              : Demo.onThisMachine(
                options.deny === true ? "deny" : options.autoConsent === true || !interactive ? "allow" : "ask"
              )
          })
          return yield* Effect.provide(runDemo, Screen.layer)
        }),
        { level: command.optsWithGlobals().logLevel ?? "warning" }
      )
    )
}

const requireSettings = (
  { apiKeyProvider, apiUrl, machineProvider, returnUrl, user, userProvider, workload }: {
    readonly [K in keyof AwsSettings]?: string | undefined
  }
): Effect.Effect<AwsSettings, MissingSettings> => {
  const names = Object.entries({
    workload,
    user,
    "machine-provider": machineProvider,
    "user-provider": userProvider,
    "api-key-provider": apiKeyProvider,
    "return-url": returnUrl,
    "api-url": apiUrl
  }).flatMap(([name, value]) => value === undefined ? [name] : [])
  return workload === undefined || user === undefined || machineProvider === undefined || userProvider === undefined
      || apiKeyProvider === undefined || returnUrl === undefined || apiUrl === undefined
    ? new MissingSettings({ names })
    : Effect.succeed({ workload, user, machineProvider, userProvider, apiKeyProvider, returnUrl, apiUrl })
}
