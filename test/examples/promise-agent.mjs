// A complete agent in plain JavaScript. It acts for Alice, asks for her consent, and serves the page that her browser
// returns to. Environment variables select AgentCore Identity: those that the local server prints, or those of AWS.
import {
  nodeConsentCallback,
  runWithContext,
  withAccessToken,
  workload
} from "effect-agentcore-identity/promise/Identity"
import { once } from "node:events"
import { createServer } from "node:http"

const port = Number(process.env.PORT ?? 8765)
const alice = { userId: "alice" }

// The user who is signed in in this browser. On your own machine, that is you; a server reads its own session.
const consent = nodeConsentCallback({ currentUser: () => alice })

const server = createServer((request, response) =>
  request.url?.startsWith("/consent?") ? consent(request, response) : response.writeHead(404).end()
)
server.listen(port, "127.0.0.1")
await once(server, "listening")

// The token is the last argument.
const report = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read", "offline_access"],
  authFlow: "USER_FEDERATION",
  callbackUrl: `http://127.0.0.1:${port}/consent`,
  onAuthUrl: (url) => console.log(`Open this page: ${url}`)
})(async (topic, token) => `${topic}, with a token of ${token.length} characters`)

try {
  const agent = workload({ name: "my-agent", user: alice })
  console.log(await runWithContext({ workload: agent }, () => report("Sales")))
} catch (error) {
  // `AuthorizationFailed`: she denied, or was late. `AccessDeniedException`: the workload identity does not exist.
  console.error(`${error._tag}: ${error.message}`)
  process.exitCode = 1
} finally {
  server.close()
}
