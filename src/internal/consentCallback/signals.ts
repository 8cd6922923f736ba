/**
 * Signals from the consent callback to waiting programs, so that a wait ends as soon as its session is complete.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as TokenPoller from "../../TokenPoller.js"

interface Signal {
  readonly latch: Effect.Latch
  readonly expiresAt: DateTime.Utc
}

/** @internal */
export interface ConsentSignals {
  /** Makes the signal of a session before the session is shown. */
  readonly expect: (session: ConsentSession) => Effect.Effect<void>
  /** Signals that a session is complete. */
  readonly complete: (session: ConsentSession) => Effect.Effect<void>
  /** The same for an expected session of which only the URI is known. */
  readonly completeUri: (sessionUri: Redacted.Redacted) => Effect.Effect<void>
  /** A poller that also polls when its session is complete. */
  readonly poller: (base: TokenPoller.Poller) => TokenPoller.Poller
}

/** @internal */
export const make = (): ConsentSignals => {
  const signals = new Map<string, Signal>()

  // Both sides create the signal: a session can be complete before its handler has returned and the wait begins.
  const signalOf = (session: ConsentSession): Effect.Effect<Signal> =>
    Effect.map(DateTime.now, (now) => {
      for (const [key, signal] of signals) {
        if (DateTime.lessThanOrEqualTo(signal.expiresAt, now)) {
          signals.delete(key)
        }
      }
      const key = Redacted.value(session.sessionUri)
      const signal = signals.get(key) ?? { latch: Effect.unsafeMakeLatch(), expiresAt: session.expiresAt }
      signals.set(key, signal)
      return signal
    })

  return {
    expect: signalOf,
    complete: (session) => Effect.flatMap(signalOf(session), ({ latch }) => latch.open),
    completeUri: (sessionUri) =>
      Effect.suspend(() => signals.get(Redacted.value(sessionUri))?.latch.open ?? Effect.void),
    poller: (base) => (wait) =>
      Effect.flatMap(signalOf(wait.session), ({ latch }) => {
        const afterSignal = Effect.zipRight(latch.await, wait.poll).pipe(
          // The token is not there yet, or the connection was lost: the schedule continues.
          Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
        )
        return Effect.raceFirst(base(wait), afterSignal)
      })
  }
}
