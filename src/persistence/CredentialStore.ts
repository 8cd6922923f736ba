/**
 * A store of credentials for a fleet: what one process has obtained, the others find. For `CredentialCache.layerStore`, over Redis or over
 * any `BackingPersistence` of `@effect/experimental`.
 *
 * Names are digests (SHA-256): they tell neither tokens nor users nor providers. Values are JWEs (`dir`, `A256GCM`) under a key that all
 * processes have and the store has not; each is good for its own name only. Entries leave the store when their credentials expire.
 * Whoever can write to the store cannot make an entry, but can take one away, or put back an older one of the same name until it expires.
 *
 * A store that fails, or takes too long, costs a call of AgentCore and nothing else.
 *
 * @since 0.1.0
 */
import type { BackingPersistence } from "@effect/experimental/Persistence"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Ioredis from "ioredis"
import { Store, StoreError, type StoreService } from "../CredentialCache.js"
import { codeOf } from "../internal/errorCode.js"
import * as SecretKey from "../internal/secretKey.js"
import type { Backing } from "./internal/backing.js"
import * as Redis from "./internal/redis.js"
import * as Seal from "./internal/sealing.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Encrypts and decrypts: 32 random bytes in base64url, the same for all processes that share the store. */
  readonly key: Redacted.Redacted
  /** Decrypt only: keys that were in use before, for as long as entries under them may be there. */
  readonly previousKeys?: ReadonlyArray<Redacted.Redacted> | undefined
  /** What names in the store begin with. Default: `agentcore-credentials`. */
  readonly storeId?: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RedisOptions extends Options {
  /** As in `rediss://user:password@host:6379/0`. Default: what `redis` says, or else localhost. */
  readonly url?: Redacted.Redacted | undefined
  /**
   * Options of `ioredis`. Defaults of its own: a command fails at once when there is no connection (`maxRetriesPerRequest: 0`,
   * `enableOfflineQueue: false`), `connectTimeout` and `socketTimeout` are 1 second.
   */
  readonly redis?: Ioredis.RedisOptions | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * Why there is no store.
 *
 * - `MissingPackage`: `ioredis` or `@effect/experimental` is not installed
 * - `InvalidKey`: a key is not 32 bytes in base64url
 * - `InvalidUrl`: the URL of Redis cannot be read
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialStoreError extends Schema.TaggedError<CredentialStoreError>(
  "effect-agentcore-identity/persistence/CredentialStoreError"
)("CredentialStoreError", {
  reason: Schema.Literal("MissingPackage", "InvalidKey", "InvalidUrl"),
  message: Schema.String
}) {}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

// Another form of entries gets another number: the two do not read each other's.
const prefixOf = ({ storeId }: Options): string => `${storeId ?? "agentcore-credentials"}:1`

const secretOf = (key: Redacted.Redacted, whose: string): Effect.Effect<Uint8Array, CredentialStoreError> =>
  Effect.mapError(
    SecretKey.parse(Redacted.value(key), whose),
    (message) => new CredentialStoreError({ reason: "InvalidKey", message })
  )

const make = (options: Options, backing: Backing): Effect.Effect<StoreService, CredentialStoreError> =>
  Effect.gen(function*() {
    const seal = yield* Seal.make(
      yield* secretOf(options.key, "The key of the credential store"),
      yield* Effect.forEach(
        options.previousKeys ?? [],
        (key) => secretOf(key, "A previous key of the credential store")
      )
    )
    const failed = (reason: string) => new StoreError({ reason })
    return {
      get: (key) =>
        Effect.flatMap(
          Effect.mapError(backing.get(key), failed),
          Option.match({
            onNone: () => Effect.succeedNone,
            onSome: (sealed) =>
              Effect.asSome(Effect.mapError(seal.open(key, sealed), () =>
                failed("an entry is not readable: of another key, or damaged")))
          })
        ),
      set: (key, stored) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now >= stored.usableUntil ? Effect.void : Effect.flatMap(
            seal.close(key, stored),
            (sealed) => Effect.mapError(backing.set(key, sealed, Duration.millis(stored.usableUntil - now)), failed)
          )),
      remove: (key) => Effect.mapError(backing.remove(key), failed)
    }
  })

const load = <A>(name: string, module: () => Promise<A>): Effect.Effect<A, CredentialStoreError> =>
  Effect.tryPromise({
    try: module,
    catch: (error) =>
      new CredentialStoreError({
        reason: "MissingPackage",
        message: `The credential store needs the package ${name}, which cannot be loaded (${
          codeOf(error)
        }): npm install ${name}`
      })
  })

/**
 * A store over the `BackingPersistence` in context. The one of `@effect/experimental` for Redis may die when it is released and Redis
 * is gone: {@link layerRedis} does not.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as Persistence from "@effect/experimental/Persistence"
 * import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const store = (key: Redacted.Redacted) =>
 *   CredentialStore.layer({ key }).pipe(Layer.provide(Persistence.layerKeyValueStore))
 */
export const layer = (options: Options): Layer.Layer<Store, CredentialStoreError, BackingPersistence> =>
  Layer.scoped(
    Store,
    Effect.gen(function*() {
      const Persistence = yield* load("@effect/experimental", () => import("@effect/experimental/Persistence"))
      const persistence = yield* (yield* Persistence.BackingPersistence).make(prefixOf(options))
      const reasonOf = Effect.mapError((error: { readonly reason: string; readonly cause?: unknown }) =>
        error.cause === undefined ? error.reason : codeOf(error.cause)
      )
      return yield* make(options, {
        get: (key) => reasonOf(persistence.get(key)),
        set: (key, value, timeToLive) => reasonOf(persistence.set(key, value, Option.some(timeToLive))),
        remove: (key) => reasonOf(persistence.remove(key))
      })
    })
  )

/**
 * The same, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Store, CredentialStoreError | ConfigError, BackingPersistence> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))

/**
 * A store in Redis, over a connection of its own. Needs the package `ioredis`. The connection is made in the background and made again
 * when it is lost: neither a Redis that is not there, nor its end, fails the program.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options: RedisOptions): Layer.Layer<Store, CredentialStoreError> =>
  Layer.scoped(
    Store,
    Effect.gen(function*() {
      const { Redis: Client } = yield* load("ioredis", () => import("ioredis"))
      const backing = yield* Effect.mapError(
        Redis.make(Client, prefixOf(options), options.url, options.redis),
        () =>
          new CredentialStoreError({
            reason: "InvalidUrl",
            message:
              "The URL of Redis has to be as in rediss://user:password@host:6379/0, with a password that is percent-encoded"
          })
      )
      return yield* make(options, backing)
    })
  )

/**
 * The same, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
 * import * as Config from "effect/Config"
 *
 * const store = CredentialStore.layerRedisConfig({
 *   url: Config.redacted("REDIS_URL"),
 *   key: Config.redacted("CREDENTIAL_STORE_KEY"),
 *   previousKeys: Config.array(Config.redacted(), "CREDENTIAL_STORE_PREVIOUS_KEYS").pipe(Config.withDefault([]))
 * })
 */
export const layerRedisConfig = (
  options: Config.Config.Wrap<RedisOptions>
): Layer.Layer<Store, CredentialStoreError | ConfigError> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layerRedis))
