/** Pending consents in a SQL database. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty, isFunction, isString } from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { Statement } from "effect/sql/Statement"
import { withDeadline } from "../../internal/deadline.js"
import { codeOf } from "../../internal/messages.js"
import { PendingConsentsError, type SqlOptions } from "../ConsentStore.js"
import { type ConsentBacking, makeKeys, makeServices, type Sealed, type SealedRegistration } from "./consentStore.js"

/** The code of the driver, or the tag of Effect's error. Messages can quote values, so they are not used. */
const reasonOf = (error: unknown): string => {
  if (!isSqlError(error)) return codeOf(error)
  const { _tag, cause } = error.reason
  // All errors of `node:sqlite` have the same code.
  return hasProperty(cause, "code") && cause.code !== "ERR_SQLITE_ERROR" ? codeOf(cause) : _tag
}

const conflicts: ReadonlySet<SqlError["reason"]["_tag"]> = new Set([
  "DeadlockError",
  "LockTimeoutError",
  "SerializationError"
])

/** SQLite has one writer, so its file may be locked. PostgreSQL reports conflicts of transactions, and deadlocks. */
const isConflict = (error: unknown): boolean => isSqlError(error) && conflicts.has(error.reason._tag)

/** Retries for up to 1 second. */
const retries = Schedule.min([Schedule.exponential("5 millis"), Schedule.spaced("100 millis")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "1 second" })
)

/**
 * Retries an attempt after a conflict, and fails after `duration`, also in an uninterruptible region. It is then
 * unknown whether the statement takes effect.
 */
const within = (duration: Duration.Input) => <A, R>(self: Effect.Effect<A, unknown, R>): Effect.Effect<A, string, R> =>
  self.pipe(
    // A commit that fails is a defect.
    Effect.catchDefect(Effect.fail),
    withDeadline({ duration, onTimeout: () => "it took too long" }),
    Effect.retry({ schedule: retries, while: isConflict }),
    Effect.mapError((error) => isString(error) ? error : reasonOf(error))
  )

/** Runs statements, and returns the rows of the last one. Several statements run in a transaction. */
type Execute = <A extends object>(
  ...statements: readonly [...ReadonlyArray<Statement<object>>, Statement<A>]
) => Effect.Effect<ReadonlyArray<A>, unknown>

/** Statements run outside of the program's transactions, because a rollback must not remove a session. */
const makeExecute = (sql: SqlClient): Execute => {
  const run = (statements: ReadonlyArray<Statement<object>>): Effect.Effect<ReadonlyArray<object>, unknown> => {
    const all = Effect.map(Effect.all(statements), (results) => results.at(-1) ?? [])
    return statements.length > 1 ? sql.withTransaction(all) : all
  }
  // The last statement has the type of the rows.
  return (...statements) => Effect.updateContext(run(statements), Context.omit(sql.transactionService)) as never
}

type PgClient = import("@effect/sql-pg/PgClient").PgClient

/** Excludes a pool of one connection, because messages would leave no connection for statements. */
const isPgClient = (sql: SqlClient): sql is PgClient =>
  hasProperty(sql, "listen") && isFunction(sql.listen)
  && !(hasProperty(sql, "config") && hasProperty(sql.config, "maxConnections") && sql.config.maxConnections === 1)

const probeInterval = "30 seconds"

/** A connection without messages for this time is lost: it did not deliver a probe. */
const longestSilence = "40 seconds"

const reconnects = Schedule.jittered(Schedule.spaced("2 seconds"))

/**
 * Receives messages until the connection is lost. Without the option `keepAlive`, the client does not notice a network
 * that drops packets. So the process sends itself probes. They are ignored because no key has signed them.
 */
const receive = (sql: PgClient, channel: string, onMessage: (message: string) => void) =>
  Effect.scoped(Effect.flatMap(sql.listen(channel), (messages) =>
    Effect.raceFirst(
      Effect.forever(Effect.delay(sql.notify(channel, "probe"), probeInterval)),
      Effect.forever(Effect.map(
        Effect.timeout(Queue.take(messages), longestSilence),
        ({ payload }) => onMessage(payload)
      ))
    )))

const subscribe = (sql: PgClient, channel: string) => (onMessage: (message: string) => void) =>
  // The cause can quote the address of the server.
  Effect.catchCause(receive(sql, channel, onMessage), () =>
    Effect.logDebug("PostgreSQL sends no messages: connecting again")).pipe(
      Effect.repeat(reconnects),
      Effect.forkScoped,
      Effect.asVoid
    )

const waitsOf = (table: string): string => `${table}_waits`

/** The migrations of the tables. Do not change a released entry: add another one. */
const migrations = (
  sql: SqlClient,
  sessions: string,
  waits = waitsOf(sessions)
): ReadonlyArray<readonly [id: number, name: string, statements: ReadonlyArray<Statement<object>>]> => [
  [1, "sessions_and_waits", [
    sql`CREATE TABLE ${sql(sessions)} (
      name TEXT PRIMARY KEY,
      sealed TEXT NOT NULL,
      kept_until BIGINT NOT NULL
    )`,
    sql`CREATE INDEX ${sql(`${sessions}_kept_until`)} ON ${sql(sessions)} (kept_until)`,
    sql`CREATE TABLE ${sql(waits)} (
      topic TEXT NOT NULL,
      execution TEXT NOT NULL,
      sealed TEXT NOT NULL,
      expires_at BIGINT NOT NULL,
      PRIMARY KEY (topic, execution)
    )`,
    sql`CREATE INDEX ${sql(`${waits}_expires_at`)} ON ${sql(waits)} (expires_at)`
  ]]
]

const migrationTimeout = "10 seconds"

/** Processes that create the tables at the same time make each other fail. */
const migrationRetries = Schedule.spaced("100 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/** Creates or changes the tables. The migrator of `effect/sql` would run in the program's transaction. */
const migrate = (sql: SqlClient, sessions: string, execute: Execute) =>
  Effect.gen(function*() {
    const table = sql(`${sessions}_migrations`)
    const rows = yield* Effect.catch(
      execute(sql<{ readonly migration_id: number | bigint | string }>`SELECT migration_id FROM ${table}`),
      () =>
        Effect.as(
          execute(sql`CREATE TABLE IF NOT EXISTS ${table} (
            migration_id INTEGER PRIMARY KEY,
            created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
            name TEXT NOT NULL
          )`),
          []
        )
    )
    const done = new Set(rows.map((row) => Number(row.migration_id)))
    for (const [id, name, statements] of migrations(sql, sessions)) {
      // Of two processes, one inserts this row. The other one waits for it, fails, and reads again.
      const insert = sql`INSERT INTO ${table} ${sql.insert({ migration_id: id, name })}`
      if (!done.has(id)) yield* execute(...statements, insert)
    }
  }).pipe(Effect.retry(migrationRetries), within(migrationTimeout))

/** Includes the wait for a connection of the pool. */
const statementTimeout = "2 seconds"

const sweepInterval = "1 minute"

const makeBacking = (
  sql: SqlClient,
  table: string,
  execute: Execute
): Effect.Effect<ConsentBacking, never, Scope.Scope> =>
  Effect.gen(function*() {
    const [sessions, waits] = [sql(table), sql(waitsOf(table))]
    const attempt = within(statementTimeout)
    const run = <A extends object>(...statements: Parameters<typeof execute<A>>) => attempt(execute(...statements))

    const sweep = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.andThen(
        run(sql`DELETE FROM ${sessions} WHERE kept_until <= ${now}`),
        run(sql`DELETE FROM ${waits} WHERE expires_at <= ${now}`)
      ))
    yield* Effect.catch(sweep, (reason) => Effect.logDebug(`Old consents were not removed: ${reason}`)).pipe(
      Effect.schedule(Schedule.spaced(sweepInterval)),
      Effect.forkScoped
    )

    return {
      open: ({ keptUntil, names: [name, ...previous], sealed }) => {
        const upsert = sql`INSERT INTO ${sessions} ${sql.insert({ name, sealed, kept_until: keptUntil })}
          ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, kept_until = excluded.kept_until`
        return previous.length === 0
          ? run(upsert)
          : run(sql`DELETE FROM ${sessions} WHERE ${sql.in("name", previous)}`, upsert)
      },
      find: (names) =>
        Effect.map(
          run(sql<Sealed>`SELECT name, sealed FROM ${sessions} WHERE ${sql.in("name", names)}`),
          ([found]) => found
        ),
      register: ({ execution, expiresAt, sealed, topic }) =>
        run(
          sql`INSERT INTO ${waits} ${sql.insert({ topic, execution, sealed, expires_at: expiresAt })}
            ON CONFLICT (topic, execution) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`
        ),
      unregister: (topics, executions) =>
        Effect.map(
          run(sql`DELETE FROM ${waits} WHERE ${sql.in("topic", topics)} AND ${sql.in("execution", executions)}
            RETURNING topic`),
          (removed) => removed.length > 0
        ),
      registrations: (topics) =>
        run(sql<SealedRegistration>`SELECT topic, execution, sealed FROM ${waits} WHERE ${sql.in("topic", topics)}`),
      ...isPgClient(sql)
        ? { publish: (message) => attempt(sql.notify(table, message)), subscribe: subscribe(sql, table) }
        : {}
    }
  })

const tableName = /^[a-z_][a-z0-9_]{0,39}$/

const fail = (reason: PendingConsentsError["reason"]) => (message: string): PendingConsentsError =>
  new PendingConsentsError({ reason, message })

export const make = (options: SqlOptions) =>
  Effect.gen(function*() {
    const keys = yield* makeKeys(options)
    const table = options.table ?? "agentcore_consents"
    if (!tableName.test(table)) {
      return yield* fail("InvalidTable")("The table has to match [a-z_][a-z0-9_]*, with at most 40 characters")
    }
    const client = yield* Effect.promise(() => import("effect/sql/SqlClient"))
    // The statements use the column names of the database.
    const sql = (yield* client.SqlClient).withoutTransforms()
    const isSupported = sql.onDialectOrElse({ pg: () => true, sqlite: () => true, orElse: () => false })
    if (!isSupported) return yield* fail("UnsupportedDialect")("The store of consents needs PostgreSQL or SQLite")
    const execute = makeExecute(sql)
    yield* Effect.mapError(
      migrate(sql, table, execute),
      (code) => fail("Schema")(`The tables of the store of consents cannot be created: ${code}`)
    )
    return yield* makeServices(keys, yield* makeBacking(sql, table, execute))
  })
