import { assert, describe, it } from "@effect/vitest"
import { isServerError, isThrottlingError, isTransientError, StandardRetryStrategy } from "@smithy/core/retry"
import * as Effect from "effect/Effect"
import * as FastCheck from "fast-check"
import * as Retry from "../../../../src/aws/internal/http/retry.js"
import { rounds } from "../../../support/rounds.js"
import { fixedRandom } from "../../utils.js"

const names = [
  "ValidationException",
  "UnauthorizedException",
  "AccessDeniedException",
  "ResourceNotFoundException",
  "ThrottlingException",
  "InternalServerException",
  "ConflictException",
  "ServiceQuotaExceededException",
  "Throttling",
  "SlowDown",
  "TooManyRequestsException",
  "RequestTimeout",
  "RequestTimeoutException",
  "TimeoutError",
  "InvalidSignatureException",
  "RequestTimeTooSkewed",
  "Unknown",
  "AbortError",
  "SyntaxError"
]

const codes = [
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "HPE_INVALID_CONSTANT",
  "CERT_HAS_EXPIRED",
  "ERR_INVALID_CHAR"
]

/** The error of the AWS SDK for a failure. */
const sdkError = ({ code, isSkewCorrected, message, name, status }: Retry.Failure) =>
  Object.assign(new Error(message), {
    name: name ?? "Error",
    ...(code === undefined ? {} : { code }),
    $metadata: { httpStatusCode: status, clockSkewCorrected: isSkewCorrected }
  }) as Parameters<typeof isTransientError>[0]

const sdkKind = (failure: Retry.Failure): ReturnType<typeof Retry.kindOf> => {
  const error = sdkError(failure)
  return isThrottlingError(error) ? "throttling" : isTransientError(error) ? "transient" : undefined
}

describe("retried failures", () => {
  it("are those of the AWS SDK, by name, status, code and the time of the signature", () => {
    for (const name of names) {
      for (const status of [200, 302, 400, 401, 402, 403, 404, 408, 409, 418, 429, 500, 501, 502, 503, 504, 599]) {
        for (const isSkewCorrected of [false, true]) {
          for (const message of ["no", "Signature expired: now too old"]) {
            const failure = { name, status, isSkewCorrected, message }
            // An abort is an interruption, and not a failure.
            if (name !== "AbortError") {
              assert.strictEqual(Retry.kindOf(failure), sdkKind(failure), JSON.stringify(failure))
            }
          }
        }
      }
    }
    for (const code of codes) assert.strictEqual(Retry.kindOf({ code }), sdkKind({ code }), code)
    assert.isFalse(isServerError(sdkError({ status: 503 })), "the SDK has a kind of its own for these")
  })

  it("include a lost connection of a client other than Node's", () => {
    for (const failure of [{ isLost: true }, { code: "UND_ERR_SOCKET" }, { code: "UND_ERR_CONNECT_TIMEOUT" }]) {
      assert.strictEqual(Retry.kindOf(failure), "transient")
    }
  })
})

describe("the policy", () => {
  const failures = { throttling: { status: 429 }, transient: { status: 503 } }

  it.effect("waits exponentially with jitter, up to 20 s, as the standard mode", () =>
    Effect.gen(function*() {
      const policy = Retry.make(100)
      const waits = (kind: keyof typeof failures, attempts: number, value: number) =>
        Effect.map(
          fixedRandom(value)(policy.next(attempts, failures[kind])),
          (retry) => retry?.delay
        )
      assert.strictEqual(yield* waits("transient", 1, 1), 50)
      assert.strictEqual(yield* waits("transient", 2, 1), 100)
      assert.strictEqual(yield* waits("transient", 2, 0.5), 50)
      assert.strictEqual(yield* waits("transient", 30, 1), 20_000)
      assert.strictEqual(yield* waits("throttling", 1, 1), 1000)
      assert.strictEqual(yield* waits("throttling", 3, 0.25), 1000)
      assert.strictEqual(yield* waits("throttling", 1, 0), 0)
    }))

  it.effect("waits up to 5 s longer when the service requests it", () =>
    Effect.gen(function*() {
      const policy = Retry.make(3)
      const wait = (retryAfter: number) =>
        Effect.map(
          fixedRandom(0.5)(policy.next(1, { status: 503, retryAfter })),
          (retry) => retry?.delay
        )
      assert.strictEqual(yield* wait(10), 25)
      assert.strictEqual(yield* wait(3000), 3000)
      assert.strictEqual(yield* wait(60_000), 5025)
    }))

  it.effect("ends after the last attempt, and at once when a retry cannot succeed", () =>
    Effect.gen(function*() {
      const policy = Retry.make(3)
      assert.isDefined(yield* policy.next(2, { status: 500 }))
      assert.isUndefined(yield* policy.next(3, { status: 500 }))
      assert.isUndefined(yield* policy.next(1, { status: 400, name: "ValidationException" }))
      assert.isUndefined(yield* Retry.make(1).next(1, { status: 500 }))
    }))

  it("has the token bucket of the AWS SDK", async () => {
    const outcome = FastCheck.constantFrom<"success" | "throttling" | "transient" | "client">(
      "success",
      "throttling",
      "transient",
      "client"
    )
    const statuses = { throttling: 429, transient: 503, client: 400 }
    await FastCheck.assert(
      FastCheck.asyncProperty(FastCheck.array(outcome, { minLength: 1, maxLength: 200 }), async (outcomes) => {
        const policy = Retry.make(1000)
        const strategy = new StandardRetryStrategy({
          maxAttempts: 1000,
          baseDelay: 0,
          backoff: { computeNextBackoffDelay: () => 0, setDelayBase: () => {} }
        })
        let token = await strategy.acquireInitialRetryToken("")
        let attempts = 1
        let cost: number | undefined
        for (const one of outcomes) {
          if (one === "success") {
            policy.succeed(cost)
            strategy.recordSuccess(token)
            token = await strategy.acquireInitialRetryToken("")
            attempts = 1
            cost = undefined
            continue
          }
          const retry = await Effect.runPromise(fixedRandom(0)(policy.next(attempts, { status: statuses[one] })))
          const errorType = one === "client" ? "CLIENT_ERROR" : one === "throttling" ? "THROTTLING" : "TRANSIENT"
          const next = await strategy.refreshRetryTokenForRetry(token, { errorType }).catch(() => undefined)
          assert.strictEqual(retry !== undefined, next !== undefined, `${one} after ${outcomes.length}`)
          if (next !== undefined) {
            token = next
            attempts++
            cost = retry?.cost
          }
        }
      }),
      { numRuns: rounds({ few: 10, full: 40 }) }
    )
  })
})

describe("the wait that a response requests", () => {
  const now = Date.parse("2026-01-02T03:04:05Z")

  it("is a number of seconds, a date, or milliseconds", () => {
    assert.strictEqual(Retry.retryAfter({ "retry-after": "2" }, now), 2000)
    assert.strictEqual(Retry.retryAfter({ "retry-after": "1.5" }, now), 1500)
    assert.strictEqual(Retry.retryAfter({ "retry-after": "Fri, 02 Jan 2026 03:04:09 GMT" }, now), 4000)
    assert.strictEqual(Retry.retryAfter({ "x-amz-retry-after": "300" }, now), 300)
  })

  it("is missing when its time has passed, or is invalid", () => {
    for (
      const headers of [
        {},
        { "retry-after": "soon" },
        { "retry-after": "" },
        { "retry-after": "0" },
        { "retry-after": "Fri, 02 Jan 2026 03:04:01 GMT" },
        { "x-amz-retry-after": "-1" },
        { "x-amz-retry-after": "x" }
      ]
    ) {
      assert.isUndefined(Retry.retryAfter(headers, now))
    }
  })
})
