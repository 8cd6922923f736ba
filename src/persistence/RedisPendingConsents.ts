/**
 * Pending consents in Redis, for programs of more than one process: the browser may return to a process other than the
 * one that waits, or after a restart.
 *
 * Names in Redis are keyed digests (HMAC-SHA-256), which reveal neither sessions nor users nor credentials. Values are
 * JWEs (`dir`, `A256GCM`) under a key that all processes have and Redis does not have. A value opens under its own name
 * only. A session leaves Redis 10 minutes after it expires.
 *
 * A signal reaches the other processes by publish/subscribe. A message has a keyed digest of its topic, and a keyed
 * signature of the outcome. A lost message delays a wait until its next poll.
 *
 * @since 0.2.0
 * @example
 * import * as RedisPendingConsents from "effect-agentcore-identity/persistence/RedisPendingConsents"
 * import * as Config from "effect/Config"
 * import * as Schema from "effect/Schema"
 *
 * const pending = RedisPendingConsents.layerConfig({
 *   url: Config.Redacted("REDIS_URL"),
 *   key: Config.Redacted("CONSENT_STORE_KEY"),
 *   previousKeys: Config.Array(Schema.RedactedFromValue(Schema.String), "CONSENT_STORE_PREVIOUS_KEYS").pipe(
 *     Config.withDefault([])
 *   )
 * })
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { readConfig } from "../internal/environment.js"
import type { ConsentSignals, PendingConsents } from "../PendingConsents.js"
import type { RedisOptions } from "./CredentialStore.js"
import { type ConsentBacking, makeKeys, makeServices, PendingConsentsError } from "./internal/consentStore.js"
import * as Redis from "./internal/redis.js"
import type * as StoreKeys from "./internal/storeKeys.js"

export type {
  /** @since 0.2.0 */
  KeyOptions
} from "./internal/storeKeys.js"

/**
 * @since 0.2.0
 * @category models
 */
export interface Options extends StoreKeys.KeyOptions, Pick<RedisOptions, "url" | "redis"> {
  /** The prefix of names in Redis, and the channel of its messages. Default: `agentcore-consents`. */
  readonly storeId?: string | undefined
}

export {
  /** @since 0.2.0 */
  PendingConsentsError
}

// Redis runs a script as one step. A session has one name for each key of the options, the current one first.

const open = `
redis.call('DEL', unpack(KEYS))
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
`

// The registrations of a topic are deleted together, after the last one has expired.
const register = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
`

/** The process notices a lost server within this time and one second. */
const pingInterval = "30 seconds"

const subscribe = ({ command, redis }: Redis.Connection, channel: string, onMessage: (message: string) => void) =>
  Effect.gen(function*() {
    const runFork = Effect.runForkWith(yield* Effect.context())
    const subscribed = Effect.catch(
      command((redis) => redis.subscribe(channel)),
      (reason) => Effect.logDebug(`The subscription at Redis failed: ${reason}`)
    )
    redis.on("message", (_, message) => onMessage(message))
    redis.on("ready", () => void runFork(subscribed))
    if (redis.status === "ready") yield* subscribed
    yield* Effect.ignore(command((redis) => redis.ping())).pipe(
      Effect.schedule(Schedule.spaced(pingInterval)),
      Effect.forkScoped
    )
  })

/** `connectSubscriber` makes a second connection, because a subscribed one sends no other commands. */
const makeBacking = (
  { command }: Redis.Connection,
  connectSubscriber: Effect.Effect<Redis.Connection, never, Scope.Scope>,
  prefix: string
): ConsentBacking => {
  const sessionKey = (name: string): string => `${prefix}:session:${name}`
  const waitsKey = (name: string): string => `${prefix}:waits:${name}`
  const run = (script: string, keys: ReadonlyArray<string>, ...args: ReadonlyArray<string | number>) =>
    command((redis) => redis.eval(script, keys.length, ...keys, ...args))
  return {
    open: ({ keptUntil, names, sealed }) => run(open, names.map(sessionKey), sealed, keptUntil),
    find: (names) =>
      Effect.map(
        command((redis) => redis.mget(names.map(sessionKey))),
        (values) =>
          names.flatMap((name, index) => {
            const sealed = values[index]
            return sealed ? [{ name, sealed }] : []
          })[0]
      ),
    register: ({ execution, expiresAt, now, sealed, topic }) =>
      run(register, [waitsKey(topic)], execution, sealed, expiresAt - now),
    unregister: (topics, executions) =>
      Effect.map(
        Effect.forEach(topics, (topic) => command((redis) => redis.hdel(waitsKey(topic), ...executions))),
        (removed) => removed.some((count) => count > 0)
      ),
    registrations: (topics) =>
      Effect.map(
        Effect.forEach(topics, (topic) =>
          Effect.map(
            command((redis) => redis.hgetall(waitsKey(topic))),
            (fields) => Object.entries(fields).map(([execution, sealed]) => ({ topic, execution, sealed }))
          )),
        (lists) => lists.flat()
      ),
    publish: (message) => command((redis) => redis.publish(prefix, message)),
    subscribe: (onMessage) =>
      Effect.flatMap(connectSubscriber, (connection) => subscribe(connection, prefix, onMessage))
  }
}

/**
 * Pending consents in Redis 4 or later, over two connections. The layer needs the package `ioredis`. It connects in the
 * background, and again after a lost connection, so a missing server does not fail it. Without Redis, `open` and
 * `claim` fail with `ConsentStoreError`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError> =>
  Layer.effectContext(Effect.gen(function*() {
    const keys = yield* makeKeys(options)
    const connect = Effect.mapError(
      Redis.connect("The store of consents", options),
      (failure) => new PendingConsentsError(failure)
    )
    // The second connection has the options of the first one, so it does not fail.
    const backing = makeBacking(yield* connect, Effect.orDie(connect), options.storeId ?? "agentcore-consents")
    return yield* makeServices(keys, backing)
  }))

/**
 * The same, with options from the configuration.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<PendingConsents | ConsentSignals, PendingConsentsError | ConfigError> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(options)), layer))
