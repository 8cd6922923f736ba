import { assert, describe, it } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Server from "../support/server.js"
import * as World from "./world.js"

const { contextFromHeaders, getContext, runWithContext } = PromiseIdentity

const name = "X-Amz-Bedrock-AgentCore-Identity-WAT"

describe("contextFromHeaders, in runWithContext", () => {
  it.live("is the caller of requests of Node, Fetch and Lambda, by its header", () =>
    Effect.gen(function*() {
      const { withApiKey } = yield* World.functions()
      const forecast = withApiKey({ providerName: "weather" })(async (city: string, key: string) => `${city} ${key}`)
      const workloadAccessToken = yield* World.tokenOf("alice")
      const url = yield* Server.serve((request, response) => {
        const call = runWithContext(contextFromHeaders(request), () => forecast("Zürich"))
        void call.then((text) => response.end(text), () => response.writeHead(500).end())
      })
      const headers = { [name]: workloadAccessToken }
      const events = [
        { version: "2.0", headers },
        { headers: null, multiValueHeaders: { [name]: [workloadAccessToken] } },
        new Request("https://agent.example.com", { headers })
      ]
      for (const event of events) {
        const call = runWithContext(contextFromHeaders(event), () => forecast("Bern"))
        assert.strictEqual(yield* Effect.promise(() => call), "Bern key-of-the-weather")
      }
      const response = yield* Effect.promise(() => fetch(url, { headers }).then((response) => response.text()))
      assert.strictEqual(response, "Zürich key-of-the-weather")
    }).pipe(Effect.provide(World.layer)))

  it.live("has the return URL of the request", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const { callbackUrl: _, ...config } = World.calendar
      const { approve } = yield* World.decisions
      const token = withAccessToken({ ...config, onAuthUrl: approve })(async (token: string) => token)
      const headers = { [name]: yield* World.tokenOf("alice"), OAuth2CallbackUrl: World.returnUrl }
      const call = runWithContext(contextFromHeaders(headers), () => token())
      assert.notStrictEqual(yield* Effect.promise(() => call), "")
    }).pipe(Effect.provide(World.layer)))

  it.live("is the fallback only if the request has no token", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const { withWAT, workload } = PromiseIdentity.make(
        Context.add(yield* Effect.context<DataPlane.DataPlane>(), Identity.Identity, yield* Identity.make)
      )
      const token = withWAT(async (token: string) => token)
      const developer = { workload: workload({ name: "agent", user: { userId: "developer" } }) }
      const run = (...args: Parameters<typeof contextFromHeaders>) =>
        runWithContext(contextFromHeaders(...args), () => token())
      const own = yield* Effect.promise(developer.workload.getToken)
      assert.strictEqual(yield* Effect.promise(() => run({}, { fallback: developer })), own)
      assert.strictEqual(
        yield* Effect.promise(() => run({}, { fallback: { workloadAccessToken: "static" } })),
        "static"
      )
      assert.strictEqual(
        yield* Effect.promise(() => run({ workloadaccesstoken: "of-the-request" }, { fallback: developer })),
        "of-the-request"
      )
      const error = yield* World.rejectionOf(run({}))
      assert.strictEqual(World.tagOf(error), "MissingWorkloadAccessToken")
      assert.match(String(error), /X-Amzn-Bedrock-AgentCore-Runtime-User-Id/)
      const context = runWithContext(contextFromHeaders({}, { fallback: developer }), getContext)
      assert.deepStrictEqual(context?.workload?.user, { userId: "developer" })
    }).pipe(Effect.provide(World.layer)))
})
