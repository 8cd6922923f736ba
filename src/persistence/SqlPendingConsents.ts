/**
 * Pending consents in a SQL database, for programs of more than one process: the browser may come back to another process than the one that
 * waits, or after a restart. Tested on PostgreSQL (`@effect/sql-pg`) and SQLite (`node:sqlite`).
 *
 * Names in the database are keyed digests (HMAC-SHA-256), which reveal neither sessions nor users nor credentials. Values are JWEs (`dir`,
 * `A256GCM`) under a key that all processes have and the database does not have. A value opens under its own name only. A session is claimed by
 * one process. It is deleted 10 minutes after it expires.
 *
 * On PostgreSQL a signal reaches the other processes by `pg_notify`. A message has a keyed digest of what it is about, and a keyed signature of
 * the outcome. SQLite has no messages: the waits of other processes poll.
 *
 * @since 0.1.0
 * @example
 * import { PgClient } from "@effect/sql-pg"
 * import * as SqlPendingConsents from "effect-agentcore-identity/persistence/SqlPendingConsents"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * const pending = SqlPendingConsents.layerConfig({ key: Config.Redacted("CONSENT_STORE_KEY") }).pipe(
 *   Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
 * )
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { ConsentSignals } from "../ConsentSignals.js"
import { readConfig } from "../internal/environment.js"
import type { PendingConsents } from "../PendingConsents.js"
import * as Consents from "./internal/consents.js"
import { PendingConsentsError } from "./internal/error.js"
import * as SqlConsents from "./internal/sqlConsents.js"
import * as SqlExecute from "./internal/sqlExecute.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

// The types of optional packages. `@ts-ignore` goes into the declarations: a program without the package compiles them, and the type is
// `any` there. It has to be in the line before the type.

/**
 * The `SqlClient` of `effect/sql`.
 *
 * @since 0.1.0
 * @category models
 */
export type SqlClient = import("effect/sql/SqlClient").SqlClient

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Makes names, encrypts and decrypts: 32 random bytes in base64url, the same for all processes that share the store. */
  readonly key: Redacted.Redacted
  /**
   * Find and decrypt only. To change the key, first give the new one to all processes as a previous key, then make it the key and the old one
   * a previous key, and drop the old one after the longest wait.
   */
  readonly previousKeys?: ReadonlyArray<Redacted.Redacted> | undefined
  /**
   * The table of the sessions, and the channel of the messages: lower-case letters, digits and `_`, at most 40 characters. The names of the
   * other two tables begin with it. Default: `agentcore_consents`.
   */
  readonly table?: string | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

export {
  /**
   * The store cannot be built.
   *
   * - `MissingPackage`: a package is not installed
   * - `InvalidKey`: a key is not 32 bytes in base64url
   * - `InvalidTable`: the name of the table is not of the form above
   * - `UnsupportedDialect`: the database is neither PostgreSQL nor SQLite
   * - `Schema`: the tables cannot be made, for example because the user of the database may not do it
   * - `InvalidUrl`: only of `RedisPendingConsents`
   *
   * @since 0.1.0
   * @category errors
   */
  PendingConsentsError
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

const tableName = /^[a-z_][a-z0-9_]{0,39}$/

const fail = (reason: PendingConsentsError["reason"]) => (message: string): PendingConsentsError =>
  new PendingConsentsError({ reason, message })

/**
 * Pending consents over the `SqlClient` in context. It makes its tables, and a table of their versions. It deletes old entries once a minute.
 *
 * A statement that takes longer than 2 seconds fails, also where the caller is uninterruptible: `open` and `claim` fail with
 * `ConsentStoreError` then. Statements are never a part of a transaction of the program, which may be rolled back.
 *
 * The store waits up to 1 second for the lock of another process on a SQLite file. Within a transaction of the program on the same file it
 * fails, because a file has one writer.
 *
 * On PostgreSQL the messages keep a connection of the client's pool. With a pool of one connection the store sends and receives none, and the waits
 * of other processes poll.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError, SqlClient> =>
  Layer.effectContext(Effect.gen(function*() {
    const keys = yield* Consents.makeKeys(options)
    const table = options.table ?? "agentcore_consents"
    if (!tableName.test(table)) {
      return yield* fail("InvalidTable")("The table has to match [a-z_][a-z0-9_]*, with at most 40 characters")
    }
    const client = yield* Effect.promise(() => import("effect/sql/SqlClient"))
    // The names of columns here are those in the database.
    const sql = (yield* client.SqlClient).withoutTransforms()
    const isSupported = sql.onDialectOrElse({ pg: () => true, sqlite: () => true, orElse: () => false })
    if (!isSupported) {
      return yield* fail("UnsupportedDialect")("The store of consents needs PostgreSQL or SQLite")
    }
    const tables = SqlConsents.tablesOf(table)
    const execute = SqlExecute.make(sql)
    yield* Effect.mapError(
      SqlConsents.migrate(sql, tables, execute),
      (code) => fail("Schema")(`The tables of the store of consents cannot be made: ${code}`)
    )
    return yield* Consents.makeServices(keys, yield* SqlConsents.make(sql, tables, execute))
  }))

/**
 * The same, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError | ConfigError, SqlClient> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(options)), layer))
