/** How the HTTP adapter sends requests. */
import type * as Effect from "effect/Effect"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { BodyTooLarge } from "../../../internal/boundedBody.js"
import type { NoResponse } from "../failure.js"

export interface Request {
  readonly method: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Path and query, percent-encoded. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface Response {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/**
 * A request without a complete response. `code` is Node's code of the error. The error can quote the response.
 * `response` is the beginning of an incomplete response.
 */
export interface Lost {
  readonly error: Redacted.Redacted<unknown>
  readonly code: string | undefined
  readonly response: Pick<Response, "status" | "headers"> | undefined
}

/** Node's code of an error, or of one of its causes. */
const nodeCodeOf = (error: unknown, depth = 0): string | undefined =>
  hasProperty(error, "code") && isString(error.code)
    ? error.code
    : hasProperty(error, "cause") && depth < 10
    ? nodeCodeOf(error.cause, depth + 1)
    : undefined

export const toLost = (error: unknown, response?: Lost["response"]): Lost => ({
  error: Redacted.make(error),
  code: error instanceof BodyTooLarge ? error._tag : nodeCodeOf(error),
  response
})

/** A connection that was closed before the response was complete. */
export const connectionClosed = (): Lost => toLost(Object.assign(new Error("closed"), { code: "ECONNRESET" }))

/** A request without a response within the time limit. */
export const timedOut: Lost = { error: Redacted.make(undefined), code: "TimeoutError", response: undefined }

/**
 * Sends a request. Closes the connection of a response that is too large. Does not follow redirects. Interruption
 * aborts the request. The time limit, in milliseconds, also aborts it in an uninterruptible region.
 */
export type Transport = (request: Request, timeout: number) => Effect.Effect<Response, Lost | NoResponse>
