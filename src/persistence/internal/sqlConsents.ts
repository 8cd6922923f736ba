/**
 * A SQL database as a place for sealed consents: PostgreSQL, or SQLite.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Migrator from "effect/sql/Migrator"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { codeOf } from "../../internal/errorCode.js"
import { BackingError, type ConsentBacking } from "./consentBacking.js"
import * as PgMessages from "./pgMessages.js"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** The error of a migration has that of its statement as the cause. */
const unwrap = (error: unknown): unknown =>
  !isSqlError(error) && hasProperty(error, "cause") && isSqlError(error.cause) ? error.cause : error

/** The code of the driver, or else how Effect classifies its error. Messages can quote values. */
const reasonOf = (wrapped: unknown): string => {
  const error = unwrap(wrapped)
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

/** SQLite has one writer. PostgreSQL reports a conflict of serializable transactions, and a deadlock. */
const isConflict = (wrapped: unknown): boolean => {
  const error = unwrap(wrapped)
  return isSqlError(error) && conflicts.has(error.reason._tag)
}

/** Up to 5 seconds. */
const retries = Schedule.min([Schedule.exponential("5 millis"), Schedule.spaced("100 millis")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "5 seconds" })
)

const retryConflicts = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(self, { schedule: retries, while: isConflict })

// -----------------------------------------------------------------------------
// Tables
// -----------------------------------------------------------------------------

/** @internal */
export interface Tables {
  readonly sessions: string
  readonly waits: string
  readonly migrations: string
}

/** @internal */
export const tablesOf = (table: string): Tables => ({
  sessions: table,
  waits: `${table}_waits`,
  migrations: `${table}_migrations`
})

/**
 * The migrations of the tables. An entry is never changed after its release: a change of the tables is a new entry.
 *
 * @internal
 */
export const migrations = (
  sql: SqlClient,
  { sessions, waits }: Tables
): Readonly<Record<string, Effect.Effect<void, SqlError>>> => ({
  "0001_sessions_and_waits": Effect.all([
    sql`CREATE TABLE ${sql(sessions)} (
      name TEXT PRIMARY KEY,
      sealed TEXT NOT NULL,
      claimed SMALLINT NOT NULL,
      expires_at BIGINT NOT NULL,
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
  ], { discard: true })
})

/** Two processes that create the table of migrations at the same time disturb each other once. */
const migrationRetries = Schedule.spaced("100 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/**
 * Creates or changes the tables. It fails with a code.
 *
 * @internal
 */
export const migrate = (
  { fromRecord, make }: Pick<typeof Migrator, "fromRecord" | "make">,
  sql: SqlClient,
  tables: Tables
): Effect.Effect<void, string, SqlClient> =>
  make({})({ loader: fromRecord(migrations(sql, tables)), table: tables.migrations }).pipe(
    retryConflicts,
    Effect.retry(migrationRetries),
    Effect.mapError(reasonOf),
    Effect.asVoid
  )

// -----------------------------------------------------------------------------
// Constructor
// -----------------------------------------------------------------------------

const sweepInterval = "1 minute"

interface SessionRow {
  readonly name: string
  readonly sealed: string
  readonly claimed: number | bigint | string
  readonly expires_at: number | bigint | string
}

interface WaitRow {
  readonly topic: string
  readonly execution: string
  readonly sealed: string
}

/** @internal */
export const make = (
  sql: SqlClient,
  tables: Tables
): Effect.Effect<ConsentBacking, never, Scope.Scope> =>
  Effect.gen(function*() {
    const [sessions, waits] = [sql(tables.sessions), sql(tables.waits)]

    const run = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, BackingError> =>
      statement.pipe(
        // A commit that fails is a defect.
        Effect.catchDefect(Effect.fail),
        retryConflicts,
        Effect.mapError((error) => new BackingError({ reason: reasonOf(error) }))
      )

    const upsert = (row: object) =>
      sql`INSERT INTO ${sessions} ${sql.insert({ ...row })}
        ON CONFLICT (name) DO UPDATE
        SET sealed = excluded.sealed, expires_at = excluded.expires_at, kept_until = excluded.kept_until
        WHERE ${sessions}.claimed = 0`

    const sweep = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.andThen(
        run(sql`DELETE FROM ${sessions} WHERE kept_until <= ${now}`),
        run(sql`DELETE FROM ${waits} WHERE expires_at <= ${now}`)
      ))
    yield* Effect.catch(sweep, ({ reason }) => Effect.logDebug(`Old consents were not removed: ${reason}`)).pipe(
      Effect.schedule(Schedule.spaced(sweepInterval)),
      Effect.forkScoped
    )

    const messages = PgMessages.isListener(sql) ? PgMessages.make(sql, tables.sessions) : undefined

    const claim: ConsentBacking["claim"] = (names, now) =>
      Effect.gen(function*() {
        const [claimed] = yield* run(sql<SessionRow>`UPDATE ${sessions} SET claimed = 1
          WHERE ${sql.in("name", names)} AND claimed = 0 AND expires_at > ${now} RETURNING name, sealed`)
        if (claimed !== undefined) return claimed
        const rows = yield* run(
          sql<SessionRow>`SELECT claimed, expires_at FROM ${sessions} WHERE ${sql.in("name", names)}`
        )
        if (rows.length === 0) return "Unknown"
        if (rows.some((row) => Number(row.claimed) === 1)) return "AlreadyClaimed"
        if (rows.every((row) => Number(row.expires_at) <= now)) return "Expired"
        // It was stored in the meantime.
        return yield* claim(names, now)
      })

    return {
      open: ({ expiresAt, keptUntil, names: [name, ...previous], sealed }) => {
        const row = { name, sealed, claimed: 0, expires_at: expiresAt, kept_until: keptUntil }
        return run(
          previous.length === 0 ? upsert(row) : sql.withTransaction(Effect.gen(function*() {
            // Under a previous key there is nothing left then, or a claimed session.
            yield* sql`DELETE FROM ${sessions} WHERE ${sql.in("name", previous)} AND claimed = 0`
            const claimed = yield* sql`SELECT name FROM ${sessions} WHERE ${sql.in("name", previous)}`
            if (claimed.length === 0) yield* upsert(row)
          }))
        )
      },
      claim,
      register: ({ execution, expiresAt, now, sealed, topic }) =>
        expiresAt <= now ? Effect.void : run(
          sql`INSERT INTO ${waits} ${sql.insert({ topic, execution, sealed, expires_at: expiresAt })}
            ON CONFLICT (topic, execution) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`
        ),
      unregister: (topics, executions) =>
        run(sql`DELETE FROM ${waits} WHERE ${sql.in("topic", topics)} AND ${sql.in("execution", executions)}`),
      registrations: (topics) =>
        run(sql<WaitRow>`SELECT topic, execution, sealed FROM ${waits} WHERE ${sql.in("topic", topics)}`),
      publish: messages === undefined ? undefined : (message) => run(messages.publish(message)),
      subscribe: messages?.subscribe
    }
  })
