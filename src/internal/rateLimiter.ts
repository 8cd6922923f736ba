/** Limits of calls per second, with priorities, which Effect's own `RateLimiter` has not. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Semaphore from "effect/Semaphore"

/** Calls that are made only because time has passed have the priority `low`. */
export type Priority = "normal" | "low"

/**
 * The priority of the calls of an effect. With `byRequest`, polls of a session are low, and all other calls are normal.
 * The poll that follows an action of the user sets `normal`. A probe, which looks like a first request, sets `low`.
 */
export const CallPriority = Context.Reference("effect-agentcore-identity/internal/CallPriority", {
  defaultValue: (): Priority | "byRequest" => "byRequest"
})

export const priorityOf = (request: unknown): Effect.Effect<Priority> =>
  Effect.map(CallPriority, (priority) =>
    priority !== "byRequest"
      ? priority
      : hasProperty(request, "sessionUri") && request.sessionUri !== undefined
      ? "low"
      : "normal")

/** Milliseconds. A lower rate is read again after this time, because it may have grown. */
const longestSleep = 1000

/**
 * A token bucket, which is full at the beginning. The returned function waits until the bucket has `level` tokens, then
 * takes one. `rate` is in tokens per second.
 */
export const makeBucket = (capacity: number, rate: (now: number) => number) => {
  let tokens = capacity
  let filledAt = 0
  const take = (level: () => number): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      tokens = Math.min(capacity, tokens + (Math.max(0, now - filledAt) / 1000) * rate(now))
      filledAt = now
      const missing = level() - tokens
      // Rounding errors can leave a sum slightly below a whole token.
      if (missing > 1e-9) {
        const delay = Math.min(longestSleep, Math.ceil((missing / rate(now)) * 1000))
        return Effect.andThen(Effect.sleep(delay), take(level))
      }
      tokens--
      return Effect.void
    })
  return take
}

/** Waits until the limit allows a call. A call of low priority waits for all other calls. */
type Limiter = (priority: Priority) => Effect.Effect<void>

/**
 * Allows a burst of `limit` calls, and on average `limit` calls per second. Calls of low priority leave half of the
 * bucket, so that they never delay a burst of other calls. While another call waits, they also leave a token for it.
 * Calls of one priority run in the order of their arrival: only the first of them watches the bucket.
 */
export const make = (limit: number): Limiter => {
  if (limit === Infinity) return () => Effect.void
  const capacity = Math.max(limit, 1)
  const take = makeBucket(capacity, () => limit)
  const queues = { normal: Semaphore.makeUnsafe(1), low: Semaphore.makeUnsafe(1) }
  let waiting = 0
  const low = queues.low.withPermit(take(() => 1 + Math.floor(capacity / 2) + Math.sign(waiting)))
  const normal = Effect.acquireUseRelease(
    Effect.sync(() => waiting++),
    () => queues.normal.withPermit(take(() => 1)),
    () => Effect.sync(() => waiting--)
  )
  return (priority) => priority === "normal" ? normal : low
}
