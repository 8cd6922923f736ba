/** `layerHttpNode` behind a proxy. */
import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Net from "node:net"
import { buildProgram } from "../support/build.mjs"
import * as Servers from "../support/server.js"
import { execute, secureServer } from "./secureServer.js"
import {
  apiKeyRequest,
  assertNoSecrets,
  credentials,
  failure,
  getApiKey,
  json,
  rendered,
  replaceVariables,
  server
} from "./utils.js"

/** A proxy that tunnels to hosts on loopback, and rejects all others. */
const proxy = Effect.gen(function*() {
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
  // It must not wait for tunnels, which the clients close later.
  server.closeAllConnections = () => {}
  return { port: yield* Servers.listen(server), seen }
})

/** A server that accepts connections, and sends `head` in response to the first bytes. */
const brokenProxy = (head: string) =>
  Effect.gen(function*() {
    const open = new Set<Net.Socket>()
    const server = Net.createServer((socket) => {
      open.add(socket)
      socket.on("close", () => open.delete(socket)).on("error", () => {}).once("data", () => socket.write(head))
    })
    return { port: yield* Servers.listen(server), open }
  })

const environment = (variables: Readonly<Record<string, string>>) =>
  replaceVariables(/^(https?|no|all)_proxy$/i, variables)

/** The variables of a process that prints all that Node logs of its connections. */
const childEnvironment = (endpoint: string) => ({
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  AWS_REGION: "us-west-2",
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: Redacted.value(credentials.secretAccessKey),
  AWS_SESSION_TOKEN: sessionToken,
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: endpoint,
  DEBUG: "*",
  NODE_DEBUG: "http,https,net,tls"
})

const sessionToken = "c2Vzc2lvbi10b2tlbg-of-a-role"

const planes = (endpoint: string, timeout?: Duration.Input) =>
  AwsDataPlane.layerHttpNode({ endpoint, region: "us-west-2", credentials, maxAttempts: 1, timeout })

describe("AwsPlanes.layerHttpNode", () => {
  it.live("sends requests through the proxy of the environment, over a kept tunnel", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const http = yield* server(json(200, { apiKey: "key" }))
      yield* environment({ HTTP_PROXY: `http://user:pass%20word@127.0.0.1:${port}` })
      yield* Effect.repeat(getApiKey, { times: 2 }).pipe(Effect.provide(planes(http.url)))
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

  it.live("fails with the status of a proxy that rejects the tunnel", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const password = "cHJveHktcGFzc3dvcmQ"
      yield* environment({ https_proxy: `http://user:${password}@127.0.0.1:${port}` })
      const error = yield* failure(Effect.provide(getApiKey, planes("https://agentcore.invalid")))
      assert(error instanceof TransportError, error._tag)
      assert.deepStrictEqual([error.kind, error.code, error.status], ["connection", "ERR_PROXY_TUNNEL", 403])
      assert.deepStrictEqual(seen.map(({ url }) => url), ["agentcore.invalid:443"])
      assertNoSecrets(rendered(error), [password, Redacted.value(apiKeyRequest.workloadIdentityToken)])
    }))

  it.live("calls an endpoint with https through the proxy, and checks its certificate", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const { ca, requests, url } = yield* secureServer
      const program = yield* Effect.promise(() => buildProgram("aws/proxy.child.ts"))
      const password = "cHJveHktcGFzc3dvcmQ"
      const call = (variables: Readonly<Record<string, string>>) =>
        execute(process.execPath, [program], {
          ...childEnvironment(url),
          HTTPS_PROXY: `http://user:${password}@127.0.0.1:${port}`,
          ...variables
        })
      const [trusted, untrusted] = yield* Effect.all([call({ NODE_EXTRA_CA_CERTS: ca }), call({})], {
        concurrency: 2
      })
      assert.strictEqual(trusted.stdout, "key\n")
      assert.strictEqual(untrusted.stdout, "connection DEPTH_ZERO_SELF_SIGNED_CERT\n")
      assert.include(trusted.stderr, "createConnection")
      assertNoSecrets(trusted.stderr, [password, Buffer.from(`user:${password}`).toString("base64"), sessionToken])
      const { host } = new URL(url)
      assert.deepStrictEqual(seen.map(({ method, url }) => [method, url]), [["CONNECT", host], ["CONNECT", host]])
      assert.lengthOf(requests, 1)
      assert.include(requests[0]?.headers.authorization, `Credential=${credentials.accessKeyId}/`)
      assert.notProperty(seen[0]?.headers, "authorization")
    }))

  it.live("leaves the session token out of what NODE_DEBUG prints", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      const program = yield* Effect.promise(() => buildProgram("aws/proxy.child.ts"))
      const { stderr, stdout } = yield* execute(process.execPath, [program], childEnvironment(http.url))
      assert.strictEqual(stdout, "key\n")
      assert.strictEqual(http.seen[0]?.headers["x-amz-security-token"], sessionToken)
      assert.include(stderr, "createConnection")
      assertNoSecrets(stderr, [sessionToken, Redacted.value(credentials.secretAccessKey)])
    }))

  it.live("reads the bytes that a proxy sends with its response", () =>
    Effect.gen(function*() {
      const response = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"apiKey\":\"key\"}"
      const { port } = yield* brokenProxy(`HTTP/1.1 200 Connection established\r\n\r\n${response}`)
      yield* environment({ HTTP_PROXY: `http://127.0.0.1:${port}` })
      const { apiKey } = yield* Effect.provide(getApiKey, planes("http://127.0.0.1:2", "5 seconds"))
      assert.strictEqual(Redacted.value(apiKey), "key")
    }))

  it.live("sends requests to the hosts of NO_PROXY directly", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* proxy
      const http = yield* server(json(200, { apiKey: "key" }))
      yield* environment({ HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "example.com,127.0.0.1" })
      yield* Effect.provide(getApiKey, planes(http.url))
      assert.lengthOf(http.seen, 1)
      assert.lengthOf(seen, 0)
    }))

  it.live("closes the tunnels that a proxy has not opened when the layer is released", () =>
    Effect.gen(function*() {
      const { open, port } = yield* brokenProxy("HTTP/1.1 200 OK\r\nx: ")
      yield* environment({ HTTP_PROXY: `http://127.0.0.1:${port}` })
      yield* Effect.gen(function*() {
        const errors = yield* Effect.forEach(Array(5), () => failure(getApiKey), { concurrency: "unbounded" })
        for (const error of errors) {
          assert(error instanceof TransportError, error._tag)
          assert.strictEqual(error.kind, "timeout")
        }
        assert.strictEqual(open.size, 5)
      }).pipe(Effect.provide(planes("http://127.0.0.1:2", "200 millis")))
      while (open.size > 0) yield* Effect.sleep(5)
    }))

  it.live("fails when the headers of the proxy have no end", () =>
    Effect.gen(function*() {
      const { port } = yield* brokenProxy(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(1_000_000)}`)
      yield* environment({ HTTP_PROXY: `http://127.0.0.1:${port}` })
      const error = yield* failure(Effect.provide(getApiKey, planes("http://127.0.0.1:2")))
      assert(error instanceof TransportError, error._tag)
      assert.deepStrictEqual([error.kind, error.code], ["undecodable", "HPE_HEADER_OVERFLOW"])
    }))

  it.live("fails when the proxy is down, or its URL is invalid", () =>
    Effect.gen(function*() {
      const password = "cHJveHktcGFzc3dvcmQ"
      for (const value of ["http://127.0.0.1:1", `http://user:${password}@[`, `http://user:${password}%@127.0.0.1:1`]) {
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
