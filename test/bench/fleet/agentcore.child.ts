// AgentCore for the fleet: one local server with its authorization server, behind a proxy that enforces the quotas of
// an account, responds with 429 as AWS does, and counts. `GET /counts` of the proxy returns the counts.
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { Agent, createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import * as Calendar from "../../support/calendar.js"
import { report } from "../../support/report.mjs"
import { scopes, workloadOf } from "./settings.js"

const origins: { readonly chat: string; readonly mail: string } = JSON.parse(process.env["FLEET"] ?? "")

/** AWS documents quotas per second of an operation, and no burst: here it is a second's calls. */
const quotas: { readonly [path: string]: number } = { "/identities/CompleteResourceTokenAuth": 100 }
const defaultQuota = 200

const buckets = new Map<string, { tokens: number; filledAt: number }>()

const take = (path: string): boolean => {
  const quota = quotas[path] ?? defaultQuota
  const now = performance.now()
  const bucket = buckets.get(path) ?? { tokens: quota, filledAt: now }
  buckets.set(path, bucket)
  bucket.tokens = Math.min(quota, bucket.tokens + ((now - bucket.filledAt) / 1000) * quota)
  bucket.filledAt = now
  if (bucket.tokens < 1) return false
  bucket.tokens--
  return true
}

const counts: Record<string, { calls: number; throttled: number; failed: number }> = {}
/** The calls for tokens of each second. */
const seconds: Record<number, number> = {}
const completed = new Map<string, number>()

const isComplete = (path: string) => path.endsWith("/CompleteResourceTokenAuth")

const agent = new Agent({ keepAlive: true })

const forward = (server: URL, request: IncomingMessage, body: Buffer, response: ServerResponse) => {
  const { headers, method, url = "" } = request
  const upstream = httpRequest(
    { agent, headers, host: server.hostname, method, path: url, port: server.port },
    (reply) => {
      const status = reply.statusCode ?? 502
      if (status >= 500) counts[url]!.failed++
      if (status === 200 && isComplete(url)) {
        const session = createHash("sha256").update(String(JSON.parse(body.toString()).sessionUri)).digest("base64")
        completed.set(session, (completed.get(session) ?? 0) + 1)
      }
      response.writeHead(status, reply.headers)
      reply.pipe(response)
    }
  )
  upstream.on("error", () => response.headersSent ? response.destroy() : response.writeHead(502).end())
  upstream.end(body)
}

const program = Effect.gen(function*() {
  yield* Calendar.setUp({
    clientId: "fleet",
    scopes,
    workloads: [workloadOf("chat"), workloadOf("mail")],
    returnUrls: [`${origins.chat}/connect/return`, `${origins.mail}/connect/return`]
  })
  const { environment, url: server } = yield* LocalIdentity.LocalServer
  const target = new URL(server)
  const proxy = createServer(async (request, response) => {
    const { url = "" } = request
    if (url === "/counts") {
      const times = [...completed.values()]
      const body = { counts, seconds, completed: times.length, twice: times.filter((count) => count > 1).length }
      return response.end(JSON.stringify(body))
    }
    const body = await buffer(request)
    const count = counts[url] ??= { calls: 0, throttled: 0, failed: 0 }
    count.calls++
    const second = Math.floor(Date.now() / 1000)
    if (url === "/identities/oauth2/token") seconds[second] = (seconds[second] ?? 0) + 1
    if (take(url)) return forward(target, request, body, response)
    count.throttled++
    const headers = { "content-type": "application/json", "x-amzn-errortype": "ThrottlingException" }
    return response.writeHead(429, headers).end(JSON.stringify({ message: "Rate exceeded" }))
  })
  yield* Effect.promise(() => new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve)))
  const address = proxy.address()
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
  report({
    url,
    environment: { ...environment, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: url, BEDROCK_AGENTCORE_DP_ENDPOINT: url }
  })
  return yield* Effect.never
})

await Effect.runPromise(
  Effect.provide(program, LocalIdentity.layer({ authorizationServer: true }))
)
