import * as Sdk from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { SdkAdapter, SdkDataPlane } from "../../../support/uncheckedPlanes.js"
import { secret } from "../../../support/utils.js"
import { interrupted, json, type Respond, server } from "../../utils.js"

const { dataPlane } = SdkDataPlane

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" }

type Given = Sdk.BedrockAgentCoreClientConfig | { readonly client: Sdk.BedrockAgentCoreClient }

type Make = (config: Sdk.BedrockAgentCoreClientConfig) => Given

/** The API key of a provider, over a client of the kind. */
const keys = (make: Make, endpoint: string, adapter = dataPlane) =>
  Effect.map(
    SdkAdapter.operations(adapter, make({ endpoint, region: "us-west-2", credentials }), {}, () => Effect.succeedNone),
    ({ getResourceApiKey }) => (provider: string) =>
      Effect.map(
        getResourceApiKey({ workloadIdentityToken: secret("token"), resourceCredentialProviderName: provider }),
        ({ apiKey }) => apiKey
      )
  )

const providerOf = (body: string): string => {
  const request: { readonly resourceCredentialProviderName: string } = JSON.parse(body)
  return request.resourceCredentialProviderName
}

/** The name of the provider is its key. */
const respond: Respond = (response, seen) => json(200, { apiKey: providerOf(seen.body) })(response, seen)

const own: Make = (config) => config

const kinds: ReadonlyArray<readonly [name: string, make: Make]> = [
  ["a client of the layer", own],
  ["a given client", (config) => ({ client: new Sdk.BedrockAgentCoreClient(config) })]
]

describe.each(kinds)("the data plane over %s", (_, make) => {
  it.live("separates concurrent calls", () =>
    Effect.gen(function*() {
      const http = yield* server(respond)
      const getKey = yield* keys(make, http.url)
      const providers = Array.from({ length: 20 }, (_, n) => `provider-${n}`)
      const found = yield* Effect.forEach(providers, getKey, { concurrency: "unbounded" })
      assert.deepStrictEqual(found.map(Redacted.value), providers)
    }))

  it.live("aborts only the request of the interrupted call", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const free = yield* Deferred.make<void>()
      const http = yield* server((response, seen) => {
        if (providerOf(seen.body) === "interrupted") {
          response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
          Deferred.doneUnsafe(arrived, Effect.void)
        } else {
          void Effect.runPromise(Deferred.await(free)).then(() => respond(response, seen))
        }
      })
      const getKey = yield* keys(make, http.url)
      const other = yield* Effect.forkChild(getKey("other"))
      const abandoned = yield* Effect.forkChild(getKey("interrupted"))
      yield* Deferred.await(arrived)
      assert.isTrue(Exit.hasInterrupts(yield* interrupted(abandoned)))
      yield* Deferred.await(closed)
      yield* Deferred.succeed(free, undefined)
      assert.strictEqual(Redacted.value(yield* Fiber.join(other)), "other")
    }))

  it.live("leaves retries to the SDK", () =>
    Effect.gen(function*() {
      const http = yield* server((response, seen) =>
        http.seen.length === 1 ? json(503, { message: "Not now" })(response, seen) : respond(response, seen)
      )
      const getKey = yield* keys(make, http.url)
      assert.strictEqual(Redacted.value(yield* getKey("weather")), "weather")
      assert.deepStrictEqual(http.seen.map(({ headers }) => headers["amz-sdk-request"]), [
        "attempt=1; max=3",
        "attempt=2; max=3"
      ])
    }))
})
