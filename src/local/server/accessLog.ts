/**
 * The access log: operation, status and duration of each request. It holds no query, header or body.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** @internal */
export const writeLine = (
  operation: string,
  status: number,
  requestId: string | undefined,
  durationMs?: number
): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logDebug(`${operation} ${status}`), {
    operation,
    status,
    ...(durationMs === undefined ? {} : { durationMs }),
    // Only operations have a request id.
    ...(requestId === undefined ? {} : { requestId })
  })

/**
 * Writes one line for each request, at the level Debug. The status is 499 if the client closes the connection before its
 * answer. A function is asked for the name of the operation at the end.
 *
 * @internal
 */
export const logAccess = <R>(
  operation: string | (() => string),
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (start) => {
    const write = (status: number, requestId?: string) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (end) => writeLine(typeof operation === "string" ? operation : operation(), status, requestId, end - start)
      )
    return handler.pipe(
      Effect.tap((response) => write(response.status, response.headers["x-amzn-requestid"])),
      Effect.onInterrupt(() => write(499))
    )
  })

/**
 * Writes nothing: an application's own server has its own log.
 *
 * @internal
 */
export const skipLog: typeof logAccess = (_, handler) => handler
