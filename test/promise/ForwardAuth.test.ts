import { assert, describe, it } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Identity from "effect-agentcore-identity/Identity"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as ForwardAuth from "effect-agentcore-identity/promise/ForwardAuth"
import * as Effect from "effect/Effect"
import * as World from "../support/forwardAuth.js"
import * as Server from "../support/server.js"
import { responses, scripted } from "../support/utils.js"

const callbackUrl = "https://app.example.com/connect/return"

const calendar = { providerName: "calendar", scopes: ["read"], authFlow: "USER_FEDERATION" as const, callbackUrl }

const makeConnect = (runtime: Connect.Options["runtime"]) =>
  Connect.make({
    path: "/connect",
    workload: "agent",
    credentials: { calendar },
    currentUser: () => undefined,
    runtime
  })

/** The route over scripted planes, with credentials that are configurations. */
const inRoute = <A>(
  run: (route: ForwardAuth.ForwardAuth) => Promise<A>,
  options: Partial<ForwardAuth.Options> = {},
  script = World.script
) =>
  Effect.gen(function*() {
    const runtime = yield* Effect.context<Identity.Identity | DataPlane.DataPlane>()
    const route = yield* Effect.acquireRelease(
      Effect.sync(() =>
        ForwardAuth.make({
          workload: "agent",
          credentials: [
            { credential: calendar, origins: [World.calendarOrigin] },
            { credential: { providerName: "weather" }, origins: [World.weatherOrigin], header: "x-api-key" }
          ],
          connect: makeConnect(runtime),
          runtime,
          ...options
        })
      ),
      ({ dispose }) => Effect.promise(dispose)
    )
    return yield* Effect.promise(() => run(route))
  }).pipe(Effect.provide(scripted(script)))

const request = (session: string, changes = {}) =>
  new Request("http://localhost/forward-auth", {
    headers: { authorization: `Bearer ${session}`, ...Object.fromEntries(World.forwarded(changes)) }
  })

describe("a route without Effect", () => {
  it.live("responds to fetch, for sessions that are made and revoked", () =>
    inRoute(async ({ fetch, revoke, session }) => {
      const { expiresAt, token } = await session({ userId: "alice" }, { lifetime: "1 minute" })
      assert.instanceOf(expiresAt, Date)
      const allowed = await fetch(request(token))
      assert.strictEqual(allowed.status, 200)
      assert.strictEqual(allowed.headers.get("authorization"), "Bearer token-of-alice")
      const weather = await fetch(request(token, { "X-Forwarded-Host": "weather.example.com:8443" }))
      assert.strictEqual(weather.headers.get("x-api-key"), "key-of-alice")
      assert.strictEqual((await fetch(request(token, { "X-Forwarded-Host": "evil.example.com" }))).status, 403)
      await revoke(token)
      assert.strictEqual((await fetch(request(token))).status, 401)
    }))

  it.live("responds to a server of Node, with the link of Connect", () =>
    Effect.scoped(inRoute(
      (route) =>
        Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          const url = yield* Server.serve((request, response) => void route.node(request, response))
          const { token } = yield* Effect.promise(() => route.session({ userId: "alice" }))
          const headers: World.Headers = [["Authorization", `Bearer ${token}`], ...World.forwarded()]
          const response = yield* Effect.promise(() => World.send(url, headers))
          assert.strictEqual(response.status, 401)
          assert.strictEqual(response.headers["content-type"], "application/json")
          assert.strictEqual(JSON.parse(response.body).link, "https://app.example.com/connect/calendar")
          const repeated = yield* Effect.promise(() => World.send(url, [...headers, ["X-Forwarded-Host", "evil"]]))
          assert.strictEqual(repeated.status, 400)
        }))),
      {},
      { ...World.script, getResourceOauth2Token: () => responses.consent }
    )))

  it.live("asks the program for the user of a secret", () =>
    inRoute(
      async ({ fetch }) => {
        assert.strictEqual((await fetch(request("carol"))).headers.get("authorization"), "Bearer token-of-carol")
        assert.strictEqual((await fetch(request("nobody"))).status, 401)
        const error = await fetch(request("broken")).then(() => undefined, (error: unknown) => error)
        assert.strictEqual(error, failure)
      },
      {
        caller: async (bearer) => {
          if (bearer === "broken") throw failure
          return bearer === "nobody" ? undefined : { userId: bearer }
        }
      }
    ))

  it.live("rejects invalid options at its first use", () =>
    inRoute(
      async ({ fetch }) => {
        const error = await fetch(request("x")).then(() => undefined, (error: unknown) => error)
        assert.include(String(error), "Connect")
      },
      { connect: undefined }
    ))
})

const failure = new Error("the store of the program failed")
