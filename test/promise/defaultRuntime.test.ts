import { assert, describe, it } from "@effect/vitest"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as ForwardAuth from "effect-agentcore-identity/promise/ForwardAuth"
import {
  disposeDefaultRuntime,
  runWithContext,
  withAccessToken,
  withApiKey,
  withWAT,
  workload
} from "effect-agentcore-identity/promise/Identity"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import { decodeJwt } from "jose"
import * as Pages from "../support/connectWorld.js"
import { forwarded } from "../support/forwardAuth.js"
import * as App from "./connectWorld.js"
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

describe("a route of ForwardAuth over the default services of its Connect", () => {
  it.live("returns no token after the user has disconnected, or connected another account", () =>
    Effect.gen(function*() {
      yield* World.environment((yield* LocalIdentity.LocalServer).environment)
      const { connect, service, url } = yield* App.application({ runtime: undefined })
      const route = ForwardAuth.make({
        workload: Pages.workload,
        credentials: [{
          credential: { ...App.credentials.calendar, callbackUrl: `${url}/connect/return` },
          origins: ["https://calendar.example.com"]
        }],
        connect
      })
      const { token } = yield* Effect.promise(() => route.session({ userId: "alice" }))
      const headers = Object.fromEntries([["authorization", `Bearer ${token}`], ...forwarded()])
      const ask = Effect.promise(async () => {
        const response = await route.fetch(new Request("http://localhost/", { headers }))
        const bearer = response.headers.get("authorization")?.replace("Bearer ", "")
        return bearer === undefined ? response.status : decodeJwt(bearer).sub
      })
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* ask, 401)
        yield* Pages.connect("/connect/calendar", { account: "one@example.com" })
        assert.deepStrictEqual([yield* ask, yield* ask], ["one@example.com", "one@example.com"])
        yield* Pages.connect("/connect/calendar", { account: "two@example.com", action: "reconnect" })
        assert.strictEqual(yield* ask, "two@example.com")
        yield* Effect.promise(() => connect.disconnectAll({ userId: "alice" }))
        assert.strictEqual(yield* ask, 401)
        yield* Pages.connect("/connect/calendar", { account: "one@example.com" })
        assert.strictEqual(yield* ask, "one@example.com")
        yield* Pages.press("/connect/calendar", "disconnect")
        assert.strictEqual(yield* ask, 401)
      }).pipe(Effect.provideService(HttpServer.HttpServer, service))
    }).pipe(Effect.scoped, Effect.provide(Pages.servers)))
})

describe("the functions of the module", () => {
  it.live("read the environment at the first call", () =>
    Effect.gen(function*() {
      yield* disposing
      yield* World.setUp
      const { environment } = yield* LocalIdentity.LocalServer
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
      const { environment } = yield* LocalIdentity.LocalServer
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
      const { environment } = yield* LocalIdentity.LocalServer
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
      const { environment } = yield* LocalIdentity.LocalServer
      yield* World.environment(environment)
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
      const token = yield* Effect.promise(agent.getToken)
      assert.strictEqual(yield* Effect.promise(agent.getToken), token)
      yield* Effect.promise(disposeDefaultRuntime)
      assert.notStrictEqual(yield* Effect.promise(agent.getToken), token)
      assert.strictEqual(yield* Effect.promise(call), "Zürich key-of-the-weather")
    }).pipe(Effect.provide(World.layer)))
})
