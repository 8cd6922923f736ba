/** Every adapter retries the same failures, and as often. */
import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Net from "node:net"
import { PollBudget } from "../../src/internal/pollBudget.js"
import * as Servers from "../support/server.js"
import { adapters, apiKeyRequest, failure, getApiKey, json, raw, type Respond, server } from "./utils.js"

const named = (status: number, name: string, message = "no") => json(status, { message }, { "x-amzn-errortype": name })

const faults: Readonly<Record<string, Respond>> = {
  "500": named(500, "InternalServerException"),
  "500 without a body": raw(500, ""),
  "501": named(501, "NotImplemented"),
  "502 of a proxy": raw(502, "<html>Bad Gateway</html>"),
  "503": json(503, { message: "down" }),
  "504": raw(504, "<html>Gateway Timeout</html>"),
  "599": raw(599, ""),
  "302": raw(302, "", { location: "http://127.0.0.1:1/" }),
  "400": named(400, "ValidationException"),
  "401": named(401, "UnauthorizedException"),
  "403": named(403, "AccessDeniedException"),
  "404": named(404, "ResourceNotFoundException"),
  "408": named(408, "RequestTimeout"),
  "409": named(409, "ConflictException"),
  "a signature that is too old": named(403, "InvalidSignatureException", "Signature expired: 20200101T000000Z"),
  "a signature that is wrong": named(403, "InvalidSignatureException", "The signature does not match"),
  "a body that is not JSON": raw(200, "<html>"),
  "a body that breaks off": (response) => {
    response.writeHead(200, { "content-length": "1000" })
    response.write("{\"apiKey\":", () => response.socket?.destroy())
  },
  "a reset connection": (response) => void response.socket?.destroy()
}

/** These failures wait for up to a second. */
const throttled: Readonly<Record<string, Respond>> = {
  "429": named(429, "ThrottlingException"),
  "429 of a proxy": raw(429, "<html>"),
  "400 with the name of throttling": named(400, "ThrottlingException")
}

const count = (respond: Respond, maxAttempts: number) =>
  Effect.gen(function*() {
    const counts: Array<number> = []
    for (const { planes } of adapters) {
      const http = yield* server(respond)
      yield* Effect.provide(failure(getApiKey), planes(http.url, { maxAttempts }))
      counts.push(http.seen.length)
    }
    return counts
  }).pipe(Effect.scoped)

const assertEqual = (all: Readonly<Record<string, Respond>>, maxAttempts: number) =>
  Effect.gen(function*() {
    const counts = yield* Effect.all(
      Object.fromEntries(Object.entries(all).map(([name, respond]) => [name, count(respond, maxAttempts)])),
      { concurrency: "unbounded" }
    )
    for (const [name, [sdk, ...others]] of Object.entries(counts)) {
      for (const other of others) assert.strictEqual(other, sdk, name)
    }
    return counts
  })

describe("attempts", () => {
  it.live("match the AWS SDK for every failure", () =>
    Effect.gen(function*() {
      const counts = yield* assertEqual(faults, 3)
      assert.deepStrictEqual(
        Object.entries(counts).flatMap(([name, [sdk]]) => sdk === 3 ? [name] : []).sort(),
        [
          "500",
          "500 without a body",
          "502 of a proxy",
          "503",
          "504",
          "408",
          "a signature that is too old",
          "a body that breaks off",
          "a reset connection"
        ].sort()
      )
    }))

  it.live("match the AWS SDK for a throttled call", () =>
    Effect.map(assertEqual(throttled, 2), (counts) => {
      for (const [sdk] of Object.values(counts)) assert.strictEqual(sdk, 2)
    }))
})

/** The AWS SDK repeats a throttled call without a word. The polls of the process must yield nevertheless. */
describe("a throttled attempt of a call that succeeds", () => {
  const token = Effect.flatMap(DataPlane.DataPlane, (plane) =>
    plane.getResourceOauth2Token({
      workloadIdentityToken: apiKeyRequest.workloadIdentityToken,
      resourceCredentialProviderName: "github",
      scopes: [],
      oauth2Flow: "M2M"
    }))
  const once = (fault: Respond): Respond => {
    const responses = [fault]
    return (response, seen) => (responses.pop() ?? json(200, { accessToken: "token", apiKey: "key" }))(response, seen)
  }
  const halvings = <E, R>(call: Effect.Effect<unknown, E, R>) =>
    Effect.gen(function*() {
      let count = 0
      yield* Effect.provideService(call, PollBudget, {
        run: identity,
        throttled: Effect.sync(() => void count++)
      })
      return count
    })
  const ownClient = (endpoint: string) =>
    AwsPlanes.layer({
      dataPlane: {
        client: new BedrockAgentCoreClient({
          region: "us-west-2",
          endpoint,
          credentials: { accessKeyId: "local", secretAccessKey: "secret" }
        })
      }
    })

  it.live.each([
    ...adapters.map(({ name, planes }) => ({ name, layer: (url: string) => planes(url, { maxAttempts: 2 }) })),
    { name: "AwsPlanes.layer over a client", layer: ownClient }
  ])("makes the polls yield: $name", ({ layer }) =>
    Effect.gen(function*() {
      const count = (call: typeof getApiKey | typeof token, fault: Respond) =>
        Effect.flatMap(server(once(fault)), ({ seen, url }) =>
          Effect.map(Effect.provide(halvings(call), layer(url)), (count) => {
            assert.lengthOf(seen, 2)
            return count
          }))
      assert.strictEqual(yield* count(token, named(429, "ThrottlingException")), 1)
      // The polls have another quota, and a service that is down throttles nobody.
      assert.strictEqual(yield* count(getApiKey, named(429, "ThrottlingException")), 0)
      assert.strictEqual(yield* count(token, named(503, "InternalServerException")), 0)
    }))
})

describe.each(adapters)("$name", ({ planes }) => {
  it.live("signs again with the service's time when its clock is ahead", () =>
    Effect.gen(function*() {
      const ahead = 3_600_000
      const timeOf = (header: unknown) =>
        Date.parse(String(header).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
      const http = yield* server((response, seen) => {
        const now = Date.now() + ahead
        const date = { date: new Date(now).toUTCString() }
        const isAccepted = Math.abs(timeOf(seen.headers["x-amz-date"]) - now) < 300_000
        return (isAccepted
          ? json(200, { apiKey: "key" }, date)
          : json(403, { message: "Signature not yet current" }, {
            ...date,
            "x-amzn-errortype": "InvalidSignatureException"
          }))(response, seen)
      })
      yield* Effect.repeat(getApiKey, { times: 1 }).pipe(Effect.provide(planes(http.url, { maxAttempts: 3 })))
      assert.lengthOf(http.seen, 3)
    }))

  it.live("names the host in connection, timeout and response errors", () =>
    Effect.gen(function*() {
      const errorOf = (url: string, timeout = 30_000) =>
        Effect.map(Effect.provide(failure(getApiKey), planes(url, { timeout })), (error) => {
          assert(error instanceof TransportError, error._tag)
          assert.strictEqual(error.host, new URL(url).host)
          assert.strictEqual(error.region, "us-west-2")
          return error
        })
      const closed = yield* Effect.scoped(Effect.map(server(json(200, {})), ({ url }) => url))
      const unreachable = yield* errorOf(closed)
      assert.strictEqual(
        unreachable.message,
        `GetResourceApiKey: the connection to ${new URL(closed).host} failed or was lost. Is the local server running? `
          + "Start it with: npx agentcore-identity local (ECONNREFUSED, region us-west-2)"
      )
      const silent = yield* server(() => {})
      assert.include(
        (yield* errorOf(silent.url, 100)).message,
        `no response arrived in time from ${new URL(silent.url).host}`
      )
      const html = yield* server(raw(502, "<html>"))
      assert.include(
        (yield* errorOf(html.url)).message,
        `the response of ${new URL(html.url).host} could not be decoded`
      )
      const port = yield* Servers.listen(Net.createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")))
      assert.include(["undecodable", "connection"], (yield* errorOf(`http://127.0.0.1:${port}`)).kind)
    }))
})
