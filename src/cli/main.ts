/**
 * The command `agentcore-identity`.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Demo from "./demo.js"
import * as Screen from "./screen.js"
import { version } from "./version.js"

// The SDK announces by a warning which Node its next releases need; the demo's lines are its own.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"

const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

const awsSetting = (name: string, description: string) =>
  Options.text(name).pipe(
    Options.withDescription(`With --aws: ${description}`),
    Options.withFallbackConfig(Config.string(Demo.environmentVariable(name))),
    Options.optional
  )

const awsSettings = {
  workload: awsSetting("workload", "the workload identity"),
  user: awsSetting("user", "the id of the user that the agent acts for"),
  machineProvider: awsSetting("machine-provider", "the OAuth2 credential provider of the agent's own token"),
  userProvider: awsSetting("user-provider", "the OAuth2 credential provider of the user's token"),
  apiKeyProvider: awsSetting("api-key-provider", "the API-key credential provider"),
  returnUrl: awsSetting("return-url", "where users come back to, on this machine; registered on the workload identity"),
  apiUrl: awsSetting("api-url", "an API with the routes /reports, /me and /quota of the demo's own")
}

const flagNames: { readonly [K in keyof Demo.AwsSettings]: string } = {
  workload: "workload",
  user: "user",
  machineProvider: "machine-provider",
  userProvider: "user-provider",
  apiKeyProvider: "api-key-provider",
  returnUrl: "return-url",
  apiUrl: "api-url"
}

const demo = Command.make(
  "demo",
  {
    autoConsent: flag("auto-consent", "A simulated user signs in and consents (the default without a terminal)"),
    deny: flag("deny", "A simulated user refuses"),
    aws: flag("aws", "Runs the same program over AWS"),
    ...awsSettings
  },
  ({ autoConsent, aws, deny, ...settings }) =>
    Effect.gen(function*() {
      const { interactive } = yield* Screen.Screen
      if (!aws) {
        return yield* Demo.onThisMachine(deny ? "deny" : autoConsent || !interactive ? "allow" : "ask")
      }
      const missing = Record.collect(flagNames, (key, name) => Option.isNone(settings[key]) ? [name] : []).flat()
      return yield* Option.match(Option.all(settings), {
        onNone: () => Effect.fail(new Demo.MissingSettings({ names: missing })),
        onSome: Demo.atAws
      })
    })
).pipe(Command.withDescription("An agent obtains three credentials and spends them, on this machine or over AWS"))

const command = Command.make("agentcore-identity").pipe(
  Command.withDescription("Credentials for agents: AgentCore Identity on your machine"),
  Command.withSubcommands([demo])
)

const describe = (error: unknown): string => {
  const tag = hasProperty(error, "_tag") && typeof error._tag === "string" ? `${error._tag}: ` : ""
  return `${tag}${error instanceof Error ? error.message : String(error)}`
}

Command.run(command, { name: "agentcore-identity", version })(process.argv).pipe(
  // What is wrong with the command line has been said by then.
  Effect.tapError((error) =>
    ValidationError.isValidationError(error) ? Effect.void : Effect.sync(() => console.error(`\n${describe(error)}`))
  ),
  Effect.provide(Layer.mergeAll(NodeContext.layer, Screen.layer, Logger.minimumLogLevel(LogLevel.Warning))),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
