/**
 * The wait that follows a consent handler. A handler can keep something open until the wait ends, such as a server for
 * the return URL, and can end the wait early.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type { AuthorizationFailed } from "../IdentityError.js"
import { CallPriority } from "./rateLimiter.js"

/** @internal */
export type Signal = Deferred.Deferred<void, AuthorizationFailed>

/** @internal */
export interface ConsentWait {
  /** Registers an effect for the end of the wait: with a token, an error, or by interruption. */
  readonly onEnd: (finalizer: Effect.Effect<void>) => void
  /** The signal of the wait. Its success makes the flow poll at once; its failure ends the wait. */
  readonly signal: () => Signal
  /** Makes the flow ask once as if there were no session: another session has brought the grant. */
  readonly grantedElsewhere: () => void
}

/**
 * The wait of the running handler. A handler that another function than `Identity` calls has none.
 *
 * @internal
 */
export class Current extends Context.Reference<Current>()("effect-agentcore-identity/internal/ConsentWait", {
  defaultValue: (): Option.Option<ConsentWait> => Option.none()
}) {}

/**
 * Sets `grantedElsewhere` on the running wait, if there is one.
 *
 * @internal
 */
export const grantedElsewhere: Effect.Effect<void> = Effect.map(
  Current,
  Option.match({ onNone: () => {}, onSome: (wait) => wait.grantedElsewhere() })
)

/** What `Identity` does with the wait. */
interface Running extends ConsentWait {
  readonly made: () => Signal | undefined
  readonly isElsewhere: () => boolean
  readonly hasFinalizers: () => boolean
  readonly end: Effect.Effect<void>
}

const make = (): Running => {
  const finalizers: Array<Effect.Effect<void>> = []
  let signal: Signal | undefined
  let elsewhere = false
  return {
    onEnd: (finalizer) => void finalizers.push(finalizer),
    signal: () => signal ??= Deferred.unsafeMake(FiberId.none),
    made: () => signal,
    grantedElsewhere: () => void (elsewhere = true),
    isElsewhere: () => elsewhere,
    hasFinalizers: () => finalizers.length > 0,
    end: Effect.suspend(() => Effect.all(finalizers.reverse(), { discard: true }))
  }
}

/**
 * Ends a wait early when the signal of its handler says so. `poll` asks for the token once.
 *
 * @internal
 */
export type Wake = <A, E, R, E2, R2>(
  wait: Effect.Effect<A, E, R>,
  poll: Effect.Effect<Option.Option<A>, E2, R2>
) => Effect.Effect<A, E | E2 | AuthorizationFailed, R | R2>

/**
 * Runs a handler, then its wait. The wait also learns whether another session has brought the grant.
 *
 * The finalizers of a handler run when the handler or the wait ends. Most handlers have none: their wait runs outside, because a region for
 * finalizers takes memory as long as the wait lasts.
 *
 * @internal
 */
export const run = <A, E, R, E2, R2>(
  handler: Effect.Effect<unknown, E, R>,
  wait: (wake: Wake, isElsewhere: boolean) => Effect.Effect<A, E2, R2>
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.suspend(() => {
    const running = make()
    return Effect.flatten(Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(restore(Effect.provideService(handler, Current, Option.some(running))), {
        onFailure: (cause) => Effect.zipRight(running.end, Effect.failCause(cause)),
        onSuccess: () => {
          const rest = wait(wakeOf(running.made()), running.isElsewhere())
          return running.hasFinalizers()
            ? Effect.map(Effect.ensuring(restore(rest), running.end), Effect.succeed)
            : Effect.succeed(rest)
        }
      })
    ))
  })

const wakeOf = (signal: Signal | undefined): Wake => (wait, poll) => {
  if (signal === undefined) return wait
  const afterSignal = Effect.zipRight(Deferred.await(signal), Effect.provideService(poll, CallPriority, "normal")).pipe(
    // The token is not there yet, or the connection was lost: the wait continues.
    Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
  )
  return Effect.raceFirst(wait, afterSignal)
}
