/**
 * Redis as a place for sealed credentials. The caller loads the package `ioredis`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Redis, RedisOptions } from "ioredis"
import { CacheStoreError } from "../../internal/credentialCache/store.js"
import { codeOf } from "../../internal/errorCode.js"
import type { Backing } from "./backing.js"
import { CredentialStoreError } from "./error.js"

/** Commands do not pile up: they fail at once without a connection, and after a second without an answer. */
const defaults: RedisOptions = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  connectTimeout: 1000,
  socketTimeout: 1000
}

/** How long the layer waits for the connection, so that the first commands find it open. */
const connectionWait = Duration.seconds(1)

/** The message of an error of Redis begins with a code. The rest may quote the command. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.name === "ReplyError"
    ? /^[A-Z]+/.exec(error.message)?.[0] ?? error.name
    : codeOf(error)

const waitForConnection = (redis: Redis): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const events = ["ready", "error", "end"] as const
    const done = () => resume(Effect.void)
    events.forEach((event) => redis.once(event, done))
    return Effect.sync(() => events.forEach((event) => redis.off(event, done)))
  }).pipe(Effect.timeout(connectionWait), Effect.ignore)

/**
 * Connects until the scope ends, and again whenever the connection is lost. The release never fails, also without a server.
 *
 * @internal
 */
export const make = (
  Client: typeof Redis,
  prefix: string,
  url: Redacted.Redacted | undefined,
  options: RedisOptions | undefined
): Effect.Effect<Backing, CredentialStoreError, Scope.Scope> =>
  Effect.gen(function*() {
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const redis = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const all = { ...defaults, ...options }
          const redis = url === undefined ? new Client(all) : new Client(Redacted.value(url), all)
          // ioredis prints errors that have no listener.
          redis.on("error", (error) => {
            runFork(Effect.logDebug(`The connection to Redis failed: ${reasonOf(error)}`))
          })
          return redis
        },
        // The thrown error quotes the URL, and with it the password.
        catch: () =>
          new CredentialStoreError({
            reason: "InvalidUrl",
            message:
              "The URL of Redis has to look like rediss://user:password@host:6379/0, with a percent-encoded password"
          })
      }),
      (redis) => Effect.sync(() => redis.disconnect())
    )
    yield* waitForConnection(redis)

    const nameOf = (key: string): string => `${prefix}:${key}`
    const command = <A>(send: () => Promise<A>): Effect.Effect<A, CacheStoreError> =>
      Effect.tryPromise({
        try: send,
        catch: (error) =>
          new CacheStoreError({
            reason: redis.status === "ready" ? reasonOf(error) : `the connection is not ready (${redis.status})`
          })
      })
    return {
      get: (key) => Effect.map(command(() => redis.get(nameOf(key))), Option.fromNullable),
      set: (key, value, timeToLive) =>
        Effect.asVoid(command(() => redis.set(nameOf(key), value, "PX", Duration.toMillis(timeToLive)))),
      remove: (key) => Effect.asVoid(command(() => redis.del(nameOf(key))))
    }
  })
