/** The consents that the functions of one runtime wait for. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Consent from "../../Consent.js"
import * as ConsentSignals from "../../ConsentSignals.js"
import type { ConsentOptions } from "../../Identity.js"
import { RequiresUserConsent } from "../../IdentityError.js"
import * as PendingConsents from "../../PendingConsents.js"
import * as TokenPoller from "../../TokenPoller.js"
import type { UserIdentifier } from "../../UserIdentifier.js"

export interface Consents {
  /** The signals in context, else those in memory. */
  readonly signals: Effect.Effect<ConsentSignals.Service>
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

const nextStep =
  "give the call an onAuthUrl that shows the URL, or show the authorizationUrl of this error to the user "
  + "and call resume with its session"

/** The next step of the default handler is one of Effect. */
const byDefault: Consent.ConsentHandler<unknown> = (session) =>
  Effect.mapError(
    Effect.flatMap(Consent.Handler, (handler) => handler(session)),
    (error) =>
      error instanceof RequiresUserConsent ? new RequiresUserConsent({ session: error.session, nextStep }) : error
  )

export const make = (): Consents => {
  let memory: Context.Context<PendingConsents.PendingConsents | ConsentSignals.ConsentSignals> | undefined
  const inMemory = Effect.suspend(() =>
    memory === undefined
      ? Effect.map(Effect.scoped(Layer.build(PendingConsents.layerMemory)), (context) => memory ??= context)
      : Effect.succeed(memory)
  )
  const orInMemory = <I extends PendingConsents.PendingConsents | ConsentSignals.ConsentSignals, S>(
    tag: Context.Key<I, S>
  ): Effect.Effect<S> =>
    Effect.flatMap(
      Effect.serviceOption(tag),
      Option.match({ onNone: () => Effect.map(inMemory, Context.get(tag)), onSome: Effect.succeed })
    )
  const pending = orInMemory(PendingConsents.PendingConsents)
  const signals = orInMemory(ConsentSignals.ConsentSignals)
  return {
    signals,
    pending,
    options: (user, show = byDefault) => ({
      consent: user === undefined ? show : (session) =>
        Effect.provideServiceEffect(
          PendingConsents.handler({ user, show })(session),
          PendingConsents.PendingConsents,
          pending
        ),
      poll: (wait) =>
        Effect.flatMap(
          Effect.zip(TokenPoller.TokenPoller, signals),
          ([base, signals]) => ConsentSignals.poller(signals, base)(wait)
        )
    })
  }
}
