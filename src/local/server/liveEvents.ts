/**
 * The requests as server-sent events, for a limited number of readers. An event is encoded once for all readers, and
 * only while there are readers.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as RcRef from "effect/RcRef"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { RequestRecord } from "../control/controlModels.js"
import type { Requests } from "../control/requestRecords.js"

export type LiveEvents = Effect.Success<ReturnType<typeof make>>

export const maxReaders = 32

/** Events are sent in batches of this interval, so that many readers cost little under load. */
const interval = "20 millis"

/** Maximum batches that wait for a slow reader. A batch has at most the events that a subscription holds. */
const maxBatches = 16

const encoder = new TextEncoder()

const connected = encoder.encode(": connected\n\n")

/** Keeps the connection open: proxies, and this server, close an idle one. */
const heartbeat = encoder.encode(":\n\n")

export const make = (requests: Requests, toData: (record: RequestRecord) => string) =>
  Effect.gen(function*() {
    const batches = yield* PubSub.sliding<Uint8Array>(maxBatches)
    let readers = 0

    const encode = (records: Iterable<RequestRecord>): Uint8Array => {
      const events = Array.from(records, (record) => `event: request\ndata: ${toData(record)}\n\n`)
      return encoder.encode(events.join(""))
    }

    const feed = yield* RcRef.make({
      acquire: Effect.gen(function*() {
        const records = yield* requests.subscribe
        const publish = Effect.gen(function*() {
          const first = yield* PubSub.take(records)
          yield* Effect.sleep(interval)
          yield* PubSub.publish(batches, encode([first, ...yield* PubSub.takeUpTo(records, Infinity)]))
        })
        yield* Effect.forkScoped(Effect.forever(publish))
        yield* Effect.forkScoped(Effect.schedule(PubSub.publish(batches, heartbeat), Schedule.spaced("15 seconds")))
      })
    })

    return {
      /**
       * The events from now on, until the end of the scope. The first bytes are sent at once. A slow reader misses the
       * oldest events. Fails if there are already {@link maxReaders} readers.
       */
      open: Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.suspend(() =>
            readers < maxReaders ? Effect.sync(() => readers++) : Effect.fail("TooManyReaders" as const)
          ),
          () => Effect.sync(() => readers--)
        )
        yield* RcRef.get(feed)
        const own = yield* PubSub.subscribe(batches)
        return Stream.concat(Stream.succeed(connected), Stream.fromChannel(Channel.fromSubscriptionArray(own)))
      }),
      /** Ends the streams of all readers. */
      end: PubSub.shutdown(batches)
    }
  })
