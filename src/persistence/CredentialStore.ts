/**
 * Stores for `CredentialCache.layerStore`, so that the processes of a fleet share credentials: in Redis, or in any
 * `BackingPersistence` of `effect/persistence`.
 *
 * Names are digests (SHA-256), which reveal neither tokens nor users nor providers. Values are JWEs (`dir`, `A256GCM`)
 * under a key that all processes have and the store does not have. A value opens under its own name only. Entries leave
 * the store when their credentials expire. Someone who can write to the store cannot forge an entry. They can remove
 * one, or restore an older one of the same name until that one expires.
 *
 * If the store fails or takes too long, AgentCore is called instead.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PersistenceError } from "effect/persistence/Persistence"
import { hasProperty } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { CacheStoreError, Store } from "../CredentialCache.js"
import { readConfig } from "../internal/environment.js"
import { codeOf } from "../internal/messages.js"
import * as Redis from "./internal/redis.js"
import * as StoreKeys from "./internal/storeKeys.js"

// The type of an optional package. `@ts-ignore` is part of the declarations, so a program without the package compiles
// them: its type is then `any`. It has to be in the line before the type.

// oxlint-disable-next-line typescript/ban-ts-comment
/** @ts-ignore */
type ClientOptions = import("ioredis").RedisOptions

/**
 * @since 0.2.0
 * @category models
 */
export interface RedisOptions {
  /**
   * Encrypts and decrypts, and makes the names of consents: 32 random bytes in base64 or hex, such as the output of
   * `openssl rand -base64 32`. All processes that share the store have the same key.
   */
  readonly key: Redacted.Redacted
  /**
   * These find and decrypt. To change the key, first give the new one to all processes as a previous key. Then make it
   * the key, and the old one a previous key. Drop the old one after the longest wait.
   */
  readonly previousKeys?: ReadonlyArray<Redacted.Redacted> | undefined
  /** The prefix of names in the store. Default: `agentcore-credentials`. */
  readonly storeId?: string | undefined
  /** For example `rediss://user:password@host:6379/0`. Default: the host in the option `redis`, or localhost. */
  readonly url?: Redacted.Redacted | undefined
  /**
   * Options of `ioredis`. The defaults differ from those of `ioredis`: a command fails at once without a connection
   * (`maxRetriesPerRequest: 0`, `enableOfflineQueue: false`), and `connectTimeout` and `socketTimeout` are 1 second.
   */
  readonly redis?: ClientOptions | undefined
}

/**
 * The store cannot be built.
 *
 * - `MissingPackage`: `ioredis` is not installed
 * - `InvalidKey`: a key is not 32 bytes in base64 or hex
 * - `InvalidUrl`: the URL of Redis is invalid
 *
 * @since 0.2.0
 * @category errors
 */
export class CredentialStoreError extends Schema.TaggedError<CredentialStoreError>()("CredentialStoreError", {
  reason: Schema.Literals(["MissingPackage", "InvalidKey", "InvalidUrl"]),
  message: Schema.String
}) {}

// A new format of entries gets a new number, so that programs of both formats can share a server.
const prefixOf = ({ storeId }: Pick<RedisOptions, "storeId">): string => `${storeId ?? "agentcore-credentials"}:1`

const Content = Schema.Tuple([Schema.RedactedFromValue(Schema.String), Schema.Number])

const encode = Schema.encodeSync(Content)
const decode = Schema.decodeUnknownEffect(Content)

/** A store for sealed credentials. `get` returns `undefined` or `null` for an unknown key. */
interface Backing {
  readonly get: (key: string) => Effect.Effect<unknown, CacheStoreError>
  readonly set: (key: string, value: string, timeToLive: Duration.Duration) => Effect.Effect<unknown, CacheStoreError>
  readonly remove: (key: string) => Effect.Effect<unknown, CacheStoreError>
}

const make = (
  options: Omit<RedisOptions, "redis" | "url">,
  backing: Backing
): Effect.Effect<Store["Service"], CredentialStoreError> =>
  Effect.gen(function*() {
    const secrets = yield* Effect.mapError(
      StoreKeys.parse(options, "the credential store"),
      (message) => new CredentialStoreError({ reason: "InvalidKey", message })
    )
    const sealing = yield* StoreKeys.makeSealing("credential store 1", secrets)
    const open = (key: string, sealed: unknown) =>
      Effect.flatMap(sealing.open(key, sealed), decode).pipe(
        Effect.map(([credential, usableUntil]) => ({ credential, usableUntil })),
        // The error of a schema could quote the value.
        Effect.mapError(() =>
          new CacheStoreError({ reason: "an entry cannot be read: it has another key, or it is damaged" })
        )
      )
    return {
      get: (key) =>
        Effect.flatMap(
          backing.get(key),
          (sealed) => sealed === undefined || sealed === null ? Effect.succeedNone : Effect.asSome(open(key, sealed))
        ),
      set: (key, stored) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now >= stored.usableUntil ? Effect.void : Effect.flatMap(
            sealing.seal(key, ...encode([stored.credential, stored.usableUntil])),
            (sealed) => Effect.asVoid(backing.set(key, sealed, Duration.millis(stored.usableUntil - now)))
          )),
      remove: (key) => Effect.asVoid(backing.remove(key))
    }
  })

/**
 * A store over the `BackingPersistence` in context. Without a server, the release of the Redis persistence of
 * `effect/persistence` may die. The release of {@link layerRedis} does not.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (
  options: Omit<RedisOptions, "redis" | "url">
): Layer.Layer<Store, CredentialStoreError, import("effect/persistence/Persistence").BackingPersistence> =>
  Layer.effect(
    Store,
    Effect.gen(function*() {
      const { BackingPersistence } = yield* Effect.promise(() => import("effect/persistence/Persistence"))
      const persistence = yield* (yield* BackingPersistence).make(prefixOf(options))
      const mapStoreError = Effect.mapError((error: PersistenceError) =>
        new CacheStoreError({ reason: error.cause === undefined ? error.message : codeOf(error.cause) })
      )
      return yield* make(options, {
        // The persistence stores objects.
        get: (key) =>
          Effect.map(
            mapStoreError(persistence.get(key)),
            (entry) => hasProperty(entry, "sealed") ? entry.sealed : null
          ),
        set: (key, sealed, timeToLive) => mapStoreError(persistence.set(key, { sealed }, timeToLive)),
        remove: (key) => mapStoreError(persistence.remove(key))
      })
    })
  )

/**
 * A store in Redis, over its own connection. The layer needs the package `ioredis`. It connects in the background, and
 * again after a lost connection, so a missing server does not fail the program.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRedis = (options: RedisOptions): Layer.Layer<Store, CredentialStoreError> =>
  Layer.effect(
    Store,
    Effect.gen(function*() {
      const { command } = yield* Effect.mapError(
        Redis.connect("The credential store", options),
        (failure) => new CredentialStoreError(failure)
      )
      const run = <A>(send: Parameters<typeof command<A>>[0]) =>
        Effect.mapError(command(send), (reason) => new CacheStoreError({ reason }))
      const nameOf = (key: string): string => `${prefixOf(options)}:${key}`
      return yield* make(options, {
        get: (key) => run((redis) => redis.get(nameOf(key))),
        set: (key, value, timeToLive) =>
          run((redis) => redis.set(nameOf(key), value, "PX", Duration.toMillis(timeToLive))),
        remove: (key) => run((redis) => redis.del(nameOf(key)))
      })
    })
  )

/**
 * The same, with options from the configuration.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
 * import * as Config from "effect/Config"
 * import * as Schema from "effect/Schema"
 *
 * const store = CredentialStore.layerRedisConfig({
 *   url: Config.Redacted("REDIS_URL"),
 *   key: Config.Redacted("CREDENTIAL_STORE_KEY"),
 *   previousKeys: Config.Array(Schema.RedactedFromValue(Schema.String), "CREDENTIAL_STORE_PREVIOUS_KEYS").pipe(
 *     Config.withDefault([])
 *   )
 * })
 */
export const layerRedisConfig = (
  options: Config.Wrap<RedisOptions>
): Layer.Layer<Store, CredentialStoreError | ConfigError> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(options)), layerRedis))
