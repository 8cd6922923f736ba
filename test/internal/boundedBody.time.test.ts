import { assert, describe, it } from "vitest"
import { withTimeLimit } from "../../src/internal/boundedBody.js"

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => assert.fail("expected a failure"), (cause: unknown) => cause)

const never = () => new Promise<never>(() => {})

describe("withTimeLimit", () => {
  it("does not wait for a run that ignores its signal", async () => {
    let signal: AbortSignal | undefined
    const cause = await failureOf(withTimeLimit(10, undefined, (given) => {
      signal = given
      return never()
    }))
    assert.strictEqual((cause as Error).name, "TimeoutError")
    assert.isTrue(signal?.aborted)
  })

  it("ends with the caller's signal and its reason, also if that was aborted before", async () => {
    const caller = new AbortController()
    const reason = new Error("left")
    const ended = failureOf(withTimeLimit(60_000, caller.signal, never))
    caller.abort(reason)
    assert.strictEqual(await ended, reason)
    assert.strictEqual(
      await failureOf(withTimeLimit(60_000, caller.signal, () => assert.fail("it must not run"))),
      reason
    )
  })

  it("aborts its signal after a failure, in both ways that a run fails, and not after a success", async () => {
    const reason = new Error("failed")
    const runs: ReadonlyArray<() => Promise<unknown>> = [
      () => Promise.reject(reason),
      () => {
        throw reason
      },
      () => Promise.resolve(1)
    ]
    const aborted = runs.map(async (run) => {
      let signal: AbortSignal | undefined
      const end = await withTimeLimit(60_000, undefined, (given) => {
        signal = given
        return run()
      }).catch((cause: unknown) => cause)
      return [end, signal?.aborted]
    })
    assert.deepStrictEqual(await Promise.all(aborted), [[reason, true], [reason, true], [1, false]])
  })

  it("treats a time that is too long for a timer as no limit", async () => {
    for (const timeout of [2 ** 31, Number.POSITIVE_INFINITY]) {
      const run = () => new Promise((resolve) => setImmediate(() => setTimeout(resolve, 20)))
      await withTimeLimit(timeout, undefined, run)
    }
  })
})
