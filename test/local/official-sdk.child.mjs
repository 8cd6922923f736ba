// A program with the official SDK, as its documentation has it. It is told nothing but environment variables, the
// workload access tokens and the names of providers; it reports each value that it obtains.
import { withAccessToken, withApiKey } from "bedrock-agentcore/identity"
import * as Channel from "../support/report.mjs"

const { delegatedToken, machineToken, returnUrl, userToken } = JSON.parse(process.argv[2])
const report = (name, value) => Channel.report({ name, value })

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

// The user has consented and is not prompted, whatever the state is.
const again = withAccessToken({
  workloadIdentityToken: userToken,
  providerName: "calendar",
  scopes: ["profile:read", "openid"],
  authFlow: "USER_FEDERATION",
  callbackUrl: returnUrl,
  customState: "another-state",
  onAuthUrl: (url) => report("askedAgain", url)
})(async (token) => token)
report("userAgain", await again())

// Another shape of the request prompts again.
const forced = withAccessToken({
  workloadIdentityToken: userToken,
  providerName: "calendar",
  scopes: ["profile:read"],
  authFlow: "USER_FEDERATION",
  callbackUrl: returnUrl,
  audiences: ["another-api"],
  // It would poll for ten minutes.
  onAuthUrl: (url) => {
    report("askedForMore", url)
    throw new Error("shown")
  }
})(async (token) => token)
report("forced", await forced().catch(({ message }) => message))

const unknown = withApiKey({ workloadIdentityToken: machineToken, providerName: "unknown" })(async (apiKey) => apiKey)
report("unknown", await unknown().catch(({ $metadata, name }) => ({ name, status: $metadata.httpStatusCode })))

const foreign = withApiKey({ workloadIdentityToken: "of another account", providerName: "weather" })(async (apiKey) =>
  apiKey
)
report("foreign", await foreign().catch(({ $metadata, name }) => ({ name, status: $metadata.httpStatusCode })))

const homeless = withAccessToken({
  workloadIdentityToken: userToken,
  providerName: "calendar",
  scopes: [],
  authFlow: "USER_FEDERATION"
})(async (token) => token)
report("homeless", await homeless().catch(({ message, name }) => ({ message, name })))
