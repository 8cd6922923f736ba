/**
 * One call of an operation over HTTP, derived from the operation's row.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TransportError, type UnknownServiceError } from "../../../IdentityError.js"
import type * as Operation from "../../../Operation.js"
import * as Failure from "../failure.js"
import type { Source } from "./credentials.js"
import { type Message, type Protocol, queryString } from "./protocol.js"
import * as Retry from "./retry.js"
import type { ServiceClock } from "./serviceClock.js"
import type { Signer } from "./signer.js"
import type { Lost, Response, Transport } from "./transport.js"

/**
 * A plane at one place, with all its settings.
 *
 * @internal
 */
export interface Connection {
  readonly transport: Transport
  readonly protocol: Protocol
  readonly origin: string
  readonly host: string
  /** The path of the endpoint, without a slash at its end. */
  readonly basePath: string
  readonly region: string
  /** Whether the program gave the credentials. */
  readonly hasCredentials: boolean
  readonly credentials: Source
  readonly sign: Signer
  readonly policy: Retry.Policy
  readonly maxAttempts: number
  readonly clock: ServiceClock
  /** In milliseconds. */
  readonly timeout: number
}

/** An operation whose request and answer do not matter. */
interface Row<E> extends Operation.Any {
  readonly errors: ReadonlyArray<Operation.ExceptionClass<E>>
}

/** An attempt without an output. The error is made when there is no other attempt: it is searched for secrets, which is slow. */
interface Failed<E> extends Retry.Failure {
  readonly toError: () => E | UnknownServiceError | TransportError
}

/** What came back: an answer is read by the codec of its operation. */
interface Output {
  readonly value: unknown
  readonly response: Response
}

const requestIdOf = ({ headers }: Pick<Response, "headers">): string | undefined =>
  headers["x-amzn-requestid"] ?? headers["x-amzn-request-id"] ?? headers["x-amz-request-id"]

const metadataOf = (response: Pick<Response, "status" | "headers">) => ({
  status: response.status,
  requestId: requestIdOf(response)
})

// -----------------------------------------------------------------------------
// Failures
// -----------------------------------------------------------------------------

const timeoutCodes: ReadonlySet<string | undefined> = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT"
])

const kindOfLost = (code: string | undefined): TransportError["kind"] =>
  timeoutCodes.has(code) ? "timeout" : code?.startsWith("HPE_") === true ? "undecodable" : "connection"

const lost = ({ code, error, response }: Lost): Failed<never> => ({
  code,
  isLost: code === undefined,
  status: response?.status,
  toError: () => {
    const kind = kindOfLost(code)
    return new TransportError({
      kind,
      code,
      ...(response === undefined ? {} : metadataOf(response)),
      // The error of a parser has the raw response in it, and that of a response its beginning.
      cause: kind === "undecodable" || response !== undefined ? undefined : Redacted.make(error)
    })
  }
})

const undecodable = (response: Response): Failed<never> => ({
  status: response.status,
  // The message of a syntax error quotes the body.
  toError: () => new TransportError({ kind: "undecodable", code: "SyntaxError", ...metadataOf(response) })
})

const refused = <E>(
  { protocol }: Connection,
  { errors }: Row<E>,
  request: unknown,
  response: Response,
  now: number
): Failed<E> => {
  try {
    const exception = protocol.decodeException(response)
    const { requestId, status } = metadataOf(response)
    return {
      name: typeof exception.name === "string" ? exception.name : undefined,
      message: typeof exception.message === "string" ? exception.message : undefined,
      status,
      retryAfter: Retry.retryAfter(response.headers, now),
      toError: () =>
        Failure.exception(
          protocol,
          errors,
          { ...exception, $metadata: { httpStatusCode: status, requestId } },
          request
        )
    }
  } catch {
    return undecodable(response)
  }
}

// -----------------------------------------------------------------------------
// Attempts
// -----------------------------------------------------------------------------

const read = <E>(
  connection: Connection,
  row: Row<E>,
  request: unknown,
  response: Response,
  now: number
): Output | Failed<E> => {
  if (response.status < 200 || response.status >= 300) return refused(connection, row, request, response, now)
  try {
    return { value: connection.protocol.decode(row, response.body), response }
  } catch {
    return undecodable(response)
  }
}

const isFailed = <E>(result: Output | Failed<E>): result is Failed<E> => "toError" in result

/** The number of attempts of a call, for the service's own statistics. */
const attemptHeader = (attempt: number, { maxAttempts }: Connection): string => `attempt=${attempt}; max=${maxAttempts}`

/** Signs and sends a request once. Fails without credentials only. */
const attempt = <E>(
  connection: Connection,
  row: Row<E>,
  request: unknown,
  message: Message,
  path: string,
  headers: Readonly<Record<string, string>>
): Effect.Effect<Output | Failed<E>, TransportError> => {
  const { body, method, query } = message
  return Effect.flatMap(connection.credentials, (identity) =>
    Effect.flatMap(Clock.currentTimeMillis, (sent) => {
      const offset = connection.clock.offset()
      return connection.sign(
        { method, host: connection.host, path, query, headers, body },
        identity,
        sent + offset
      ).pipe(
        Effect.flatMap((signed) => {
          const search = queryString(query)
          return connection.transport({
            method,
            origin: connection.origin,
            path: search === "" ? path : `${path}?${search}`,
            headers: signed,
            body
          })
        }),
        Effect.flatMap((response) =>
          Effect.map(Clock.currentTimeMillis, (received) => {
            const isSkewCorrected = connection.clock.read({ headers: response.headers, sent, received, offset })
            const result = read(connection, row, request, response, received)
            return isFailed(result) ? { ...result, isSkewCorrected } : result
          })
        ),
        Effect.catchAll((error) => error instanceof TransportError ? Effect.fail(error) : Effect.succeed(lost(error)))
      )
    }))
}

const sendAll = <E>(
  connection: Connection,
  row: Row<E>,
  request: unknown
): Effect.Effect<Output, E | UnknownServiceError | TransportError> => {
  // The row encodes its own requests.
  const message = connection.protocol.encode(row, (row.encode as (request: unknown) => unknown)(request))
  const path = `${connection.basePath}${message.path}`
  const base = { ...message.headers, "amz-sdk-invocation-id": globalThis.crypto.randomUUID() }
  const send = (attempts: number, cost?: number): Effect.Effect<Output, E | UnknownServiceError | TransportError> =>
    Effect.flatMap(
      attempt(connection, row, request, message, path, {
        ...base,
        "amz-sdk-request": attemptHeader(attempts, connection)
      }),
      (result) => {
        if (!isFailed(result)) {
          connection.policy.succeed(cost)
          return Effect.succeed(result)
        }
        return Effect.flatMap(connection.policy.next(attempts, result), (retry) =>
          retry === undefined
            ? Effect.fail(result.toError())
            : Effect.zipRight(Effect.sleep(retry.delay), send(attempts + 1, retry.cost)))
      }
    )
  return send(1)
}

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

/** Credentials that the program gives are of no profile. */
const profile = Effect.map(Effect.option(Config.nonEmptyString("AWS_PROFILE")), Option.getOrUndefined)

/** Adds to an error where the call went. Without credentials nothing was sent, and the profile matters instead of the host. */
const withTarget = (
  { hasCredentials, host, region }: Connection,
  error: TransportError
): Effect.Effect<never, TransportError> =>
  Effect.flatMap(error.kind === "credentials" && !hasCredentials ? profile : Effect.succeed(undefined), (profile) => {
    const { cause, code, kind, operation, requestId, status } = error
    return new TransportError({
      operation,
      kind,
      code,
      status,
      requestId,
      // The type of `Error` for it is `unknown`.
      cause: cause as ConstructorParameters<typeof TransportError>[0]["cause"],
      region,
      ...(kind === "credentials" ? { profile } : { host })
    })
  })

/**
 * Sends a request, again where the policy says so. The time limit bounds all of it, and interruption aborts the request in flight.
 *
 * @internal
 */
export const call = <Request, Response, E>(
  connection: Connection,
  row: Operation.Operation<string, Request, Response, E>,
  request: Request
): Effect.Effect<Response, E | UnknownServiceError | TransportError> =>
  sendAll(connection, row, request).pipe(
    // Where the program cannot be interrupted, the limit ends the call all the same.
    Effect.interruptible,
    Effect.timeoutFail({
      duration: Duration.millis(connection.timeout),
      onTimeout: () => new TransportError({ kind: "timeout", code: "TimeoutError" })
    }),
    Effect.flatMap(({ response, value }) =>
      Option.match(Failure.decodeSafely(row.response.decode, value), {
        onNone: () => Effect.fail(new TransportError({ kind: "undecodable", ...metadataOf(response) })),
        onSome: Effect.succeed
      })
    ),
    Effect.catchAll((error): Effect.Effect<never, E | UnknownServiceError | TransportError> =>
      error instanceof TransportError ? withTarget(connection, error) : Effect.fail(error)
    )
  )
