/**
 * A limit of calls a second, with an order of those that wait. The `RateLimiter` of Effect 3 has no order but that of arrival: behind
 * 3,000 polls another call waits for more than 30 seconds (measured).
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Heap from "./priorityQueue.js"
import * as Alarm from "./sharedTimer.js"

/** Of calls that are made only because time has passed, the priority is low. */
export type Priority = "normal" | "low"

/**
 * The priority of the calls of an effect. By default the limit decides: a poll of a session is low. A poll because a user has just acted is
 * normal, and a probe that looks like a first ask is low.
 */
export const CallPriority = Context.Reference("effect-agentcore-identity/internal/CallPriority", {
  defaultValue: (): Priority | "byRequest" => "byRequest"
})

/** Runs an effect as soon as the limit allows it. A call of low priority waits for all other calls. */
export type Limiter = <A, E, R>(self: Effect.Effect<A, E, R>, priority: Priority) => Effect.Effect<A, E, R>

const keys = { normal: 0, low: 1 }

/**
 * A token bucket: `limit` calls at once, then one for each part of a second. Calls of low priority leave half of the bucket, so that they
 * never delay a burst of other calls.
 */
export const make = (limit: number): Limiter => {
  if (limit === Infinity) return (self) => self

  const capacity = Math.max(limit, 1)
  const levels = [1, 1 + Math.floor(capacity / 2)]
  const waiting = Heap.make<() => void>()
  let tokens = capacity
  let filledAt = 0

  const fill = (now: number): void => {
    tokens = Math.min(capacity, tokens + (Math.max(0, now - filledAt) / 1000) * limit)
    filledAt = now
  }
  /** The number of tokens that the bucket has before a call takes one. */
  const levelOf = (key: number): number => levels[key] ?? 1
  const take = (key: number): boolean => {
    // A sum of parts of a token can be a little less than a token.
    if (tokens + 1e-9 < levelOf(key)) return false
    tokens--
    return true
  }

  const alarm = Alarm.make((clock) => {
    fill(clock.currentTimeMillisUnsafe())
    for (let first = waiting.first(); first !== undefined && take(first.key); first = waiting.first()) {
      waiting.remove(first)
      first.value()
    }
    setAlarm(clock)
  })

  const setAlarm = (clock: Clock.Clock): void => {
    const first = waiting.first()
    if (first === undefined) return alarm.clear()
    alarm.set(clock, filledAt + ((levelOf(first.key) - tokens) / limit) * 1000)
  }

  const turn = (clock: Clock.Clock, key: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      fill(clock.currentTimeMillisUnsafe())
      const first = waiting.first()
      if ((first === undefined || first.key > key) && take(key)) return Effect.void
      return Effect.callback<void>((resume) => {
        const entry = waiting.add(key, () => resume(Effect.void))
        setAlarm(clock)
        return Effect.sync(() => waiting.remove(entry))
      })
    })

  return (self, priority) => Effect.andThen(Effect.clockWith((clock) => turn(clock, keys[priority])), self)
}
