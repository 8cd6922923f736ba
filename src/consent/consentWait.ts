/** The wait that follows a consent handler. The handler finds it in its context, and can change it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../ConsentSession.js"
import type { AuthorizationFailed, AuthorizationTimedOut } from "../IdentityError.js"

/** The same type as `TokenPoller.Poller`. */
export type Poller = <E, R>(wait: {
  readonly session: ConsentSession
  readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
}) => Effect.Effect<Redacted.Redacted, E | AuthorizationFailed | AuthorizationTimedOut, R>

export interface ConsentWait {
  /** Runs when the handler fails, and when the wait ends: with a token, an error, or by interruption. */
  end?: Effect.Effect<void>
  /** Changes how the flow polls. */
  changePoller?: (poller: Poller) => Poller
  /**
   * Waits until the user has consented in any session. The flow then requests the token without a session. If there is
   * no token yet, it runs this effect again.
   */
  grant?: Effect.Effect<void, AuthorizationTimedOut>
}

/**
 * The wait of the running handler. It is `None` if something other than `Identity` runs the handler. It is not a
 * parameter, because programs wrap handlers in their own.
 */
export const Current = Context.Reference("effect-agentcore-identity/internal/ConsentWait", {
  defaultValue: (): Option.Option<ConsentWait> => Option.none()
})

/**
 * Runs a wait, and `onSignal` at the first signal. The wait continues if `onSignal` returns `None`.
 *
 * `Effect.raceFirst` would take 1 KB more memory for each waiting user (measured).
 */
export const withSignal = <A, E, R, Signal, E2, R2>(
  wait: Effect.Effect<A, E, R>,
  listen: (onSignal: (signal: Signal) => void) => () => void,
  onSignal: (signal: Signal) => Effect.Effect<Option.Option<A>, E2, R2>
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.flatMap(Effect.forkChild(wait, { startImmediately: true }), (fiber) =>
    Effect.ensuring(
      Effect.flatMap(
        Effect.callback<Option.Option<Signal>>((resume) => {
          const stop = listen((signal) => resume(Effect.succeedSome(signal)))
          fiber.addObserver(() => {
            stop()
            resume(Effect.succeedNone)
          })
          return Effect.sync(stop)
        }),
        (signal) =>
          Option.isNone(signal)
            ? Fiber.join(fiber)
            : Effect.flatMap(
              onSignal(signal.value),
              (value) => Option.isSome(value) ? Effect.succeed(value.value) : Fiber.join(fiber)
            )
      ),
      Fiber.interrupt(fiber)
    ))
