/** A SQL database as a place for sealed consents: PostgreSQL, or SQLite. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Statement } from "effect/sql/Statement"
import type { ConsentBacking, Names } from "./consentBacking.js"
import * as PgMessages from "./pgMessages.js"
import * as SqlExecute from "./sqlExecute.js"

// -----------------------------------------------------------------------------
// Tables
// -----------------------------------------------------------------------------

export interface Tables {
  readonly sessions: string
  readonly waits: string
  readonly migrations: string
}

export const tablesOf = (table: string): Tables => ({
  sessions: table,
  waits: `${table}_waits`,
  migrations: `${table}_migrations`
})

/** The migrations of the tables. An entry is never changed after its release: a change of the tables is a new entry. */
const migrations = (
  sql: SqlClient,
  { sessions, waits }: Tables
): ReadonlyArray<readonly [id: number, name: string, statements: ReadonlyArray<Statement<object>>]> => [
  [1, "sessions_and_waits", [
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
  ]]
]

const migrationTimeout = "10 seconds"

/** Processes that create the tables at the same time disturb each other. */
const migrationRetries = Schedule.spaced("100 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/**
 * Creates or changes the tables. It fails with a code. The migrator of `effect/sql` needs a transaction of the client.
 */
export const migrate = (
  sql: SqlClient,
  tables: Tables,
  execute: SqlExecute.Execute
): Effect.Effect<void, string> =>
  Effect.gen(function*() {
    const table = sql(tables.migrations)
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
    for (const [id, name, statements] of migrations(sql, tables)) {
      // Of two processes, one inserts this row. The other one waits for it, fails, and reads again.
      const insert = sql`INSERT INTO ${table} ${sql.insert({ migration_id: id, name })}`
      if (!done.has(id)) yield* execute(...statements, insert)
    }
  }).pipe(
    Effect.retry(migrationRetries),
    SqlExecute.attempt(migrationTimeout),
    Effect.mapError(({ reason }) => reason)
  )

// -----------------------------------------------------------------------------
// Constructor
// -----------------------------------------------------------------------------

/** The wait for a connection of the pool is a part of it. */
const statementTimeout = "2 seconds"

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

/** A name is a digest, so its first bytes hardly ever are those of another name. */
const lockOf = (name: string): string => String(Buffer.from(name, "base64url").readBigInt64BE())

export const make = (
  sql: SqlClient,
  tables: Tables,
  execute: SqlExecute.Execute
): Effect.Effect<ConsentBacking, never, Scope.Scope> =>
  Effect.gen(function*() {
    const [sessions, waits] = [sql(tables.sessions), sql(tables.waits)]
    const attempt = SqlExecute.attempt(statementTimeout)
    const run = <A extends object>(statement: Statement<A>) => attempt(execute(statement))

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

    /**
     * Two processes with different current keys have different names for a session, so no unique index is between them. SQLite has one writer.
     * PostgreSQL needs a lock of all names, and reads what is committed after it got the lock.
     */
    const lock = (names: Names): ReadonlyArray<Statement<object>> =>
      sql.onDialectOrElse({
        pg: () => [
          sql`SET TRANSACTION ISOLATION LEVEL READ COMMITTED`,
          sql`SELECT ${sql.csv([...names].sort().map((name) => sql`pg_advisory_xact_lock(${lockOf(name)}::BIGINT)`))}`
        ],
        orElse: () => []
      })

    return {
      open: ({ expiresAt, keptUntil, names, sealed }) => {
        const [name, ...previous] = names
        const isPrevious = sql.in("name", previous)
        const upsert = (condition: Statement<object>) =>
          sql`INSERT INTO ${sessions} (name, sealed, claimed, expires_at, kept_until)
            SELECT ${name}, ${sealed}, 0, ${expiresAt}, ${keptUntil} WHERE ${condition}
            ON CONFLICT (name) DO UPDATE
            SET sealed = excluded.sealed, expires_at = excluded.expires_at, kept_until = excluded.kept_until
            WHERE ${sessions}.claimed = 0`
        return Effect.asVoid(
          previous.length === 0 ? run(upsert(sql`TRUE`)) : attempt(execute(
            ...lock(names),
            sql`DELETE FROM ${sessions} WHERE ${isPrevious} AND claimed = 0`,
            // Under a previous key there is nothing left now, or a claimed session.
            upsert(sql`NOT EXISTS (SELECT 1 FROM ${sessions} WHERE ${isPrevious})`)
          ))
        )
      },
      claim: (names, now) =>
        attempt(Effect.gen(function*() {
          const [claimed] = yield* execute(
            sql<SessionRow>`UPDATE ${sessions} SET claimed = 1
              WHERE ${sql.in("name", names)} AND claimed = 0 AND expires_at > ${now} RETURNING name, sealed`
          )
          if (claimed !== undefined) return claimed
          const rows = yield* execute(
            sql<SessionRow>`SELECT claimed, expires_at FROM ${sessions} WHERE ${sql.in("name", names)}`
          )
          if (rows.length === 0) return "Unknown"
          if (rows.some((row) => Number(row.claimed) !== 0)) return "AlreadyClaimed"
          if (rows.every((row) => Number(row.expires_at) <= now)) return "Expired"
          // It was stored after the update.
          return yield* SqlExecute.changed
        })),
      settle: (names) =>
        Effect.asVoid(run(sql`UPDATE ${sessions} SET sealed = '' WHERE ${sql.in("name", names)} AND claimed = 1`)),
      unsettled: (now, names) =>
        run(sql<SessionRow>`SELECT name, sealed FROM ${sessions} WHERE claimed = 1 AND sealed <> ''
          AND ${names === undefined ? sql`kept_until > ${now}` : sql.in("name", names)}`),
      register: ({ execution, expiresAt, now, sealed, topic }) =>
        expiresAt <= now ? Effect.void : Effect.asVoid(run(
          sql`INSERT INTO ${waits} ${sql.insert({ topic, execution, sealed, expires_at: expiresAt })}
            ON CONFLICT (topic, execution) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`
        )),
      unregister: (topics, executions) =>
        Effect.asVoid(
          run(sql`DELETE FROM ${waits} WHERE ${sql.in("topic", topics)} AND ${sql.in("execution", executions)}`)
        ),
      registrations: (topics) =>
        run(sql<WaitRow>`SELECT topic, execution, sealed FROM ${waits} WHERE ${sql.in("topic", topics)}`),
      publish: messages === undefined ? undefined : (message) => attempt(messages.publish(message)),
      subscribe: messages?.subscribe
    }
  })
