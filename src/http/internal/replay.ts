/** Sending a request twice. */
import * as Effect from "effect/Effect"
import type * as HttpBody from "effect/http/HttpBody"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"

const isValue = (body: unknown): boolean =>
  typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob
  || body instanceof URLSearchParams || body instanceof FormData

/** Whether a body can be sent again. The first attempt may have consumed a stream. */
export const isRepeatable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Empty":
    case "Uint8Array":
    case "FormData":
      return true
    case "Raw":
      return isValue(body.body)
    case "Stream":
      return false
  }
}

/** In bytes. Reading a longer body costs more than a new connection. */
const drainLimit = 128 * 1024

/**
 * Frees the connection of an unread response: reads its body if that is short and arrives within a second, and
 * otherwise drops the connection.
 */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.stream.pipe(
    Stream.mapAccum(() => 0, (size, chunk) => [size + chunk.length, [size + chunk.length]]),
    Stream.takeUntil((size) => size > drainLimit),
    Stream.runDrain,
    Effect.timeoutOption("1 second"),
    Effect.ignore
  )
