/**
 * A time limit for effects of others, in regions where a failure must not be an interruption.
 *
 * `Effect.timeoutOrElse` waits for an effect that is uninterruptible, and one in an uninterruptible region is. Making
 * it interruptible is not enough: then an interruption of the caller also reaches it, although the caller is
 * uninterruptible.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Ends at once when it is interrupted. The effect may end later. It starts at once, or its finalizers would not run
 * then.
 */
const disconnect = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDetach(restore(self), { startImmediately: true }),
      (fiber) => Effect.onInterrupt(restore(Fiber.join(fiber)), () => Effect.sync(() => fiber.interruptUnsafe()))
    )
  )

/**
 * Fails when the time is over, whatever the effect or its region. An uninterruptible effect goes on in the background.
 * An uninterruptible caller gets the result or the failure, also when it is interrupted meanwhile.
 */
export const withDeadline = <E2>({ duration, onTimeout }: {
  readonly duration: Duration.Input
  readonly onTimeout: () => E2
}) =>
<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
  // An uninterruptible effect is left behind.
  disconnect(self).pipe(
    Effect.timeoutOrElse({ duration, orElse: () => Effect.fail(onTimeout()) }),
    // In an uninterruptible region, only this time limit interrupts it.
    Effect.interruptible,
    disconnect
  )
