/**
 * The commands of `agentcore-identity`: their names, flags, arguments and help.
 *
 * @since 0.1.0
 */
import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings"
import * as Effect from "effect/Effect"
import { isLifetime, type Lifetime } from "../internal/lifetime.js"
import * as Completions from "./completions.js"
import * as ControlCommands from "./controlCommands.js"
import { type AwsSettings, environmentVariable, MissingSettings } from "./demoSettings.js"
import * as Help from "./help.js"
import type { Level } from "./logging.js"
import type { Run } from "./run.js"
import { version } from "./version.js"

// Each command is loaded when it runs, so that the server starts without the demo.
const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module)

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

const collect = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> => [...previous, value]

/** Several words in one flag, separated by spaces or commas. */
const collectWords = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  ...previous,
  ...value.split(/[\s,]+/).filter((word) => word !== "")
]

const parsePort = (text: string): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.")
}

const parseLifetime = (text: string): Lifetime => {
  if (isLifetime(text)) return text
  throw new InvalidArgumentError("A lifetime is a whole number and a unit, such as '90 seconds' or '5 minutes'.")
}

const regionVariable = ["AWS_REGION", "the region, where --region is not given"] as const

const setupFile = "A JSON or JSONC file: workload identities, credential providers, tags"

const makeRoot = () =>
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
    .option("--wizard", "Ask for a command and its options, on a terminal")
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

type Root = ReturnType<typeof makeRoot>

// -----------------------------------------------------------------------------
// local
// -----------------------------------------------------------------------------

const addLocal = (root: Root, run: Run): void => {
  const local = root.command("local")
    .summary("Run AgentCore Identity on this machine")
    .description(
      "Runs AgentCore Identity on this machine, and prints the environment that points AWS SDKs at it. "
        + "Standard output is lines of 'export NAME=value', and nothing else."
    )
    .option("--host <host>", "The host name or address to listen on", "127.0.0.1")
    .addOption(new Option("--port <port>", "The port, 0 for a free one").argParser(parsePort).default(4020))
    .option("--authorization-server", "Also run an OAuth2 authorization server, for any user name")
    .addOption(
      new Option(
        "--authorization-server-port <port>",
        "Its port, 0 for a free one (default: the one after --port)"
      ).argParser(parsePort)
    )
    .addOption(
      new Option(
        "--authorization-server-scope <scopes>",
        "More scopes of its client 'agentcore', separated by commas or spaces; repeatable"
      ).argParser<ReadonlyArray<string>>(collectWords)
    )
    .addOption(
      new Option(
        "--authorization-server-audience <uri>",
        "One more API that its tokens can be for, an absolute URI; repeatable"
      ).argParser<ReadonlyArray<string>>(collect)
    )
    .addOption(
      new Option(
        "--authorization-server-redirect-uri <uri>",
        "A redirect URI of your application, which signs in users with its client; repeatable"
      ).argParser<ReadonlyArray<string>>(collect)
    )
    .addOption(
      new Option(
        "--trust-issuer <url>",
        "One more issuer whose JWTs it exchanges, beside itself and STS; repeatable"
      ).argParser<ReadonlyArray<string>>(collect)
    )
    .option("--config <file>", `${setupFile}. Its section 'local' is read again when it changes`)
    .option("--vault <file>", "Store everything in this file, encrypted (default: in memory)")
    .addOption(
      new Option("--signatures <check>", "Requests need a signature, a right one, or none")
        .choices(["presence", "verify", "off"]).default("presence" as const)
    )
    .addOption(
      new Option("--allowed-host <name>", "Another host name of the server; repeatable")
        .argParser<ReadonlyArray<string>>(collect)
    )
    .option("--public-url <url>", "The URL of the server for browsers (default: its host and port)")
    .option("--allow-remote", "Let other machines reach the server and every credential in it")
    .option("--account <id>", "The AWS account id in its ARNs (default: \"123456789012\")")
    .option("--region <region>", "The AWS region in its ARNs (default: \"us-west-2\")")
    .addOption(
      new Option(
        "--workload-token-lifetime <duration>",
        "The lifetime of workload access tokens, such as '90 seconds' (default: that of --config, or '60 minutes')"
      ).argParser(parseLifetime)
    )
    .option("--log-file <file>", "Append every line from 'debug' on to this file, requests included")
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [
          ["AGENTCORE_LOCAL_VAULT_KEY", "the key of --vault: 32 bytes in base64url (default: a file beside it)"],
          [
            "AGENTCORE_LOCAL_ACCESS_KEY_ID, AGENTCORE_LOCAL_SECRET_ACCESS_KEY,\nAGENTCORE_LOCAL_SESSION_TOKEN",
            "the key of --signatures verify (default: a new one, which it prints)"
          ],
          ["AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET", "the client secret of --authorization-server (default: a new one)"]
        ],
        sections: {
          Prints: [
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE, AWS_ENDPOINT_URL_STS,",
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL,",
            "BEDROCK_AGENTCORE_DP_ENDPOINT, BEDROCK_AGENTCORE_CP_ENDPOINT,",
            "AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,",
            "AWS_EC2_METADATA_DISABLED, AGENTCORE_LOCAL_PID,",
            "AGENTCORE_LOCAL_TOKEN                  of its control, at /_local/"
          ],
          "Prints with --authorization-server": [
            "AGENTCORE_LOCAL_OAUTH_ISSUER           its issuer",
            "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL    its discovery URL, for CustomOauth2",
            "AGENTCORE_LOCAL_OAUTH_AUTHORIZATION_ENDPOINT,",
            "AGENTCORE_LOCAL_OAUTH_TOKEN_ENDPOINT   its endpoints, for vendorEndpoints",
            "AGENTCORE_LOCAL_OAUTH_AUDIENCE         the audience of its access tokens",
            "AGENTCORE_LOCAL_OAUTH_CLIENT_ID        a client for every provider",
            "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET    the secret of the client",
            "The file of --config can use them, as in",
            "{ \"$env\": \"AGENTCORE_LOCAL_OAUTH_CLIENT_ID\" }",
            "Its member local.users gives users claims, by user name."
          ]
        },
        examples: [
          `eval "$(agentcore-identity local --authorization-server &)"`,
          `kill "$AGENTCORE_LOCAL_PID"`,
          "agentcore-identity local --port 0 --config setup.jsonc --vault vault.db",
          "agentcore-identity local clock --advance '61 minutes'"
        ]
      })
    )
    .action(({ logFile, ...options }, command) =>
      run(
        Effect.flatMap(load(() => import("./local.js")), (Local) =>
          Local.run({
            host: options.host,
            port: options.port,
            authorizationServer: options.authorizationServer ?? false,
            authorizationServerPort: options.authorizationServerPort,
            authorizationServerScope: options.authorizationServerScope ?? [],
            authorizationServerAudience: options.authorizationServerAudience ?? [],
            authorizationServerRedirectUri: options.authorizationServerRedirectUri ?? [],
            trustIssuer: options.trustIssuer ?? [],
            config: options.config,
            vault: options.vault,
            signatures: options.signatures,
            allowedHost: options.allowedHost ?? [],
            publicUrl: options.publicUrl,
            allowRemote: options.allowRemote ?? false,
            account: options.account,
            region: options.region,
            workloadTokenLifetime: options.workloadTokenLifetime
          })),
        { level: command.optsWithGlobals().logLevel ?? "info", file: logFile }
      )
    )
  // The commands below read none of its options.
  ControlCommands.add(local as unknown as Parameters<typeof ControlCommands.add>[0], run)
}

// -----------------------------------------------------------------------------
// setup
// -----------------------------------------------------------------------------

const endpointVariable = [
  "BEDROCK_AGENTCORE_CP_ENDPOINT, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
  "the endpoint"
] as const

const addSetup = (root: Root, run: Run): void => {
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

// -----------------------------------------------------------------------------
// token, api-key, doctor
// -----------------------------------------------------------------------------

const flows = ["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"] as const

const flowOption = () => new Option("--flow <flow>", "The OAuth2 flow").choices(flows)

const repeatable = <F extends string>(flags: F, description: string) =>
  new Option(flags, `${description}; repeatable`).argParser<ReadonlyArray<string>>(collect)

const workloadOption = () =>
  new Option("--workload <name>", "The workload identity (default: that of .agentcore.json)").env("AGENTCORE_WORKLOAD")

const userOption = () =>
  new Option("--user <id>", "The user's id (default: that of .agentcore.json)").env("AGENTCORE_USER")

const regionOption = () => new Option("--region <region>", "The AWS region (default: the one that the AWS SDK finds)")

const userTokenVariable = ["AGENTCORE_USER_TOKEN", "the user's JWT, instead of an id"] as const

const dataEndpointVariable = [
  "BEDROCK_AGENTCORE_DP_ENDPOINT, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
  "the endpoint"
] as const

const resultStreams = [
  "Standard output has the result alone. The target, the link for a consent and",
  "the log go to standard error."
]

// `LoopbackConsent.defaultReturnUrl`, which is loaded when the command runs.
const loopbackReturnUrl = "http://127.0.0.1:8765/consent"

const addToken = (root: Root, run: Run): void => {
  root.command("token")
    .summary("Obtain an access token by hand")
    .description(
      "Obtains an access token. If the user has to consent, it opens the browser, and a server on the return URL waits "
        + "for it to come back."
    )
    .argument("<name>", "The OAuth2 credential provider")
    .addOption(flowOption().default("USER_FEDERATION" as const))
    .addOption(repeatable("--scope <scope>", "A scope"))
    .addOption(repeatable("--resource <uri>", "A resource indicator"))
    .addOption(repeatable("--audience <name>", "An audience"))
    .addOption(repeatable("--parameter <name=value>", "A parameter of the authorization request"))
    .addOption(workloadOption())
    .addOption(userOption())
    .option("--return-url <url>", `Where the browser comes back, on this machine (default: "${loopbackReturnUrl}")`)
    .option("--register", "Register the return URL on the workload identity first")
    .option("--force", "Ask the user again, and drop the token in the vault")
    .option("--no-browser", "Print the link for a consent, and open no browser")
    .option("--reveal", "Print the token itself")
    .option("--json", "Print the result as JSON, without the token unless --reveal is given")
    .addOption(regionOption())
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [userTokenVariable, regionVariable, dataEndpointVariable],
        sections: { Prints: resultStreams },
        examples: [
          "agentcore-identity token github --scope repo --register",
          "agentcore-identity token reports --flow M2M --workload my-agent",
          "TOKEN=$(agentcore-identity token github --scope repo --reveal)"
        ]
      })
    )
    .action((provider, options, command) =>
      run(
        Effect.flatMap(load(() => import("./token.js")), (Token) =>
          Token.token({
            provider,
            flow: options.flow,
            scope: options.scope ?? [],
            resource: options.resource ?? [],
            audience: options.audience ?? [],
            parameter: options.parameter ?? [],
            workload: options.workload,
            user: options.user,
            returnUrl: options.returnUrl,
            register: options.register ?? false,
            force: options.force ?? false,
            browser: options.browser,
            reveal: options.reveal ?? false,
            json: options.json ?? false,
            region: options.region
          })),
        { level: command.optsWithGlobals().logLevel ?? "warning" }
      )
    )
}

const addApiKey = (root: Root, run: Run): void => {
  root.command("api-key")
    .summary("Obtain an API key by hand")
    .description("Obtains the API key of a credential provider.")
    .argument("<name>", "The API-key credential provider")
    .addOption(workloadOption())
    .option("--reveal", "Print the key itself")
    .option("--json", "Print the result as JSON, without the key unless --reveal is given")
    .addOption(regionOption())
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [regionVariable, dataEndpointVariable],
        sections: { Prints: resultStreams },
        examples: [
          "agentcore-identity api-key weather --workload my-agent",
          "KEY=$(agentcore-identity api-key weather --reveal)"
        ]
      })
    )
    .action((provider, options, command) =>
      run(
        Effect.flatMap(load(() => import("./token.js")), (Token) =>
          Token.apiKey({
            provider,
            workload: options.workload,
            user: undefined,
            reveal: options.reveal ?? false,
            json: options.json ?? false,
            region: options.region
          })),
        { level: command.optsWithGlobals().logLevel ?? "warning" }
      )
    )
}

const addDoctor = (root: Root, run: Run): void => {
  root.command("doctor")
    .summary("Find what keeps a program from its credentials")
    .description(
      "Looks at region, AWS credentials, endpoints, clock, workload identity, and at the credentials of a program; then "
        + "tries each once. It says what to fix, and changes nothing."
    )
    .argument("[module]", "A plain ES module that exports declared credentials; it is run")
    .addOption(
      new Option("--provider <name>", "An OAuth2 credential provider, for one credential by hand")
    )
    .addOption(flowOption().default("USER_FEDERATION" as const))
    .addOption(repeatable("--scope <scope>", "A scope of --provider"))
    .addOption(repeatable("--api-key <name>", "An API-key credential provider"))
    .addOption(workloadOption())
    .addOption(userOption())
    .option("--return-url <url>", "The return URL of credentials without one of their own")
    .option("--no-token", "Only look; obtain nothing")
    .option("--json", "Print target, findings and the IAM policy of the program as JSON")
    .addOption(regionOption())
    .addHelpText(
      "after",
      Help.formatDetails({
        environment: [userTokenVariable, regionVariable, endpointVariable, dataEndpointVariable],
        sections: { "Exit codes": ["0  nothing has to be fixed", "1  it failed", "2  something has to be fixed"] },
        examples: [
          "agentcore-identity doctor credentials.js --workload my-agent --user alice",
          "agentcore-identity doctor --provider github --scope repo",
          "agentcore-identity doctor --json --no-token credentials.js"
        ]
      })
    )
    .action((module, options, command) =>
      run(
        Effect.flatMap(load(() => import("./doctor.js")), (Doctor) =>
          Doctor.run({
            module,
            credential: options.provider === undefined ? undefined : {
              provider: options.provider,
              flow: options.flow,
              scope: options.scope ?? [],
              resource: [],
              audience: [],
              parameter: [],
              returnUrl: undefined
            },
            apiKey: options.apiKey ?? [],
            workload: options.workload,
            user: options.user,
            returnUrl: options.returnUrl,
            token: options.token,
            json: options.json ?? false,
            region: options.region
          })),
        { level: command.optsWithGlobals().logLevel ?? "warning" }
      )
    )
}

// -----------------------------------------------------------------------------
// demo
// -----------------------------------------------------------------------------

const awsSetting = <F extends string>(name: string, flags: F, description: string) =>
  new Option(flags, description).env(environmentVariable(name))

const addDemo = (root: Root, run: Run): void => {
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

// -----------------------------------------------------------------------------
// agentcore-identity
// -----------------------------------------------------------------------------

/** @internal */
export const make = (run: Run): CommandUnknownOpts => {
  const root = makeRoot()
  addLocal(root, run)
  addSetup(root, run)
  addToken(root, run)
  addApiKey(root, run)
  addDoctor(root, run)
  addDemo(root, run)
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
 *
 * @internal
 */
export const parse = (root: CommandUnknownOpts, args: ReadonlyArray<string>): void => {
  root.parse(splitUnknownFlags(root, args), { from: "user" })
}
