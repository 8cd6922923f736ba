/** The time limit of calls, over a service that does not respond. */
import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as FaultyServer from "../support/faultyServer.js"
import { collecting } from "../support/garbage.js"
import { variables } from "../support/utils.js"
import { adapters, failure, getApiKey, json, type Options, planes as sdkPlanes, server, sessionUri } from "./utils.js"

const assertTimeout = (error: unknown): void => {
  assert(error instanceof TransportError, String(error))
  assert.deepInclude({ ...error }, { kind: "timeout", code: "TimeoutError", status: undefined })
  assert.include(error.message, "no response arrived in time")
}

describe.each(adapters)("the time limit of a call over $name", ({ planes }) => {
  const limited = (url: string, options: Options = {}) => planes(url, { timeout: "200 millis", ...options })

  /** One call of each plane. */
  const calls = Effect.gen(function*() {
    const data = yield* DataPlane.DataPlane
    const control = yield* ControlPlane.ControlPlane
    const sts = yield* SecurityTokenService.SecurityTokenService
    return [
      data.completeResourceTokenAuth({ userIdentifier: { userId: "alice" }, sessionUri: Redacted.make(sessionUri) }),
      control.getWorkloadIdentity({ name: "agent" }),
      sts.getWebIdentityToken({ audience: ["https://a.example"], signingAlgorithm: "ES384" })
    ].map((call): Effect.Effect<unknown, unknown> => failure<unknown, unknown, never>(call))
  })

  it.live("ends a response that never ends, on every plane, and closes its connection", () =>
    Effect.forEach(FaultyServer.endless, (fault) =>
      Effect.gen(function*() {
        const http = yield* FaultyServer.start(() => fault)
        // Long enough for the request to arrive while the SDK is loaded.
        const options = { maxAttempts: 3, timeout: "1 second" } as const
        const errors = yield* calls.pipe(
          Effect.flatMap((calls) => Effect.all(calls, { concurrency: "unbounded" })),
          Effect.provide(planes(http.url, options))
        )
        errors.forEach(assertTimeout)
        // A call is not retried after its time limit.
        assert.isAtMost(http.paths.length, 3)
        yield* http.idle
      }), { concurrency: "unbounded", discard: true }).pipe(
        (checks) => Effect.all([checks, collecting], { concurrency: "unbounded", discard: true }),
        Effect.timeout("10 seconds")
      ))

  it.live("includes all attempts and the waits between them", () =>
    Effect.gen(function*() {
      const http = yield* server(json(500, { message: "down" }, { "x-amzn-errortype": "InternalServerException" }))
      assertTimeout(yield* failure(Effect.provide(getApiKey, limited(http.url, { maxAttempts: 1000 }))))
    }).pipe(Effect.timeout("10 seconds")))

  it.live("includes the search for credentials", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      const credentials = () => new Promise<never>(() => {})
      assertTimeout(yield* failure(Effect.provide(getApiKey, limited(http.url, { credentials }))))
      assert.lengthOf(http.seen, 0)
    }).pipe(Effect.timeout("10 seconds")))

  it.live("applies in an uninterruptible region", () =>
    Effect.gen(function*() {
      const http = yield* FaultyServer.start(() => "silent")
      assertTimeout(yield* failure(Effect.provide(Effect.uninterruptible(getApiKey), limited(http.url))))
    }).pipe(Effect.timeout("10 seconds")))

  it.live("ends one call, and the client serves the next", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      yield* Effect.gen(function*() {
        assert.strictEqual(Redacted.value((yield* getApiKey).apiKey), "key")
        yield* Effect.sleep("300 millis")
        assert.strictEqual(Redacted.value((yield* getApiKey).apiKey), "key")
      }).pipe(Effect.provide(limited(http.url)))
    }))
})

describe.each(adapters)("a search for credentials over $name", ({ planes }) => {
  const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }

  it.live("does not delay calls while there are valid credentials", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      let searches = 0
      const credentials = () =>
        ++searches === 1
          ? Promise.resolve({ ...keys, expiration: new Date(Date.now() + 60_000) })
          : new Promise<never>(() => {})
      yield* Effect.repeat(Effect.all([getApiKey, getApiKey], { concurrency: "unbounded" }), { times: 9 }).pipe(
        Effect.provide(planes(http.url, { credentials, timeout: "5 seconds" }))
      )
      assert.lengthOf(http.seen, 20)
      assert.strictEqual(searches, 2)
    }).pipe(Effect.timeout("10 seconds")))
})

describe("the AWS SDK", () => {
  it.live("applies the time limit over a client of the program", () =>
    Effect.gen(function*() {
      const http = yield* FaultyServer.start(() => "silent")
      const client = new BedrockAgentCoreClient({
        region: "us-west-2",
        endpoint: http.url,
        credentials: { accessKeyId: "a", secretAccessKey: "b" }
      })
      assertTimeout(
        yield* failure(
          Effect.provide(getApiKey, sdkPlanes("http://127.0.0.1:1", { timeout: "200 millis", dataPlane: { client } }))
        )
      )
      yield* http.idle
      client.destroy()
    }).pipe(Effect.timeout("10 seconds")))
})

describe.each(adapters)("the option of $name", ({ layer, planes }) => {
  it.live("may be longer than a timer, and infinite", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      for (const timeout of [Duration.infinity, "1000 days", 30_000] as const) {
        const { apiKey } = yield* Effect.provide(getApiKey, planes(http.url, { timeout }))
        assert.strictEqual(Redacted.value(apiKey), "key")
      }
    }))

  it.effect("is a ConfigError if it is not a duration", () =>
    Effect.gen(function*() {
      for (const timeout of [0, -1, Number.NaN, "soon", {}]) {
        // A program in plain JavaScript can pass it.
        const options = { region: "us-west-2", timeout: timeout as number }
        for (const built of [layer(options), AwsDataPlane.layer(options), AwsDataPlane.layerHttpNode(options)]) {
          const error = yield* failure(Layer.build(Layer.provide(built, variables())))
          assert(error instanceof Config.ConfigError, `${timeout}`)
          assert.include(String(error), "Expected a duration above zero")
        }
      }
    }).pipe(Effect.scoped))
})
