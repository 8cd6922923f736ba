/**
 * The dispatcher of the wire protocol (REST-JSON 1): from a request to the method of a plane, and back.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isDate } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { isIP } from "node:net"
import * as WireErrors from "./wireErrors.js"
import type { WireError } from "./wireErrors.js"
import type { Row } from "./wireOperations.js"

type Handler = Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>

// The largest legal request has a token and a JWT of 131072 characters each, or an API key of 65536.
const maxBytes = 1024 * 1024

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

/** Timestamps of the protocol are seconds since the epoch. */
const toWire = (value: unknown): unknown =>
  isDate(value)
    ? value.getTime() / 1000
    : Array.isArray(value)
    ? value.map(toWire)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toWire(member)]))
    : value

const respond = (
  status: number,
  requestId: string,
  body: unknown,
  headers: Record<string, string> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(body, {
    status,
    headers: {
      "x-amzn-requestid": requestId,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers
    }
  })

const respondError = (error: WireError, requestId: string): HttpServerResponse.HttpServerResponse =>
  respond(
    error.status,
    requestId,
    { message: error.message, reason: error.reason, fieldList: error.fieldList },
    { "x-amzn-errortype": error.name, ...error.status === 405 ? { allow: "POST" } : undefined }
  )

/** Where it happened. What was thrown can quote a request. */
const framesOf = (defect: unknown): string => {
  if (!(defect instanceof Error) || defect.stack === undefined) return ""
  const start = defect.stack.indexOf(defect.message)
  return start === -1 ? "" : defect.stack.slice(start + defect.message.length)
}

const failed = (operation: string, requestId: string, cause: Cause.Cause<never>) => {
  const defect = Option.getOrUndefined(Chunk.head(Cause.defects(cause)))
  const what = defect instanceof Error ? defect.name : defect === undefined ? "an interruption" : `a ${typeof defect}`
  return Effect.as(
    Effect.annotateLogs(
      Effect.logError(`${operation} failed by a defect: ${what}${framesOf(defect)}`),
      { requestId, operation }
    ),
    respondError(WireErrors.internal, requestId)
  )
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const hostname = (header: string | undefined): string | undefined =>
  header !== undefined && URL.canParse(`http://${header}`) ? new URL(`http://${header}`).hostname : undefined

/**
 * Whether the Host header can be that of an honest caller. A page of another site that had its name resolve to this machine
 * (DNS rebinding) sends that name; it cannot do so by an address, and `localhost` is nobody else's.
 *
 * @internal
 */
export const isOwnHost = (header: string | undefined, allowedHosts: ReadonlyArray<string>): boolean => {
  const name = hostname(header)
  return name !== undefined
    && (name === "localhost" || name.endsWith(".localhost") || isIP(name.replace(/^\[|\]$/g, "")) !== 0
      || allowedHosts.some((allowed) => allowed.toLowerCase() === name))
}

const signature = /^AWS4-\S+ (?:.*[ ,])?Credential=[^\s,]+\/bedrock-agentcore\/aws4_request(?:[ ,]|$)/

const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/json\s*(;|$)/i.test(contentType.trim())

/**
 * The bytes of the body. A body that is too large is read to its end and not kept: a connection that is cut while its client
 * sends gives that client no answer.
 */
const readBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Uint8Array, WireError> =>
  Stream.runFold(request.stream, { size: 0, chunks: Array<Uint8Array>() }, ({ chunks, size }, chunk) => {
    const total = size + chunk.length
    return { size: total, chunks: total > maxBytes ? [] : [...chunks, chunk] }
  }).pipe(
    Effect.mapError(() => WireErrors.incomplete),
    Effect.flatMap(({ chunks, size }) =>
      size > maxBytes ? Effect.fail(WireErrors.tooLarge(maxBytes)) : Effect.succeed(Buffer.concat(chunks))
    )
  )

// What a parser says about a body quotes it.
const parse = (body: Uint8Array): Effect.Effect<object, WireError> =>
  Effect.try({
    try: (): unknown => body.length === 0 ? {} : JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)),
    catch: () => WireErrors.unreadable
  }).pipe(
    Effect.filterOrFail(
      (value): value is object => typeof value === "object" && value !== null && !Array.isArray(value),
      () => WireErrors.unreadable
    )
  )

const check = (
  request: HttpServerRequest.HttpServerRequest,
  allowedHosts: ReadonlyArray<string>
): WireError | undefined =>
  !isOwnHost(request.headers.host, allowedHosts)
    ? WireErrors.foreignHost
    : request.method !== "POST"
    ? WireErrors.wrongMethod("POST")
    : !signature.test(request.headers.authorization ?? "")
    ? WireErrors.missingAuthentication
    : !isJson(request.headers["content-type"])
    ? WireErrors.wrongContentType
    : undefined

// -----------------------------------------------------------------------------
// Handlers
// -----------------------------------------------------------------------------

/** @internal */
export const handler = <Plane>(row: Row<Plane>, plane: Plane, allowedHosts: ReadonlyArray<string>): Handler =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const requestId = randomUUID()
    const problem = check(request, allowedHosts)
    return problem !== undefined ? Effect.succeed(respondError(problem, requestId)) : readBody(request).pipe(
      Effect.flatMap(parse),
      Effect.flatMap((input) => Effect.mapError(row.call(plane, input), WireErrors.fromPlane)),
      Effect.match({
        onFailure: (error) => respondError(error, requestId),
        onSuccess: (output) => respond(row.status, requestId, toWire(output))
      }),
      Effect.catchAllCause((cause) => failed(row.name, requestId, cause))
    )
  })

/** @internal */
export const unknownOperation: Effect.Effect<HttpServerResponse.HttpServerResponse> = Effect.sync(() =>
  respondError(WireErrors.unknownOperation, randomUUID())
)
