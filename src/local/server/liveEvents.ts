/** The requests as server-sent events, for a limited number of readers. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toPlain } from "../../internal/models/native.js"
import type { Requests } from "../control/requestRecords.js"

export type LiveEvents = ReturnType<typeof make>

export const maxReaders = 32

/** Keeps the connection open: proxies, and this server, close an idle one. */
const heartbeats = Stream.drop(Stream.as(Stream.tick("15 seconds"), ":\n\n"), 1)

export const make = (requests: Requests) => {
  let readers = 0
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
      const events = Stream.map(
        Stream.fromSubscription(yield* requests.subscribe),
        (record) => `event: request\ndata: ${JSON.stringify(toPlain(record))}\n\n`
      )
      return Stream.concat(
        Stream.succeed(": connected\n\n"),
        Stream.merge(events, heartbeats, { haltStrategy: "left" })
      ).pipe(Stream.encodeText)
    }),
    /** Ends the streams of all readers. */
    end: requests.end
  }
}
