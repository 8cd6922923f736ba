/** Ends the pages: requests that run are finished, and new ones get a page that says so. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

/** Whether a request came after the end began. */
export class IsStopping extends Context.Reference("effect-agentcore-identity/http/Connect/IsStopping", {
  defaultValue: () => false
}) {}

export const make = () => {
  const idle = Latch.makeUnsafe(true)
  let running = 0
  let isStopping = false
  return {
    /** The end waits for an effect that began before it. A later one finds `IsStopping`. */
    guard: <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        if (isStopping) return Effect.provideService(self, IsStopping, true)
        return Effect.acquireUseRelease(
          Effect.sync(() => {
            running++
            idle.closeUnsafe()
          }),
          () => self,
          () =>
            Effect.sync(() => {
              if (--running === 0) idle.openUnsafe()
            })
        )
      }),
    /** Waits for the effects that run, but no longer than the limit. */
    stop: (limit: Duration.Input = "10 seconds"): Effect.Effect<void> =>
      Effect.suspend(() => {
        isStopping = true
        return Effect.asVoid(Effect.timeoutOption(idle.await, limit))
      }).pipe(Effect.interruptible),
    /** Accepts requests again. */
    restart: (): void => {
      isStopping = false
    }
  }
}
