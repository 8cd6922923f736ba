/** Reads a stream of Effect as a whole, up to a size. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as BoundedBody from "./boundedBody.js"

/** Returns `undefined` if the body is too large. */
export const read = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  limit: number,
  extra?: number
): Effect.Effect<Uint8Array<ArrayBuffer> | undefined, E, R> =>
  Effect.suspend(() => {
    const { add, end } = BoundedBody.make(limit, extra)
    return Effect.map(Stream.runForEachWhile(stream, (chunk) => Effect.sync(() => add(chunk))), end)
  })
