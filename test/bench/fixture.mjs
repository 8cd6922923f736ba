// The request of every subject, and its response: an access token of the size that authorization servers issue.
import { pathToFileURL } from "node:url"

/**
 * The URL of a built module, as in `Identity` or `aws/AwsDataPlane`: compiled as it is published, and run by plain
 * Node.
 */
export const urlOfModule = (module) => pathToFileURL(`${process.env.AGENTCORE_BENCH_MODULES}/${module}.js`).href

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT that does not expire during a run, and that is not verified. */
export const accessToken = [
  base64url({ alg: "RS256", typ: "at+jwt", kid: "2025-01-01" }),
  base64url({
    iss: "https://issuer.example.com",
    sub: "b6a4f0e2-7f1f-4a3e-9a0f-0d5a5c1e2b3d",
    aud: "https://api.example.com",
    scope: "repo read:user",
    exp: 4102444800
  }),
  "s".repeat(342)
].join(".")

export const workloadAccessToken = "w".repeat(1024)

/** As this package writes it. */
export const request = { provider: "github", flow: "M2M", scopes: ["repo", "read:user"] }

/** As the official SDK writes it. */
export const officialRequest = {
  workloadIdentityToken: workloadAccessToken,
  providerName: request.provider,
  scopes: request.scopes,
  authFlow: request.flow
}

/** As AWS writes it. */
export const awsRequest = {
  workloadIdentityToken: workloadAccessToken,
  resourceCredentialProviderName: request.provider,
  scopes: request.scopes,
  oauth2Flow: request.flow
}

/** The configuration of every subject, in variables that all of them read, and none of the machine's own. */
export const environment = (endpoint) => ({
  PATH: process.env.PATH,
  AGENTCORE_BENCH_MODULES: process.env.AGENTCORE_BENCH_MODULES,
  HOME: "/nonexistent",
  AWS_REGION: "us-west-2",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY",
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: endpoint,
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true"
})
