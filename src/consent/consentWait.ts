/**
 * The wait that follows a consent handler. A handler can keep something open until the wait ends, such as a server for
 * the return URL, and can end the wait early.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AuthorizationFailed, AuthorizationTimedOut } from "../IdentityError.js"
import { CallPriority } from "../internal/rateLimiter.js"

export type Signal = Deferred.Deferred<void, AuthorizationFailed>

/** Waits for a grant that another session may bring. It may run again: then it waits for the next sign of a grant. */
export type GrantWait = Effect.Effect<void, AuthorizationTimedOut>

export interface ConsentWait {
  /** Registers an effect for the end of the wait: with a token, an error, or by interruption. */
  readonly onEnd: (finalizer: Effect.Effect<void>) => void
  /** The signal of the wait. Its success makes the flow poll at once; its failure ends the wait. */
  readonly signal: () => Signal
  /** Makes the flow wait for a grant from any session, and ask as if there were no session. */
  readonly waitForGrant: (wait: GrantWait) => void
}

/** The wait of the running handler. A handler that another function than `Identity` calls has none. */
export const Current = Context.Reference("effect-agentcore-identity/internal/ConsentWait", {
  defaultValue: (): Option.Option<ConsentWait> => Option.none()
})

/**
 * What `Identity` knows of the wait. A class, because there are as many as users who think: functions of its own would
 * take more memory.
 */
class Running implements ConsentWait {
  madeSignal: Signal | undefined
  grantWait: GrantWait | undefined
  readonly #finalizers: Array<Effect.Effect<void>> = []

  onEnd(finalizer: Effect.Effect<void>): void {
    this.#finalizers.push(finalizer)
  }

  signal(): Signal {
    return this.madeSignal ??= Deferred.makeUnsafe()
  }

  waitForGrant(wait: GrantWait): void {
    this.grantWait = wait
  }

  hasFinalizers(): boolean {
    return this.#finalizers.length > 0
  }

  end(): Effect.Effect<void> {
    return Effect.all(this.#finalizers.reverse(), { discard: true })
  }
}

/** Ends a wait early when the signal of its handler says so. `poll` asks for the token once. */
export type Wake = <A, E, R, E2, R2>(
  wait: Effect.Effect<A, E, R>,
  poll: Effect.Effect<Option.Option<A>, E2, R2>
) => Effect.Effect<A, E | E2 | AuthorizationFailed, R | R2>

/**
 * Runs a handler, then its wait.
 *
 * The finalizers of a handler run when the handler or the wait ends. Most handlers have none: their wait runs outside,
 * because a region for finalizers takes memory as long as the wait lasts.
 */
export const run = <A, E, R, E2, R2>(
  handler: Effect.Effect<unknown, E, R>,
  wait: (wake: Wake, grantWait: GrantWait | undefined) => Effect.Effect<A, E2, R2>
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.suspend(() => {
    const running = new Running()
    const failAtEnd = <E3>(cause: Cause.Cause<E3>) => Effect.andThen(running.end(), Effect.failCause(cause))
    return Effect.flatten(Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(restore(Effect.provideService(handler, Current, Option.some(running))), {
        onFailure: failAtEnd,
        onSuccess: (): Effect.Effect<Effect.Effect<A, E2, R2>, E2, R2> => {
          const rest = wait(wakeOf(running.madeSignal), running.grantWait)
          return running.hasFinalizers()
            ? Effect.matchCauseEffect(restore(rest), {
              onFailure: failAtEnd,
              onSuccess: (answer) => Effect.as(running.end(), Effect.succeed(answer))
            })
            : Effect.succeed(rest)
        }
      })
    ))
  })

/** A handler that decides what to wait for. If another function than `Identity` calls it, it waits itself. */
export const withCurrent = <E, R>(
  handler: (wait: ConsentWait) => Effect.Effect<unknown, E, R>
): Effect.Effect<unknown, E | AuthorizationTimedOut, R> =>
  Effect.flatMap(Current, (current): Effect.Effect<unknown, E | AuthorizationTimedOut, R> =>
    Option.isSome(current)
      ? handler(current.value)
      : run(withCurrent(handler), (_, grantWait) => grantWait ?? Effect.void))

const wakeOf = (signal: Signal | undefined): Wake => (wait, poll) => {
  if (signal === undefined) return wait
  const afterSignal = Effect.andThen(Deferred.await(signal), Effect.provideService(poll, CallPriority, "normal")).pipe(
    // The token is not there yet, or the connection was lost: the wait continues.
    Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
  )
  return Effect.raceFirst(wait, afterSignal)
}
