import { assert, describe, it } from "@effect/vitest"
import { getContext, runWithContext } from "effect-agentcore-identity/promise/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { setImmediate as nextTurn } from "node:timers/promises"
import { secret } from "../support/utils.js"
import * as World from "./world.js"

const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)

describe("runWithContext", () => {
  it("provides the context to everything that the function calls, and to nothing else", async () => {
    const context = { workloadAccessToken: "a-token", sessionId: "a-session" }
    const later = async () => {
      await nextTurn()
      return getContext()
    }
    assert.isUndefined(getContext())
    const pending = runWithContext(context, later)
    assert.isUndefined(getContext())
    assert.strictEqual(await pending, context)
    assert.isUndefined(getContext())
    assert.strictEqual(runWithContext(context, getContext), context)
  })

  it("rejects the name of a workload, and no request without one", () => {
    const run = (workload: unknown) => runWithContext({ workload: workload as never }, () => "ran")
    assert.throws(
      () => run("my-agent"),
      "'workload' failed to satisfy constraint: Member must be a caller that workload({ name, user }) returns, but is a string"
    )
    assert.throws(() => run({ name: "my-agent" }), "a caller that workload({ name, user }) returns")
    assert.deepStrictEqual([run(undefined), run(null)], ["ran", "ran"])
  })

  it("returns and throws what the function returns and throws", async () => {
    const response = { data: "as it is" }
    const failure = new Error("as it is")
    assert.strictEqual(runWithContext({}, () => response), response)
    assert.strictEqual(await runWithContext({}, async () => response), response)
    assert.throws(() =>
      runWithContext({}, () => {
        throw failure
      }), failure)
    assert.strictEqual(
      await runWithContext({}, () => Promise.reject(failure)).catch((error: unknown) => error),
      failure
    )
  })

  const stream = async function*(seen: Array<unknown>) {
    try {
      yield getContext()
      await nextTurn()
      yield getContext()
    } catch (error) {
      yield [error, getContext()]
    } finally {
      seen.push(getContext())
    }
  }

  it("carries the context through a generator that another caller reads", async () => {
    const context = { sessionId: "streaming" }
    const seen: Array<unknown> = []
    const read = async (generator: AsyncIterable<unknown>) => {
      for await (const value of generator) seen.push(value)
    }
    await read(runWithContext(context, () => stream(seen)))
    await read(await runWithContext(context, async () => stream(seen)))
    assert.deepStrictEqual(seen, [context, context, context, context, context, context])
  })

  it("carries the context into return and throw of a generator", async () => {
    const context = { sessionId: "streaming" }
    const seen: Array<unknown> = []
    for await (const _ of runWithContext(context, () => stream(seen))) break
    assert.deepStrictEqual(seen, [context])

    const told = runWithContext(context, () => stream(seen))
    await told.next()
    const { value } = await told.throw("lost")
    assert.deepStrictEqual(value, ["lost", context])
  })

  it.live("keeps the concurrent calls of 20 users apart", () =>
    Effect.gen(function*() {
      // One call at a time: each fiber resumes in the asynchronous context of the previous one.
      const semaphore = yield* Semaphore.make(1)
      const { withAccessToken, withApiKey, withWAT } = yield* World.functions({ around: semaphore.withPermits(1) })
      const { approve } = yield* World.decisions
      const tokens = new Map<string, string>()
      for (const user of users) {
        tokens.set(user, yield* World.tokenOf(user))
      }
      const forecast = withApiKey({ providerName: "weather" })(async (_key: string) => getContext()?.sessionId)
      const whoami = withWAT(async (wat: string) => wat)
      const askedIn = new Map<string, string | undefined>()
      const token = withAccessToken({
        ...World.calendar,
        onAuthUrl: async (url) => {
          askedIn.set(url, getContext()?.sessionId)
          await approve(url)
          askedIn.set(`${url}, later`, getContext()?.sessionId)
        }
      })(async (token: string) => ({ token, sessionId: getContext()?.sessionId }))

      const request = (user: string) =>
        runWithContext({ sessionId: user, workloadAccessToken: tokens.get(user) }, async () => {
          const [first, wat, ofKey] = await Promise.all([token(), whoami(), forecast()])
          const again = await token()
          return { user, first, again, wat, ofKey }
        })
      const responses = yield* Effect.promise(() => Promise.all(users.map(request)))

      for (const { again, first, ofKey, user, wat } of responses) {
        assert.strictEqual(wat, tokens.get(user))
        assert.strictEqual(first.sessionId, user)
        assert.strictEqual(ofKey, user)
        assert.deepStrictEqual(again, first)
      }
      assert.lengthOf(new Set(responses.map(({ first }) => first.token)), users.length)
      // Each user was prompted once, in their own context.
      assert.sameMembers([...askedIn.values()], [...users, ...users])
    }).pipe(Effect.provide(World.layer)))

  it.live("keeps users apart while the runtime is built", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions({
        caller: WorkloadAccessToken.layer(secret("of-nobody-here")).pipe(
          Layer.tap(() => Effect.promise(() => nextTurn()))
        )
      })
      const { approve } = yield* World.decisions
      const askedIn: Array<string | undefined> = []
      const token = withAccessToken({
        ...World.calendar,
        onAuthUrl: (url) => {
          askedIn.push(getContext()?.sessionId)
          return approve(url)
        }
      })(async (token: string) => token)
      const callers = yield* Effect.forEach(
        ["alice", "bob"],
        (sessionId) =>
          Effect.map(World.tokenOf(sessionId), (workloadAccessToken) => ({ sessionId, workloadAccessToken }))
      )
      yield* Effect.promise(() => Promise.all(callers.map((context) => runWithContext(context, token))))
      assert.sameMembers(askedIn, ["alice", "bob"])
    }).pipe(Effect.provide(World.layer)))
})
