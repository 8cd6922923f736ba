/**
 * Files of `@effect/sql-libsql` that several processes use.
 *
 * The driver (libsql 0.4) leaves a statement open that failed with `SQLITE_BUSY`. The statements that follow on this connection succeed, but are
 * never committed: two processes claimed the same session (measured). A rollback ends the open statement.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import type { SqlClient } from "effect/sql/SqlClient"

/**
 * Runs statements, one caller at a time. After a conflict the connection is as good as new when the next caller has its turn.
 *
 * @internal
 */
export type Guard = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const isFile = (sql: SqlClient): boolean =>
  hasProperty(sql, "sdk") && hasProperty(sql.sdk, "protocol") && sql.sdk.protocol === "file"

const none: Guard = (self) => self

/**
 * Prepares the file, and makes its guard. With a write-ahead log a conflict comes at the beginning of a write, and a rollback ends it. With the
 * default journal it can come at the end, and leaves a lock until the driver's statement is garbage. The log stays on: it is a property of
 * the file.
 *
 * `isConflict` tells a conflict with another process from other errors and defects.
 *
 * @internal
 */
export const makeGuard = (sql: SqlClient, isConflict: (error: unknown) => boolean): Effect.Effect<Guard> =>
  Effect.gen(function*() {
    if (!isFile(sql)) return none
    const lock = yield* Semaphore.make(1)
    // The driver waits in this thread. The holder of the lock may be in this thread too, so the time is short.
    const waitForLock = Effect.ignore(sql`PRAGMA busy_timeout = 100`)
    const rolledBack = "rolled back"
    // Until it succeeds, no other statement runs on this connection.
    let isOpen = false
    const rollBack = Effect.suspend(() =>
      isOpen ? Effect.andThen(waitForLock, sql.withTransaction(Effect.fail(rolledBack))) : Effect.void
    ).pipe(
      Effect.retry({ schedule: retries, while: (error) => error !== rolledBack }),
      Effect.catchIf((error) => error === rolledBack, () =>
        Effect.sync(() => {
          isOpen = false
        })),
      Effect.orDie
    )
    const guard: Guard = (self) =>
      Effect.andThen(Effect.andThen(rollBack, waitForLock), self).pipe(
        Effect.tapCause((cause) => {
          isOpen ||= cause.reasons.some((reason) =>
            isConflict(
              Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
            )
          )
          return rollBack
        }),
        // An interruption between a conflict and its end would leave the statement open.
        Effect.uninterruptible,
        lock.withPermits(1)
      )
    yield* Effect.ignore(Effect.retry(guard(sql`PRAGMA journal_mode = WAL`), { schedule: retries, while: isConflict }))
    return guard
  })

/** Up to 10 seconds. */
const retries = Schedule.spaced("10 millis").pipe(Schedule.jittered, Schedule.upTo({ duration: "10 seconds" }))
