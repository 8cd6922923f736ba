import { assert, describe, it, vi } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as ForwardAuth from "effect-agentcore-identity/promise/ForwardAuth"
import * as Effect from "effect/Effect"
import * as World from "../support/forwardAuth.js"
import * as Server from "../support/server.js"
import { responses, scripted } from "../support/utils.js"

const callbackUrl = "https://app.example.com/connect/return"

const calendar = { providerName: "calendar", scopes: ["read"], authFlow: "USER_FEDERATION" as const, callbackUrl }

const makeConnect = (runtime: Connect.Options["runtime"], accounts?: Connect.Options["accounts"]) =>
  Connect.make({
    path: "/connect",
    workload: "agent",
    credentials: { calendar },
    currentUser: () => undefined,
    accounts,
    runtime
  })

const credentials = [
  { credential: calendar, origins: [World.calendarOrigin] },
  { credential: { providerName: "weather" }, origins: [World.weatherOrigin], header: "x-api-key" }
] as const

/** The route over scripted planes, with credentials that are configurations. */
const inRoute = <A>(
  run: (route: ForwardAuth.ForwardAuth) => Promise<A>,
  { caller, isConnected = true }: {
    readonly caller?: ForwardAuth.Options["caller"]
    readonly isConnected?: boolean
  } = {},
  script = World.script
) =>
  Effect.gen(function*() {
    const runtime = yield* Effect.context<DataPlane.DataPlane>()
    const route = yield* Effect.acquireRelease(
      Effect.sync(() =>
        ForwardAuth.make({
          workload: "agent",
          credentials,
          caller,
          ...isConnected ? { connect: makeConnect(runtime) } : { runtime }
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

  it.live("has the reason in the log if Connect lacks a credential, and no message of a service", () =>
    Effect.gen(function*() {
      const runtime = yield* Effect.context<DataPlane.DataPlane>()
      const connect = makeConnect(runtime)
      const caller = (): never => {
        throw new ValidationException({ operation: "Any", message: "sentinel-value", requestId: "1" })
      }
      const drive = { ...calendar, providerName: "drive" }
      const routes = [
        ForwardAuth.make({
          workload: "agent",
          credentials: [{ credential: drive, origins: [World.calendarOrigin] }],
          connect
        }),
        ForwardAuth.make({ workload: "agent", credentials, connect, caller })
      ]
      const lines = yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(console, "log").mockImplementation(() => {})),
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      for (const route of routes) {
        const url = yield* Server.serve((request, response) => void route.node(request, response))
        const headers: World.Headers = [["Authorization", "Bearer x"], ...World.forwarded()]
        assert.strictEqual((yield* Effect.promise(() => World.send(url, headers))).status, 500)
      }
      const started = Effect.tryPromise({ try: () => routes[0]!.session({ userId: "alice" }), catch: (error) => error })
      assert.instanceOf(yield* Effect.flip(started), ValidationException)
      const log = lines.mock.calls.flat().join("\n")
      assert.include(log, "one of the credentials of Connect")
      assert.match(log, /ForwardAuth failed: ValidationException/)
      assert.notInclude(log, "sentinel-value")
    }).pipe(Effect.provide(scripted(World.script))))

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
      { isConnected: false }
    ))

  it.live("returns no token that the accounts of its Connect do not allow, also after the services are new ones", () =>
    Effect.gen(function*() {
      let label = ""
      const connect = makeConnect(yield* Effect.context<DataPlane.DataPlane>(), {
        calendar: {
          account: (token) => ({ id: token, label }),
          expect: ({ userId }, account) => account.label === userId
        }
      })
      const { fetch, session } = ForwardAuth.make({ workload: "agent", credentials, connect })
      yield* Effect.promise(async () => {
        for (label of ["mallory", "alice", "mallory"]) {
          const { token } = await session({ userId: "alice" })
          const response = await fetch(request(token))
          assert.strictEqual(response.status, label === "alice" ? 200 : 401, label)
          await connect.dispose()
        }
      })
    }).pipe(Effect.provide(scripted({
      ...World.script,
      getResourceOauth2Token: ({ forceAuthentication }) =>
        forceAuthentication === true ? responses.consent : responses.issued()
    }))))

  it.live("takes the Connect itself, and no store or runtime beside it", () =>
    Effect.gen(function*() {
      const runtime = yield* Effect.context<DataPlane.DataPlane>()
      const connect = makeConnect(runtime)
      const settings = { workload: "agent", credentials }
      for (
        const [property, options] of [
          ["connect", { connect: { link: (session: never) => connect.link(session) } }],
          ["runtime", { connect, runtime }],
          ["pendingConsents", { connect, pendingConsents: { sql: { filename: ":memory:", key: "" } } }]
        ] as const
      ) {
        // Values that only a program in plain JavaScript can pass.
        assert.throws(() => ForwardAuth.make({ ...settings, ...options } as never), `'${property}'`)
      }
      const { fetch, session } = ForwardAuth.make({ ...settings, connect: { ...connect } })
      const { token } = yield* Effect.promise(() => session({ userId: "alice" }))
      assert.strictEqual((yield* Effect.promise(() => fetch(request(token)))).status, 200)
    }).pipe(Effect.provide(scripted(World.script))))
})

const failure = new Error("the store of the program failed")
