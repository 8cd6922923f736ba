import { assert, describe, it } from "@effect/vitest"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildProgram } from "../support/build.mjs"
import * as Calendar from "../support/calendar.js"
import * as Child from "../support/child.js"
import * as World from "../support/connectWorld.js"
import { keyOf } from "../support/consentStore.js"
import * as Postgres from "../support/postgres.js"
import * as Redis from "../support/redis.js"
import * as App from "./connectWorld.js"
import { rejectionOf } from "./world.js"

const key = Redacted.value(keyOf(1))

const formKey = Redacted.value(keyOf(2))

type Store = NonNullable<Connect.Options["pendingConsents"]>

const stores: {
  readonly [name: string]: readonly [typeof Redis.redisTest, Effect.Effect<Store, never, Scope.Scope>]
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
    (name, test) => it.live(name, test, 60_000),
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "connect-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    ).pipe(Effect.map((folder) => ({ sql: { filename: join(folder, "consents.db"), key } })))
  ]
}

const start = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const program = yield* Effect.promise(() => buildProgram("promise/connect.child.ts"))
    const { environment } = yield* LocalServer.LocalServer
    return yield* Child.start([program, ...args], environment)
  })

describe.each(Object.entries(stores))("Connect over %s", (_, [test, makeStore]) => {
  test("survives kill -9 between the link and the click, and wakes an agent in another process", () =>
    Effect.gen(function*() {
      const store = yield* makeStore
      const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
      yield* Calendar.setUp({
        clientId: "connect-client",
        workloads: [World.workload],
        returnUrls: [`${url}/connect/return`],
        scopes: ["calendar:read"]
      })
      const args = [new URL(url).port, JSON.stringify(store), formKey]
      const agent = yield* start(["agent", ...args])
      const link = yield* agent.told("link")
      assert.strictEqual(link, `${url}/connect/calendar`)

      const first = yield* start(["pages", ...args])
      yield* first.told("ready")
      const page = yield* World.request(link)
      const { token = "" } = World.fieldsOf(page.text)
      assert.strictEqual(yield* first.kill, "SIGKILL")
      // The next process accepts the form of the first one.
      const second = yield* start(["pages", ...args])
      yield* second.told("ready")
      const started = yield* World.request(link, { body: { action: "connect", token } })
      assert.strictEqual(started.status, 200, started.text)
      assert.strictEqual(yield* second.kill, "SIGKILL")
      // The third one completes the consent that the second one opened.
      yield* (yield* start(["pages", ...args])).told("ready")
      const browser = yield* TestUser.make("someone@example.com")
      assert.include((yield* browser.approves(World.refreshOf(started))).text, "Consent given")
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
          Connect.make({
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
      (connect) => rejectionOf(connect.link("calendar"))
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
