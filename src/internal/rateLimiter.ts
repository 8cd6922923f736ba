/** A limit of calls a second, with an order of those that wait. Effect's own `RateLimiter` has no priorities. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Of calls that are made only because time has passed, the priority is low. */
export type Priority = "normal" | "low"

/**
 * The priority of the calls of an effect. By default the limit decides: a poll of a session is low. A poll because a
 * user has just acted is normal, and a probe that looks like a first request is low.
 */
export const CallPriority = Context.Reference("effect-agentcore-identity/internal/CallPriority", {
  defaultValue: (): Priority | "byRequest" => "byRequest"
})

/** Waits until the limit allows a call. A call of low priority waits for all other calls. */
export type Limiter = (priority: Priority) => Effect.Effect<void>

/**
 * A token bucket: `limit` calls at once, then one for each part of a second. Calls of low priority leave half of the
 * bucket, so that they never delay a burst of other calls. While another call waits, they leave its token too. Calls of
 * one priority run in the order of their arrival: only the first of them watches the bucket.
 */
export const make = (limit: number): Limiter => {
  if (limit === Infinity) return () => Effect.void
  const capacity = Math.max(limit, 1)
  const queues = { normal: Semaphore.makeUnsafe(1), low: Semaphore.makeUnsafe(1) }
  let tokens = capacity
  let filledAt = 0
  let waiting = 0

  /** The number of tokens that the bucket has before a call takes one. */
  const levels = { normal: () => 1, low: () => 1 + Math.floor(capacity / 2) + Math.sign(waiting) }

  const take = (priority: Priority): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      tokens = Math.min(capacity, tokens + (Math.max(0, now - filledAt) / 1000) * limit)
      filledAt = now
      const missing = levels[priority]() - tokens
      // A sum of parts of a token can be a little less than a token.
      if (missing > 1e-9) return Effect.andThen(Effect.sleep(Math.ceil((missing / limit) * 1000)), take(priority))
      tokens--
      return Effect.void
    })

  const queued = (priority: Priority) => queues[priority].withPermit(take(priority))
  const normal = Effect.acquireUseRelease(
    Effect.sync(() => waiting++),
    () => queued("normal"),
    () => Effect.sync(() => waiting--)
  )
  return (priority) => priority === "normal" ? normal : queued("low")
}
