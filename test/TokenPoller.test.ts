import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { authorizationUrl, secret, sessionUri } from "./utils.js"

const session = new ConsentSession({
  provider: "google",
  flow: "USER_FEDERATION",
  scopes: [],
  sessionUri: secret(sessionUri),
  authorizationUrl: secret(authorizationUrl),
  expiresAt: DateTime.unsafeMake(10 * 60_000)
})

const wait = (poller: TokenPoller.Poller, tokenAt: number) =>
  Effect.gen(function*() {
    const times = yield* Ref.make<ReadonlyArray<number>>([])
    const poll = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      yield* Ref.update(times, (all) => [...all, now])
      return now >= tokenAt ? Option.some(secret("token")) : Option.none()
    })
    const fiber = yield* Effect.fork(Effect.either(poller({ session, poll })))
    yield* TestClock.adjust("1 hour")
    const result = yield* Fiber.join(fiber)
    return { times: yield* Ref.get(times), result }
  })

describe("TokenPoller", () => {
  it.effect("waits first, then asks every 5 seconds", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(yield* TokenPoller.TokenPoller, 15_000)
      assert.deepStrictEqual(times, [5_000, 10_000, 15_000])
      assert.strictEqual(Redacted.value(Option.getOrThrow(Option.getRight(result))), "token")
    }))

  it.effect("gives up after 10 minutes", () =>
    Effect.gen(function*() {
      const { result, times } = yield* wait(TokenPoller.schedule(TokenPoller.defaultSchedule), Infinity)
      const error = Option.getOrThrow(Option.getLeft(result))
      assert(error._tag === "AuthorizationTimedOut")
      assert.strictEqual(error.session, session)
      assert.isAtLeast(times.at(-1) ?? 0, 600_000)
      assert.isAtMost(times.at(-1) ?? 0, 605_000)
    }))

  it.effect("can be used for several waits at once", () =>
    Effect.gen(function*() {
      const poller = TokenPoller.schedule(Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(2))))
      const [first, second] = yield* Effect.all([wait(poller, 1_000), wait(poller, Infinity)])
      assert.isTrue(first.result._tag === "Right")
      assert.lengthOf(second.times, 2)
    }))

  it("makes a poller of either", () => {
    const poller = TokenPoller.make(() => Effect.succeed(secret("token")))
    assert.strictEqual(TokenPoller.from(poller), poller)
    assert.isFunction(TokenPoller.from(Schedule.forever))
  })
})
