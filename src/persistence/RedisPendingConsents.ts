/**
 * Pending consents in Redis, for programs of more than one process: the browser may come back to another process than the one that waits, or
 * after a restart.
 *
 * Names in Redis are keyed digests (HMAC-SHA-256), which reveal neither sessions nor users nor credentials. Values are JWEs (`dir`, `A256GCM`)
 * under a key that all processes have and Redis does not have. A value opens under its own name only. A session is claimed by one process. It
 * leaves Redis 10 minutes after it expires.
 *
 * A signal reaches the other processes by publish/subscribe. A message has a keyed digest of what it is about, and a keyed signature of the
 * outcome. A message that is lost delays a wait until its next poll.
 *
 * @since 0.1.0
 * @example
 * import * as RedisPendingConsents from "effect-agentcore-identity/persistence/RedisPendingConsents"
 * import * as Config from "effect/Config"
 * import * as Schema from "effect/Schema"
 *
 * const pending = RedisPendingConsents.layerConfig({
 *   url: Config.Redacted("REDIS_URL"),
 *   key: Config.Redacted("CONSENT_STORE_KEY"),
 *   previousKeys: Config.Array(Schema.RedactedFromValue(Schema.String), "CONSENT_STORE_PREVIOUS_KEYS").pipe(Config.withDefault([]))
 * })
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { ConsentSignals } from "../ConsentSignals.js"
import { readConfig } from "../internal/environment.js"
import type { PendingConsents } from "../PendingConsents.js"
import type { ClientOptions } from "./CredentialStore.js"
import * as Consents from "./internal/consents.js"
import { PendingConsentsError } from "./internal/error.js"
import * as Package from "./internal/package.js"
import * as Redis from "./internal/redis.js"
import * as RedisConsents from "./internal/redisConsents.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

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
  /** The prefix of names in Redis, and the channel of its messages. Default: `agentcore-consents`. */
  readonly storeId?: string | undefined
  /** For example `rediss://user:password@host:6379/0`. Default: the server in `redis`, or localhost. */
  readonly url?: Redacted.Redacted | undefined
  /**
   * Options of `ioredis`. This module has other defaults: a command fails at once without a connection (`maxRetriesPerRequest: 0`,
   * `enableOfflineQueue: false`), and `connectTimeout` and `socketTimeout` are 1 second.
   */
  readonly redis?: ClientOptions | undefined
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
   * - `InvalidUrl`: the URL of Redis is invalid
   * - `InvalidTable`, `UnsupportedDialect`, `Schema`: only of `SqlPendingConsents`
   *
   * @since 0.1.0
   * @category errors
   */
  PendingConsentsError
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Pending consents in Redis 4 or later, over two connections of its own. It needs the package `ioredis`. It connects in the background, and again
 * when a connection is lost: a missing server does not fail the layer. Until Redis is back, `open` and `claim` fail with `ConsentStoreError`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError> =>
  Layer.effectContext(Effect.gen(function*() {
    const keys = yield* Consents.makeKeys(options)
    const { Redis: Client } = yield* Effect.mapError(
      Package.load("The store of consents", "ioredis", "Redis", () => import("ioredis")),
      (message) => new PendingConsentsError({ reason: "MissingPackage", message })
    )
    const connect = Effect.mapError(
      Redis.connect(Client, options.url, options.redis),
      (message) => new PendingConsentsError({ reason: "InvalidUrl", message })
    )
    const connection = yield* connect
    const prefix = options.storeId ?? "agentcore-consents"
    // A URL that was valid for the first connection is valid for the second.
    return yield* Consents.makeServices(keys, RedisConsents.make(connection, Effect.orDie(connect), prefix))
  }))

/**
 * The same, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError | ConfigError> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(options)), layer))
