import * as Sdk from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as AwsDataPlane from "../../../src/aws/internal/dataPlane.js"
import { operations as rows } from "../../../src/internal/dataPlaneOperations.js"
import { secret } from "../../utils.js"
import { type Answer, json, server } from "../utils.js"

const config: Sdk.BedrockAgentCoreClientConfig = {
  region: "us-west-2",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" }
}

/** The API key of a provider, over a client of the kind. */
const keys = (make: (config: Sdk.BedrockAgentCoreClientConfig) => Sdk.BedrockAgentCoreClient, endpoint: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => make({ ...config, endpoint })),
      (client) => Effect.sync(() => client.destroy())
    ),
    (client) => {
      const { getResourceApiKey } = AwsDataPlane.operations(Sdk, client, rows)
      return (provider: string) =>
        Effect.map(
          getResourceApiKey({ workloadIdentityToken: secret("token"), resourceCredentialProviderName: provider }),
          ({ apiKey }) => apiKey
        )
    }
  )

const providerOf = (body: string): string => {
  const request: { readonly resourceCredentialProviderName: string } = JSON.parse(body)
  return request.resourceCredentialProviderName
}

/** The name of the provider is its key. */
const answer: Answer = (response, seen) => json(200, { apiKey: providerOf(seen.body) })(response, seen)

const kinds = [
  ["a client of its own", (config: Sdk.BedrockAgentCoreClientConfig) => AwsDataPlane.makeClient(Sdk, config)],
  ["a client that is given", (config: Sdk.BedrockAgentCoreClientConfig) => new Sdk.BedrockAgentCoreClient(config)]
] as const

describe.each(kinds)("the data plane over %s", (_, make) => {
  it.scopedLive("keeps calls apart that run at once", () =>
    Effect.gen(function*() {
      const http = yield* server(answer)
      const getKey = yield* keys(make, http.url)
      const providers = Array.from({ length: 20 }, (_, n) => `provider-${n}`)
      const found = yield* Effect.forEach(providers, getKey, { concurrency: "unbounded" })
      assert.deepStrictEqual(found.map(Redacted.value), providers)
    }))

  it.scopedLive("aborts the request of the call that is interrupted, and no other", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const free = yield* Deferred.make<void>()
      const http = yield* server((response, seen) => {
        if (providerOf(seen.body) === "interrupted") {
          response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
          Deferred.unsafeDone(arrived, Effect.void)
        } else {
          void Effect.runPromise(Deferred.await(free)).then(() => answer(response, seen))
        }
      })
      const getKey = yield* keys(make, http.url)
      const other = yield* Effect.fork(getKey("other"))
      const interrupted = yield* Effect.fork(getKey("interrupted"))
      yield* Deferred.await(arrived)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(interrupted)))
      yield* Deferred.await(closed)
      yield* Deferred.succeed(free, undefined)
      assert.strictEqual(Redacted.value(yield* Fiber.join(other)), "other")
    }))

  it.scopedLive("leaves retries to the SDK", () =>
    Effect.gen(function*() {
      const http = yield* server((response, seen) =>
        http.seen.length === 1 ? json(503, { message: "Not now" })(response, seen) : answer(response, seen)
      )
      const getKey = yield* keys(make, http.url)
      assert.strictEqual(Redacted.value(yield* getKey("weather")), "weather")
      assert.deepStrictEqual(http.seen.map(({ headers }) => headers["amz-sdk-request"]), [
        "attempt=1; max=3",
        "attempt=2; max=3"
      ])
    }))
})

describe("a client of its own", () => {
  it.scopedLive("puts its middleware together once for each operation", () =>
    Effect.gen(function*() {
      let times = 0
      const http = yield* server(answer)
      const getKey = yield* keys((config) => {
        const client = AwsDataPlane.makeClient(Sdk, config)
        client.middlewareStack.add((next) => {
          times++
          return next
        }, { step: "build" })
        return client
      }, http.url)
      yield* Effect.forEach(["one", "two", "three"], getKey)
      assert.strictEqual(times, 1)
    }))

  it.scopedLive("says the same of itself at each call, with a retry strategy of the first generation", () =>
    Effect.gen(function*() {
      const http = yield* server(answer)
      const getKey = yield* keys(
        (config) =>
          AwsDataPlane.makeClient(Sdk, {
            ...config,
            retryStrategy: { mode: "standard", retry: (next, args) => next(args) }
          }),
        http.url
      )
      yield* Effect.forEach(["one", "two", "three"], getKey)
      assert.lengthOf(new Set(http.seen.map(({ headers }) => headers["user-agent"])), 1)
    }))
})
