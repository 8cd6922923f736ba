/** How a store runs its statements: in transactions of its own, and not without end. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { Statement } from "effect/sql/Statement"
import { withDeadline } from "../../internal/deadline.js"
import { codeOf } from "../../internal/errorCode.js"
import { BackingError } from "./consentBacking.js"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** The code of the driver, or else how Effect classifies its error. Messages can quote values. */
const reasonOf = (error: unknown): string => {
  if (!isSqlError(error)) return codeOf(error)
  const { _tag, cause } = error.reason
  // All errors of `node:sqlite` have the same code.
  return hasProperty(cause, "code") && cause.code !== "ERR_SQLITE_ERROR" ? codeOf(cause) : _tag
}

/** Another process has changed what an attempt had read. */
export const changed = new BackingError({ reason: "another process changed the entry meanwhile" })

const conflicts: ReadonlySet<SqlError["reason"]["_tag"]> = new Set([
  "DeadlockError",
  "LockTimeoutError",
  "SerializationError"
])

/** SQLite has one writer. PostgreSQL reports a conflict of serializable transactions, and a deadlock. */
const isConflict = (error: unknown): boolean =>
  error === changed || isSqlError(error) && conflicts.has(error.reason._tag)

/** Up to 1 second. */
const retries = Schedule.min([Schedule.exponential("5 millis"), Schedule.spaced("100 millis")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "1 second" })
)

/**
 * Runs an attempt again after a conflict, and ends it after `duration`. A frozen database is an error, also where the caller is
 * uninterruptible. Whether the statement then takes effect is not known.
 */
export const attempt =
  (duration: Duration.Input) => <A, R>(self: Effect.Effect<A, unknown, R>): Effect.Effect<A, BackingError, R> =>
    self.pipe(
      // A commit that fails is a defect.
      Effect.catchDefect(Effect.fail),
      withDeadline({ duration, onTimeout: () => new BackingError({ reason: "it took too long" }) }),
      Effect.retry({ schedule: retries, while: isConflict }),
      Effect.mapError((error) => error instanceof BackingError ? error : new BackingError({ reason: reasonOf(error) }))
    )

// -----------------------------------------------------------------------------
// Statements
// -----------------------------------------------------------------------------

/** Runs statements, more than one of them in a transaction, and returns the rows of the last one. */
export type Execute = <A extends object>(
  ...statements: readonly [...ReadonlyArray<Statement<object>>, Statement<A>]
) => Effect.Effect<ReadonlyArray<A>, unknown>

/**
 * A claimed session stays claimed, so the statements are outside of the transactions of the program, which may be rolled back.
 */
export const make = (sql: SqlClient): Execute => {
  const run = (statements: ReadonlyArray<Statement<object>>): Effect.Effect<ReadonlyArray<object>, unknown> => {
    const all = Effect.map(Effect.all(statements), (results) => results.at(-1) ?? [])
    return statements.length > 1 ? sql.withTransaction(all) : all
  }
  // The last statement has the type of the rows.
  return (...statements) => Effect.updateContext(run(statements), Context.omit(sql.transactionService)) as never
}
