/**
 * The retry policy: the standard mode of the AWS SDKs. Names, statuses, waits and costs are those of
 * `@smithy/core/retry`, which is not imported, because it loads `node:stream`. A test compares them.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { parseTime } from "./protocol.js"

/** The properties of a failed attempt that the policy uses. */
export interface Failure {
  /** The name of the exception, if the service sent one. */
  readonly name?: string | undefined
  readonly message?: string | undefined
  readonly status?: number | undefined
  /** Node's code of a lost connection. */
  readonly code?: string | undefined
  /** The connection was lost without a code. Only Node has codes. */
  readonly isLost?: boolean | undefined
  /** The next attempt is signed with a corrected time. */
  readonly isSkewCorrected?: boolean | undefined
  /** The wait that the service requests, in milliseconds. */
  readonly retryAfter?: number | undefined
}

/** An attempt without a result. Only the last attempt makes its error. */
export interface Failed<E> extends Failure {
  readonly toError: () => E
}

const throttlingNames: ReadonlySet<string | undefined> = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException"
])

const transientNames: ReadonlySet<string | undefined> = new Set([
  "TimeoutError",
  "RequestTimeout",
  "RequestTimeoutException"
])

const transientStatuses: ReadonlySet<number | undefined> = new Set([500, 502, 503, 504])

const transientCodes: ReadonlySet<string | undefined> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  // The names of `fetch` in Node for a reset connection and one that takes too long.
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT"
])

/** Classifies a failure. Returns `undefined` if a retry would fail again. */
export const kindOf = (
  { code, isLost = false, isSkewCorrected = false, message = "", name, status }: Failure
): "throttling" | "transient" | undefined =>
  status === 429 || throttlingNames.has(name)
    ? "throttling"
    : isLost || isSkewCorrected || transientNames.has(name) || transientCodes.has(code) || transientStatuses.has(status)
        || (name === "InvalidSignatureException" && message.includes("Signature expired"))
    ? "transient"
    : undefined

const capacity = 500
const costs = { throttling: 5, transient: 14 }
const refund = 1
const baseDelays = { throttling: 1000, transient: 50 }
const maxDelay = 20_000
/** The service can extend a wait by up to this many milliseconds. */
const maxRetryAfter = 5000

export type Policy = ReturnType<typeof make>

/** The retries of one client. Its calls share a bucket of tokens, which limits the retries while a service is down. */
export const make = (maxAttempts: number) => {
  let tokens = capacity
  return {
    /** Returns the next retry, if there is one: the wait before it in milliseconds, and the tokens of its success. */
    next: (attempts: number, failure: Failure) =>
      Effect.map(Random.next, (random) => {
        const kind = kindOf(failure)
        if (kind === undefined || attempts >= maxAttempts || tokens < costs[kind]) return undefined
        tokens -= costs[kind]
        const backoff = Math.floor(random * Math.min(baseDelays[kind] * 2 ** (attempts - 1), maxDelay))
        const { retryAfter = 0 } = failure
        return { delay: Math.max(backoff, Math.min(retryAfter, backoff + maxRetryAfter)), cost: costs[kind] }
      }),
    /** Call it after a success, with the cost of its attempt. */
    succeed: (cost = refund): void => {
      tokens = Math.min(capacity, tokens + cost)
    }
  }
}

const isFailed = <A extends object, E>(result: A | Failed<E>): result is Failed<E> => "toError" in result

/** Repeats an attempt, which gets its number, until it has a result or the policy allows no retry. */
export const run = <A extends object, E, E2>(
  policy: Policy,
  attempt: (attempts: number) => Effect.Effect<A | Failed<E>, E2>,
  wait: (delay: number) => Effect.Effect<void, E2> = Effect.sleep
): Effect.Effect<A & { readonly isThrottled?: boolean }, E | E2> => {
  const go = (
    attempts: number,
    cost?: number,
    isThrottled = false
  ): Effect.Effect<A & { readonly isThrottled?: boolean }, E | E2> =>
    Effect.flatMap(attempt(attempts), (result) => {
      if (!isFailed(result)) {
        policy.succeed(cost)
        return Effect.succeed(isThrottled ? { ...result, isThrottled } : result)
      }
      return Effect.flatMap(policy.next(attempts, result), (retry) =>
        retry === undefined
          ? Effect.fail(result.toError())
          : Effect.andThen(
            wait(retry.delay),
            go(attempts + 1, retry.cost, isThrottled || kindOf(result) === "throttling")
          ))
    })
  return go(1)
}

/** The wait that a response requests, in milliseconds, by `Retry-After` (RFC 9110) or `x-amz-retry-after`. */
export const retryAfter = (headers: Readonly<Record<string, string | undefined>>, now: number): number | undefined => {
  const standard = headers["retry-after"]?.trim()
  const wait = standard === undefined
    ? Number(headers["x-amz-retry-after"] ?? Number.NaN)
    : /^\d+(\.\d+)?$/.test(standard)
    ? Number(standard) * 1000
    : (parseTime(standard) ?? now) - now
  return wait > 0 ? wait : undefined
}
