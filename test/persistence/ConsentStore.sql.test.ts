import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as Statement from "effect/sql/Statement"
import * as String from "effect/String"
import * as TestClock from "effect/testing/TestClock"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Stores from "../support/consentStore.js"
import * as Folder from "../support/folder.js"
import * as Postgres from "../support/postgres.js"
import * as Recorder from "../support/recorder.js"
import { assertFilesSecretFree } from "../support/secrets.js"
import * as Sqlite from "../support/sqlite.js"
import * as Tools from "../support/tools.js"
import { secret, variables } from "../support/utils.js"

let server: Postgres.Server

Tools.beforeAllWith("PostgreSQL")(Effect.map(Postgres.make, (made) => {
  server = made
}))

const pgClient = (options: PgClient.PgPoolConfig = {}) =>
  Layer.suspend(() => Layer.orDie(PgClient.layer({ ...server.client, ...options })))

let tables = 0

interface PostgresStore extends Stores.Store {
  readonly table: string
}

const postgres: Effect.Effect<PostgresStore> = Effect.sync(() => {
  const table = `consents_${tables++}`
  return { table, layer: (keys) => Layer.provide(ConsentStore.layerSql({ ...keys, table }), pgClient()) }
})

interface SqliteStore extends Stores.Store {
  readonly folder: string
  readonly file: string
}

const sqliteClient = Sqlite.client

const sqlite: Effect.Effect<SqliteStore, never, Scope.Scope> = Effect.map(
  Folder.temporary,
  (folder) => {
    const file = join(folder, "consents.db")
    return { folder, file, layer: (keys) => Layer.provide(ConsentStore.layerSql(keys), sqliteClient(file)) }
  }
)

const alice = { userId: "alice" }

/** Every row of every table of a store, as text. */
const rowsOf = (table: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* Effect.forEach([table, `${table}_waits`, `${table}_migrations`], (name) =>
      sql`SELECT * FROM ${sql(name)}`)
    return rows.flat().flatMap((row) =>
      Object.entries(row).flat().map(globalThis.String)
    )
  })

/** A store that shares the client of the program. */
const shareClient = (store: { readonly client: Layer.Layer<SqlClient.SqlClient>; readonly table: string }) =>
  Effect.gen(function*() {
    const client = yield* Layer.build(store.client)
    const sql = yield* Effect.provide(SqlClient.SqlClient, client)
    const layer = Layer.provide(
      ConsentStore.layerSql({ key: Stores.keyOf(1), table: store.table }),
      Layer.succeedContext(client)
    )
    return { sql, ...yield* Stores.start({ layer: () => layer }) }
  })

const reasonOf = <A, E extends { readonly message: string }>(claim: Effect.Effect<A, E>) =>
  Effect.match(claim, {
    onFailure: (error) => "reason" in error ? error.reason : error.message,
    onSuccess: () => "Claimed"
  })

const sharesItsClient = (
  test: ReturnType<typeof Tools.testWith>,
  make: Effect.Effect<
    { readonly client: Layer.Layer<SqlClient.SqlClient>; readonly table: string },
    never,
    Scope.Scope
  >
) => {
  test("keeps a session when a transaction of the program is rolled back", () =>
    Effect.gen(function*() {
      const { pending, sql } = yield* Effect.flatMap(make, shareClient)
      const opened = Effect.as(pending.open({ session: Stores.sessionOf("one"), user: alice }), "Opened")
      const inside = yield* Effect.flip(sql.withTransaction(
        Effect.flip(Effect.catch(opened, ({ reason }) => Effect.succeed(reason)))
      ))
      // The transaction has the only connection of the client to a file.
      const outcomes = sql.onDialectOrElse({
        pg: () => ["Opened", "Claimed"],
        orElse: () => ["it took too long", "Unknown"]
      })
      assert.deepStrictEqual([inside, yield* reasonOf(pending.claim(Stores.claimOf("one")))], outcomes)
    }))
}

describe("ConsentStore.layerSql on PostgreSQL", () => {
  Stores.contract(Postgres.postgresTest, postgres, { shared: true })

  sharesItsClient(Postgres.postgresTest, Effect.map(postgres, ({ table }) => ({ table, client: pgClient() })))

  Postgres.postgresTest("fails while PostgreSQL does not respond", () =>
    Effect.gen(function*() {
      const { pending, signals } = yield* Effect.flatMap(postgres, Stores.start)
      yield* pending.open({ session: Stores.sessionOf("one"), user: alice })
      yield* server.stall
      const topic = { _tag: "Grant", name: Stores.uriOf("one") } as const
      const operations = [
        pending.open({ session: Stores.sessionOf("two"), user: alice }),
        pending.claim(Stores.claimOf("one")),
        signals.register({ topic, execution: "one", expiresAt: DateTime.makeUnsafe("2100-01-01") }),
        signals.unregister(topic, "one"),
        signals.registrations(topic)
      ]
      const [elapsed, reasons] = yield* Effect.timed(
        Effect.forEach(operations, (operation) => Effect.uninterruptible(reasonOf(operation)), {
          concurrency: "unbounded"
        })
      )
      assert.deepStrictEqual(reasons, operations.map(() => "it took too long"))
      assert.isBelow(Duration.toMillis(elapsed), 10_000)
      yield* server.proceed
      yield* pending.open({ session: Stores.sessionOf("three"), user: alice })
      assert.deepStrictEqual((yield* pending.claim(Stores.claimOf("three"))).user, alice)
    }))

  Postgres.postgresTest(
    "fails during a rotation of keys while PostgreSQL does not respond",
    () =>
      Effect.gen(function*() {
        const store = yield* postgres
        const { pending } = yield* Stores.start(store, { key: Stores.keyOf(2), previousKeys: [Stores.keyOf(1)] })
        yield* server.stall
        const open = (name: string) => pending.open({ session: Stores.sessionOf(name), user: alice })
        // More than the client has connections.
        const reasons = yield* Effect.forEach(
          Array.from({ length: 12 }, (_, index) => `stalled-${index}`),
          (name) => Effect.uninterruptible(reasonOf(open(name))),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([...new Set(reasons)], ["it took too long"])
        yield* server.proceed
        yield* open("later")
        assert.deepStrictEqual((yield* pending.claim(Stores.claimOf("later"))).user, alice)
      })
  )

  Stores.wakesAcrossProcesses(Postgres.postgresTest, postgres)

  Postgres.postgresTest(
    "shows no secret in rows, messages and files of PostgreSQL, or in spans and log lines",
    () =>
      Effect.gen(function*() {
        const store = yield* postgres
        const context = yield* Layer.build(pgClient())
        const sql = yield* Effect.provide(PgClient.PgClient, context)
        const notifications = yield* sql.listen(store.table)
        const recorder = yield* Recorder.make
        const secrets = yield* Effect.flatMap(Stores.start(store), Stores.plant).pipe(
          Effect.provide(recorder.layer)
        )
        yield* sql.notify(store.table, "end")
        const messages: Array<string> = []
        yield* Effect.repeat(Queue.take(notifications), {
          until: ({ payload }) => {
            messages.push(payload)
            return payload === "end"
          }
        })
        const rows = yield* Effect.provide(rowsOf(store.table), context)
        // Four entries with three and four columns, names and values. Four messages.
        assert.isAtLeast(rows.length, 2 * 6 + 2 * 8)
        assert.isAtLeast(messages.length, 4 + 1)
        Recorder.assertSecretFree([...rows, ...messages, ...yield* recorder.everything], secrets)
        yield* sql`CHECKPOINT`
        assertFilesSecretFree(server.folder, secrets)
      })
  )

  Postgres.postgresTest("creates the tables in several processes at once", () =>
    Effect.gen(function*() {
      const store = yield* postgres
      const processes = yield* Effect.forEach(Array.from({ length: 4 }), () => Stores.start(store), {
        concurrency: "unbounded"
      })
      yield* processes[0]!.pending.open({ session: Stores.sessionOf("one"), user: alice })
      assert.deepStrictEqual((yield* processes[3]!.pending.claim(Stores.claimOf("one"))).user, alice)
    }))

  Postgres.postgresTest("works with a client that renames columns", () =>
    Effect.gen(function*() {
      const table = `consents_${tables++}`
      const names = { transformResultNames: String.snakeToCamel, transformQueryNames: String.camelToSnake }
      const store: Stores.Store = {
        layer: (keys) => Layer.provide(ConsentStore.layerSql({ ...keys, table }), pgClient(names))
      }
      const { pending } = yield* Stores.start(store)
      yield* pending.open({ session: Stores.sessionOf("one"), user: alice })
      assert.deepStrictEqual((yield* pending.claim(Stores.claimOf("one"))).user, alice)
    }))

  Postgres.postgresTest("fails with a code when the database user may not create tables", () =>
    Effect.gen(function*() {
      yield* Effect.provide(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE ROLE reader LOGIN`), pgClient())
      const layer = ConsentStore.layerSql({ key: Stores.keyOf(1), table: "not_mine" })
      const error = yield* Effect.flip(Layer.build(Layer.provide(layer, pgClient({ username: "reader" }))))
      assert.strictEqual(error.reason, "Schema")
      assert.strictEqual(error.message, "The tables of the store of consents cannot be created: 42501")
    }))

  Postgres.postgresTest("sends no messages over a pool of one connection", () =>
    Effect.gen(function*() {
      const table = `consents_${tables++}`
      const store: Stores.Store = {
        layer: (keys) => Layer.provide(ConsentStore.layerSql({ ...keys, table }), pgClient({ maxConnections: 1 }))
      }
      const { pending, signals } = yield* Stores.start(store)
      yield* pending.open({ session: Stores.sessionOf("one"), user: alice })
      yield* signals.signal({ _tag: "Session", name: Stores.uriOf("one") }, "Completed")
      assert.deepStrictEqual((yield* pending.claim(Stores.claimOf("one"))).user, alice)
    }).pipe(Effect.timeout("20 seconds")))

  Postgres.postgresTest("listens again after a lost connection", () =>
    Effect.gen(function*() {
      const store = yield* postgres
      const [sender, waiting] = [yield* Stores.start(store), yield* Stores.start(store)]
      const topic = { _tag: "Grant", name: secret("a grant") } as const
      let received = 0
      waiting.signals.listen(topic, () => received++)
      const heard = Effect.suspend(() => {
        const before = received
        return Effect.repeat(sender.signals.signal(topic, "Completed"), {
          until: () => received > before,
          schedule: Schedule.spaced("20 millis")
        })
      })
      yield* heard
      const sql = yield* Effect.provide(SqlClient.SqlClient, yield* Layer.build(pgClient()))
      const killed = yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`
      assert.isAtLeast(killed.length, 1)
      yield* heard
    }))
})

/** Locks a database as another process does, until it is released or the scope ends. */
const lockDatabase = (file: string) =>
  Effect.gen(function*() {
    const database = yield* Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(file)),
      (database) => Effect.sync(() => database.close())
    )
    database.exec("BEGIN IMMEDIATE")
    return Effect.sync(() => database.exec("COMMIT"))
  })

describe("ConsentStore.layerSql on SQLite", () => {
  Stores.contract(Tools.testWith(), sqlite, { shared: true })

  sharesItsClient(
    Tools.testWith(),
    Effect.map(sqlite, ({ file }) => ({ table: "agentcore_consents", client: sqliteClient(file) }))
  )

  for (const [kind, previousKeys] of [["one key", []], ["a previous key", [Stores.keyOf(2)]]] as const) {
    it.live(`waits for a short lock of another process, and fails on a long one, with ${kind}`, () =>
      Effect.gen(function*() {
        const store = yield* sqlite
        const { pending } = yield* Stores.start(store, { key: Stores.keyOf(1), previousKeys })
        const open = (name: string) =>
          Effect.uninterruptible(pending.open({ session: Stores.sessionOf(name), user: alice }))
        yield* open("one")
        const release = yield* lockDatabase(store.file)
        const waiting = yield* Effect.forkChild(Effect.all([open("two"), open("three")], { concurrency: "unbounded" }))
        yield* Effect.delay(release, "300 millis")
        yield* Fiber.join(waiting)
        const releaseLong = yield* lockDatabase(store.file)
        assert.deepStrictEqual(
          yield* Effect.all([reasonOf(open("four")), reasonOf(pending.claim(Stores.claimOf("one")))], {
            concurrency: "unbounded"
          }),
          // A reader needs no lock.
          ["LockTimeoutError", "Claimed"]
        )
        yield* releaseLong
        yield* open("five")
        const outcomes = yield* Effect.forEach(
          ["one", "two", "three", "four", "five"],
          (name) => reasonOf(pending.claim(Stores.claimOf(name)))
        )
        assert.deepStrictEqual(outcomes, ["Claimed", "Claimed", "Claimed", "Unknown", "Claimed"])
      }))
  }

  it.live("starts while another process holds a short lock", () =>
    Effect.gen(function*() {
      const store = yield* sqlite
      const release = yield* lockDatabase(store.file)
      const starting = yield* Effect.forkChild(Stores.start(store))
      yield* Effect.delay(release, "300 millis")
      const { pending } = yield* Fiber.join(starting)
      yield* pending.open({ session: Stores.sessionOf("one"), user: alice })
      assert.strictEqual(yield* reasonOf(pending.claim(Stores.claimOf("one"))), "Claimed")
    }))

  it.live("shows no secret in rows and files, or in spans and log lines", () =>
    Effect.gen(function*() {
      const store = yield* sqlite
      const recorder = yield* Recorder.make
      const secrets = yield* Effect.flatMap(Stores.start(store), Stores.plant).pipe(Effect.provide(recorder.layer))
      const rows = yield* Effect.provide(rowsOf("agentcore_consents"), sqliteClient(store.file))
      assert.isAtLeast(rows.length, 2 * 6 + 2 * 8)
      Recorder.assertSecretFree([...rows, ...yield* recorder.everything], secrets)
      assertFilesSecretFree(store.folder, secrets)
    }))

  it.effect("removes expired entries after ten minutes", () =>
    Effect.gen(function*() {
      const store = yield* sqlite
      const { pending, signals } = yield* Stores.start(store)
      const at = (minutes: number) => DateTime.makeUnsafe(minutes * 60_000)
      for (const [name, minutes] of [["short", 10], ["long", 60]] as const) {
        yield* pending.open({
          session: new ConsentSession({ ...Stores.sessionOf(name), expiresAt: at(minutes) }),
          user: alice
        })
        yield* signals.register({
          topic: { _tag: "Grant", name: secret(name) },
          execution: name,
          expiresAt: at(minutes)
        })
      }
      const context = yield* Layer.build(sqliteClient(store.file))
      const counts = Effect.provide(
        Effect.flatMap(SqlClient.SqlClient, (sql) =>
          Effect.map(
            sql<{ readonly count: bigint }>`SELECT count(*) AS count FROM agentcore_consents
              UNION ALL SELECT count(*) FROM agentcore_consents_waits`,
            (rows) => rows.map(({ count }) => Number(count))
          )),
        context
      )
      yield* TestClock.adjust("19 minutes")
      assert.strictEqual((yield* counts)[0], 2)
      yield* TestClock.adjust("1 minute")
      // The database has its own clock.
      yield* Effect.repeat(Effect.tap(counts, () => TestClock.withLive(Effect.sleep("5 millis"))), {
        until: ([sessions, waits]) => sessions === 1 && waits === 1
      })
    }))

  it.live("rejects invalid options", () =>
    Effect.gen(function*() {
      const client = sqliteClient(":memory:")
      const build = (options: ConsentStore.SqlOptions) =>
        Effect.flip(Layer.build(Layer.provide(ConsentStore.layerSql(options), client)))
      const key = yield* build({ key: secret("sentinel-short-key") })
      assert.strictEqual(key.reason, "InvalidKey")
      Recorder.assertSecretFree(Recorder.faces(key), ["sentinel-short-key"])
      for (const table of ["", "Consents", "consents; DROP TABLE users", "a".repeat(41)]) {
        assert.strictEqual((yield* build({ key: Stores.keyOf(1), table })).reason, "InvalidTable")
      }
      const mysql = Layer.effect(
        SqlClient.SqlClient,
        SqlClient.make({
          acquirer: Effect.die(new Error("no connection")),
          compiler: Statement.makeCompiler({
            dialect: "mysql",
            placeholder: () => "?",
            onIdentifier: (name) => name,
            onCustom: () => ["", []],
            onRecordUpdate: () => ["", []]
          }),
          driver: "mysql",
          spanAttributes: []
        })
      ).pipe(Layer.provide(Reactivity.layer))
      const dialect = yield* Effect.flip(
        Layer.build(Layer.provide(ConsentStore.layerSql({ key: Stores.keyOf(1) }), mysql))
      )
      assert.strictEqual(dialect.reason, "UnsupportedDialect")
    }))

  it.live("reads its options from the configuration", () =>
    Effect.gen(function*() {
      const { file } = yield* sqlite
      const layer = Layer.provide(
        ConsentStore.layerSqlConfig({ key: Config.Redacted("CONSENT_STORE_KEY") }),
        sqliteClient(file)
      )
      yield* Layer.build(Layer.provide(layer, variables({ CONSENT_STORE_KEY: Redacted.value(Stores.keyOf(1)) })))
      const exit = yield* Effect.exit(Layer.build(Layer.provide(layer, variables())))
      assert.include(globalThis.String(exit), "CONSENT_STORE_KEY")
    }))
})
