/**
 * A time limit for effects that may be uninterruptible. In an uninterruptible region, `Effect.timeoutOrElse` waits
 * until the effect ends, and with `Effect.interruptible` an interruption of the caller would also reach the effect.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * An interruption does not wait until the effect ends. The effect starts immediately, because the finalizers of an
 * effect that has not started would not run.
 */
const disconnect = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDetach(restore(self), { startImmediately: true }),
      (fiber) => Effect.onInterrupt(restore(Fiber.join(fiber)), () => Effect.sync(() => fiber.interruptUnsafe()))
    )
  )

/**
 * Fails when the time limit is exceeded, even if the effect or its region is uninterruptible. An uninterruptible effect
 * continues in the background. An uninterruptible caller gets the result or the failure, even if it is interrupted.
 */
export const withDeadline = <E2>({ duration, onTimeout }: {
  readonly duration: Duration.Input
  readonly onTimeout: () => E2
}) =>
<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
  disconnect(self).pipe(
    Effect.timeoutOrElse({ duration, orElse: () => Effect.fail(onTimeout()) }),
    // In an uninterruptible region, only this time limit interrupts it.
    Effect.interruptible,
    disconnect
  )
