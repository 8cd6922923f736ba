/**
 * The command `agentcore-identity`.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
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
import * as Schema from "effect/Schema"
import { type AwsSettings, environmentVariable, MissingSettings } from "./demoSettings.js"
import { version } from "./version.js"

// The SDK warns about the Node version of its next releases. The output of the command is not for that.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"

const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

const text = (name: string, description: string) => Options.text(name).pipe(Options.withDescription(description))

// Each command is loaded when it runs, so that the server starts without the demo.

// -----------------------------------------------------------------------------
// demo
// -----------------------------------------------------------------------------

const awsSetting = (name: string, description: string) =>
  text(name, `With --aws: ${description}`).pipe(
    Options.withFallbackConfig(Config.string(environmentVariable(name))),
    Options.optional
  )

const awsSettings = {
  workload: awsSetting("workload", "the workload identity"),
  user: awsSetting("user", "the id of the user that the agent acts for"),
  machineProvider: awsSetting("machine-provider", "the OAuth2 credential provider of the agent's own token"),
  userProvider: awsSetting("user-provider", "the OAuth2 credential provider of the user's token"),
  apiKeyProvider: awsSetting("api-key-provider", "the API-key credential provider"),
  returnUrl: awsSetting("return-url", "the return URL, on this machine; the workload identity has it registered"),
  apiUrl: awsSetting("api-url", "an API with the routes /reports, /me and /quota, as in the demo on this machine")
}

const flagNames: { readonly [K in keyof AwsSettings]: string } = {
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
    autoConsent: flag("auto-consent", "Consents without a browser (the default without a terminal)"),
    deny: flag("deny", "Refuses the consent without a browser"),
    aws: flag("aws", "Runs the same program against AWS"),
    ...awsSettings
  },
  ({ autoConsent, aws, deny, ...settings }) =>
    Effect.gen(function*() {
      const [Demo, Screen] = yield* Effect.promise(() => Promise.all([import("./demo.js"), import("./screen.js")]))
      const missing = Record.collect(flagNames, (key, name) => Option.isNone(settings[key]) ? [name] : []).flat()
      const run = Effect.gen(function*() {
        const { interactive } = yield* Screen.Screen
        return yield* !aws
          ? Demo.onThisMachine(deny ? "deny" : autoConsent || !interactive ? "allow" : "ask")
          : Option.match(Option.all(settings), {
            onNone: () => Effect.fail(new MissingSettings({ names: missing })),
            onSome: Demo.atAws
          })
      })
      return yield* Effect.provide(run, Screen.layer)
    }).pipe(Logger.withMinimumLogLevel(LogLevel.Warning))
).pipe(Command.withDescription("An agent obtains three credentials and uses them, on this machine or against AWS"))

// -----------------------------------------------------------------------------
// local
// -----------------------------------------------------------------------------

const Port = Schema.Number.pipe(Schema.int(), Schema.between(0, 65535, { message: () => "A port is 0 to 65535" }))

const port = (name: string, description: string) =>
  Options.integer(name).pipe(Options.withDescription(description), Options.withSchema(Port))

const local = Command.make(
  "local",
  {
    host: text("host", "The host name or address to listen on").pipe(Options.withDefault("127.0.0.1")),
    port: port("port", "The port to listen on, 0 for a free one").pipe(Options.withDefault(4020)),
    authorizationServer: flag("authorization-server", "Also runs an OAuth2 authorization server, for any user name"),
    authorizationServerPort: port(
      "authorization-server-port",
      "Its port, 0 for a free one; default the one after --port"
    )
      .pipe(Options.optional),
    authorizationServerScope: text("authorization-server-scope", "One more scope of its client 'agentcore'; repeatable")
      .pipe(Options.repeated),
    config: text("config", "A JSON or JSONC file: workload identities, credential providers, tags").pipe(
      Options.optional
    ),
    vault: text("vault", "A file that stores everything, encrypted, across restarts").pipe(
      Options.optional
    ),
    signatures: Options.choice("signatures", ["presence", "verify", "off"]).pipe(
      Options.withDescription(
        "'presence' requires a signature; 'verify' checks it with the key in AGENTCORE_LOCAL_ACCESS_KEY_ID and "
          + "AGENTCORE_LOCAL_SECRET_ACCESS_KEY, or with a generated key that it prints"
      ),
      Options.withDefault("presence")
    ),
    allowedHost: text("allowed-host", "Another host name of the server; repeatable").pipe(Options.repeated),
    publicUrl: text("public-url", "The URL of the server for browsers, if not its host and port").pipe(
      Options.optional
    ),
    allowRemote: flag(
      "allow-remote",
      "Allows other machines to reach the server and every credential in it"
    ),
    account: text("account", "The AWS account id in its ARNs").pipe(Options.optional),
    region: text("region", "The AWS region in its ARNs").pipe(Options.optional)
  },
  (settings) => Effect.flatMap(Effect.promise(() => import("./local.js")), (Local) => Local.run(settings))
).pipe(
  Command.withDescription("AgentCore Identity on this machine; prints the environment that points AWS SDKs at it")
)

// -----------------------------------------------------------------------------
// setup
// -----------------------------------------------------------------------------

const file = Args.file({ name: "FILE", exists: "yes" }).pipe(
  Args.withDescription("A JSON or JSONC file: workload identities, credential providers, tags")
)

const awsRegion = text("region", "The AWS region; default the one that the AWS SDK finds").pipe(Options.optional)

const loadSetup = Effect.promise(() => import("./setup.js"))

const plan = Command.make(
  "plan",
  { file, region: awsRegion },
  (settings) => Effect.flatMap(loadSetup, (Setup) => Setup.plan(settings))
).pipe(Command.withDescription("Shows what would change"))

const apply = Command.make(
  "apply",
  {
    file,
    region: awsRegion,
    rotateSecrets: flag("rotate-secrets", "Sends all secrets, because the service does not report whether they differ")
  },
  (settings) => Effect.flatMap(loadSetup, (Setup) => Setup.apply(settings))
).pipe(Command.withDescription("Makes the changes, and reports each"))

const setup = Command.make("setup").pipe(
  Command.withDescription("Applies a file to AgentCore Identity, at AWS or at the endpoints of the environment"),
  Command.withSubcommands([plan, apply])
)

// -----------------------------------------------------------------------------
// agentcore-identity
// -----------------------------------------------------------------------------

const command = Command.make("agentcore-identity").pipe(
  Command.withDescription("Credentials for agents: AgentCore Identity on your machine"),
  Command.withSubcommands([local, setup, demo])
)

/** Logs to standard error. Standard output is the result of a command. */
const log = Logger.replace(
  Logger.defaultLogger,
  process.stderr.isTTY ? Logger.prettyLogger({ stderr: true }) : Logger.withConsoleError(Logger.logfmtLogger)
)

const describe = (error: unknown): string => {
  const tag = hasProperty(error, "_tag") && typeof error._tag === "string" ? `${error._tag}: ` : ""
  return `${tag}${error instanceof Error ? error.message : String(error)}`
}

Command.run(command, { name: "agentcore-identity", version })(process.argv).pipe(
  // `Command.run` has printed a validation error already.
  Effect.tapError((error) =>
    ValidationError.isValidationError(error) ? Effect.void : Effect.sync(() => console.error(`\n${describe(error)}`))
  ),
  Effect.provide(Layer.merge(NodeContext.layer, log)),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
)
