/**
 * Pending consents for programs of more than one process, in Redis or a SQL database: the browser may return to a
 * process other than the one that waits, or after a restart.
 *
 * Names in the store are keyed digests (HMAC-SHA-256), which reveal neither sessions nor users nor credentials. Values
 * are JWEs (`dir`, `A256GCM`) under a key that all processes have and the store does not have. A value opens under its
 * own name only. A session leaves the store 10 minutes after it expires.
 *
 * A signal reaches the other processes by publish/subscribe of Redis, or by `pg_notify` of PostgreSQL. A message has a
 * keyed digest of its topic, and a keyed signature of the outcome. A lost message delays a wait until its next poll.
 * SQLite has no messages: the waits of other processes poll. The guide *In production* (`src/persistence/README.md`)
 * says which store to choose.
 *
 * @since 0.2.0
 * @example
 * import { PgClient } from "@effect/sql-pg"
 * import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * const pending = ConsentStore.layerSqlConfig({ key: Config.Redacted("CONSENT_STORE_KEY") }).pipe(
 *   Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
 * )
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { readConfig } from "../internal/environment.js"
import type { ConsentSignals, PendingConsents } from "../PendingConsents.js"
import type { RedisOptions as CredentialOptions } from "./CredentialStore.js"

/**
 * @since 0.2.0
 * @category models
 */
export interface RedisOptions extends Omit<CredentialOptions, "storeId"> {
  /** The prefix of names in Redis, and the channel of its messages. Default: `agentcore-consents`. */
  readonly storeId?: string | undefined
}

/**
 * @since 0.2.0
 * @category models
 */
export interface SqlOptions extends Pick<CredentialOptions, "key" | "previousKeys"> {
  /**
   * The table of the sessions, and the channel of the messages: lower-case letters, digits and `_`, at most 40
   * characters. The names of the other two tables begin with it. Default: `agentcore_consents`.
   */
  readonly table?: string | undefined
}

/**
 * The store cannot be built.
 *
 * - `MissingPackage`: a package is not installed
 * - `InvalidKey`: a key is not 32 bytes in base64 or hex
 * - `InvalidUrl`: the URL of Redis is invalid, or the one of PostgreSQL for `promise/Connect`
 * - `InvalidTable`: the name of the table does not have the form of the option `table`
 * - `UnsupportedDialect`: the database is neither PostgreSQL nor SQLite
 * - `Schema`: the tables cannot be created, for example because the database user lacks the privilege
 *
 * @since 0.2.0
 * @category errors
 */
export class PendingConsentsError extends Schema.TaggedError<PendingConsentsError>()("PendingConsentsError", {
  reason: Schema.Literals([
    "MissingPackage",
    "InvalidKey",
    "InvalidUrl",
    "InvalidTable",
    "UnsupportedDialect",
    "Schema"
  ]),
  message: Schema.String
}) {}

/**
 * Pending consents in Redis 4 or later, over two connections. The layer needs the package `ioredis`. It connects in the
 * background, and again after a lost connection, so a missing server does not fail it. Without Redis, `open` and
 * `claim` fail with `ConsentStoreError`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRedis = (
  options: RedisOptions
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError> =>
  Layer.effectContext(
    Effect.flatMap(Effect.promise(() => import("./internal/redisConsents.js")), ({ make }) => make(options))
  )

/**
 * The same, with options from the configuration.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRedisConfig = (
  options: Config.Wrap<RedisOptions>
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError | ConfigError> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(options)), layerRedis))

/**
 * Pending consents over the `SqlClient` in context. Tested on PostgreSQL (`@effect/sql-pg`) and SQLite (`node:sqlite`).
 * The layer creates its tables, and a table of their versions. It deletes old entries once a minute.
 *
 * A statement that takes longer than 2 seconds fails, also in an uninterruptible region: `open` and `claim` then fail
 * with `ConsentStoreError`. Statements never run in a transaction of the program, because it may be rolled back.
 *
 * The store waits up to 1 second for the lock of another process on a SQLite file. It fails within a transaction of the
 * program on the same file, because a file has one writer.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerSql = (
  options: SqlOptions
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError, import("effect/sql/SqlClient").SqlClient> =>
  Layer.effectContext(
    Effect.flatMap(Effect.promise(() => import("./internal/sqlConsents.js")), ({ make }) => make(options))
  )

/**
 * The same, with options from the configuration.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerSqlConfig = (
  options: Config.Wrap<SqlOptions>
): Layer.Layer<
  PendingConsents | ConsentSignals,
  PendingConsentsError | ConfigError,
  import("effect/sql/SqlClient").SqlClient
> => Layer.unwrap(Effect.map(readConfig(Config.unwrap(options)), layerSql))
