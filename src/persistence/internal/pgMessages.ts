/** Messages of PostgreSQL, by `LISTEN` and `pg_notify`. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty, isFunction } from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { randomUUID } from "node:crypto"

/** The client of `@effect/sql-pg`. */
export interface Listener extends SqlClient {
  /** The queue fails when the connection is lost. Until the scope ends, it keeps a connection of the pool. */
  readonly listen: (
    channel: string
  ) => Effect.Effect<Queue.Dequeue<{ readonly payload: string }, SqlError>, SqlError, Scope.Scope>
  readonly notify: (channel: string, message: string) => Effect.Effect<void, SqlError>
}

/** A pool of one connection would have none left for statements. */
export const isListener = (sql: SqlClient): sql is Listener =>
  hasProperty(sql, "listen") && isFunction(sql.listen)
  && !(hasProperty(sql, "config") && hasProperty(sql.config, "maxConnections") && sql.config.maxConnections === 1)

export interface Options {
  /** How often the connection is tested, and how long an answer may take. */
  readonly probeInterval?: Duration.Input | undefined
  readonly probeTimeout?: Duration.Input | undefined
}

const probePrefix = "probe "

/** Up to 30 seconds between two attempts. */
const reconnects = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")]).pipe(
  Schedule.jittered
)

/** In milliseconds. A connection that was up for this time is made again at once. */
const stable = 2 * 60_000

export const make = (
  sql: Listener,
  channel: string,
  { probeInterval = "30 seconds", probeTimeout = "10 seconds" }: Options = {}
): {
  readonly publish: (message: string) => Effect.Effect<void, SqlError>
  readonly subscribe: (onMessage: (message: string) => void) => Effect.Effect<void, never, Scope.Scope>
} => {
  const notify = (message: string) => sql.notify(channel, message)

  /**
   * Listens until the connection is lost. The client does not notice a server or a network that is gone without a word: its queue just has no
   * messages. So the process sends itself a message from time to time.
   */
  const listen = (onMessage: (message: string) => void) =>
    Effect.scoped(Effect.gen(function*() {
      const notifications = yield* sql.listen(channel)
      const probes = yield* Queue.sliding<string>(16)
      const probe = Effect.gen(function*() {
        const message = `${probePrefix}${randomUUID()}`
        yield* notify(message)
        yield* Effect.repeat(Queue.take(probes), { until: (received) => received === message })
      }).pipe(
        Effect.timeoutOrElse({
          duration: probeTimeout,
          orElse: () => Effect.fail("the connection carries no messages")
        }),
        Effect.delay(probeInterval),
        Effect.forever
      )
      const receive = Effect.forever(
        Effect.flatMap(
          Queue.take(notifications),
          ({ payload }) =>
            payload.startsWith(probePrefix) ? Queue.offer(probes, payload) : Effect.sync(() => onMessage(payload))
        )
      )
      return yield* Effect.raceFirst(receive, probe)
    }))

  return {
    publish: notify,
    subscribe: (onMessage) =>
      Effect.flatMap(Clock.currentTimeMillis, (start) =>
        Effect.catchCause(listen(onMessage), () =>
          // The cause can quote the address of the server.
          Effect.logDebug("PostgreSQL sends no messages: the connection is made again").pipe(
            Effect.andThen(Clock.currentTimeMillis),
            Effect.flatMap((now) => Effect.fail(now - start))
          ))).pipe(
          Effect.retry({ schedule: reconnects, while: (lasted) => lasted < stable }),
          Effect.ignore,
          Effect.forever,
          Effect.forkScoped,
          Effect.asVoid
        )
  }
}
