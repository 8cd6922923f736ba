/** `layerNode` behind a proxy, over a proxy that is one. */
import { assert, describe, it } from "@effect/vitest"
import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Net from "node:net"
import { apiKeyRequest, assertNoSecrets, credentials, failure, json, rendered, server } from "./utils.js"

const getApiKey = Effect.flatMap(DataPlane.DataPlane, (plane) => plane.getResourceApiKey(apiKeyRequest))

/** A proxy that tunnels to hosts on loopback, and refuses all others. */
const proxy = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly seen: Array<Http.IncomingMessage>; readonly server: Http.Server }>(
    (resume) => {
      const seen: Array<Http.IncomingMessage> = []
      const server = Http.createServer((_, response) => response.writeHead(405).end())
      server.on("connect", (request, client) => {
        seen.push(request)
        const [host = "", port = ""] = (request.url ?? "").split(":")
        if (host !== "127.0.0.1") {
          client.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
          return
        }
        const target = Net.connect(Number(port), host, () => {
          client.write("HTTP/1.1 200 Connection established\r\n\r\n")
          client.pipe(target).pipe(client)
        })
        for (const socket of [client, target]) socket.on("error", () => {})
        client.on("close", () => target.destroy())
      })
      server.listen(0, "127.0.0.1", () =>
        // A TCP server's address is never a pipe's name.
        resume(Effect.succeed({ port: (server.address() as Net.AddressInfo).port, seen, server })))
    }
  ),
  ({ server }) => Effect.sync(() => server.close())
)

const names = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "https_proxy",
  "http_proxy",
  "no_proxy",
  "ALL_PROXY",
  "all_proxy"
]

const environment = (variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      for (const name of names) delete process.env[name]
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const name of names) delete process.env[name]
        Object.assign(process.env, before)
      })
  )

const planes = (endpoint: string) =>
  AwsHttpDataPlane.layerNode({ endpoint, region: "us-west-2", credentials, maxAttempts: 1 })

describe("layerNode", () => {
  it.scopedLive("sends requests through the proxy of the environment, over a kept tunnel", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const http = yield* server(json(200, { apiKey: "key" }))
      yield* environment({ HTTP_PROXY: `http://user:pass%20word@127.0.0.1:${port}` })
      yield* Effect.repeatN(getApiKey, 2).pipe(Effect.provide(planes(http.url)))
      assert.lengthOf(http.seen, 3)
      assert.deepStrictEqual(seen.map(({ method, url }) => [method, url]), [["CONNECT", new URL(http.url).host]])
      assert.strictEqual(
        seen[0]?.headers["proxy-authorization"],
        `Basic ${Buffer.from("user:pass word").toString("base64")}`
      )
      // The proxy sees neither the request nor its credentials.
      assert.notProperty(seen[0]?.headers, "authorization")
      assert.notProperty(http.seen[0]?.headers, "proxy-authorization")
    }))

  it.scopedLive("has a proxy for https, and an error of the call when it refuses", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const password = "cHJveHktcGFzc3dvcmQ"
      yield* environment({ https_proxy: `http://user:${password}@127.0.0.1:${port}` })
      const error = yield* failure(Effect.provide(getApiKey, planes("https://agentcore.invalid")))
      assert(error instanceof TransportError || error._tag === "UnknownServiceError", error._tag)
      assert.deepStrictEqual(seen.map(({ url }) => url), ["agentcore.invalid:443"])
      assertNoSecrets(rendered(error), [password, Redacted.value(apiKeyRequest.workloadIdentityToken)])
    }))

  it.scopedLive("leaves out the hosts of NO_PROXY", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const http = yield* server(json(200, { apiKey: "key" }))
      yield* environment({ HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "example.com,127.0.0.1" })
      yield* Effect.provide(getApiKey, planes(http.url))
      assert.lengthOf(http.seen, 1)
      assert.lengthOf(seen, 0)
    }))

  it.scopedLive("fails a call whose proxy is not there, or not a URL", () =>
    Effect.gen(function*() {
      const password = "cHJveHktcGFzc3dvcmQ"
      for (const value of ["http://127.0.0.1:1", `http://user:${password}@[`]) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* environment({ HTTP_PROXY: value })
          const error = yield* failure(Effect.provide(getApiKey, planes("http://127.0.0.1:2")))
          assert(error instanceof TransportError, error._tag)
          assert.strictEqual(error.kind, "connection")
          assertNoSecrets(rendered(error), [password])
        }))
      }
    }))
})
