// The API that the recipes call: the reports of the user whose token it gets. It trusts the local authorization server.
import { createRemoteJWKSet, jwtVerify } from "jose"
import { createServer } from "node:http"

const { AGENTCORE_LOCAL_OAUTH_AUDIENCE: audience, AGENTCORE_LOCAL_OAUTH_ISSUER: issuer, API_PORT = 8090 } = process.env
if (!issuer) {
  console.error("This shell has no variables of a local server: eval \"$(npx agentcore-identity env)\" sets them.")
  process.exit(1)
}
const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))

createServer(async ({ headers, url }, response) => {
  try {
    const { payload } = await jwtVerify(headers.authorization?.replace("Bearer ", "") ?? "", keys, { audience, issuer })
    const topic = decodeURIComponent(url.replace("/reports/", ""))
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify([topic, `for ${payload.sub}`]))
  } catch {
    response.writeHead(401).end()
  }
}).listen(API_PORT, "127.0.0.1", () => console.log(`Listening on port ${API_PORT}`))
