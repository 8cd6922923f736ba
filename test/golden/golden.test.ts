// This version reads data that the first published version stored, and completes its pending consents.
//
// `AGENTCORE_WRITE_GOLDEN=1 npx vitest run --project shared test/golden` first writes the files with this version. It
// is for the first release only.
import { PgClient } from "@effect/sql-pg"
import { assert, describe } from "@effect/vitest"
import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import { isArrayNonEmpty } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { buildCommand } from "../support/build.mjs"
import * as Cluster from "../support/cluster.js"
import * as ConsentCallback from "../support/consentCallback.js"
import * as Folder from "../support/folder.js"
import * as Backend from "../support/localBackend.js"
import { VaultFile } from "../support/localBackend.js"
import * as Postgres from "../support/postgres.js"
import * as Redis from "../support/redis.js"
import * as Runner from "../support/runner.js"
import * as Sqlite from "../support/sqlite.js"
import * as Tools from "../support/tools.js"
import { responses, same } from "../support/utils.js"
import * as World from "./world.js"

if (process.env["AGENTCORE_WRITE_GOLDEN"] === "1") {
  const { write } = await import("./write.js")
  Tools.beforeAllWith("Redis", "PostgreSQL")(write)
}

const read = (name: string) => readFileSync(World.fileOf(name), "utf8")

const sessionOf = (name: "calendar" | "mail") =>
  Schema.decodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(read(`session.${name}.json`))

/** A backend over a copy of the vault file. */
const restored = Layer.unwrap(Effect.gen(function*() {
  const path = join(yield* Folder.temporary, "agentcore.vault")
  yield* Effect.sync(() => writeFileSync(path, read("agentcore.vault")))
  return Layer.provide(World.backend, VaultFile.layer({ path, key: World.key }))
})).pipe(Layer.orDie)

/** A user opens the address of Alice's browser. */
const visitAs = (user: UserIdentifier) =>
  Effect.gen(function*() {
    const { customState: state, sessionUri } = yield* sessionOf("calendar")
    const [outcome] = yield* ConsentCallback.visits([{ sessionUri, user, values: state === undefined ? [] : [state] }])
    return outcome ?? assert.fail("the page did not respond")
  })

/** The user consents at the authorization server, and the browser comes back to the page of the application. */
const comeBack = Effect.gen(function*() {
  const { sessionUri } = yield* sessionOf("calendar")
  yield* Backend.callback(yield* Backend.authorize(sessionUri), { code: "golden-code" })
  return yield* visitAs(World.alice)
})

/** The agent resumes a stored session. */
const resume = (name: "calendar" | "mail") =>
  Effect.gen(function*() {
    const identity = yield* Identity.Identity
    return Redacted.value(yield* identity.resumeAccessToken(yield* sessionOf(name)))
  }).pipe(World.as(World.alice))

/** A pending consent of the earlier version, in its store. */
const finishes = Effect.gen(function*() {
  same(yield* comeBack, { _tag: "Completed", credential: "calendar", continue: "/chat/1" })
  assert.include(yield* resume("calendar"), "golden-code")
  assert.strictEqual((yield* visitAs({ userId: "mallory" }))._tag, "NotUsable")
})

/** Asserts that the backend has all of its state. */
const isWhole = Effect.gen(function*() {
  const identity = yield* Identity.Identity
  const control = yield* LocalControl.LocalControl
  // Bob is not prompted again.
  assert.include(
    Redacted.value(yield* identity.getAccessToken(World.calendar).pipe(World.as(World.bob))),
    "golden-client"
  )
  const apiKey = yield* identity.getApiKey({ provider: "weather" }).pipe(World.as(World.bob))
  same(apiKey, Redacted.make(World.weatherKey))
  const { credentialProviders, workloadIdentities } = yield* control.resources
  assert.sameMembers(credentialProviders.items.map(({ name }) => name), ["calendar", "wallet", "weather"])
  assert.sameMembers(workloadIdentities.items.map(({ name }) => name), [World.workload])
  const session = yield* sessionOf("mail")
  yield* control.consents.approve(session.sessionUri)
  assert.include(yield* resume("mail"), "mail:send")
})

const golden = (
  name: string,
  test: () => Effect.Effect<void, unknown, Scope.Scope | Tools.Tools>,
  ...tools: ReadonlyArray<Tools.Tool>
) => Tools.testWith(...tools)(name, () => World.atThatTime(test()))

describe("the local server", () => {
  golden("opens a vault file, and resumes a stored session", () => Effect.provide(isWhole, restored))

  golden("finds the file of a running server", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.temporary
      const command = yield* Effect.promise(() => buildCommand())
      const { startTime: _, ...running } = JSON.parse(read("state-file.json"))
      const directory = join(folder, "agentcore-identity")
      yield* Effect.sync(() => mkdirSync(directory, { mode: 0o700 }))
      // The server has ended, so its id is replaced by the one of this process.
      const file = { ...running, pid: process.pid }
      yield* Effect.sync(() =>
        writeFileSync(join(directory, `${process.pid}.json`), JSON.stringify(file), { mode: 0o600 })
      )
      const text = execFileSync(process.execPath, [command, "env"], {
        encoding: "utf8",
        env: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: folder }
      })
      for (const [name, value] of Object.entries<string>(running.environment)) {
        assert.include(text, name)
        assert.include(text, value)
      }
    }))
})

describe("pending consents", () => {
  golden("completes a consent in SQLite", () =>
    Effect.gen(function*() {
      const client = Sqlite.client(yield* Folder.temporary, "consents.db")
      const { rows, statements } = JSON.parse(read("consents.sqlite.json"))
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        for (const statement of statements) yield* sql.unsafe(statement)
        for (const [table, values] of Object.entries<Array<Record<string, string | number>>>(rows)) {
          if (isArrayNonEmpty(values)) yield* sql`INSERT INTO ${sql(table)} ${sql.insert(values)}`
        }
      }).pipe(Effect.provide(client))
      const store = ConsentStore.layerSql({ key: World.key }).pipe(Layer.provide(client))
      yield* Effect.provide(finishes, Layer.merge(restored, store))
    }))

  golden("completes a consent in Redis", () =>
    Effect.gen(function*() {
      const server = yield* restoredRedis("consents.redis.json")
      const store = ConsentStore.layerRedis({ key: World.key, redis: { port: server.port } })
      yield* Effect.provide(finishes, Layer.merge(restored, store))
    }), "Redis")
})

const restoredRedis = (name: string) =>
  Effect.gen(function*() {
    const server = yield* Redis.make()
    yield* server.start
    const redis = yield* server.client
    for (const { key, value } of JSON.parse(read(name))) {
      yield* Effect.promise<unknown>(() => typeof value === "string" ? redis.set(key, value) : redis.hset(key, value))
    }
    return server
  })

describe("the shared cache", () => {
  golden("finds a credential in Redis", () =>
    Effect.gen(function*() {
      const server = yield* restoredRedis("credentials.redis.json")
      const store = CredentialStore.layerRedis({ key: World.key, redis: { port: server.port } })
      const response = yield* World.cachedToken.pipe(
        Effect.provide(World.cache(store, () => responses.issued("another-token")))
      )
      assert.strictEqual(response._tag, "Issued")
      assert.strictEqual(Backend.accessToken(response), World.token)
    }), "Redis")
})

/** The result of an execution, as soon as it is complete. */
const valueOf = <A, R>(poll: Effect.Effect<Option.Option<A>, never, R>) =>
  Effect.repeat(
    Effect.delay(Effect.map(poll, (result) => JSON.parse(JSON.stringify(Option.getOrNull(result)))), "50 millis"),
    { until: (result) => result?._tag === "Complete" }
  ).pipe(Effect.map(({ exit }): unknown => exit.value))

describe("durable waits", () => {
  golden("continues an execution in PostgreSQL that waits for a consent", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make
      const { status, stderr } = spawnSync(
        join(server.programs, "psql"),
        [
          "-h",
          server.folder,
          "-U",
          "postgres",
          "-v",
          "ON_ERROR_STOP=1",
          "-f",
          World.fileOf("postgres.sql"),
          "postgres"
        ],
        { encoding: "utf8" }
      )
      assert.strictEqual(status, 0, stderr)
      const executions: { readonly wait: string; readonly report: string } = JSON.parse(read("executions.json"))
      const store = ObtainConsent.layerSignals.pipe(
        Layer.provideMerge(
          ConsentStore.layerSql({ key: World.key }).pipe(
            Layer.provide(PgClient.layer(server.client))
          )
        )
      )
      yield* Effect.gen(function*() {
        assert.strictEqual(Option.getOrThrow(yield* ObtainConsent.workflow.poll(executions.wait))._tag, "Suspended")
        yield* finishes
        const [granted, report] = yield* Effect.all([
          valueOf(ObtainConsent.workflow.poll(executions.wait)),
          valueOf(Runner.Report.poll(executions.report))
        ])
        assert.strictEqual(granted, "Granted")
        assert.isAbove(Number(report), 8)
      }).pipe(Effect.provide(
        World.runner.pipe(
          Layer.provideMerge(store),
          Layer.provideMerge(Cluster.runner(server.client)),
          Layer.provideMerge(restored)
        )
      ))
    }), "PostgreSQL")
})
