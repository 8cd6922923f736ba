/** A `SqlClient` over `node:sqlite`: one connection, whose transactions run one after the other. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty } from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"

const make = (path: string) =>
  Effect.gen(function*() {
    // Node 22 prints a warning when it loads the module.
    const sqlite = yield* Effect.promise(() => import("node:sqlite"))
    const database = yield* Effect.acquireRelease(
      Effect.sync(() => new sqlite.DatabaseSync(path)),
      (database) => Effect.sync(() => database.close())
    )
    const run = <A>(sql: string, use: (statement: ReturnType<DatabaseSync["prepare"]>) => A) =>
      Effect.try({
        try: () => use(database.prepare(sql)),
        catch: (cause) =>
          new SqlError({
            // `classifySqliteError` does not know the name that `node:sqlite` has for the number.
            reason: classifySqliteError(
              hasProperty(cause, "errcode") ? Object.assign(cause, { errno: cause.errcode }) : cause,
              { operation: "execute" }
            )
          })
      })
    // The SQLite compiler produces no other values.
    const valuesOf = (params: ReadonlyArray<unknown>) => params as ReadonlyArray<SQLInputValue>
    const all = (sql: string, params: ReadonlyArray<unknown>) =>
      Effect.flatMap(SqlClient.SafeIntegers, (safe) =>
        run(sql, (statement) => {
          statement.setReadBigInts(safe)
          return statement.all(...valuesOf(params))
        }))
    const execute: Connection["execute"] = (sql, params, transform) =>
      Effect.map(all(sql, params), (rows) => transform ? transform(rows) : rows)
    const executeValues: Connection["executeValues"] = (sql, params) =>
      Effect.map(all(sql, params), (rows) => rows.map((row) => Object.values(row)))
    const connection: Connection = {
      execute,
      executeRaw: all,
      executeStream: (...args) => Stream.fromIterableEffect(execute(...args)),
      executeValues,
      executeValuesUnprepared: executeValues,
      executeUnprepared: execute
    }
    const { acquirer, onCommitFailure, transactionAcquirer } = SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: yield* Semaphore.make(1),
      isTransaction: () => database.isTransaction
    })
    return yield* SqlClient.make({
      acquirer,
      transactionAcquirer,
      onCommitFailure,
      beginTransaction: "BEGIN IMMEDIATE",
      driver: "node:sqlite",
      compiler: Statement.makeCompilerSqlite(),
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  })

/** `path` is that of the file. */
export const layer = (path: string): Layer.Layer<SqlClient.SqlClient> =>
  Layer.effect(SqlClient.SqlClient, make(path)).pipe(Layer.provide(Reactivity.layer))
