/** The command `agentcore-identity local`: its flags and help. */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings"
import * as Effect from "effect/Effect"
import { isLifetime, type Lifetime } from "../internal/lifetime.js"
import { details, parsePort, repeatable, type Root, type Run, setupFile } from "./commandLine.js"
import * as RunningCommands from "./runningCommands.js"

/** Several words in one flag, separated by spaces or commas. */
const collectWords = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  ...previous,
  ...value.split(/[\s,]+/).filter((word) => word !== "")
]

const parseLifetime = (text: string): Lifetime => {
  if (isLifetime(text)) return text
  throw new InvalidArgumentError("A lifetime is a whole number and a unit, such as '90 seconds' or '5 minutes'.")
}

export const add = (root: Root, run: Run, exec: ReadonlyArray<string>): void => {
  const local = root.command("local")
    .summary("Run AgentCore Identity on this machine")
    .description(
      "Runs AgentCore Identity on this machine, and prints the environment that points AWS SDKs at it. "
        + "Standard output is lines of 'export NAME=value', and nothing else."
    )
    .usage("[options] [--exec -- <program> [arguments...]]")
    .option("--exec", "Run the program after '--' with the environment, and stop when it ends")
    // Not `--env-file`: Node reads a flag of this name itself, also behind the name of a program.
    .option("--write-env <file>", "Write the environment to this file, too, while the server runs")
    .option("--host <host>", "The host name or address to listen on", "127.0.0.1")
    .addOption(
      new Option("--port <port>", "The port, 0 for a free one (default: 4020, and a free one with --exec)")
        .argParser(parsePort)
    )
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
      repeatable("--authorization-server-audience <uri>", "One more API that its tokens can be for, an absolute URI")
    )
    .addOption(
      repeatable(
        "--authorization-server-redirect-uri <uri>",
        "A redirect URI of your application, which signs in users with its client"
      )
    )
    .addOption(
      repeatable("--trust-issuer <url>", "One more issuer whose JWTs it exchanges, beside itself and STS")
    )
    .option("--config <file>", `${setupFile}. Its section 'local' is read again when it changes`)
    .option("--vault <file>", "Store everything in this file, encrypted (default: in memory)")
    .addOption(
      new Option("--signatures <check>", "Requests need a signature, a right one, or none")
        .choices(["presence", "verify", "off"]).default("presence" as const)
    )
    .addOption(
      repeatable("--allowed-host <name>", "Another host name of the server")
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
    .addHelpText(...details({
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
        "With --exec": [
          "The program has the environment, and the terminal. Signals go to it. The exit",
          "code is its own, or 128 and the number of the signal that ended it. The log",
          "shows warnings, unless --log-level is given."
        ],
        "Prints with --authorization-server": [
          "AGENTCORE_LOCAL_OAUTH_ISSUER           its issuer, for vendorIssuers",
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
        "agentcore-identity local --config setup.jsonc --exec -- npm test",
        "agentcore-identity local --port 0 --config setup.jsonc --vault vault.db",
        "agentcore-identity local clock --advance '61 minutes'"
      ]
    }))
    .action(({ logFile, ...options }, command) => {
      const isServerAlone = exec.length === 0
      if (options.exec === true && isServerAlone) {
        command.error("error: --exec runs the program after '--', as in --exec -- npm test")
      }
      const defaults = isServerAlone
        ? { port: 4020, level: "info" as const }
        : { port: 0, level: "warning" as const }
      const { logLevel = defaults.level } = command.optsWithGlobals()
      run(
        Effect.flatMap(
          Effect.promise(() => import("./local.js")),
          (Local) => Local.run({ ...options, port: options.port ?? defaults.port }, exec)
        ),
        { level: logLevel, file: logFile }
      )
    })
  // The commands below read none of its options.
  RunningCommands.addControl(local as unknown as Parameters<typeof RunningCommands.addControl>[0], run)
}
