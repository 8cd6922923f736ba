/** Connections to Redis for stores. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Redis, RedisOptions } from "ioredis"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"
import { codeOf } from "../../internal/messages.js"

/** Commands fail at once without a connection, and after a second without a response, so that they do not pile up. */
const defaults: RedisOptions = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  connectTimeout: 1000,
  socketTimeout: 1000
}

/** The layer waits this long for the connection, so that the first commands find it open. */
const connectionWait = "1 second"

/** The message of an error of Redis begins with a code. The rest may quote the command. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.name === "ReplyError"
    ? /^[A-Z]+/.exec(error.message)?.[0] ?? error.name
    : codeOf(error)

const waitForConnection = (redis: Redis): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const events = ["ready", "error", "end"] as const
    const done = () => resume(Effect.void)
    events.forEach((event) => redis.once(event, done))
    return Effect.sync(() => events.forEach((event) => redis.off(event, done)))
  }).pipe(Effect.timeout(connectionWait), Effect.ignore)

const invalidUrl =
  "The URL of Redis has to look like rediss://user:password@host:6379/0, with a percent-encoded password"

/** A connection. The client reconnects whenever it is lost. */
export interface Connection {
  readonly redis: Redis
  /** Sends a command. It fails with a reason that is safe to log. */
  readonly command: <A>(send: (redis: Redis) => Promise<A>) => Effect.Effect<A, string>
}

interface ConnectFailure {
  readonly reason: "MissingPackage" | "InvalidUrl"
  readonly message: string
}

/** Connects until the scope ends. The release never fails, even without a server. Messages begin with `store`. */
export const connect = (
  store: string,
  { redis: options, url }: { readonly url?: Redacted.Redacted | undefined; readonly redis?: RedisOptions | undefined }
): Effect.Effect<Connection, ConnectFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const { Redis: Client } = yield* Effect.mapError(
      loadPackage("ioredis", "Redis", async () => {
        try {
          return await import("ioredis")
        } catch (cause) {
          return await Promise.reject<never>(cause)
        }
      }),
      ({ code }): ConnectFailure => ({
        reason: "MissingPackage",
        message: `${store} needs the package ioredis, which cannot be loaded (${code}): ${installCommand("ioredis")}`
      })
    )
    const runFork = Effect.runForkWith(yield* Effect.context())
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
        catch: (): ConnectFailure => ({ reason: "InvalidUrl", message: invalidUrl })
      }),
      (redis) => Effect.sync(() => redis.disconnect())
    )
    yield* waitForConnection(redis)
    return {
      redis,
      command: (send) =>
        Effect.tryPromise({
          try: () => send(redis),
          catch: (error) => redis.status === "ready" ? reasonOf(error) : `the connection is not ready (${redis.status})`
        })
    }
  })
