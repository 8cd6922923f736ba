/**
 * Messages of PostgreSQL, by `LISTEN` and `pg_notify`.
 *
 * @since 0.1.0
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty, isFunction } from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"

/**
 * The client of `@effect/sql-pg`. Its `notify` fails, because `NOTIFY` takes no parameters (0.53).
 *
 * @internal
 */
export interface Listener extends SqlClient {
  readonly listen: (channel: string) => Stream.Stream<string, SqlError>
}

/** @internal */
export const isListener = (sql: SqlClient): sql is Listener => hasProperty(sql, "listen") && isFunction(sql.listen)

/** @internal */
export interface Options {
  /** How often the connection is tested, and how long an answer may take. */
  readonly probeInterval?: Duration.DurationInput | undefined
  readonly probeTimeout?: Duration.DurationInput | undefined
}

/** Up to 30 seconds between two attempts. */
const reconnects = Schedule.exponential("1 second").pipe(Schedule.union(Schedule.spaced("30 seconds")), Schedule.jittered)

/** @internal */
export const make = (
  sql: Listener,
  channel: string,
  { probeInterval = "30 seconds", probeTimeout = "10 seconds" }: Options = {}
): {
  readonly publish: (message: string) => Effect.Effect<void, SqlError>
  readonly subscribe: (onMessage: (message: string) => void) => Effect.Effect<void, never, Scope.Scope>
} => {
  const notify = (channel: string, message: string) => Effect.asVoid(sql`SELECT pg_notify(${channel}, ${message})`)

  /**
   * Listens until the connection is lost. The client reports nothing then: its stream just has no messages. A message to a channel that only
   * this process has shows whether the connection still carries messages.
   */
  const listen = (onMessage: (message: string) => void) =>
    Effect.gen(function*() {
      const probes = yield* Queue.sliding<string>(1)
      const probeChannel = `${channel}_${randomUUID().slice(0, 8)}`
      const probe = Effect.gen(function*() {
        const id = randomUUID()
        yield* notify(probeChannel, id)
        yield* Effect.repeat(Queue.take(probes), { until: (received) => received === id })
      }).pipe(
        Effect.timeoutFail({ duration: probeTimeout, onTimeout: () => "the connection carries no messages" }),
        Effect.delay(probeInterval),
        Effect.forever
      )
      yield* Effect.raceFirst(
        Effect.zip(
          Stream.runForEach(sql.listen(channel), (message) => Effect.sync(() => onMessage(message))),
          Stream.runForEach(sql.listen(probeChannel), (message) => Queue.offer(probes, message)),
          { concurrent: true }
        ),
        probe
      )
    })

  return {
    publish: (message) => notify(channel, message),
    subscribe: (onMessage) =>
      Effect.sandbox(listen(onMessage)).pipe(
        // The cause can quote the address of the server, and a lost connection makes a defect of the end of the stream.
        Effect.tapError(() => Effect.logDebug("PostgreSQL sends no messages: the connection is made again")),
        Effect.retry(reconnects),
        Effect.ignore,
        Effect.forkScoped,
        Effect.asVoid
      )
  }
}
