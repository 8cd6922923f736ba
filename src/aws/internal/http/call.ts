/** One call of an operation over HTTP, derived from the operation's row. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TransportError, type UnknownServiceError } from "../../../IdentityError.js"
import { withDeadline } from "../../../internal/deadline.js"
import { cutName } from "../../../internal/errorCode.js"
import type * as Operation from "../../../Operation.js"
import type { Identity, Source } from "../credentials.js"
import * as Failure from "../failure.js"
import { type EnvironmentProfile, withTarget } from "../target.js"
import { type Message, type Protocol, queryString } from "./protocol.js"
import * as Retry from "./retry.js"
import type { ServiceClock } from "./serviceClock.js"
import type { Signer } from "./signer.js"
import type { Lost, Response, Transport } from "./transport.js"

/** A plane at one place, with all its settings. */
export interface Connection {
  readonly transport: Transport
  readonly protocol: Protocol
  readonly origin: string
  readonly host: string
  /** The path of the endpoint, without a slash at its end. */
  readonly basePath: string
  readonly region: string
  /** Undefined if the program gave the credentials: they are of no profile. */
  readonly profile: EnvironmentProfile | undefined
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

const metadataOf = (response: Pick<Response, "status" | "headers">) => {
  const requestId = Failure.requestIdOf(response.headers)
  return { status: response.status, requestId: requestId === undefined ? undefined : cutName(requestId) }
}

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
  timeoutCodes.has(code) ? "timeout" : Failure.isUndecodable(code) ? "undecodable" : "connection"

const lost = ({ code, error, response }: Lost): Failed<never> => ({
  code,
  isLost: code === undefined,
  status: response?.status,
  toError: () => {
    const kind = kindOfLost(code)
    return new TransportError({
      kind,
      code: code === undefined ? undefined : cutName(code),
      ...(response === undefined ? {} : metadataOf(response)),
      // The error of a parser has the raw response in it, and that of a response its beginning.
      cause: kind === "undecodable" || response !== undefined ? undefined : error
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

/** A call on its way. */
interface Call<E> {
  readonly connection: Connection
  readonly row: Row<E>
  readonly request: unknown
  readonly message: Message
  /** With the path of the endpoint, without the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock.Clock
  /** When its time is over, in milliseconds since the epoch. */
  readonly deadline: number
}

const timedOut = (): TransportError => new TransportError({ kind: "timeout", code: "TimeoutError" })

/** Signs and sends a request once. Fails without credentials, and when the time is over. */
const attempt = <E>(call: Call<E>, attempts: number): Effect.Effect<Output | Failed<E>, TransportError> =>
  Effect.suspend(() => {
    const { clock, connection, deadline, message: { body, method, query }, path, request, row } = call
    const now = (): number => clock.currentTimeMillisUnsafe()
    const headers = { ...call.headers, "amz-sdk-request": attemptHeader(attempts, connection) }
    const search = queryString(query)
    const send = (identity: Identity): Effect.Effect<Output | Failed<E>, TransportError> => {
      const sent = now()
      const offset = connection.clock.offset()
      const toSign = { method, host: connection.host, path, query, headers, body }
      return Effect.flatMap(connection.sign(toSign, identity, sent + offset), (signed) =>
        Effect.matchEffect(
          connection.transport({
            method,
            origin: connection.origin,
            path: search === "" ? path : `${path}?${search}`,
            headers: signed,
            body
          }, deadline - now()),
          {
            onFailure: (error) =>
              error instanceof TransportError
                ? Effect.fail(error)
                : error.code === "TimeoutError"
                ? Effect.fail(timedOut())
                : Effect.succeed(lost(error)),
            onSuccess: (response) => {
              const received = now()
              const isSkewCorrected = connection.clock.read({ headers: response.headers, sent, received, offset })
              const result = read(connection, row, request, response, received)
              return Effect.succeed(isFailed(result) ? { ...result, isSkewCorrected } : result)
            }
          }
        ))
    }
    const identity = connection.credentials.kept(now())
    return identity === undefined
      ? Effect.flatMap(
        withDeadline({ duration: deadline - now(), onTimeout: timedOut })(connection.credentials.search),
        send
      )
      : send(identity)
  })

/** Waits, at most until the time is over. */
const wait = ({ clock, deadline }: Call<unknown>, delay: number): Effect.Effect<void, TransportError> => {
  const left = deadline - clock.currentTimeMillisUnsafe()
  return delay < left ? Effect.sleep(delay) : Effect.andThen(Effect.sleep(Math.max(0, left)), Effect.fail(timedOut()))
}

const attemptAll = <E>(
  call: Call<E>,
  attempts: number,
  cost?: number
): Effect.Effect<Output, E | UnknownServiceError | TransportError> =>
  Effect.flatMap(attempt(call, attempts), (result) => {
    const { policy } = call.connection
    if (!isFailed(result)) {
      policy.succeed(cost)
      return Effect.succeed(result)
    }
    return Effect.flatMap(policy.next(attempts, result), (retry) =>
      retry === undefined
        ? Effect.fail(result.toError())
        : Effect.andThen(wait(call, retry.delay), attemptAll(call, attempts + 1, retry.cost)))
  })

const sendAll = <E>(
  connection: Connection,
  row: Row<E>,
  request: unknown
): Effect.Effect<Output, E | UnknownServiceError | TransportError> =>
  Effect.clockWith((clock) => {
    // The row encodes its own requests.
    const message = connection.protocol.encode(row, (row.encode as (request: unknown) => unknown)(request))
    return attemptAll({
      connection,
      row,
      request,
      message,
      path: `${connection.basePath}${message.path}`,
      headers: { ...message.headers, "amz-sdk-invocation-id": globalThis.crypto.randomUUID() },
      clock,
      deadline: clock.currentTimeMillisUnsafe() + connection.timeout
    }, 1)
  })

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

const addTarget = (
  { host, profile, region }: Connection,
  error: TransportError
): Effect.Effect<never, TransportError> =>
  Effect.flatMap(
    profile ?? Effect.succeed(undefined),
    (profile) => withTarget(error, { host, profile, region })
  )

/**
 * Sends a request, again where the policy says so. The time limit bounds all of it, and interruption aborts the request in flight.
 */
export const call = <Request, Response, E>(
  connection: Connection,
  row: Operation.Operation<string, Request, Response, E>,
  request: Request
): Effect.Effect<Response, E | UnknownServiceError | TransportError> =>
  sendAll(connection, row, request).pipe(
    Effect.flatMap(({ response, value }) =>
      Option.match(Failure.decodeSafely(row.response.decode, value), {
        onNone: () => Effect.fail(new TransportError({ kind: "undecodable", ...metadataOf(response) })),
        onSome: Effect.succeed
      })
    ),
    Effect.catch((error): Effect.Effect<never, E | UnknownServiceError | TransportError> =>
      error instanceof TransportError ? addTarget(connection, error) : Effect.fail(error)
    )
  )
