/**
 * Redis as a place for sealed credentials. The package `ioredis` is loaded when it is needed.
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
import { codeOf } from "../../internal/errorCode.js"
import type { Backing } from "./backing.js"

/**
 * A command that cannot be sent now fails now, and a server that is silent for a second is given up, so that nothing piles up.
 */
const defaults: RedisOptions = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  connectTimeout: 1000,
  socketTimeout: 1000
}

/** The first requests find the connection open, where it opens soon. */
const patience = Duration.seconds(1)

/** What Redis says begins with a code, and may go on with what it was told. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.name === "ReplyError"
    ? /^[A-Z]+/.exec(error.message)?.[0] ?? error.name
    : codeOf(error)

const opened = (redis: Redis): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const events = ["ready", "error", "end"] as const
    const done = () => resume(Effect.void)
    events.forEach((event) => redis.once(event, done))
    return Effect.sync(() => events.forEach((event) => redis.off(event, done)))
  }).pipe(Effect.timeout(patience), Effect.ignore)

/**
 * The connection is made again whenever it is lost, until the scope ends; that it ends is not to fail, whatever has become of Redis.
 * Fails for a URL that is none.
 *
 * @internal
 */
export const make = (
  Client: typeof Redis,
  prefix: string,
  url: Redacted.Redacted | undefined,
  options: RedisOptions | undefined
): Effect.Effect<Backing, void, Scope.Scope> =>
  Effect.gen(function*() {
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const redis = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const all = { ...defaults, ...options }
          const redis = url === undefined ? new Client(all) : new Client(Redacted.value(url), all)
          // Without a listener they would be printed.
          redis.on("error", (error) => {
            runFork(Effect.logDebug(`The connection to Redis failed: ${reasonOf(error)}`))
          })
          return redis
        },
        // What is thrown has the URL in it, and with that the password.
        catch: () => undefined
      }),
      (redis) => Effect.sync(() => redis.disconnect())
    )
    yield* opened(redis)

    const nameOf = (key: string): string => `${prefix}:${key}`
    const command = <A>(send: () => Promise<A>): Effect.Effect<A, string> =>
      Effect.tryPromise({
        try: send,
        catch: (error) => redis.status === "ready" ? reasonOf(error) : `the connection is not ready: ${redis.status}`
      })
    return {
      get: (key) => Effect.map(command(() => redis.get(nameOf(key))), Option.fromNullable),
      set: (key, value, timeToLive) =>
        Effect.asVoid(command(() => redis.set(nameOf(key), value, "PX", Duration.toMillis(timeToLive)))),
      remove: (key) => Effect.asVoid(command(() => redis.del(nameOf(key))))
    }
  })
