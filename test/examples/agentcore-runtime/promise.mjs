// The same agent without Effect.
import * as Connect from "effect-agentcore-identity/promise/Connect"
import { contextFromHeaders, runWithContext, withWAT } from "effect-agentcore-identity/promise/Identity"
import { createServer } from "node:http"
import { json } from "node:stream/consumers"
import { application, Reports } from "./reports.ts"

const port = Number(process.env.PORT ?? 8080)
const api = process.env.REPORTS_API ?? "http://127.0.0.1:8090"

// It makes the links. The web application serves the pages: `pages.mjs`.
const connect = Connect.make({
  path: "/connect",
  origin: application,
  workload: process.env.WORKLOAD ?? "my-agent",
  credentials: { reports: Reports },
  currentUser: () => undefined
})

/** Reads a report with the token of the caller. `onLink` gets the link where they consent first. */
const readReport = (topic, onLink) =>
  connect.withAccessToken("reports", { onLink })(
    async (token) => {
      const response = await fetch(`${api}/reports/${encodeURIComponent(topic)}`, {
        headers: { authorization: `Bearer ${token}` }
      })
      if (!response.ok) throw new Error(`The API responds with status ${response.status}`)
      return response.json()
    }
  )()

// Work that continues after the response. While it runs, AgentCore Runtime keeps the container.
let running = 0
const runInBackground = async (work) => {
  running += 1
  await work().catch((error) => console.error(error._tag ?? error.message))
  running -= 1
}

let last = {}
const ping = () => {
  const status = running > 0 ? "HealthyBusy" : "Healthy"
  // Without `time_of_last_update`, in Unix seconds, AgentCore Runtime stops a busy container as an idle one.
  if (status !== last.status) last = { status, time_of_last_update: Math.floor(Date.now() / 1000) }
  return last
}

const respond = (response, status, body) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))

const invoke = async (response, { later, topic }) => {
  // A request without a caller gets a status, and not a stream.
  await withWAT(async () => {})()

  if (later) {
    // It runs for the caller of this request. Nobody would see a link.
    void runInBackground(async () => console.log(`Archived ${topic}: ${(await readReport(topic)).join(", ")}`))
    return respond(response, 202, { accepted: topic })
  }

  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).flushHeaders()
  const send = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`)
  try {
    for (const text of await readReport(topic, (link) => void send({ type: "consent", link }))) {
      send({ type: "text", text })
    }
  } catch (error) {
    send({ type: "error", error: error._tag ?? "ApiError" })
  }
  response.end()
}

const server = createServer((request, response) => {
  if (request.method === "GET" && request.url === "/ping") return respond(response, 200, ping())
  if (request.method !== "POST" || request.url !== "/invocations") return respond(response, 404, {})
  json(request).then(({ userId, ...body }) => {
    if (typeof userId !== "string" || typeof body.topic !== "string") throw new Error("Send `topic` and `userId`")
    // The application names the user, because AgentCore Runtime does not. The token belongs to the caller in any case.
    return runWithContext({ ...contextFromHeaders(request), user: { userId } }, () => invoke(response, body))
  }).catch((error) =>
    respond(response, error._tag === "MissingWorkloadAccessToken" ? 401 : 400, { error: error.message })
  )
}).listen(port, "0.0.0.0", () => console.log(`Listening on port ${port}`))

// The process exits after the last request, and after the work in the background.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close())
