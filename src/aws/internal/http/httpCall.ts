/** Calls over HTTP: signatures, attempts, and errors. */
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { UnknownServiceError } from "../../../IdentityError.js"
import { withDeadline } from "../../../internal/deadline.js"
import { truncateName } from "../../../internal/messages.js"
import { makeSigner, type Sha256 } from "../../../internal/signature.js"
import type { Identity, Source } from "../credentials.js"
import * as Failure from "../failure.js"
import type { Client, EnvironmentProfile, Output } from "../operationCall.js"
import type { Lost, Response, Transport } from "./httpTransport.js"
import { type Message, parseTime, type Protocol, queryString } from "./protocol.js"
import * as Retry from "./retry.js"

interface Settings {
  readonly transport: Transport
  readonly protocol: Protocol
  readonly url: URL
  readonly region: string
  /** The name that requests are signed for. */
  readonly service: string
  readonly sha256: Sha256
  /** `undefined` if the program gave the credentials: they belong to no profile. */
  readonly profile: EnvironmentProfile | undefined
  readonly credentials: Source
  readonly maxAttempts: number
  /** In milliseconds. */
  readonly timeout: number
}

// -----------------------------------------------------------------------------
// Signatures
// -----------------------------------------------------------------------------

/** Keeps the result for the last argument, which most calls within a second share. */
const keepLast = <A, B>(f: (value: A) => B): (value: A) => B => {
  let last: { readonly value: A; readonly result: B } | undefined
  return (value) => {
    if (last === undefined || last.value !== value) last = { value, result: f(value) }
    return last.result
  }
}

/** Formats seconds since the epoch as `20250102T030405Z`. */
const formatSecond = (second: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(second * 1000)).replaceAll(/[-:]|\.\d{3}/g, "")

const makeSign = ({ region, service, sha256, url: { host } }: Settings) => {
  const timestampOf = keepLast(formatSecond)
  const sign = makeSigner(sha256)
  /** Returns the headers with those of the signature. `time` is in milliseconds since the epoch. */
  return ({ body = "", headers, method, path, query }: Message, identity: Identity, time: number) =>
    Effect.flatMapEager(sha256.hash(body), (bodyHash) => {
      const { accessKeyId, secretAccessKey, sessionToken } = identity
      const timestamp = timestampOf(Math.floor(time / 1000))
      const unsigned = {
        ...headers,
        "x-amz-content-sha256": bodyHash,
        "x-amz-date": timestamp,
        ...sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }
      }
      const authorization = sign(
        // HTTP clients send `host` themselves.
        { method, path, query, headers: { ...unsigned, host }, bodyHash },
        { accessKeyId, secretAccessKey, region, service, timestamp }
      )
      return Effect.mapEager(authorization, (authorization) => ({ ...unsigned, authorization }))
    })
}

// -----------------------------------------------------------------------------
// Clock of the service
// -----------------------------------------------------------------------------

/** Milliseconds. The SDK retries when the clock was off by this much. */
const threshold = 240_000

/** Milliseconds. The date of a response that took longer is not used. */
const maxAge = 900_000

/** Requests are signed with the service's time, because AWS rejects a time that is more than 5 minutes off. */
export const makeServiceClock = () => {
  let current = 0
  const timeOf = keepLast(parseTime)
  return {
    /** How far the clock of the service is ahead, in milliseconds. */
    offset: () => current,
    /**
     * Reads the time of a response. `offset` is that of the request's signature. Returns whether the service rejects
     * the time of the signature and accepts the corrected one.
     */
    read: ({ headers, offset, received, sent }: {
      readonly headers: Response["headers"]
      readonly sent: number
      readonly received: number
      readonly offset: number
    }): boolean => {
      const time = timeOf(headers["date"])
      // A response of a cache has an old date, and the header `age`.
      if (time !== undefined && headers["age"] === undefined && received - sent <= maxAge) current = time - received
      return Math.abs(current) >= threshold && current !== offset
    }
  }
}

// -----------------------------------------------------------------------------
// Failures
// -----------------------------------------------------------------------------

interface Connection extends Settings {
  readonly sign: ReturnType<typeof makeSign>
  readonly policy: Retry.Policy
  readonly clock: ReturnType<typeof makeServiceClock>
}

interface Call<E> {
  readonly connection: Connection
  readonly row: Failure.Row<E>
  readonly request: unknown
  /** Its path includes the path of the endpoint. */
  readonly message: Message
  readonly clock: Clock.Clock
  /** In milliseconds since the epoch. */
  readonly deadline: number
}

type Failed<E> = Retry.Failed<E | UnknownServiceError | Failure.NoResponse>

const metadataOf = ({ headers, status }: Pick<Response, "status" | "headers">): Pick<Output, "$metadata"> => ({
  $metadata: { httpStatusCode: status, requestId: Failure.requestIdOf(headers) }
})

const fromLost = ({ code, error, response }: Lost): Failed<never> => ({
  code,
  isLost: code === undefined,
  status: response?.status,
  toError: () => {
    const kind = Failure.kindOfCode(code)
    return new Failure.NoResponse({
      kind,
      code: code === undefined ? undefined : truncateName(code),
      ...(response === undefined ? {} : Failure.metadataOf(metadataOf(response))),
      // The error of a parser contains the raw response.
      cause: kind === "undecodable" || response !== undefined ? undefined : error
    })
  }
})

const fromUndecodable = (response: Response): Failed<never> => ({
  status: response.status,
  // The message of a syntax error quotes the body.
  toError: () =>
    new Failure.NoResponse({ kind: "undecodable", code: "SyntaxError", ...Failure.metadataOf(metadataOf(response)) })
})

const fromException = <E>({ connection, request, row }: Call<E>, response: Response, now: number): Failed<E> => {
  const { protocol } = connection
  try {
    const exception = protocol.decodeException(response)
    return {
      name: typeof exception.name === "string" ? exception.name : undefined,
      message: typeof exception.message === "string" ? exception.message : undefined,
      status: response.status,
      retryAfter: Retry.retryAfter(response.headers, now),
      toError: () => Failure.exception(protocol, row, { ...exception, ...metadataOf(response) }, request)
    }
  } catch {
    return fromUndecodable(response)
  }
}

// -----------------------------------------------------------------------------
// Attempts
// -----------------------------------------------------------------------------

const read = <E>(call: Call<E>, response: Response, now: number): Output | Failed<E> => {
  if (response.status < 200 || response.status >= 300) return fromException(call, response, now)
  try {
    return { value: call.connection.protocol.decode(call.row, response.body), ...metadataOf(response) }
  } catch {
    return fromUndecodable(response)
  }
}

const timedOut = (): Failure.NoResponse => new Failure.NoResponse({ kind: "timeout", code: "TimeoutError" })

/** Signs and sends a request once. */
const send = <E>(
  call: Call<E>,
  attempts: number,
  identity: Identity
): Effect.Effect<Output | Failed<E>, Failure.NoResponse> => {
  const { clock, connection, deadline, message } = call
  const { body, method, path, query } = message
  const sent = clock.currentTimeMillisUnsafe()
  const offset = connection.clock.offset()
  // AWS uses the number of attempts for statistics.
  const unsigned = { ...message.headers, "amz-sdk-request": `attempt=${attempts}; max=${connection.maxAttempts}` }
  const search = queryString(query)
  const target = { method, origin: connection.url.origin, path: search === "" ? path : `${path}?${search}`, body }
  return connection.sign({ ...message, headers: unsigned }, identity, sent + offset).pipe(
    Effect.flatMapEager((headers) =>
      connection.transport({ ...target, headers }, deadline - clock.currentTimeMillisUnsafe())
    ),
    Effect.matchEffect({
      onFailure: (error) =>
        error instanceof Failure.NoResponse
          ? Effect.fail(error)
          : error.code === "TimeoutError"
          ? Effect.fail(timedOut())
          : Effect.succeed(fromLost(error)),
      onSuccess: (response) => {
        const received = clock.currentTimeMillisUnsafe()
        const isSkewCorrected = connection.clock.read({ headers: response.headers, sent, received, offset })
        const result = read(call, response, received)
        return Effect.succeed("toError" in result ? { ...result, isSkewCorrected } : result)
      }
    })
  )
}

/** Fails without credentials, and at the deadline. */
const attempt = <E>(call: Call<E>, attempts: number): Effect.Effect<Output | Failed<E>, Failure.NoResponse> =>
  Effect.suspend(() => {
    const { clock, connection: { credentials }, deadline } = call
    const now = clock.currentTimeMillisUnsafe()
    const identity = credentials.kept(now)
    if (identity !== undefined) return send(call, attempts, identity)
    const search = withDeadline({ duration: deadline - now, onTimeout: timedOut })(credentials.search)
    return Effect.flatMap(search, (identity) => send(call, attempts, identity))
  })

/** Waits, at most until the deadline. */
const wait = ({ clock, deadline }: Call<unknown>, delay: number): Effect.Effect<void, Failure.NoResponse> => {
  const left = deadline - clock.currentTimeMillisUnsafe()
  return delay < left ? Effect.sleep(delay) : Effect.andThen(Effect.sleep(Math.max(0, left)), Effect.fail(timedOut()))
}

export const makeClient = (settings: Settings): Client => {
  const { maxAttempts, profile, protocol, region, timeout, url } = settings
  const connection: Connection = {
    ...settings,
    sign: makeSign(settings),
    policy: Retry.make(maxAttempts),
    clock: makeServiceClock()
  }
  const basePath = url.pathname.replace(/\/+$/, "")
  return {
    send: (row, request, encoded) =>
      Effect.clockWith((clock) => {
        const message = protocol.encode(row, encoded)
        const call = {
          connection,
          row,
          request,
          message: {
            ...message,
            path: `${basePath}${message.path}`,
            headers: { ...message.headers, "amz-sdk-invocation-id": globalThis.crypto.randomUUID() }
          },
          clock,
          deadline: clock.currentTimeMillisUnsafe() + timeout
        }
        return Retry.run(connection.policy, (attempts) => attempt(call, attempts), (delay) => wait(call, delay))
      }),
    target: Effect.map(profile ?? Effect.succeed(undefined), (profile) => ({ host: url.host, profile, region }))
  }
}
