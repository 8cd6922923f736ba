/**
 * How a store runs its statements: in transactions of its own, and not without end.
 *
 * @since 0.1.0
 */
import type * as Client from "@effect/sql/SqlClient"
import type { Statement } from "@effect/sql/Statement"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { withDeadline } from "../../internal/deadline.js"
import { codeOf } from "../../internal/errorCode.js"
import { BackingError } from "./consentBacking.js"
import * as Libsql from "./libsql.js"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** The cause is the error of the driver. Its message can quote values. */
const reasonOf = (error: unknown): string => codeOf(hasProperty(error, "cause") ? error.cause : error)

/**
 * Another process has changed what an attempt had read.
 *
 * @internal
 */
export const changed = new BackingError({ reason: "another process changed the entry meanwhile" })

/**
 * SQLite has one writer. PostgreSQL reports a conflict of serializable transactions (40001), a deadlock (40P01), and a canceled statement
 * (57014): its driver cancels an interrupted statement by the connection, and may cancel the next one there.
 */
const isConflict = (error: unknown): boolean =>
  error === changed || /^(SQLITE_(BUSY|LOCKED)|40001$|40P01$|57014$)/.test(reasonOf(error))

/** Up to 1 second. */
const retries = Schedule.exponential("5 millis").pipe(
  Schedule.union(Schedule.spaced("100 millis")),
  Schedule.jittered,
  Schedule.upTo("1 second")
)

/**
 * Runs an attempt again after a conflict, and ends it after `duration`. A frozen database is an error, also where the caller is
 * uninterruptible. Whether the statement then takes effect is not known.
 *
 * @internal
 */
export const attempt =
  (duration: Duration.DurationInput) => <A, R>(self: Effect.Effect<A, unknown, R>): Effect.Effect<A, BackingError, R> =>
    self.pipe(
      // A commit that fails is a defect.
      Effect.catchAllDefect(Effect.fail),
      withDeadline({ duration, onTimeout: () => new BackingError({ reason: "it took too long" }) }),
      Effect.retry({ schedule: retries, while: isConflict }),
      Effect.mapError((error) => error instanceof BackingError ? error : new BackingError({ reason: reasonOf(error) }))
    )

// -----------------------------------------------------------------------------
// Statements
// -----------------------------------------------------------------------------

/**
 * Runs statements, more than one of them in a transaction, and returns the rows of the last one.
 *
 * @internal
 */
export type Execute = <A extends object>(
  ...statements: readonly [...ReadonlyArray<Statement<object>>, Statement<A>]
) => Effect.Effect<ReadonlyArray<A>, unknown>

/**
 * A claimed session stays claimed, so the statements are outside of the transactions of the program, which may be rolled back.
 *
 * @internal
 */
export const make = (
  sql: Client.SqlClient,
  { TransactionConnection }: Pick<typeof Client, "TransactionConnection">
): Effect.Effect<Execute> => {
  type Run = (statements: ReadonlyArray<Statement<object>>) => Effect.Effect<ReadonlyArray<object>, unknown>
  const run: Run = (statements) => {
    const all = Effect.map(Effect.all(statements), (results) => results.at(-1) ?? [])
    return statements.length > 1 ? sql.withTransaction(all) : all
  }
  const runOutside: Run = (statements) =>
    Effect.mapInputContext(run(statements), Context.omit(TransactionConnection)<never>)
  // The last statement has the type of the rows.
  return Effect.map(
    Libsql.isClient(sql) ? Libsql.make(sql.sdk, isConflict) : Effect.succeed(runOutside),
    (run) => (...statements) => run(statements) as never
  )
}
