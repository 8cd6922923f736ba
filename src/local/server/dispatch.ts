/** The dispatcher of the wire protocol (REST-JSON 1). It calls the method of a plane for each request. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { isDate } from "effect/Predicate"
import * as Result from "effect/Result"
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { BodyTooLarge, fromNode, maxDropped } from "../../internal/boundedBody.js"
import { mapDeep } from "../../internal/models/plainData.js"
import { isOwnHost } from "../../internal/ownHost.js"
import { CallerKey, unrestrictedKey } from "../backend/callContext.js"
import * as WireErrors from "./errors.js"
import { maxBytes, type WireError, wireErrors } from "./errors.js"
import { readAccessKeyId, type SignatureCheck } from "./verifySignature.js"
import type { Row } from "./wireRoutes.js"

type Handler = Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>

/** The settings of every route of one server. */
export interface Settings {
  readonly allowedHosts: ReadonlyArray<string>
  readonly signatures: SignatureCheck
  /** Wraps every handler, and gets the name of its operation. Writes the access log, if there is one. */
  readonly access: <R>(
    operation: string | (() => string),
    handler: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
}

/** Timestamps of the protocol are seconds since the epoch. */
const toWire = (value: unknown): unknown => mapDeep(value, (inner) => isDate(inner) ? inner.getTime() / 1000 : inner)

const respond = (status: number, requestId: string, body: unknown) => {
  const options = { status, headers: { "x-amzn-requestid": requestId, ...WireErrors.headers } }
  return status === 204 ? HttpServerResponse.empty(options) : HttpServerResponse.jsonUnsafe(body, options)
}

export const respondError = (error: WireError, requestId: string): HttpServerResponse.HttpServerResponse => {
  const { body, ...options } = WireErrors.encode(error, requestId)
  return HttpServerResponse.text(body, options)
}

export const serveDocument = (
  name: string,
  settings: Settings,
  respond: Effect.Effect<HttpServerResponse.HttpServerResponse>
): Handler =>
  settings.access(
    name,
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      isOwnHost(headers.host, settings.allowedHosts)
        ? respond
        : Effect.succeed(respondError(wireErrors.foreignHost, randomUUID())))
  )

/** Returns the stack without the message, which can quote a request. */
const readFrames = (defect: unknown): string => {
  if (!(defect instanceof Error) || defect.stack === undefined) return ""
  const start = defect.stack.indexOf(defect.message)
  return start === -1 ? "" : defect.stack.slice(start + defect.message.length)
}

/** Responds to a request that died. The log has the request id and the stack. */
export const respondDefect = (
  operation: string,
  requestId: string,
  cause: Cause.Cause<unknown>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const defect = Result.getOrElse(Cause.findDefect(cause), () => undefined)
  const what = defect instanceof Error ? defect.name : defect === undefined ? "an interruption" : `a ${typeof defect}`
  return Effect.as(
    Effect.annotateLogs(
      Effect.logError(`${operation} failed by a defect: ${what}${readFrames(defect)}`),
      { requestId, operation }
    ),
    respondError(wireErrors.internal, requestId)
  )
}

export const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/json\s*(;|$)/i.test(contentType.trim())

/** Drops a body that is too large. */
export const readBody = ({ source }: HttpServerRequest.HttpServerRequest): Effect.Effect<Uint8Array, WireError> =>
  Effect.callback((resume) => {
    // The server is Node's.
    const request = source as IncomingMessage
    if (request.destroyed) resume(Effect.fail(wireErrors.incomplete))
    fromNode(request, maxBytes, (error, body) =>
      resume(
        body !== undefined
          ? Effect.succeed(body)
          : Effect.fail(error instanceof BodyTooLarge ? wireErrors.tooLarge : wireErrors.incomplete)
      ), maxDropped)
  })

const decoder = new TextDecoder("utf-8", { fatal: true })

// The error of `JSON.parse` quotes the body, so it is dropped.
export const parse = (body: Uint8Array): Result.Result<object, WireError> => {
  try {
    const value: unknown = body.length === 0 ? {} : JSON.parse(decoder.decode(body))
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Result.succeed(value)
      : Result.fail(wireErrors.unreadable)
  } catch {
    return Result.fail(wireErrors.unreadable)
  }
}

const service = "bedrock-agentcore"

const check = <Plane>(
  request: HttpServerRequest.HttpServerRequest,
  rows: ReadonlyArray<Row<Plane>>,
  settings: Settings
): WireError | undefined =>
  !isOwnHost(request.headers.host, settings.allowedHosts)
    ? wireErrors.foreignHost
    : !rows.some(({ method }) => method === request.method)
    ? WireErrors.wrongMethod(rows.map(({ method }) => method).join(", "))
    : settings.signatures.headers(request, service) ?? (
      request.method !== "POST" || isJson(request.headers["content-type"]) ? undefined : wireErrors.wrongContentType
    )

/** Provides the access key that signed the request. */
export const withCaller = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.provideService(CallerKey, readAccessKeyId(request) ?? unrestrictedKey)

/** Reads the members in path and query. An ARN is the rest of the path, and a list is a repeated parameter. */
const readAddress = (path: string, url: string): Result.Result<object, WireError> => {
  if (!path.endsWith("*")) return Result.succeed({})
  const [arn = "", query] = url.slice(path.length - 1).split(/\?(.*)/s)
  const tagKeys = new URLSearchParams(query).getAll("tagKeys")
  return Result.try({
    try: () => ({ resourceArn: decodeURIComponent(arn), ...(tagKeys.length === 0 ? {} : { tagKeys }) }),
    catch: () => wireErrors.unreadablePath
  })
}

/** Whether the request has exactly this path. The router ignores case, `;x`, several slashes and a last one. */
const hasPath = (path: string, url: string): boolean => {
  const given = url.split(/[?#]/, 1)[0] ?? ""
  return path.endsWith("*")
    ? given.length >= path.length && given.startsWith(path.slice(0, -1)) && given[path.length - 1] !== "/"
    : given === path
}

/** Responds to a request that has no operation. */
const respondUnrouted = (settings: Settings, error: WireError) =>
  settings.access("unknown", Effect.sync(() => respondError(error, randomUUID())))

export const handler = <Plane>(rows: ReadonlyArray<Row<Plane>>, plane: Plane, settings: Settings): Handler =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const row = rows.find(({ method }) => method === request.method) ?? rows[0]
    if (row === undefined) return Effect.die(new Error("A path without operations has a handler"))
    if (!hasPath(row.path, request.url)) return respondUnrouted(settings, wireErrors.unknownOperation)
    return settings.access(
      row.name,
      Effect.suspend(() => {
        const requestId = randomUUID()
        const problem = check(request, rows, settings)
        if (problem !== undefined) return Effect.succeed(respondError(problem, requestId))
        const call = (body: Uint8Array) =>
          Effect.flatMap(
            Effect.fromResult(Result.all([parse(body), readAddress(row.path, request.url)])),
            ([members, address]) =>
              withCaller(request)(Effect.mapError(row.call(plane, { ...members, ...address }), WireErrors.fromPlane))
          )
        return readBody(request).pipe(
          Effect.tap((body) => settings.signatures.content(request, service, body)),
          Effect.flatMap(call),
          Effect.map((output) => respond(row.status, requestId, toWire(output))),
          Effect.catchCause((cause) =>
            Result.match(Cause.findError(cause), {
              onFailure: (cause) => respondDefect(row.name, requestId, cause),
              onSuccess: (error) => Effect.succeed(respondError(error, requestId))
            })
          )
        )
      })
    )
  })

/** Whether the request has one host and a path. A target that is a URL would replace both. */
const isWellFormed = ({ source }: HttpServerRequest.HttpServerRequest): boolean => {
  // The server is Node's. Its `headers` has only the first Host header.
  const { rawHeaders, url } = source as IncomingMessage
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host")
  return url?.startsWith("/") === true && hosts.length === 1
}

/** Makes an application that responds to every request, also without a route or with a malformed target. */
export const respondToAll = <R>(
  routes: Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, R>,
  settings: Settings
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    isWellFormed(request)
      // Handlers never fail. A failure means that the path has no route.
      ? Effect.catchCause(routes, (cause) =>
        Cause.hasFails(cause)
          ? respondUnrouted(settings, wireErrors.unknownOperation)
          // The client has closed the connection.
          : Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : settings.access("unknown", Effect.suspend(() => respondDefect("The router", randomUUID(), cause))))
      : respondUnrouted(settings, wireErrors.malformed))
