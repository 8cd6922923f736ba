/**
 * The access log: what was asked for, how it ended, how long it took. Never an address with its query, a header or a body.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** @internal */
export const line = (
  operation: string,
  status: number,
  requestId: string | undefined,
  durationMs?: number
): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logInfo(`${operation} ${status}`), {
    operation,
    status,
    ...(durationMs === undefined ? {} : { durationMs }),
    // Routes that are no operations have none.
    ...(requestId === undefined ? {} : { requestId })
  })

/**
 * Writes a line for every request, at the level Info. A client that has gone before its answer has the status 499.
 *
 * @internal
 */
export const access = <R>(
  operation: string,
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (start) => {
    const ended = (status: number, requestId?: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (end) => line(operation, status, requestId, end - start))
    return handler.pipe(
      Effect.tap((response) => ended(response.status, response.headers["x-amzn-requestid"])),
      Effect.onInterrupt(() => ended(499))
    )
  })

/**
 * For an application's own server, which has its own log.
 *
 * @internal
 */
export const noAccess: typeof access = (_, handler) => handler
