/** The access log: operation, status and duration of each request. It holds no query, header or body. */
import * as Effect from "effect/Effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { nowOf } from "../internal/now.js"

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
 */
export const logAccess = <R>(
  operation: string | (() => string),
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.withFiber((fiber) => {
    // A line that no logger gets takes as long as an operation.
    if (LogLevel.isGreaterThan(fiber.getRef(References.MinimumLogLevel), "Debug")) return handler
    const start = nowOf(fiber)
    const write = (status: number, requestId?: string) =>
      Effect.suspend(() =>
        writeLine(typeof operation === "string" ? operation : operation(), status, requestId, nowOf(fiber) - start)
      )
    return handler.pipe(
      Effect.tap((response) => write(response.status, response.headers["x-amzn-requestid"])),
      Effect.onInterrupt(() => write(499))
    )
  })

/** Writes nothing: an application's own server has its own log. */
export const skipLog: typeof logAccess = (_, handler) => handler
