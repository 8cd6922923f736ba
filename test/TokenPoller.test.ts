import { assert, describe, it } from "@effect/vitest"
import * as Identity from "effect-agentcore-identity/Identity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { failures, responses, scripted, secret, sessionUntil } from "./support/utils.js"

const wait = (poller: TokenPoller.TokenPoller, tokenAt: number, session = sessionUntil(10 * 60_000)) =>
  Effect.gen(function*() {
    const times = yield* Ref.make<ReadonlyArray<number>>([])
    const poll = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      yield* Ref.update(times, (all) => [...all, now])
      return now >= tokenAt ? Option.some(secret("token")) : Option.none()
    })
    const fiber = yield* Effect.forkChild(Effect.result(poller({ session, poll })))
    yield* TestClock.adjust("1 hour")
    const result = yield* Fiber.join(fiber)
    return { times: yield* Ref.get(times), result }
  })

describe("TokenPoller", () => {
  it.effect("waits first, then polls every 5 seconds", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(yield* TokenPoller.TokenPoller, 15_000)
      assert.deepStrictEqual(times, [5_000, 10_000, 15_000])
      assert.strictEqual(Redacted.value(Option.getOrThrow(Option.getSuccess(result))), "token")
    }))

  it.effect("fails when the session expires", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(yield* TokenPoller.TokenPoller, Infinity, sessionUntil(20_000))
      assert.isTrue(result._tag === "Failure")
      assert.isAtMost(times.at(-1) ?? 0, 20_000)
    }))

  it.effect("fails when its schedule ends", () =>
    Effect.gen(function*() {
      const tenMinutes = Schedule.upTo(Schedule.spaced("5 seconds"), { duration: "10 minutes" })
      const session = sessionUntil(10 * 60_000)
      const { result, times } = yield* wait(TokenPoller.schedule(tenMinutes), Infinity, session)
      const error = Option.getOrThrow(Option.getFailure(result))
      assert(error._tag === "AuthorizationTimedOut")
      assert.strictEqual(error.session, session)
      assert.isAtLeast(times.at(-1) ?? 0, 600_000)
      assert.isAtMost(times.at(-1) ?? 0, 605_000)
    }))

  it.effect("can be used for several waits at once", () =>
    Effect.gen(function*() {
      const poller = TokenPoller.schedule(Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })))
      const [first, second] = yield* Effect.all([wait(poller, 1_000), wait(poller, Infinity)])
      assert.isTrue(first.result._tag === "Success")
      assert.lengthOf(second.times, 2)
    }))
})

/** The poll times of each wait. The waits begin together and get no token. */
const crowd = (
  count: number,
  { poller = TokenPoller.TokenPoller.defaultValue() }: { readonly poller?: TokenPoller.TokenPoller } = {}
) =>
  Effect.gen(function*() {
    const polls: ReadonlyArray<Array<number>> = Array.from({ length: count }, () => [])
    const fibers = yield* Effect.forEach(polls, (times) =>
      Effect.forkChild(Effect.result(poller({
        session: sessionUntil(3_600_000),
        poll: Effect.map(Clock.currentTimeMillis, (now) => {
          times.push(now)
          return Option.none<Redacted.Redacted>()
        })
      }))))
    return { polls, fibers }
  })

describe("all waits of a process", () => {
  const budget = (pollsPerSecond: number) => Effect.provide(TokenPoller.layerBudget({ pollsPerSecond }))

  it.effect("share a budget: intervals stretch, polls are spread evenly, and every wait polls", () =>
    Effect.gen(function*() {
      // 60 waits with a poll every 5 seconds would make 12 polls per second.
      const { polls } = yield* crowd(60)
      yield* TestClock.adjust("50 seconds")
      const all = polls.flat().sort((a, b) => a - b)
      for (let second = 5; second < 50; second++) {
        const inSecond = all.filter((time) => Math.floor(time / 1000) === second)
        assert.isAtMost(inSecond.length, 5)
        assert.isAtLeast(inSecond.length, 4)
      }
      // Five polls per second: each wait polls every twelve seconds, in the order in which the waits began.
      for (const [index, times] of polls.entries()) {
        assert.closeTo(times[0]!, 5_000 + index * 200, 200)
        for (let poll = 1; poll < times.length; poll++) assert.closeTo(times[poll]! - times[poll - 1]!, 12_000, 400)
        assert.isAtLeast(times.length, 3)
      }
    }).pipe(budget(5)))

  it.effect("poll as if they were alone while there are few of them", () =>
    Effect.gen(function*() {
      const { polls } = yield* crowd(4)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(polls[0], [5_000, 10_000, 15_000, 20_000])
      for (const times of polls) {
        for (const [index, time] of times.entries()) assert.closeTo(time, (index + 1) * 5_000, 100)
      }
    }))

  it.effect("share the budget with waits that follow a schedule", () =>
    Effect.gen(function*() {
      const { polls } = yield* crowd(40, { poller: TokenPoller.schedule(Schedule.spaced("1 second")) })
      const { polls: others } = yield* crowd(10)
      yield* TestClock.adjust("30 seconds")
      const all = [...polls, ...others].flat()
      assert.isAtMost(all.length, 30 * 5)
      assert.isAtLeast(all.length, 28 * 5)
      for (const times of [...polls, ...others]) assert.isAtLeast(times.length, 1)
    }).pipe(budget(5)))

  it.effect("leave the queue when they end", () =>
    Effect.gen(function*() {
      const { fibers, polls } = yield* crowd(200)
      yield* TestClock.adjust("6 seconds")
      assert.isAtMost(polls.flat().length, 7)
      yield* Fiber.interruptAll(fibers)
      const { polls: [later = []] } = yield* crowd(1)
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(later, [11_000, 16_000])
    }).pipe(budget(5)))

  /** Flows that poll for 20 seconds. The first request of each is at 0 seconds. */
  const resumeMany = (count: number) =>
    Effect.forEach(Array.from({ length: count }), () =>
      Effect.forkChild(Effect.flip(Effect.flatMap(
        Identity.Identity,
        (identity) => identity.resumeAccessToken(sessionUntil(20_000), { consent: () => Effect.void })
      ))))

  it.effect("end with their sessions, also before their first poll", () =>
    Effect.gen(function*() {
      const fibers = yield* resumeMany(100)
      yield* TestClock.adjust("20 seconds")
      const errors = yield* Effect.forEach(fibers, Fiber.join)
      assert.isTrue(errors.every((error) => error._tag === "AuthorizationTimedOut"))
      const { callsOf } = yield* ScriptedPlanes.ScriptedPlanes
      assert.isAtMost((yield* callsOf("getResourceOauth2Token")).length, 100 + 16 * 2)
    }).pipe(budget(2), Effect.provide(scripted({ getResourceOauth2Token: () => responses.inProgress }))))

  it.effect("end with their sessions also while a poll runs", () => {
    let requests = 0
    return Effect.gen(function*() {
      const [fiber] = yield* resumeMany(1)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Fiber.join(fiber!))._tag, "AuthorizationTimedOut")
      assert.strictEqual(requests, 2)
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: () => requests++ === 0 ? responses.inProgress : Effect.never
    })))
  })

  it.effect("wait at most ten minutes, also for a session that lives longer", () =>
    Effect.gen(function*() {
      const { fibers: [fiber], polls: [times = []] } = yield* crowd(1)
      yield* TestClock.adjust("10 minutes")
      const error = yield* Effect.flip(Effect.flatMap(Fiber.join(fiber!), Effect.fromResult))
      assert.strictEqual(error._tag, "AuthorizationTimedOut")
      assert.isAtLeast(times.at(-1) ?? 0, 595_000)
    }))

  it.effect("poll less often while the service responds slowly", () =>
    Effect.gen(function*() {
      let running = 0
      let most = 0
      const slow = Effect.acquireUseRelease(
        Effect.sync(() => {
          running++
          most = Math.max(most, running)
        }),
        () => Effect.delay(Effect.succeedNone, "10 seconds"),
        () =>
          Effect.sync(() => {
            running--
          })
      )
      yield* Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.forkChild(
          Effect.result(TokenPoller.TokenPoller.defaultValue()({ session: sessionUntil(3_600_000), poll: slow }))
        ))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(most, 3)
    }).pipe(budget(12)))

  it.effect("poll half as often after the service has throttled a call, also a first one, and recover slowly", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      const throttled = Effect.gen(function*() {
        const error = yield* Effect.flip(identity.getAccessToken({ provider: "google", flow: "M2M" }))
        assert.strictEqual(error._tag, "ThrottlingException")
      })
      const { polls } = yield* crowd(2_000)
      /** The number of polls in the next second: 100 at the full rate. */
      const rate = Effect.gen(function*() {
        const before = polls.flat().length
        yield* TestClock.adjust("1 second")
        return polls.flat().length - before
      })
      yield* TestClock.adjust("10 seconds")
      assert.closeTo(yield* rate, 100, 2)
      // Calls that are in flight together are throttled together.
      yield* Effect.all([throttled, throttled, throttled])
      assert.closeTo(yield* rate, 50, 2)
      yield* TestClock.adjust("9 seconds")
      assert.closeTo(yield* rate, 60, 2)
      yield* throttled
      assert.closeTo(yield* rate, 30, 2)
      yield* TestClock.adjust("75 seconds")
      assert.closeTo(yield* rate, 100, 2)
      for (let time = 0; time < 20; time++) {
        yield* throttled
        yield* TestClock.adjust("1 second")
      }
      assert.isAtMost(yield* rate, 1)
    }).pipe(
      Effect.provide(scripted({ getResourceOauth2Token: () => failures.throttling })),
      Effect.provide(TokenPoller.layerBudget({ pollsPerSecond: 100 }))
    ))

  it.effect("reject a budget that is not above 0", () =>
    Effect.gen(function*() {
      for (const pollsPerSecond of [0, -1, Infinity, NaN, "100"]) {
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(
          // A program in plain JavaScript can pass anything.
          TokenPoller.layerBudget({ pollsPerSecond: pollsPerSecond as number })
        )))
        assert.include(String(exit), "a number of polls a second, above 0")
      }
    }))
})
