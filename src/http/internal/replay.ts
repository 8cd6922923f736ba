/**
 * What a request needs to be sent twice.
 *
 * @since 0.1.0
 */
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const isValue = (body: unknown): boolean =>
  typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob
  || body instanceof URLSearchParams || body instanceof FormData

/**
 * Whether a body is the same when it is sent again. A stream may have been used up, by this client or by whatever is behind it.
 *
 * @internal
 */
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

/** An explanation of this many bytes is read, so that its connection serves again; a longer one costs more than a connection. */
const patience = 128 * 1024

/**
 * Frees the connection of a response that nobody will read: reads what is left of it if that is little and comes at once, else
 * gives it up.
 *
 * @internal
 */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.stream.pipe(
    Stream.mapAccum(0, (size, chunk) => [size + chunk.length, size + chunk.length]),
    Stream.takeUntil((size) => size > patience),
    Stream.runDrain,
    Effect.timeoutOption("1 second"),
    Effect.ignore
  )
