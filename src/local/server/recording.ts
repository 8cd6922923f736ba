/** Records the requests of one server for its control, and cuts the connections that a fault names. */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import { hasProperty, isFunction } from "effect/Predicate"
import { randomUUID } from "node:crypto"
import { Reasons } from "../backend/reasons.js"
import type { RequestRecord } from "../control/contract.js"
import { type Call, HttpCall } from "../control/httpCall.js"
import { makeReasons, type Requests } from "../control/requests.js"
import { nowOf } from "../internal/now.js"
import type { Settings } from "./dispatch.js"

/** A console or a supervisor asks for these again and again. */
const unrecorded: ReadonlySet<string> = new Set(["status", "health", "control", "console"])

/** Closes the connection of a request. */
const cut = ({ source }: HttpServerRequest.HttpServerRequest): void => {
  if (
    hasProperty(source, "socket") && hasProperty(source.socket, "destroy") && isFunction(source.socket.destroy)
  ) source.socket.destroy()
}

/** For a request that no operation got. */
const toRecord = (
  operation: string,
  start: number,
  { reasons }: Call,
  { headers, status }: HttpServerResponse.HttpServerResponse
): RequestRecord => {
  const error = headers["x-amzn-errortype"]
  return {
    id: randomUUID(),
    at: DateTime.makeUnsafe(start),
    duration: 0,
    operation,
    status: Option.some(status),
    request: Option.none(),
    response: Option.none(),
    error: error === undefined ? Option.none() : Option.some({ name: error, message: "" }),
    reasons: reasons.list
  }
}

export const make =
  (requests: Requests, access: Settings["access"]): Settings["access"] =>
  <R>(operation: string | (() => string), handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>) =>
    access(
      operation,
      typeof operation === "string" && unrecorded.has(operation) ? handler : Effect.withFiber((fiber) => {
        const start = nowOf(fiber)
        const call: Call = { cut: false, record: undefined, reasons: makeReasons() }
        return Effect.flatMap(
          Effect.updateContext(
            handler,
            (context: Context.Context<R>) =>
              // References have defaults: the handler does not say that it needs them.
              Context.add(Context.add(context, HttpCall, call), Reasons, call.reasons.add) as Context.Context<R>
          ),
          (response) => {
            const record = call.record
              ?? toRecord(typeof operation === "string" ? operation : operation(), start, call, response)
            const written = requests.write({
              ...record,
              id: response.headers["x-amzn-requestid"] ?? record.id,
              status: call.cut ? Option.none() : Option.some(response.status),
              duration: nowOf(fiber) - start
            })
            return Effect.as(
              call.cut
                ? Effect.andThen(
                  written,
                  Effect.flatMap(
                    Effect.serviceOption(HttpServerRequest.HttpServerRequest),
                    Option.match({
                      onNone: () => Effect.void,
                      onSome: (request) => Effect.sync(() => cut(request))
                    })
                  )
                )
                : written,
              response
            )
          }
        )
      })
    )
