import { LibsqlClient } from "@effect/sql-libsql"
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as SqlPendingConsents from "effect-agentcore-identity/persistence/SqlPendingConsents"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { contract, type Store, wakesAcrossProcesses } from "./consentStore.js"
import * as Postgres from "./postgres.js"

const scope = Effect.runSync(Scope.make())
let server: Postgres.Server

beforeAll(async () => {
  if (Postgres.isRunnable) server = await Effect.runPromise(Scope.extend(Postgres.make, scope))
})

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

let tables = 0

const postgres: Effect.Effect<Store> = Effect.sync(() => {
  const table = `consents_${tables++}`
  return {
    layer: (keys) =>
      SqlPendingConsents.layer({ ...keys, table }).pipe(
        Layer.provide(Layer.orDie(PgClient.layer(server.client)))
      )
  }
})

const sqlite: Effect.Effect<Store, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sqlite-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => ({
    layer: (keys) =>
      SqlPendingConsents.layer(keys).pipe(
        Layer.provide(LibsqlClient.layer({ url: `file:${join(folder, "consents.db")}`, intMode: "bigint" }))
      )
  })
)

describe("SqlPendingConsents on PostgreSQL", () => {
  contract(Postgres.postgresTest, postgres, { shared: true })

  wakesAcrossProcesses(Postgres.postgresTest, postgres)
})

describe("SqlPendingConsents on SQLite", () => contract(it.scopedLive, sqlite, { shared: true }))

void assert
