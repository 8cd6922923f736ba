// A program with the official SDK, as its documentation has it. It is told nothing but environment variables, the workload
// access tokens and the names of providers; what it obtains it reports line by line.
import { withAccessToken, withApiKey } from "bedrock-agentcore/identity"

const { delegatedToken, machineToken, returnUrl, userToken } = JSON.parse(process.argv[2])
const report = (name, value) => process.stdout.write(`${JSON.stringify({ name, value })}\n`)

const weather = withApiKey({ workloadIdentityToken: machineToken, providerName: "weather" })(
  async (city, apiKey) => ({ city, apiKey })
)
report("apiKey", await weather("Zürich"))

const reports = withAccessToken({
  workloadIdentityToken: machineToken,
  providerName: "calendar",
  scopes: ["reports:read"],
  authFlow: "M2M"
})(async (token) => token)
report("machine", await reports())

const mail = withAccessToken({
  workloadIdentityToken: delegatedToken,
  providerName: "mail",
  scopes: ["mail:send"],
  authFlow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
})(async (token) => token)
report("delegated", await mail())

const calendar = withAccessToken({
  workloadIdentityToken: userToken,
  providerName: "calendar",
  scopes: ["openid", "profile:read"],
  authFlow: "USER_FEDERATION",
  callbackUrl: returnUrl,
  onAuthUrl: (url) => report("authorizationUrl", url)
})(async (token) => token)
report("user", await calendar())
