// Writes the golden files. It needs Redis and PostgreSQL.
import { PgClient } from "@effect/sql-pg"
import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { buildCommand } from "../support/build.mjs"
import * as Cluster from "../support/cluster.js"
import * as Folder from "../support/folder.js"
import { VaultFile } from "../support/localBackend.js"
import * as Postgres from "../support/postgres.js"
import * as Redis from "../support/redis.js"
import * as Runner from "../support/runner.js"
import * as Sqlite from "../support/sqlite.js"
import { responses } from "../support/utils.js"
import * as World from "./world.js"

const save = (name: string, content: unknown) =>
  Effect.sync(() =>
    writeFileSync(
      World.fileOf(name),
      typeof content === "string" ? content : `${JSON.stringify(content, undefined, 2)}\n`
    )
  )

/** Numbers of a database are `bigint`s. */
const plain = (rows: ReadonlyArray<object>) =>
  JSON.parse(JSON.stringify(rows, (_, value) => typeof value === "bigint" ? Number(value) : value))

const sqlite = (session: ConsentSession.ConsentSession) =>
  Effect.gen(function*() {
    const folder = yield* Folder.temporary
    const client = Sqlite.client(folder, "consents.db")
    yield* Effect.flatMap(PendingConsents.PendingConsents, ({ open }) => open(World.pendingOf(session))).pipe(
      Effect.provide(ConsentStore.layerSql({ key: World.key }).pipe(Layer.provide(client)))
    )
    yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const made = yield* sql<{ readonly name: string; readonly type: string; readonly sql: string }>`
        SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid`
      const tables = made.filter(({ type }) => type === "table")
      const rows = yield* Effect.forEach(tables, ({ name }) => sql`SELECT * FROM ${sql(name)}`)
      yield* save("consents.sqlite.json", {
        statements: made.map(({ sql }) => sql),
        rows: Object.fromEntries(tables.map(({ name }, index) => [name, plain(rows[index] ?? [])]))
      })
    }).pipe(Effect.provide(client))
  })

/** All entries of a server, without their expiries. */
const dumpRedis = (server: Redis.Server) =>
  Effect.flatMap(server.client, (redis) =>
    Effect.promise(async () => {
      const keys = (await redis.keys("*")).sort()
      return Promise.all(keys.map(async (key) => ({
        key,
        value: await redis.type(key) === "hash" ? await redis.hgetall(key) : await redis.get(key)
      })))
    }))

const redis = (session: ConsentSession.ConsentSession) =>
  Effect.gen(function*() {
    const server = yield* Redis.make()
    yield* server.start
    const options = { key: World.key, redis: { port: server.port } }
    yield* Effect.scoped(
      Effect.gen(function*() {
        const { open } = yield* PendingConsents.PendingConsents
        yield* open(World.pendingOf(session))
      }).pipe(Effect.provide(ConsentStore.layerRedis(options)))
    )
    yield* save("consents.redis.json", yield* dumpRedis(server))
    yield* Effect.flatMap(server.client, (redis) => Effect.promise(() => redis.flushall()))
    yield* World.cachedToken.pipe(
      Effect.provide(World.cache(CredentialStore.layerRedis(options), () => responses.issued(World.token)))
    )
    yield* save("credentials.redis.json", yield* dumpRedis(server))
  })

const postgres = (session: ConsentSession.ConsentSession) =>
  Effect.gen(function*() {
    const server = yield* Postgres.make
    const store = ConsentStore.layerSql({ key: World.key }).pipe(Layer.provide(PgClient.layer(server.client)))
    yield* Effect.gen(function*() {
      const { open } = yield* PendingConsents.PendingConsents
      yield* open(World.pendingOf(session))
      const wait = yield* Runner.wait(World.origin, World.alice.userId, "1")
      const report = yield* Runner.report(World.alice.userId)
      const isSuspended = <A extends { readonly _tag: string }>(result: Option.Option<A>) =>
        Option.isSome(result) && result.value._tag === "Suspended"
      const suspended = Effect.map(
        Effect.all([ObtainConsent.workflow.poll(wait), Runner.Report.poll(report)]),
        ([wait, report]) => isSuspended(wait) && isSuspended(report)
      )
      yield* Effect.repeat(Effect.delay(suspended, "50 millis"), { until: (suspended) => suspended })
      yield* save("executions.json", { wait, report })
    }).pipe(Effect.provide(
      World.runner.pipe(Layer.provideMerge(store), Layer.provideMerge(Cluster.runner(server.client)))
    ))
    const { status, stderr, stdout } = spawnSync(
      join(server.programs, "pg_dump"),
      ["--host", server.folder, "--username", "postgres", "--no-owner", "--rows-per-insert", "100", "postgres"],
      { encoding: "utf8" }
    )
    if (status !== 0) return yield* Effect.die(new Error(stderr))
    // The key of these lines is random, and they are for `psql` alone.
    yield* save("postgres.sql", stdout.replace(/^\\(un)?restrict .*\n/gm, ""))
  })

/** The file of a server that runs. */
const stateFile = (command: string) =>
  Effect.gen(function*() {
    const folder = yield* Folder.temporary
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [command, "local", "--port", "0"], {
          env: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: folder },
          stdio: "ignore"
        })
      ),
      (child) => Effect.sync(() => void child.kill())
    )
    const file = join(folder, "agentcore-identity", `${child.pid}.json`)
    yield* Effect.repeat(Effect.delay(Effect.sync(() => existsSync(file)), "50 millis"), { until: (found) => found })
    yield* save("state-file.json", `${readFileSync(file, "utf8")}\n`)
  })

const program = (command: string) =>
  Effect.gen(function*() {
    const folder = yield* Folder.temporary
    const path = join(folder, "agentcore.vault")
    yield* Effect.scoped(
      Effect.gen(function*() {
        yield* World.setUp
        yield* World.grant(World.bob)
        const calendar = yield* World.ask(World.calendar)
        const mail = yield* World.ask(World.mail)
        yield* save(
          "session.calendar.json",
          yield* Schema.encodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(calendar)
        )
        yield* save(
          "session.mail.json",
          yield* Schema.encodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(mail)
        )
        yield* sqlite(calendar)
        yield* redis(calendar)
        yield* postgres(calendar)
      }).pipe(Effect.provide(World.backend.pipe(Layer.provide(VaultFile.layer({ path, key: World.key })))))
    )
    yield* save("agentcore.vault", readFileSync(path, "utf8"))
    yield* stateFile(command)
  })

export const write = Effect.flatMap(
  Effect.promise(() => buildCommand()),
  (command) => World.atThatTime(program(command))
)
