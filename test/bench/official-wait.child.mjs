// Users who consent while the official SDK waits for them: the time from the consent to the token.
import { withAccessToken } from "bedrock-agentcore/identity"
import { setTimeout as sleep } from "node:timers/promises"
import { workloadAccessToken } from "./fixture.mjs"
import { summary } from "./statistics.mjs"

const waits = Number(process.argv[2])
const server = process.env.AWS_ENDPOINT_URL_BEDROCK_AGENTCORE
const pollInterval = 5000

const consent = (authorizationUrl) =>
  fetch(`${server}/complete`, {
    method: "POST",
    body: JSON.stringify({ sessionUri: new URL(authorizationUrl).searchParams.get("request_uri") })
  })

/** Consents at a moment between two polls, spread evenly over the users. */
const measure = async (user) => {
  let consented
  const obtain = withAccessToken({
    workloadIdentityToken: `${workloadAccessToken}official-${user}`,
    providerName: "google",
    scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
    authFlow: "USER_FEDERATION",
    onAuthUrl: (url) => {
      sleep(pollInterval * (user + 0.5) / waits).then(async () => {
        await consent(url)
        consented = performance.now()
      })
    }
  })(async (token) => token)
  await obtain()
  return performance.now() - consented
}

process.send(summary(await Promise.all(Array.from({ length: waits }, (_, user) => measure(user)))))
process.on("disconnect", () => process.exit())
