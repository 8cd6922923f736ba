// The server of the waits: the first request of a user needs consent. Polls of a session are pending until the session
// is completed, and other requests of the user need consent until then. It counts both as polls.
import { createServer } from "node:http"
import { accessToken, workloadAccessToken } from "./fixture.mjs"

const userOf = new Map()
const asked = new Set()
const granted = new Set()
let sessions = 0
let polls = 0

const respondToken = ({ oauth2Flow, sessionUri, workloadIdentityToken: user }) => {
  if (oauth2Flow === "M2M") return { accessToken }
  if (asked.has(user)) polls++
  if (granted.has(user)) return { accessToken }
  if (sessionUri === undefined) {
    asked.add(user)
    const uri = `urn:ietf:params:oauth:request_uri:${String(sessions++).padStart(43, "0")}`
    const url = `https://bedrock-agentcore.us-west-2.amazonaws.com/identities/oauth2/authorize?request_uri=${
      encodeURIComponent(uri)
    }`
    userOf.set(uri, user)
    return { authorizationUrl: url, sessionUri: uri, sessionStatus: "IN_PROGRESS" }
  }
  return { sessionUri, sessionStatus: "IN_PROGRESS" }
}

const responses = {
  "/identities/oauth2/token": respondToken,
  "/identities/GetWorkloadAccessTokenForUserId": ({ userId }) => ({
    workloadAccessToken: `${workloadAccessToken}${userId}`
  }),
  "/complete": ({ sessionUri }) => {
    granted.add(userOf.get(sessionUri))
    return {}
  },
  "/polls": () => ({ polls })
}

const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = JSON.stringify(responses[request.url](JSON.parse(Buffer.concat(chunks).toString())))
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": "5f2c8f0e-6d0a-4b1e-8c55-2f3a9c1b7e42"
  }).end(body)
})

process.on("disconnect", () => process.exit())

server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`))
