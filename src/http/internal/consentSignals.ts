/**
 * Waits that end early: whoever completes a session wakes the program that waits for it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as TokenPoller from "../../TokenPoller.js"

interface Bell {
  readonly latch: Effect.Latch
  readonly expiresAt: DateTime.Utc
}

/** @internal */
export interface Wakes {
  readonly wake: (session: ConsentSession) => Effect.Effect<void>
  readonly poller: (base: TokenPoller.Poller) => TokenPoller.Poller
}

/** @internal */
export const make = (): Wakes => {
  const bells = new Map<string, Bell>()

  // Whoever comes first makes the bell: a session can be completed while its handler still shows it.
  const bellOf = (session: ConsentSession): Effect.Effect<Bell> =>
    Effect.map(DateTime.now, (now) => {
      for (const [key, bell] of bells) {
        if (DateTime.lessThanOrEqualTo(bell.expiresAt, now)) {
          bells.delete(key)
        }
      }
      const key = Redacted.value(session.sessionUri)
      const bell = bells.get(key) ?? { latch: Effect.unsafeMakeLatch(), expiresAt: session.expiresAt }
      bells.set(key, bell)
      return bell
    })

  return {
    wake: (session) => Effect.flatMap(bellOf(session), (bell) => bell.latch.open),
    poller: (base) => (wait) =>
      Effect.flatMap(bellOf(wait.session), (bell) => {
        const woken = Effect.zipRight(bell.latch.await, wait.poll).pipe(
          // Not there yet, or lost on the way: the schedule goes on.
          Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
        )
        return Effect.raceFirst(base(wait), woken)
      })
  }
}
