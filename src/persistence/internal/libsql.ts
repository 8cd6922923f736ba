/**
 * Statements of `@effect/sql-libsql`, past the permit of its client and with connections that commit.
 *
 * The driver (0.42) has one permit. If a transaction cannot begin, the driver never returns it, and no later statement ends. So these
 * statements go to the SDK of the client, which other statements do not block.
 *
 * libsql (0.4) leaves a statement open that failed with `SQLITE_BUSY`. The statements that follow on this connection succeed, but are never
 * committed: two processes claimed the same session (measured). Neither a rollback nor the end of a transaction closes it. Scripts close
 * their statements, so a script tests whether the file can be written. If a statement is open all the same, the SDK opens another connection.
 *
 * @since 0.1.0
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Statement } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import { hasProperty, isFunction } from "effect/Predicate"

interface Query {
  readonly sql: string
  readonly args: ReadonlyArray<unknown>
}

interface Result {
  readonly rows: ReadonlyArray<object>
}

/**
 * The client of `@libsql/client`. With a file, every method ends before it returns its promise.
 *
 * @internal
 */
export interface Sdk {
  readonly protocol: string
  readonly execute: (query: Query) => Promise<Result>
  readonly batch: (queries: ReadonlyArray<Query>, mode: "write") => Promise<ReadonlyArray<Result>>
  readonly executeMultiple: (script: string) => Promise<void>
  readonly transaction: (mode: "deferred") => Promise<{ readonly close: () => void }>
}

/** @internal */
export const isClient = (sql: SqlClient): sql is SqlClient & { readonly sdk: Sdk } =>
  hasProperty(sql, "sdk") && hasProperty(sql.sdk, "batch") && isFunction(sql.sdk.batch)

/** @internal */
export const isFile = (sql: SqlClient): boolean => isClient(sql) && sql.sdk.protocol === "file"

/**
 * The wait for a lock blocks the thread, and the lock can be held in this thread. So the wait is short, and callers try again. The commit
 * fails if a statement is open.
 */
const probe = "PRAGMA busy_timeout = 10; BEGIN IMMEDIATE; COMMIT"

const isOpenStatement = (error: unknown): boolean => error instanceof Error && error.message.includes("in progress")

/** The connection of a transaction stays with it. */
const renew = async (sdk: Sdk): Promise<void> => (await sdk.transaction("deferred")).close()

/** Whether an error says that another connection has the lock. */
type IsConflict = (error: unknown) => boolean

const writeFile = async <A>(sdk: Sdk, isConflict: IsConflict, run: () => Promise<A>): Promise<A> => {
  try {
    await sdk.executeMultiple(probe)
  } catch (error) {
    if (isOpenStatement(error)) await renew(sdk)
    throw error
  }
  try {
    return await run()
  } catch (error) {
    if (isConflict(error)) await renew(sdk)
    throw error
  }
}

/**
 * Runs statements, more than one of them in a transaction, and returns the rows of the last one.
 *
 * @internal
 */
export const make = (
  sdk: Sdk,
  isConflict: IsConflict
): Effect.Effect<
  (statements: ReadonlyArray<Statement<object>>) => Effect.Effect<ReadonlyArray<object>, unknown>
> =>
  Effect.map(Effect.makeSemaphore(1), (lock) => {
    const run = async (queries: ReadonlyArray<Query>): Promise<ReadonlyArray<object>> => {
      const [query] = queries
      const result = query !== undefined && queries.length === 1
        ? await sdk.execute(query)
        : (await sdk.batch(queries, "write")).at(-1)
      return result?.rows ?? []
    }
    const attempt = (run: () => Promise<ReadonlyArray<object>>) =>
      Effect.tryPromise({ try: run, catch: (error) => error })
    return (statements) =>
      Effect.suspend(() => {
        const queries = statements.map((statement) => {
          const [sql, args] = statement.compile(true)
          return { sql, args }
        })
        return sdk.protocol !== "file" ? attempt(() => run(queries)) : attempt(
          () => writeFile(sdk, isConflict, () => run(queries))
        ).pipe(
          // Nothing comes between a statement that stays open and the next connection.
          Effect.uninterruptible,
          lock.withPermits(1)
        )
      })
  })
