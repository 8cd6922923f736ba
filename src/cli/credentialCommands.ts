/** The commands `npx agentcore-identity token`, `api-key`, `authorize`, `doctor` and `policy`. */
import { Argument, InvalidArgumentError, Option } from "@commander-js/extra-typings"
import * as Struct from "effect/Struct"
import {
  collect,
  details,
  endpointVariable,
  onLoad,
  parseLifetime,
  parsePort,
  region,
  regionVariable,
  type Root,
  type Run
} from "./commandLine.js"
import type { Format } from "./credentialFormat.js"

type Flow = typeof flows[number]

const flows = ["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"] as const

const flowOption = (description: string) =>
  new Option(
    "--flow <flow>",
    `${description} (default: as the provider supports; USER_FEDERATION with a user, else M2M)`
  ).choices(flows)

const workloadOption = () =>
  new Option("--workload <name>", "Workload identity (default: from .agentcore.json, or the only one)")
    .env("AGENTCORE_WORKLOAD")

const userOption = () => new Option("--user <id>", "User id (default: from .agentcore.json)").env("AGENTCORE_USER")

const userTokenVariable = ["AGENTCORE_USER_TOKEN", "the user's JWT, instead of --user"] as const

const dataEndpointVariable = [
  "BEDROCK_AGENTCORE_DP_ENDPOINT, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
  "endpoint of the data plane"
] as const

const formats: { readonly [F in Format]: string } = {
  raw: "the credential alone",
  header: "a header of HTTP, as in 'Authorization: Bearer ...'",
  "header-json": "the same as a JSON object",
  json: `an object with expiresAt, if that is known, or with error and\n${" ".repeat(18)}link`,
  "git-credential": "the attributes of a credential helper of git"
}

const formatOption = () =>
  new Option("--format <format>", "Print the credential for a program (default: a summary without it)")
    .choices(Struct.keys(formats))

/** git adds it to the command of a credential helper. */
const operation = () =>
  new Argument("[operation]", "What git asks of a credential helper").choices(["get", "store", "erase"])

const output = {
  Formats: Object.entries(formats).map(([name, meaning]) => `${name.padEnd(16)}${meaning}`),
  Output: [
    "Stdout has the result alone: one line in these formats, and one for each",
    "attribute for git. The target, the consent link and the log go to stderr."
  ],
  "Exit codes": [
    "0  obtained",
    "1  the command failed",
    "3  the user has to consent (not on a terminal, where the command waits)",
    "4  the user denied consent, or the link expired",
    "130  the wait was interrupted, as with Ctrl-C"
  ]
}

const account = ["--account <id>", "AWS account id in policies (default: the account of the caller)"] as const

const usersOption = () =>
  new Option("--users <kind>", "How the program identifies its users (default: as --user or AGENTCORE_USER_TOKEN)")
    .choices(["jwt", "userId", "runtime", "none"])

/** As choices, it would take one flow only. */
const collectFlow = (value: string, previous: ReadonlyArray<Flow> = []): ReadonlyArray<Flow> => {
  const flow = flows.find((one) => one === value)
  if (flow === undefined) throw new InvalidArgumentError(`Allowed choices are ${flows.join(", ")}.`)
  return [...previous, flow]
}

type Parameters = Readonly<Record<string, string>>

const collectParameter = (text: string, previous: Parameters = {}): Parameters => {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name !== undefined && value !== undefined) return { ...previous, [name]: value }
  throw new InvalidArgumentError("A parameter has the form name=value, as in access_type=offline.")
}

const credentialSource = "ES module that exports credentials, which the command runs, or a setup file"

const users = {
  "Users (for the flows USER_FEDERATION and ON_BEHALF_OF_TOKEN_EXCHANGE)": [
    "userId   by id: the program may act for any user. Not on behalf of users",
    "jwt      by JWT: the program acts for a user while it has a JWT of the user",
    "runtime  AgentCore Runtime supplies the workload access tokens, so there is no",
    "         statement for them. This holds for agents with its service-linked",
    "         role. AWS's page on permissions of Runtime still lists the actions.",
    "         --workload 'my_agent-*' has the name that Runtime completes"
  ]
}

/** The return URL has the port, so it cannot be a free one. */
const parseServerPort = (text: string): number => {
  const port = parsePort(text)
  if (port > 0) return port
  throw new InvalidArgumentError("The return URL contains the port, so it cannot be 0.")
}

/** The configurations contain it as it is. */
const parseAddress = (text: string): string => {
  const [, port] = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d+)$/i.exec(text) ?? []
  if (port !== undefined && parsePort(port) > 0) return text
  throw new InvalidArgumentError("An address is a host and a port, such as 127.0.0.1:8080.")
}

// `LoopbackConsent.defaultReturnUrl`, which is loaded when the command runs.
const loopbackReturnUrl = "http://127.0.0.1:8765/consent"

const addToken = (root: Root, run: Run): void => {
  root.command("token")
    .summary("Obtain an access token")
    .description("Obtains an access token. If the user has to consent, it opens a browser and waits at the return URL.")
    .argument("<name>", "OAuth2 credential provider")
    .addArgument(operation())
    .addOption(flowOption("OAuth2 flow"))
    .option("--scope <scope>", "Scope (repeatable)", collect)
    .option("--resource <uri>", "Resource indicator (repeatable)", collect)
    .option("--audience <name>", "Audience (repeatable)", collect)
    .option(
      "--parameter <name=value>",
      "Additional parameter of the authorization request (repeatable)",
      collectParameter
    )
    .addOption(workloadOption())
    .addOption(userOption())
    .option("--return-url <url>", `URL on this machine that the browser returns to (default: "${loopbackReturnUrl}")`)
    .option("--register", "Register the return URL on the workload identity first")
    .option("--force", "Ignore the token in the vault, and ask the user to consent again")
    .option("--no-browser", "Print the consent link instead of opening a browser")
    .addOption(formatOption())
    .option(...region)
    .addHelpText(...details({
      environment: [userTokenVariable, regionVariable, dataEndpointVariable],
      sections: output,
      examples: [
        "token github --scope repo --register",
        "token reports --flow M2M --workload my-agent",
        "TOKEN=$(npx agentcore-identity token github --scope repo --format raw)"
      ]
    }))
    .action((provider, operation, options, command) =>
      onLoad(run, () => import("./token.js"))(command, ({ token }) => token({ provider, operation, ...options }))
    )
}

const addApiKey = (root: Root, run: Run): void => {
  root.command("api-key")
    .summary("Obtain an API key")
    .description("Obtains the API key of a credential provider.")
    .argument("<name>", "API-key credential provider")
    .addArgument(operation())
    .addOption(workloadOption())
    .addOption(formatOption())
    .option("--header <name>", "Header of --format header and header-json", "x-api-key")
    .option("--prefix <text>", "Text before the key in that header, as in 'Token ' (default: none)")
    .option(...region)
    .addHelpText(...details({
      environment: [regionVariable, dataEndpointVariable],
      sections: output,
      examples: ["api-key weather --workload my-agent", "KEY=$(npx agentcore-identity api-key weather --format raw)"]
    }))
    .action((provider, operation, options, command) =>
      onLoad(run, () => import("./token.js"))(command, ({ apiKey }) => apiKey({ provider, operation, ...options }))
    )
}

const addAuthorize = (root: Root, run: Run): void => {
  root.command("authorize")
    .summary("Let a proxy add a user's credentials to an agent's requests")
    .description(
      "Runs on this machine for one user: a proxy asks it about each request of an agent, and adds the credential that "
        + "the module declares for the origin. The agent has a session, and no credential. Prints the configuration of "
        + "the proxy on stdout, and serves until it is stopped."
    )
    .argument("<module>", "ES module that exports an array of credentials and origins. The command runs it")
    .addOption(workloadOption())
    .addOption(userOption())
    .option("--port <port>", "Port for the proxy and for the user's browser", parseServerPort, 4030)
    .option("--listen <address>", "Where the proxy listens for the agent", parseAddress, "127.0.0.1:8080")
    .addOption(
      new Option("--proxy <name>", "Print the configuration of one proxy (default: of both)").choices(
        ["caddy", "nginx"] as const
      )
    )
    .option("--lifetime <duration>", "Lifetime of the session", parseLifetime, "8 hours" as const)
    .option("--register", "Register the return URL, /connect/return at --port, on the workload\nidentity first")
    .option("--no-browser", "Print the address of the user's pages instead of opening a browser")
    .option(...region)
    .addHelpText(...details({
      environment: [userTokenVariable, regionVariable, dataEndpointVariable],
      sections: {
        Module: [
          "export const forwardAuth = [",
          "  { credential: Calendar, origins: [\"https://www.googleapis.com\"] },",
          "  { credential: Weather, origins: [\"https://api.example.com\"],",
          "    header: \"x-api-key\" }",
          "]"
        ],
        Output: [
          "Stdout has the configuration, with the secret path of the route: keep it from",
          "the agent. The path changes at each start. The session and the address for the",
          "browser go to stderr. The session is a secret of the agent."
        ]
      },
      examples: [
        "authorize credentials.js --user alice --register",
        "authorize credentials.js --proxy caddy >Caddyfile"
      ]
    }))
    .action((module, options, command) =>
      onLoad(run, () => import("./authorize.js"))(command, (Authorize) => Authorize.run({ module, ...options }))
    )
}

const addDoctor = (root: Root, run: Run): void => {
  root.command("doctor")
    .summary("Find out why a program does not get its credentials")
    .description(
      "Checks the region, AWS credentials, endpoints, clock, workload identity and a program's credentials, and requests "
        + "each credential once. It prints what to fix, and changes nothing."
    )
    .argument("[module]", credentialSource)
    .option("--provider <name>", "Also check this OAuth2 credential provider")
    .addOption(flowOption("OAuth2 flow of --provider and of a setup file"))
    .option("--scope <scope>", "Scope of --provider (repeatable)", collect)
    .option("--api-key <name>", "Also check this API-key credential provider (repeatable)", collect)
    .addOption(workloadOption())
    .addOption(userOption())
    .option("--return-url <url>", "Return URL of credentials that do not declare one")
    .option("--policy <file>", "Also check whether this IAM policy suffices for the credentials")
    .addOption(usersOption())
    .option(...account)
    .option("--no-token", "Check without requesting credentials")
    .option("--json", "Print the target, the findings and the program's IAM policy as JSON")
    .option(...region)
    .addHelpText(...details({
      environment: [userTokenVariable, regionVariable, endpointVariable, dataEndpointVariable],
      sections: { "Exit codes": ["0  no problem found", "1  the check itself failed", "2  there are problems to fix"] },
      examples: [
        "doctor credentials.js --workload my-agent",
        "doctor --provider github --scope repo",
        "doctor --users jwt --policy policy.json app.js",
        "doctor --json --no-token credentials.js"
      ]
    }))
    .action((module, options, command) =>
      onLoad(run, () => import("./doctor.js"))(command, (Doctor) => Doctor.run({ module, ...options }))
    )
}

const addPolicy = (root: Root, run: Run): void => {
  root.command("policy")
    .summary("Print the IAM policy that a program needs")
    .description("Prints the minimal IAM policy of a program, or of those who apply a setup file.")
    .argument("<module>", credentialSource)
    .addOption(workloadOption())
    .addOption(userOption())
    .addOption(usersOption())
    .option(
      "--flow <flow>",
      "Flow of the OAuth2 providers of a setup file (repeatable; default: all that each\nprovider supports)",
      collectFlow
    )
    .option("--administrator", "Print the policy for 'setup apply' with a setup file")
    .option(...account)
    .option(...region)
    .addHelpText(...details({
      environment: [userTokenVariable, regionVariable, endpointVariable],
      sections: users,
      examples: [
        "policy credentials.js --users jwt > policy.json",
        "policy setup.jsonc --flow M2M > policy.json",
        "policy --administrator setup.jsonc",
        "local --policy policy.json --exec -- npm test"
      ]
    }))
    .action((module, options, command) =>
      onLoad(run, () => import("./policy.js"))(command, (Policy) => Policy.print({ module, ...options }))
    )
}

export const add = (root: Root, run: Run): void => {
  for (const add of [addToken, addApiKey, addAuthorize, addDoctor, addPolicy]) add(root, run)
}
