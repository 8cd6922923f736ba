import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PromiseConnect from "effect-agentcore-identity/promise/Connect"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import * as Stores from "../../src/promise/internal/stores.js"
import { buildProgram } from "../support/build.mjs"
import * as Calendar from "../support/calendar.js"
import * as Child from "../support/child.js"
import * as World from "../support/connectWorld.js"
import { keyOf } from "../support/consentStore.js"
import * as Folder from "../support/folder.js"
import * as Postgres from "../support/postgres.js"
import * as Redis from "../support/redis.js"
import * as Tools from "../support/tools.js"
import { scripted, secret } from "../support/utils.js"
import * as App from "./connectWorld.js"
import { rejectionOf } from "./world.js"

const key = Redacted.value(keyOf(1))

const formKey = Redacted.value(keyOf(2))

type Store = PromiseConnect.Options["pendingConsents"]

const stores: {
  readonly [name: string]: readonly [typeof Redis.redisTest, Effect.Effect<Store, never, Scope.Scope | Tools.Tools>]
} = {
  Redis: [
    Redis.redisTest,
    Effect.gen(function*() {
      const server = yield* Redis.make("password")
      yield* server.start
      return { redis: { url: `redis://:password@127.0.0.1:${server.port}`, key } }
    })
  ],
  PostgreSQL: [
    Postgres.postgresTest,
    Effect.map(Postgres.make, ({ folder }) => ({
      sql: { url: `postgresql:///postgres?user=postgres&host=${encodeURIComponent(folder)}`, key }
    }))
  ],
  SQLite: [
    Tools.testWith(),
    Folder.temporary.pipe(Effect.map((folder) => ({ sql: { filename: join(folder, "consents.db"), key } })))
  ],
  // Processes share the secret of the forms and the cookies only.
  "no store": [Tools.testWith(), Effect.undefined]
}

/** Starts a process of `connect.child.ts`, whose clock is wrong by some minutes. */
const start = (args: ReadonlyArray<string>, minutes: number) =>
  Effect.gen(function*() {
    const program = yield* Effect.promise(() => buildProgram("promise/connect.child.ts"))
    const { environment } = yield* LocalIdentity.LocalServer
    const clock = `const Real = Date
globalThis.Date = class extends Real {
  constructor(...args) {
    if (args.length === 0) super(Date.now())
    else super(...args)
  }
  static now() {
    return Real.now() + ${minutes} * 60_000
  }
}`
    const preload = `data:text/javascript,${encodeURIComponent(clock)}`
    return yield* Child.start(["--import", preload, program, ...args], environment)
  })

/** Callbacks of an application that wait until a gate opens. */
const makeGate = (count: number) => {
  const opened = Deferred.makeUnsafe<void>()
  const full = Deferred.makeUnsafe<void>()
  let waiting = 0
  return {
    wait: () => {
      waiting += 1
      if (waiting === count) Deferred.doneUnsafe(full, Effect.void)
      return Effect.runPromise(Deferred.await(opened))
    },
    full: Deferred.await(full),
    open: Effect.sync(() => void Deferred.doneUnsafe(opened, Effect.void))
  }
}

let sessions = 0

const planes = scripted({
  getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
  getResourceOauth2Token: () =>
    Effect.sync(() => {
      const sessionUri = `urn:ietf:params:oauth:request_uri:session-${++sessions}`
      return new DataPlane.ConsentRequired({
        authorizationUrl: secret(`https://identity.example.com/?request_uri=${sessionUri}`),
        sessionUri: secret(sessionUri)
      })
    })
})

describe.each(Object.entries(stores))("Connect over %s", (_, [test, makeStore]) => {
  test("finishes the forms, the wait and the events that run before it disposes of the store", () =>
    Effect.gen(function*() {
      const forms = 40
      // The forms, and the browser that comes back.
      const gate = makeGate(forms + 1)
      const { as, connect, service } = yield* App.application({
        pendingConsents: yield* makeStore,
        currentUser: async (request) => {
          if (request.headers["x-hold"] !== undefined || request.url?.startsWith("/connect/return")) await gate.wait()
          return App.currentUser(request)
        }
      })
      yield* Effect.gen(function*() {
        const shown = yield* Deferred.make<string>()
        const count = connect.withAccessToken("calendar", {
          onLink: (link) => void Deferred.doneUnsafe(shown, Effect.succeed(link))
        })(async (token: string) => token.length)
        const call = PromiseIdentity.runWithContext(as("alice"), () => count())
        const tagsOf = async () => {
          const tags: Array<string> = []
          for await (const { _tag } of connect.events()) tags.push(_tag)
          return tags
        }
        const tags = tagsOf()
        const page = yield* Effect.forkChild(World.connect(yield* Deferred.await(shown)))
        const { token = "" } = World.fieldsOf((yield* World.request("/connect/mail")).text)
        const form = { headers: { "x-hold": "" }, body: { action: "connect", token } }
        const pages = yield* Effect.forkChild(
          Effect.all(Array.from({ length: forms }, () => World.request("/connect/mail", form)), {
            concurrency: "unbounded"
          })
        )
        yield* gate.full
        const disposed = connect.dispose()
        // A reader and requests that are late.
        const late = tagsOf()
        const rejected = yield* Effect.all([
          World.request("/connect"),
          World.request("/connect/mail", form),
          World.request("/connect/return?session_id=x", { headers: { "accept-language": "de", ...World.json } })
        ])
        yield* gate.open
        assert.deepStrictEqual(new Set((yield* Fiber.join(pages)).map(({ status }) => status)), new Set([200]))
        assert.include((yield* Fiber.join(page)).text, "Consent given")
        assert.isAbove(yield* Effect.promise(() => call), 100)
        yield* Effect.promise(() => disposed)
        assert.deepStrictEqual(rejected.map(({ status }) => status), [503, 503, 503])
        assert.include(rejected[0].text, "One moment, please")
        assert.include(rejected[2].text, `"error":"Stopping"`)
        const all = yield* Effect.promise(() => tags)
        assert.deepStrictEqual(all.sort(), ["Completed", ...Array.from({ length: forms + 1 }, () => "Opened")])
        assert.deepStrictEqual(yield* Effect.promise(() => late), [])
        // The next use makes new pages.
        assert.strictEqual((yield* World.request("/connect")).status, 200)
      }).pipe(Effect.provideService(HttpServer.HttpServer, service))
    }).pipe(Effect.timeout("30 seconds"), Effect.provide(World.servers)))

  test("finishes the forms that run before the layer of http/Connect ends", () =>
    Effect.gen(function*() {
      const forms = 40
      const gate = makeGate(forms)
      const origin = "https://app.example.com"
      const tags: Array<string> = []
      const ended = yield* Deferred.make<void>()
      const read = Layer.effectDiscard(Effect.map(Connect.Connect, ({ events }) => {
        Effect.runFork(
          Stream.runForEach(events, ({ _tag }) => Effect.sync(() => void tags.push(_tag))).pipe(
            Effect.andThen(Deferred.succeed(ended, undefined))
          )
        )
      }))
      class Files extends AccessToken.Tag<Files>()("app/Files", {
        provider: "files",
        flow: "USER_FEDERATION",
        returnUrl: `${origin}/connect/return`
      }) {}
      const pages = Connect.layer({
        path: "/connect",
        credentials: { files: Files },
        workload: World.workload,
        currentUser: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method }) =>
          method === "POST"
            ? Effect.as(Effect.promise(gate.wait), { userId: "alice" })
            : Effect.succeed({ userId: "alice" }))
      })
      const { dispose, handler } = HttpRouter.toWebHandler(
        Layer.provideMerge(read, pages).pipe(
          Layer.provide(Stores.layer(yield* makeStore)),
          Layer.provide(planes)
        ),
        { disableLogger: true }
      )
      const send = (path: string, init?: RequestInit) => handler(new Request(`${origin}${path}`, init))
      const link = yield* Effect.promise(async () => (await send("/connect/files")).text())
      const body = new URLSearchParams({ action: "connect", token: World.fieldsOf(link)["token"] ?? "" })
      const post = () => send("/connect/files", { method: "POST", body, headers: { origin } })
      const posted = Promise.all(Array.from({ length: forms }, post))
      yield* gate.full
      const disposed = dispose()
      const late = yield* Effect.promise(() => Promise.all([send("/connect"), post()]))
      yield* gate.open
      const statuses = (yield* Effect.promise(() => posted)).map(({ status }) => status)
      assert.deepStrictEqual(new Set(statuses), new Set([200]))
      yield* Effect.promise(() => disposed)
      yield* Deferred.await(ended)
      assert.deepStrictEqual(late.map(({ status }) => status), [503, 503])
      assert.deepStrictEqual(tags, Array.from({ length: forms }, () => "Opened"))
    }).pipe(Effect.timeout("30 seconds")))

  // A session lives for ten minutes.
  test("survives kill -9 between the link and the click, and wakes an agent, with clocks that differ by eight minutes", () =>
    Effect.gen(function*() {
      const store = yield* makeStore
      const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
      yield* Calendar.setUp({
        clientId: "connect-client",
        workloads: [World.workload],
        returnUrls: [`${url}/connect/return`],
        scopes: ["calendar:read"]
      })
      const args = [new URL(url).port, JSON.stringify(store ?? null), formKey]
      const agent = yield* start(["agent", ...args], -4)
      const link = yield* agent.told("link")
      assert.strictEqual(link, `${url}/connect/calendar`)

      const first = yield* start(["pages", ...args], 4)
      yield* first.told("ready")
      const page = yield* World.request(link)
      const { token = "" } = World.fieldsOf(page.text)
      assert.strictEqual(yield* first.kill, "SIGKILL")
      // The next process accepts the form of the first one.
      const second = yield* start(["pages", ...args], -4)
      yield* second.told("ready")
      const started = yield* World.request(link, { body: { action: "connect", token } })
      assert.strictEqual(started.status, 200, started.text)
      assert.strictEqual(yield* second.kill, "SIGKILL")
      // The third one completes the consent that the second one opened.
      yield* (yield* start(["pages", ...args], 4)).told("ready")
      const browser = yield* TestUser.make("someone@example.com")
      const returned = yield* browser.approves(World.refreshOf(started))
      assert.include(returned.text, store === undefined ? "This link cannot be used" : "Consent given")
      // The browser that pressed the button has its cookie.
      const cookie = World.keptBy(started).join("; ")
      assert.include((yield* World.request(Redacted.value(returned.url), { cookie })).text, "Consent given")
      assert.isAbove(Number(yield* agent.told("characters")), 100)
      assert.strictEqual(yield* agent.ended, 0)
    }).pipe(
      // The processes use its port, one after the other.
      Effect.provideServiceEffect(
        HttpServer.HttpServer,
        Effect.map(Effect.scoped(App.listen), ({ service }) => service)
      ),
      Effect.timeout("50 seconds"),
      Effect.provide(World.servers)
    ))
})

describe("a store that cannot be used", () => {
  const rejection = (pendingConsents: Store) =>
    Effect.flatMap(
      Effect.acquireRelease(
        Effect.sync(() =>
          PromiseConnect.make({
            path: "/connect",
            origin: "https://app.example.com",
            workload: World.workload,
            credentials: App.credentials,
            currentUser: () => undefined,
            pendingConsents
          })
        ),
        (connect) => Effect.promise(connect.dispose)
      ),
      (connect) => rejectionOf(connect.ready())
    )

  it.live("is reported with the next step, and without its secrets", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Store, RegExp]> = [
        [{ redis: { url: "redis://user:hunter2secret@ host", key } }, /The URL of Redis has to look like/],
        [{ redis: { url: "redis://127.0.0.1:1", key: "hunter2secret" } }, /The key of/],
        // Values that only a program in plain JavaScript can pass.
        ...[undefined, null].map((key) =>
          [{ redis: { key } } as unknown as Store, /The key of .* has to be 32 bytes/] as const
        ),
        ...[{}, null, "redis://:hunter2secret@127.0.0.1", { redis: "redis://:hunter2secret@127.0.0.1" }].map((store) =>
          [store as Store, /'pendingConsents' .* have the property redis or sql/] as const
        ),
        [{ redis: { url: "redis://:hunter2secret@127.0.0.1:1", key } }, /The store of consents/],
        [{ sql: { url: "postgresql://postgres:hunter2secret@127.0.0.1:1/postgres", key } }, /: ECONNREFUSED/],
        [{ sql: { url: "mysql://postgres:hunter2secret@127.0.0.1:1/postgres", key } }, /The URL of PostgreSQL has to/],
        [{ sql: { filename: "/nowhere/consents.db", key } }, /cannot connect to the file '\/nowhere\/consents.db'/]
      ]
      for (const [store, message] of cases) {
        const error = yield* rejection(store)
        assert.match(String(error), message)
        assert.notInclude(String(error), "hunter2secret")
      }
    }))
})
