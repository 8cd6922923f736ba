/**
 * The requests as server-sent events, for a limited number of readers. An event is encoded once for all of them, and
 * only while there are any.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as RcRef from "effect/RcRef"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Requests } from "../control/requests.js"
import type { RequestRecord } from "../control/statuses.js"

export type LiveEvents = Effect.Success<ReturnType<typeof make>>

export const maxReaders = 32

/** Readers get the events of this time in one piece, so that their number costs little while many requests come. */
const interval = "20 millis"

/** What waits for a reader that is slow. A piece has at most the events that a subscription to requests holds. */
const maxPieces = 16

const encoder = new TextEncoder()

const connected = encoder.encode(": connected\n\n")

/** Proxies and this server end a connection that is silent for long. */
const heartbeat = encoder.encode(":\n\n")

export const make = (requests: Requests, toData: (record: RequestRecord) => string) =>
  Effect.gen(function*() {
    const pieces = yield* PubSub.sliding<Uint8Array>(maxPieces)
    let readers = 0

    const encode = (records: Iterable<RequestRecord>): Uint8Array => {
      let text = ""
      for (const record of records) text += `event: request\ndata: ${toData(record)}\n\n`
      return encoder.encode(text)
    }

    const feed = yield* RcRef.make({
      acquire: Effect.gen(function*() {
        const records = yield* requests.subscribe
        const publish = Effect.gen(function*() {
          const first = yield* PubSub.take(records)
          yield* Effect.sleep(interval)
          yield* PubSub.publish(pieces, encode([first, ...yield* PubSub.takeUpTo(records, Infinity)]))
        })
        yield* Effect.forkScoped(Effect.forever(publish))
        yield* Effect.forkScoped(Effect.schedule(PubSub.publish(pieces, heartbeat), Schedule.spaced("15 seconds")))
      })
    })

    return {
      /**
       * The events from now on, until the end of the scope. The first bytes come at once. A reader that is slow misses
       * the oldest events. Fails if there are {@link maxReaders} readers.
       */
      open: Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.suspend(() =>
            readers < maxReaders ? Effect.sync(() => readers++) : Effect.fail("TooManyReaders" as const)
          ),
          () => Effect.sync(() => readers--)
        )
        yield* RcRef.get(feed)
        const own = yield* PubSub.subscribe(pieces)
        return Stream.concat(Stream.succeed(connected), Stream.fromChannel(Channel.fromSubscriptionArray(own)))
      }),
      /** Ends the streams of all readers. */
      end: PubSub.shutdown(pieces)
    }
  })
