// The other end of the waits: every first ask of a user needs consent, and polls of a session are pending until the session is completed.
// It counts the polls.
import { createServer } from "node:http"
import { accessToken } from "./fixture.mjs"

const completed = new Set()
let sessions = 0
let polls = 0

const answerToken = ({ oauth2Flow, sessionUri }) => {
  if (oauth2Flow === "M2M") return { accessToken }
  if (sessionUri === undefined) {
    const uri = `urn:ietf:params:oauth:request_uri:${String(sessions++).padStart(43, "0")}`
    const url = `https://bedrock-agentcore.us-west-2.amazonaws.com/identities/oauth2/authorize?request_uri=${
      encodeURIComponent(uri)
    }`
    return { authorizationUrl: url, sessionUri: uri, sessionStatus: "IN_PROGRESS" }
  }
  polls++
  return completed.has(sessionUri) ? { accessToken } : { sessionUri, sessionStatus: "IN_PROGRESS" }
}

const answers = {
  "/identities/oauth2/token": answerToken,
  "/complete": ({ sessionUri }) => {
    completed.add(sessionUri)
    return {}
  },
  "/polls": () => ({ polls })
}

const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = JSON.stringify(answers[request.url](JSON.parse(Buffer.concat(chunks).toString())))
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": "5f2c8f0e-6d0a-4b1e-8c55-2f3a9c1b7e42"
  }).end(body)
})

process.on("disconnect", () => process.exit())

server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`))
