import { assert, describe, it } from "@effect/vitest"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Signals from "./support/signals.js"
import { same, secret, sessionUntil, sessionUri } from "./support/utils.js"

const session = sessionUntil(60 * 60_000)

const topic = Signals.session(secret(sessionUri))

const signal = (outcome: Signals.Outcome) =>
  Effect.flatMap(PendingConsents.ConsentSignals, (signals) => signals.signal(topic, outcome))

/** A wait whose token exists after a delay, and the times of its polls. */
const wait = (tokenAt: number) => {
  const times: Array<number> = []
  return Effect.map(
    Effect.flatMap(TokenPoller.TokenPoller, (poller) =>
      Effect.forkChild(Effect.result(poller({
        session,
        poll: Effect.map(Clock.currentTimeMillis, (now): Option.Option<Redacted.Redacted> => {
          times.push(now)
          return now >= tokenAt ? Option.some(secret("token")) : Option.none()
        })
      })))),
    (fiber) => ({ times, result: Fiber.join(fiber) })
  )
}

describe("PendingConsents.layerPoller", () => {
  const provided = Effect.provide(Layer.provideMerge(PendingConsents.layerPoller, Signals.layerMemory))

  it.effect("polls at once when the session is complete", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(0)
      yield* TestClock.adjust("1 second")
      yield* signal("Completed")
      same(yield* Effect.flatMap(result, Effect.fromResult), secret("token"))
      assert.deepStrictEqual(times, [1_000])
    }).pipe(provided))

  it.effect("continues when the token does not exist yet", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(10_000)
      yield* TestClock.adjust("6 seconds")
      yield* signal("Completed")
      yield* TestClock.adjust("6 seconds")
      same(yield* Effect.flatMap(result, Effect.fromResult), secret("token"))
      assert.deepStrictEqual(times.slice(0, 2), [5_000, 6_000])
      assert.isAtMost(times.length, 3)
    }).pipe(provided))

  it.effect.each(["Failed", "Denied", "NotCompleted"] as const)(
    "ends when the session can never be completed: %s",
    (outcome) =>
      Effect.gen(function*() {
        const { result, times } = yield* wait(Infinity)
        yield* TestClock.adjust("1 second")
        yield* signal(outcome)
        const error = yield* Effect.flip(Effect.flatMap(result, Effect.fromResult))
        assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: outcome, provider: "google" })
        const later = yield* wait(0)
        assert.deepInclude(yield* Effect.flip(Effect.flatMap(later.result, Effect.fromResult)), {
          reason: outcome
        })
        assert.deepStrictEqual([...times, ...later.times], [])
      }).pipe(provided)
  )

  it.effect("receives an outcome up to ten minutes after it was signalled", () =>
    Effect.gen(function*() {
      yield* signal("Completed")
      yield* TestClock.adjust("9 minutes")
      const { result, times } = yield* wait(0)
      same(yield* Effect.flatMap(result, Effect.fromResult), secret("token"))
      assert.deepStrictEqual(times, [9 * 60_000])
    }).pipe(provided))

  it.effect("receives the consent that followed another outcome, and no outcome that follows a consent", () =>
    Effect.gen(function*() {
      for (const outcome of ["NotCompleted", "Completed", "Denied"] as const) yield* signal(outcome)
      const { result } = yield* wait(0)
      same(yield* Effect.flatMap(result, Effect.fromResult), secret("token"))
    }).pipe(provided))

  it.effect("polls without signals", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(10_000)
      yield* TestClock.adjust("10 seconds")
      same(yield* Effect.flatMap(result, Effect.fromResult), secret("token"))
      assert.deepStrictEqual(times, [5_000, 10_000])
    }).pipe(provided))
})

describe("next", () => {
  const user = { userId: "alice" }
  const grantOf = (credential: string) => Signals.grant({ workload: "agent", user, credential })

  it.effect("waits for a new grant, and ignores an earlier one", () =>
    Effect.gen(function*() {
      const signals = yield* PendingConsents.ConsentSignals
      const [calendar, mail] = [yield* grantOf("calendar"), yield* grantOf("mail")]
      yield* signals.signal(calendar, "Completed")
      const fiber = yield* Effect.forkChild(Signals.next(signals, calendar))
      yield* Effect.yieldNow
      yield* signals.signal(mail, "Completed")
      yield* signals.signal(topic, "Completed")
      assert.isUndefined(fiber.pollUnsafe())
      yield* signals.signal(calendar, "Completed")
      assert.strictEqual(yield* Fiber.join(fiber), "Completed")
    }).pipe(Effect.provide(Signals.layerMemory)))

  it.effect("leaves nothing behind when it is interrupted", () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const signals = Layer.mock(PendingConsents.ConsentSignals, {
        listen: () => {
          calls.push("listen")
          return () => void calls.push("stop")
        }
      })
      const fiber = yield* Effect.forkChild(
        Effect.provide(PendingConsents.ConsentSignals.use((signals) => Signals.next(signals, topic)), signals)
      )
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(calls, ["listen", "stop"])
    }))

  it.effect("never prints the value of a topic", () =>
    Effect.gen(function*() {
      const jwt = secret("e30.bm90IGpzb24.c2ln")
      const topics = [
        yield* grantOf("calendar"),
        yield* Signals.grant({ workload: "agent", user: { userToken: jwt }, credential: "x" })
      ]
      assert.notInclude(JSON.stringify(topics), "alice")
      assert.notInclude(JSON.stringify(topics), "bm90IGpzb24")
    }))
})
