/** The wait of `Connect.handler` for a grant, whichever session it comes from. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import * as Consent from "../../Consent.js"
import * as ConsentWait from "../../consent/consentWait.js"
import { pollUntil } from "../../consent/pollBudget.js"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as ConsentSignals from "../../ConsentSignals.js"
import { Identity } from "../../Identity.js"
import { AuthorizationTimedOut } from "../../IdentityError.js"
import type { WorkloadAccessToken } from "../../WorkloadAccessToken.js"

/** Requests the token as if there were no session. After any failure the wait continues. */
const probe = ({ audiences, customParameters, flow, provider, resources, returnUrl, scopes }: ConsentSession) =>
  Effect.flatMap(Identity, (identity) =>
    identity.getAccessToken({
      provider,
      flow,
      scopes,
      resources,
      audiences,
      customParameters,
      returnUrl,
      consent: Consent.fail
    })).pipe(
      Effect.asSome,
      Effect.catchTag("RequiresUserConsent", () => Effect.succeedNone),
      Effect.catch((error) =>
        Effect.andThen(Effect.logDebug(`The wait continues after ${error._tag}`), Effect.succeedNone)
      )
    )

export interface Options {
  readonly session: ConsentSession
  readonly signals: ConsentSignals.Service
  readonly topic: ConsentSignals.Topic
  /** The services of the program. */
  readonly context: Context.Context<Identity | WorkloadAccessToken>
  /** When to probe. */
  readonly schedule: Schedule.Schedule<unknown>
  /** Milliseconds since the epoch. */
  readonly deadline: number
}

/**
 * Waits for a signal, or for a probe that finds the grant. A signal between two runs is lost, and the next probe finds
 * the grant.
 */
export const untilGranted = ({ context, deadline, schedule, session, signals, topic }: Options) =>
  ConsentWait.withSignal(
    Effect.flatMap(
      pollUntil({ schedule, input: () => undefined, deadline, poll: Effect.provide(probe(session), context) }),
      // After the last probe of a schedule, it still waits for a signal.
      (granted) => Option.isSome(granted) ? Effect.void : timeOutAt(deadline, session)
    ),
    (onSignal: (outcome: ConsentSignals.Outcome) => void) => signals.listen(topic, onSignal),
    () => Effect.succeedSome(undefined)
  )

const timeOutAt = (deadline: number, session: ConsentSession) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      Effect.andThen(Effect.sleep(Math.max(0, deadline - now)), Effect.fail(new AuthorizationTimedOut({ session })))
  )
