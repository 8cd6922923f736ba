/**
 * The consents that the functions of one runtime wait for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Consent from "../../Consent.js"
import type { ConsentOptions } from "../../Identity.js"
import * as ConsentSignals from "../../internal/consentCallback/signals.js"
import * as PendingConsents from "../../PendingConsents.js"
import * as TokenPoller from "../../TokenPoller.js"
import type { UserIdentifier } from "../../UserIdentifier.js"

/** @internal */
export interface Consents {
  readonly signals: ConsentSignals.ConsentSignals
  /** The store in context, else one in memory. */
  readonly pending: Effect.Effect<PendingConsents.Service>
  /**
   * Stores the session for its user, shows it, and waits until the callback has completed it. Without `show`, the
   * handler of the runtime decides.
   */
  readonly options: (
    user: UserIdentifier | undefined,
    show: Consent.ConsentHandler<unknown> | undefined
  ) => ConsentOptions<unknown>
}

const byDefault: Consent.ConsentHandler<unknown> = (session) =>
  Effect.flatMap(Consent.Handler, (handler) => handler(session))

/** @internal */
export const make = (): Consents => {
  const signals = ConsentSignals.make()
  let memory: PendingConsents.Service | undefined
  const inMemory = Effect.suspend(() =>
    memory === undefined
      ? Effect.map(
        Effect.provide(PendingConsents.PendingConsents, PendingConsents.layerMemory),
        (service) => memory ??= service
      )
      : Effect.succeed(memory)
  )
  const pending = Effect.flatMap(
    Effect.serviceOption(PendingConsents.PendingConsents),
    Option.match({ onNone: () => inMemory, onSome: Effect.succeed })
  )
  return {
    signals,
    pending,
    options: (user, show = byDefault) => ({
      consent: (session) =>
        Effect.all([
          user === undefined
            ? Effect.void
            : Effect.flatMap(pending, (pending) => pending.open({ session, user })),
          signals.expect(session),
          show(session)
        ], { discard: true }),
      poll: (wait) => Effect.flatMap(TokenPoller.TokenPoller, (base) => signals.poller(base)(wait))
    })
  }
}
