/** The flags and the help of `npx agentcore-identity local`. */
import { Option } from "@commander-js/extra-typings"
import { collect, details, parsePort, type Root, setupFile } from "./commandLine.js"

/** Parses a flag with several words, separated by spaces or commas. */
const collectWords = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  previous.concat(value.match(/[^\s,]+/g) ?? [])

const help = details({
  environment: [
    ["AGENTCORE_LOCAL_VAULT_KEY", "key of --vault: 32 bytes in base64 or hex (default: a file next to it)"],
    [
      "AGENTCORE_LOCAL_ACCESS_KEY_ID, AGENTCORE_LOCAL_SECRET_ACCESS_KEY,\nAGENTCORE_LOCAL_SESSION_TOKEN",
      "access key of --signatures verify (default: a new one, which is printed)"
    ],
    ["AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET", "client secret of --authorization-server (default: a new one)"],
    ["NODE_EXTRA_CA_CERTS", "PEM file of the private CA of an authorization server"]
  ],
  sections: {
    "Printed variables": [
      "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE, AWS_ENDPOINT_URL_STS,",
      "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL,",
      "BEDROCK_AGENTCORE_DP_ENDPOINT, BEDROCK_AGENTCORE_CP_ENDPOINT,",
      "AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,",
      "AWS_EC2_METADATA_DISABLED,",
      "AGENTCORE_LOCAL_PID                    process id of the server",
      "AGENTCORE_LOCAL_TOKEN                  token of its control API, at /_local/"
    ],
    "Printed variables with --authorization-server": [
      "AGENTCORE_LOCAL_OAUTH_ISSUER           issuer, for vendorIssuers",
      "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL    discovery URL, for CustomOauth2",
      "AGENTCORE_LOCAL_OAUTH_AUTHORIZATION_ENDPOINT,",
      "AGENTCORE_LOCAL_OAUTH_TOKEN_ENDPOINT   endpoints, for vendorEndpoints",
      "AGENTCORE_LOCAL_OAUTH_AUDIENCE         audience of its access tokens",
      "AGENTCORE_LOCAL_OAUTH_CLIENT_ID        id of a client for every provider",
      "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET    secret of that client",
      "The setup file can use them, as in",
      "{ \"$env\": \"AGENTCORE_LOCAL_OAUTH_CLIENT_ID\" }",
      "Its property local.users sets the claims of users, by user name."
    ],
    "With --exec": [
      "The program has the environment and the terminal, and receives signals. The",
      "exit code is the program's, or 128 plus the number of the signal that ended",
      "it. The log shows warnings, unless --log-level is given."
    ]
  },
  examples: [
    `eval "$(node_modules/.bin/agentcore-identity local &)"`,
    "local --config setup.jsonc --exec -- npm test",
    "local --policy policy.json --exec -- npm test",
    "local --port 0 --config setup.jsonc --vault vault.db",
    "local clock --advance '61 minutes'"
  ]
})

export const add = (root: Root) =>
  root.command("local")
    .summary("Run AgentCore Identity on this machine")
    .description(
      "Runs AgentCore Identity on this machine, and prints the environment that points AWS SDKs at it. "
        + "Stdout has only lines of the forms 'export NAME=value' and 'unset AWS_PROFILE'."
    )
    .usage("[options] [--exec -- <program> ...]")
    .option("--exec", "Run the program after '--' with this environment, and stop the server when it exits")
    // Not `--env-file`: Node reads a flag of this name itself, also behind the name of a program.
    .option("--write-env <file>", "Also write the environment to this file, in dotenv form, while the server runs")
    .option("--host <host>", "Host name or address to listen on", "127.0.0.1")
    .option("--port <port>", "Port, 0 for a free one (default: 4020, or a free one with --exec)", parsePort)
    .option("--authorization-server", "Also run an OAuth2 authorization server, which accepts any user name")
    .option(
      "--offline",
      "Run that server in place of all vendors and of all authorization servers on other machines. "
        + "It accepts every client, scope and user name"
    )
    .option(
      "--authorization-server-port <port>",
      "Port of the authorization server, 0 for a free one (default: the one after --port)",
      parsePort
    )
    .option(
      "--authorization-server-scope <scopes>",
      "Additional scopes of its client 'agentcore', separated by commas or spaces (repeatable)",
      collectWords
    )
    .option(
      "--authorization-server-audience <uri>",
      "Additional audience of its tokens, an absolute URI (repeatable)",
      collect
    )
    .option(
      "--authorization-server-redirect-uri <uri>",
      "Redirect URI of an application that signs in users with its client (repeatable)",
      collect
    )
    .option(
      "--trust-issuer <url>",
      "Additional issuer whose JWTs it exchanges, besides itself and STS (repeatable)",
      collect
    )
    .option("--config <file>", `${setupFile}. Its section 'local' is reloaded when it changes`)
    .option(
      "--policy <file>",
      "IAM policy of the printed access key 'agent'. Other keys may do everything: it tests a policy, and protects nothing"
    )
    .option("--vault <file>", "Store everything in this file, encrypted (default: in memory)")
    .addOption(
      new Option("--signatures <check>", "How request signatures are checked")
        .choices(["presence", "verify", "off"]).default("presence" as const)
    )
    .option("--allowed-host <name>", "Additional host name of the server (repeatable)", collect)
    .option("--public-url <url>", "URL of the server for browsers (default: its host and port)")
    .option("--allow-remote", "Let other machines reach the server and every credential in it")
    .option("--account <id>", "AWS account id in ARNs (default: that of --policy, or \"123456789012\")")
    .option("--region <region>", "AWS region in ARNs (default: that of --policy, or \"us-west-2\")")
    .addHelpText(...help)

export type Flags = ReturnType<ReturnType<typeof add>["opts"]>
