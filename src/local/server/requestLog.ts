/** The access log of a server, and the records of requests for its control. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import { randomUUID } from "node:crypto"
import { IncomingMessage } from "node:http"
import { CurrentCall } from "../backend/callContext.js"
import { HttpCall, readNow, type Requests } from "../control/requestRecords.js"
import type { Settings } from "./dispatch.js"

const nameOf = (operation: string | (() => string)): string => typeof operation === "string" ? operation : operation()

/**
 * Writes one line for each request, at the level Debug, without query, header and body. The status is 499 if the client
 * closes the connection before the response. If `operation` is a function, it is called at the end.
 */
const logAccess = <R>(
  operation: string | (() => string),
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.withFiber((fiber) => {
    // Building a line that no logger prints takes as long as an operation.
    if (LogLevel.isGreaterThan(fiber.getRef(References.MinimumLogLevel), "Debug")) return handler
    const start = readNow(fiber)
    const write = (status: number, requestId?: string) =>
      Effect.suspend(() => {
        const name = nameOf(operation)
        return Effect.annotateLogs(Effect.logDebug(`${name} ${status}`), {
          operation: name,
          status,
          durationMs: readNow(fiber) - start,
          // Only operations have a request id.
          ...(requestId === undefined ? {} : { requestId })
        })
      })
    return handler.pipe(
      Effect.tap((response) => write(response.status, response.headers["x-amzn-requestid"])),
      Effect.onInterrupt(() => write(499))
    )
  })

/** A console or a supervisor requests these all the time, so they are not recorded. */
const unrecorded: ReadonlySet<string> = new Set(["health", "control", "console"])

/** Closes the connection of the request. */
const cutConnection = Effect.map(
  Effect.serviceOption(HttpServerRequest.HttpServerRequest),
  Option.map(({ source }) => {
    if (source instanceof IncomingMessage) source.socket.destroy()
  })
)

/** Records the requests of one server for its control, and cuts connections where a fault says so. */
export const recordAccess =
  (requests: Requests): Settings["access"] =>
  <R>(operation: string | (() => string), handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>) =>
    logAccess(
      operation,
      typeof operation === "string" && unrecorded.has(operation) ? handler : Effect.withFiber((fiber) => {
        const start = readNow(fiber)
        const call = new HttpCall()
        return Effect.flatMap(
          Effect.provideService(handler, CurrentCall, call),
          (response) => {
            const error = response.headers["x-amzn-errortype"]
            const record = call.record ?? {
              // The request has reached no operation.
              id: randomUUID(),
              at: DateTime.makeUnsafe(start),
              operation: nameOf(operation),
              request: Option.none(),
              response: Option.none(),
              error: Option.map(Option.fromUndefinedOr(error), (name) => ({ name, message: "" })),
              reasons: call.reasons,
              user: call.user
            }
            const written = requests.write({
              ...record,
              id: response.headers["x-amzn-requestid"] ?? record.id,
              status: call.cut ? Option.none() : Option.some(response.status),
              duration: readNow(fiber) - start
            })
            return Effect.as(call.cut ? Effect.andThen(written, cutConnection) : written, response)
          }
        )
      })
    )
