/** Many calls at once over `layerHttpNode`: its connections, and its search for credentials. */
import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import * as Tls from "node:tls"
import * as Server from "../support/server.js"
import { secureServer } from "./secureServer.js"
import { credentials, failure, getApiKey, json, server } from "./utils.js"

const burst = Effect.forEach(Array(1000), () => getApiKey, { concurrency: "unbounded", discard: true })

const planes = (endpoint: string, options: AwsPlanes.HttpOptions = {}) =>
  AwsDataPlane.layerHttpNode({ endpoint, region: "us-west-2", credentials, maxAttempts: 1, ...options })

/** The servers' requests show their connections. */
const connectionsOf = (requests: ReadonlyArray<IncomingMessage>): ReadonlySet<Socket> =>
  new Set(requests.map(({ socket }) => socket))

const plainServer = Effect.gen(function*() {
  const requests: Array<IncomingMessage> = []
  const url = yield* Server.serve((request, response) => {
    requests.push(request)
    request.resume().on("end", () => response.end("{\"apiKey\":\"key\"}"))
  })
  return { requests, url }
})

/** Node trusts the server's certificate. */
const trustedServer = Effect.gen(function*() {
  const server = yield* secureServer
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const before = Tls.getCACertificates("default")
      Tls.setDefaultCACertificates([...before, readFileSync(server.ca, "utf8")])
      return before
    }),
    (before) => Effect.sync(() => Tls.setDefaultCACertificates(before))
  )
  return server
})

describe("AwsPlanes.layerHttpNode", () => {
  it.live.each([["http", plainServer], ["https", trustedServer]] as const)(
    "opens at most 256 connections for 1,000 calls at once, and reuses them for the next 1,000, over %s",
    ([, start]) =>
      Effect.gen(function*() {
        const { requests, url } = yield* start
        yield* Effect.gen(function*() {
          yield* burst
          assert.strictEqual(connectionsOf(requests).size, 256)
          yield* burst
          assert.lengthOf(requests, 2000)
          assert.strictEqual(connectionsOf(requests).size, 256)
        }).pipe(Effect.provide(planes(url)))
      })
  )

  it.live("opens one connection for calls one after the other", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* plainServer
      yield* Effect.provide(Effect.repeat(getApiKey, { times: 99 }), planes(url))
      assert.lengthOf(requests, 100)
      assert.strictEqual(connectionsOf(requests).size, 1)
    }))

  it.live("opens as many connections as the option says, and reuses them", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* plainServer
      yield* Effect.provide(Effect.andThen(burst, burst), planes(url, { maxSockets: 300 }))
      assert.strictEqual(connectionsOf(requests).size, 300)
    }))

  it.live("rejects an option that is not a whole number above zero", () =>
    Effect.gen(function*() {
      for (const maxSockets of [0, -1, 1.5, Number.NaN, Infinity]) {
        const error = yield* failure(Effect.provide(getApiKey, planes("http://127.0.0.1:2", { maxSockets })))
        assert.strictEqual(error._tag, "ConfigError")
        assert.include(String(error), "maxSockets")
      }
    }))

  it.live("searches for credentials once for 1,000 first calls", () =>
    Effect.gen(function*() {
      const { url } = yield* server(json(200, { apiKey: "key" }))
      let searches = 0
      let started = 0
      const allStarted = yield* Deferred.make<void>()
      const provider = async () => {
        searches++
        await Effect.runPromise(Deferred.await(allStarted))
        return { accessKeyId: "AKID", secretAccessKey: "secret" }
      }
      const call = Effect.suspend(() => {
        started++
        return started === 1000 ? Effect.andThen(Deferred.succeed(allStarted, undefined), getApiKey) : getApiKey
      })
      yield* Effect.forEach(Array(1000), () => call, { concurrency: "unbounded", discard: true }).pipe(
        Effect.provide(planes(url, { credentials: provider }))
      )
      assert.deepStrictEqual([started, searches], [1000, 1])
    }))
})
