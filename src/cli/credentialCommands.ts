/** The commands `agentcore-identity token`, `api-key` and `doctor`: their flags and help. */
import { Option } from "@commander-js/extra-typings"
import {
  details,
  endpointVariable,
  onLoad,
  regionOption,
  regionVariable,
  repeatable,
  type Root,
  type Run
} from "./commandLine.js"

const flows = ["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"] as const

const flowOption = () => new Option("--flow <flow>", "The OAuth2 flow").choices(flows)

const workloadOption = () =>
  new Option("--workload <name>", "The workload identity (default: that of .agentcore.json)").env("AGENTCORE_WORKLOAD")

const userOption = () =>
  new Option("--user <id>", "The user's id (default: that of .agentcore.json)").env("AGENTCORE_USER")

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
    .addHelpText(...details({
      environment: [userTokenVariable, regionVariable, dataEndpointVariable],
      sections: { Prints: resultStreams },
      examples: [
        "agentcore-identity token github --scope repo --register",
        "agentcore-identity token reports --flow M2M --workload my-agent",
        "TOKEN=$(agentcore-identity token github --scope repo --reveal)"
      ]
    }))
    .action((provider, options, command) =>
      onLoad(run, () => import("./token.js"), "warning")(command, ({ token }) => token({ provider, ...options }))
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
    .addHelpText(...details({
      environment: [regionVariable, dataEndpointVariable],
      sections: { Prints: resultStreams },
      examples: [
        "agentcore-identity api-key weather --workload my-agent",
        "KEY=$(agentcore-identity api-key weather --reveal)"
      ]
    }))
    .action((provider, options, command) =>
      onLoad(run, () => import("./token.js"), "warning")(command, ({ apiKey }) => apiKey({ provider, ...options }))
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
    .option("--provider <name>", "An OAuth2 credential provider, for one credential by hand")
    .addOption(flowOption().default("USER_FEDERATION" as const))
    .addOption(repeatable("--scope <scope>", "A scope of --provider"))
    .addOption(repeatable("--api-key <name>", "An API-key credential provider"))
    .addOption(workloadOption())
    .addOption(userOption())
    .option("--return-url <url>", "The return URL of credentials without one of their own")
    .option("--no-token", "Only look; obtain nothing")
    .option("--json", "Print target, findings and the IAM policy of the program as JSON")
    .addOption(regionOption())
    .addHelpText(...details({
      environment: [userTokenVariable, regionVariable, endpointVariable, dataEndpointVariable],
      sections: { "Exit codes": ["0  nothing has to be fixed", "1  it failed", "2  something has to be fixed"] },
      examples: [
        "agentcore-identity doctor credentials.js --workload my-agent --user alice",
        "agentcore-identity doctor --provider github --scope repo",
        "agentcore-identity doctor --json --no-token credentials.js"
      ]
    }))
    .action((module, options, command) =>
      onLoad(run, () => import("./doctor.js"), "warning")(command, ({ run }) => run({ module, ...options }))
    )
}

export const add = (root: Root, run: Run): void => {
  addToken(root, run)
  addApiKey(root, run)
  addDoctor(root, run)
}
