/** The polls of all waits of a process, within a budget of polls per second. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import { CallPriority, makeBucket } from "./rateLimiter.js"

interface Budget {
  /** Runs a poll when the budget allows it. Polls that wait for the budget run in the order of their arrival. */
  readonly run: <A, E, R>(poll: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Halves the polls per second, because the service throttled a call, or an attempt of one. */
  readonly throttled: Effect.Effect<void>
}

/** Half of the quota of `GetResourceOauth2Token`, 200 a second (AWS documentation). */
export const defaultLimit = 100

/**
 * Maximum concurrent polls, as a fraction of the polls per second: 25 by default, half of the connections of the AWS
 * SDK.
 */
const concurrentFraction = 1 / 4

/** Milliseconds. An idle process may use this many milliseconds' worth of polls at once. */
export const maxBurst = 100

/** Milliseconds. Calls in flight at the same time may all be throttled. Within this time, they halve the rate once. */
const halvingInterval = 1000

/** The growth of the rate in a second: it doubles in 40 seconds. */
const growthPerSecond = Math.LN2 / 40

/**
 * The growth of the rate for each poll, if it is lower: below 1.7 polls per second, when many processes share a quota.
 * A faster growth would undo a halving before the next call is throttled. So less than 0.01 / ln 2 of all calls are
 * throttled, for any number of processes.
 */
const growthPerPoll = 0.01

/** Polls per second. At this rate both are the same. */
const pace = growthPerSecond / growthPerPoll

/** As a fraction of the limit. */
const lowestRate = 1 / 1000

/** The polls per second of a process, lowered by throttles. Times are in milliseconds. */
export const makeRate = (limit: number) => {
  let base = limit
  let since = 0
  const at = (now: number): number => {
    const seconds = Math.max(0, now - since) / 1000
    // Below the pace, each poll adds its part. This takes `slow` seconds.
    const slow = Math.max(0, 1 / base - 1 / pace) / growthPerPoll
    const rate = seconds < slow
      ? 1 / (1 / base - growthPerPoll * seconds)
      : Math.max(base, pace) * Math.exp(growthPerSecond * (seconds - slow))
    return Math.min(limit, rate)
  }
  return {
    at,
    halve: (now: number): void => {
      if (base < limit && now - since < halvingInterval) return
      base = Math.max(at(now) / 2, limit * lowestRate)
      since = now
    }
  }
}

const makeForClock = (limit: number): Effect.Effect<Budget> =>
  Effect.gen(function*() {
    const rate = makeRate(limit)
    const take = makeBucket(Math.max(1, limit * maxBurst / 1000), rate.at)
    const slot = Semaphore.makeUnsafe(1).withPermit(take(() => 1))
    // A queue of permits, because thousands can wait here. A release of a `Semaphore` visits all of them.
    const permits = yield* Queue.unbounded<void>()
    yield* Queue.offerAll(permits, Array.from({ length: Math.ceil(limit * concurrentFraction) }, () => undefined))
    return {
      run: (poll) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.andThen(
            restore(Queue.take(permits)),
            Effect.ensuring(
              restore(Effect.andThen(slot, Effect.provideService(poll, CallPriority, "low"))),
              Queue.offer(permits, undefined)
            )
          )
        ),
      throttled: Effect.map(Clock.currentTimeMillis, rate.halve)
    }
  })

/** A budget for each clock, because the time of a `TestClock` is not the time of another clock. */
export const makeBudget = (limit: number): Budget => {
  const budgets = new WeakMap<Clock.Clock, Budget>()
  const budget = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const known = budgets.get(clock)
    if (known !== undefined) return known
    const made = yield* makeForClock(limit)
    const first = budgets.get(clock) ?? made
    budgets.set(clock, first)
    return first
  })
  return {
    run: (poll) => Effect.flatMap(budget, ({ run }) => run(poll)),
    throttled: Effect.flatMap(budget, ({ throttled }) => throttled)
  }
}

/** The budget of a program. All programs of a process share the default value. */
export const PollBudget = Context.Reference("effect-agentcore-identity/internal/PollBudget", {
  defaultValue: () => makeBudget(defaultLimit)
})

/**
 * Polls by a schedule, within the budget, until there is a value. It waits before the first poll. It returns `None`
 * when the schedule ends or the deadline passes. `deadline` is in milliseconds since the epoch.
 */
export const pollUntil = Effect.fnUntraced(function*<Input, A, E, R>({ deadline, input, poll, schedule }: {
  readonly schedule: Schedule.Schedule<unknown, Input>
  readonly input: (attempt: number) => Input
  readonly deadline: number
  readonly poll: Effect.Effect<Option.Option<A>, E, R>
}) {
  const budget = yield* PollBudget
  const step = yield* Schedule.toStep(schedule)
  for (let attempt = 0;; attempt++) {
    const now = yield* Clock.currentTimeMillis
    const due = yield* Pull.catchDone(step(now, input(attempt)), () => Effect.undefined)
    if (due === undefined) return Option.none<A>()
    const delay = Duration.toMillis(due[1])
    if (now + delay > deadline) {
      yield* Effect.sleep(Math.max(0, deadline - now))
      return Option.none<A>()
    }
    yield* Effect.sleep(delay)
    const value = yield* budget.run(poll)
    if (Option.isSome(value)) return value
  }
})
