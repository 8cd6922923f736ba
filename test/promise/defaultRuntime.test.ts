import { assert, describe, it } from "@effect/vitest"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import {
  disposeDefaultRuntime,
  runWithContext,
  withAccessToken,
  withApiKey,
  withWAT,
  workload
} from "effect-agentcore-identity/promise/Identity"
import * as Effect from "effect/Effect"
import * as World from "./world.js"

// An environment in which no client can be built.
const unusable = {
  AWS_REGION: "us-west-2",
  BEDROCK_AGENTCORE_DP_ENDPOINT: "http://not-a-loopback-host.example.com",
  BEDROCK_AGENTCORE_CP_ENDPOINT: undefined
}

const forecast = withApiKey({ providerName: "weather" })(async (city: string, apiKey: string) => `${city} ${apiKey}`)

const reports = withAccessToken({ providerName: "calendar", scopes: ["read"], authFlow: "M2M" })(
  async (token: string) => token
)

const disposing = Effect.addFinalizer(() => Effect.promise(disposeDefaultRuntime))

describe("the functions of the module", () => {
  it.live("read the environment at the first call", () =>
    Effect.gen(function*() {
      yield* disposing
      yield* World.setUp
      const { environment } = yield* LocalServer.LocalServer
      yield* World.environment(environment)
      const workloadAccessToken = yield* World.tokenOf("alice")
      const responses = yield* Effect.promise(() =>
        runWithContext({ workloadAccessToken }, () => Promise.all([forecast("Zürich"), forecast("Bern"), reports()]))
      )
      assert.deepStrictEqual(responses.slice(0, 2), ["Zürich key-of-the-weather", "Bern key-of-the-weather"])
      assert.match(responses[2] ?? "", /^token-1\.calendar-client\./)
    }).pipe(Effect.provide(World.layer)))

  it.live("reject when the environment is invalid, and work when it is corrected", () =>
    Effect.gen(function*() {
      yield* disposing
      yield* World.setUp
      const { environment } = yield* LocalServer.LocalServer
      const workloadAccessToken = yield* World.tokenOf("alice")
      const call = () => runWithContext({ workloadAccessToken }, () => forecast("Zürich"))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* World.environment(unusable)
        const errors = yield* Effect.all([World.rejectionOf(call()), World.rejectionOf(call())], { concurrency: 2 })
        for (const error of errors) {
          assert.instanceOf(error, Error)
          assert.match(String(error), /BEDROCK_AGENTCORE_DP_ENDPOINT/)
        }
      }))
      yield* World.environment(environment)
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
    }).pipe(Effect.provide(World.layer)))

  it.live("build no client when the caller is missing, or when only its token is read", () =>
    Effect.gen(function*() {
      yield* disposing
      yield* World.environment(unusable)
      const whoami = withWAT(async (wat: string) => wat)
      assert.strictEqual(World.tagOf(yield* World.rejectionOf(forecast("Zürich"))), "MissingWorkloadAccessToken")
      assert.strictEqual(World.tagOf(yield* World.rejectionOf(reports())), "MissingWorkloadAccessToken")
      assert.strictEqual(World.tagOf(yield* World.rejectionOf(whoami())), "MissingWorkloadAccessToken")
      const asAlice = runWithContext({ workloadAccessToken: "token-of-alice" }, whoami)
      assert.strictEqual(yield* Effect.promise(() => asAlice), "token-of-alice")
    }))

  it.live("make a new client after the runtime was disposed of", () =>
    Effect.gen(function*() {
      yield* disposing
      // Nothing is built yet.
      yield* Effect.promise(disposeDefaultRuntime)
      yield* World.setUp
      const { environment } = yield* LocalServer.LocalServer
      const workloadAccessToken = yield* World.tokenOf("alice")
      const call = () => runWithContext({ workloadAccessToken }, () => forecast("Zürich"))
      yield* World.environment(environment)
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
      const { received, url } = yield* World.receiver
      yield* World.environment({ BEDROCK_AGENTCORE_DP_ENDPOINT: url })
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
      yield* Effect.promise(disposeDefaultRuntime)
      yield* World.rejectionOf(call())
      assert.lengthOf(received, 1)
    }).pipe(Effect.provide(World.layer)))

  it.live("obtain the token of a workload, with a new client after the runtime was disposed of", () =>
    Effect.gen(function*() {
      yield* disposing
      const agent = workload({ name: "agent", user: { userId: "alice" } })
      const call = () => runWithContext({ workload: agent }, () => forecast("Zürich"))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* World.environment(unusable)
        assert.match(String(yield* World.rejectionOf(call())), /BEDROCK_AGENTCORE_DP_ENDPOINT/)
      }))
      yield* World.setUp
      const { environment } = yield* LocalServer.LocalServer
      yield* World.environment(environment)
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
      const token = yield* Effect.promise(agent.getToken)
      assert.strictEqual(yield* Effect.promise(agent.getToken), token)
      yield* Effect.promise(disposeDefaultRuntime)
      assert.notStrictEqual(yield* Effect.promise(agent.getToken), token)
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
    }).pipe(Effect.provide(World.layer)))
})
