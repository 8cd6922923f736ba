/**
 * A store for `CredentialCache.layerStore` in Redis, so that the processes of a fleet share credentials.
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
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { CacheStoreError, Store } from "../credentialCache/cacheStore.js"
import { readConfig } from "../internal/environment.js"
import * as Redis from "./internal/redis.js"
import * as StoreKeys from "./internal/storeKeys.js"

// The type of an optional package. `@ts-ignore` is part of the declarations, so a program without the package compiles
// them: the type is then `any`. It has to be in the line before the type.

export type {
  /** @since 0.2.0 */
  KeyOptions
} from "./internal/storeKeys.js"

// oxlint-disable-next-line typescript/ban-ts-comment
/**
 * The options of `ioredis`.
 *
 * @since 0.2.0
 * @category models
 * @ts-ignore */
export type ClientOptions = import("ioredis").RedisOptions

/**
 * @since 0.2.0
 * @category models
 */
export interface RedisOptions extends StoreKeys.KeyOptions {
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

const Content = Schema.Tuple([Schema.RedactedFromValue(Schema.String), Schema.Number])

const encode = Schema.encodeSync(Content)
const decode = Schema.decodeUnknownEffect(Content)

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
      const secrets = yield* Effect.mapError(
        StoreKeys.parse(options, "the credential store"),
        (message) => new CredentialStoreError({ reason: "InvalidKey", message })
      )
      const sealing = yield* StoreKeys.makeSealing("credential store 1", secrets)
      const { command } = yield* Effect.mapError(
        Redis.connect("The credential store", options),
        (failure) => new CredentialStoreError(failure)
      )
      const run = <A>(send: Parameters<typeof command<A>>[0]) =>
        Effect.mapError(command(send), (reason) => new CacheStoreError({ reason }))
      // A new format of entries gets a new number, so that programs of both formats can share a server.
      const nameOf = (key: string): string => `${options.storeId ?? "agentcore-credentials"}:1:${key}`
      const open = (key: string, sealed: string) =>
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
            run((redis) => redis.get(nameOf(key))),
            (sealed) => sealed === null ? Effect.succeedNone : Effect.asSome(open(key, sealed))
          ),
        set: (key, { credential, usableUntil }) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            now >= usableUntil ? Effect.void : Effect.flatMap(
              sealing.seal(key, ...encode([credential, usableUntil])),
              (sealed) => Effect.asVoid(run((redis) => redis.set(nameOf(key), sealed, "PX", usableUntil - now)))
            )),
        remove: (key) => Effect.asVoid(run((redis) => redis.del(nameOf(key))))
      }
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
