/**
 * The wait for a grant, with whatever session it comes.
 *
 * It takes its turns with all other waits of the process, within their budget of polls. It is one suspended fiber,
 * without a timer of its own.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Consent from "../../Consent.js"
import type { GrantWait } from "../../consent/consentWait.js"
import { PollBudget } from "../../consent/pollBudget.js"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as ConsentSignals from "../../ConsentSignals.js"
import { Identity } from "../../Identity.js"
import { AuthorizationTimedOut } from "../../IdentityError.js"
import { CallPriority } from "../../internal/rateLimiter.js"
import type { WorkloadAccessToken } from "../../WorkloadAccessToken.js"

/** Runs an effect, and returns with its result whether a signal came meanwhile. */
export const listening = <A, E, R>(
  signals: ConsentSignals.Service,
  topic: ConsentSignals.Topic,
  self: Effect.Effect<A, E, R>
): Effect.Effect<readonly [result: A, isSignalled: boolean], E, R> =>
  Effect.suspend(() => {
    let isSignalled = false
    return Effect.acquireUseRelease(
      Effect.sync(() =>
        signals.listen(topic, () => {
          isSignalled = true
        })
      ),
      () => Effect.map(self, (result) => [result, isSignalled] as const),
      (stop) => Effect.sync(stop)
    )
  })

/** Asks as if there were no session, and only because time has passed. After any failure the wait goes on. */
const probe = (
  { audiences, customParameters, flow, provider, resources, returnUrl, scopes }: ConsentSession
): Effect.Effect<boolean, never, Identity | WorkloadAccessToken> =>
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
      Effect.as(true),
      Effect.catchTag("RequiresUserConsent", () => Effect.succeed(false)),
      Effect.catch((error) => Effect.as(Effect.logDebug(`The wait goes on after ${error._tag}`), false)),
      Effect.provideService(CallPriority, "low")
    )

export interface Options {
  readonly session: ConsentSession
  readonly signals: ConsentSignals.Service
  readonly topic: ConsentSignals.Topic
  /** The services of the program. */
  readonly context: Context.Context<Identity | WorkloadAccessToken>
  /** When to probe. */
  readonly schedule: Schedule.Schedule<unknown>
  /** In milliseconds since the epoch. */
  readonly deadline: number
}

/**
 * `isSignalled`: a signal came before the wait, which ends the first run at once.
 *
 * It listens again in each of its turns and probes, so that nothing has to be removed when it is interrupted. A signal
 * that falls between two of them is lost, as one that does not arrive, and the next probe finds the grant.
 */
export const untilGranted = (options: Options, isSignalled: boolean): GrantWait => {
  let isKnown = isSignalled
  return Effect.suspend(() => {
    if (!isKnown) return Effect.flatMap(Schedule.toStep(options.schedule), (step) => next(options, step))
    isKnown = false
    return Effect.void
  })
}

type Step = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, unknown, never, never>>>

/** Waits for the next turn of the schedule, probes, and begins again. To save memory, its state is in two objects. */
const next = (options: Options, step: Step): GrantWait =>
  Effect.flatMap(
    Effect.zip(PollBudget, Clock.currentTimeMillis),
    ([budget, now]) =>
      // A schedule that is done leaves the rest to the signal.
      Effect.flatMap(
        Pull.catchDone(step(now, undefined), () => Effect.succeed([undefined, Duration.infinity] as const)),
        ([, delay]) =>
          Effect.flatMap(
            budget.turn({
              delay: Duration.toMillis(delay),
              deadline: options.deadline,
              wake: (onWake) => options.signals.listen(options.topic, onWake)
            }),
            (turn): GrantWait => {
              switch (turn) {
                case "Woken":
                  return Effect.void
                case "Expired":
                  return new AuthorizationTimedOut({ session: options.session })
                case "Poll":
                  return Effect.flatMap(
                    budget.run(listening(
                      options.signals,
                      options.topic,
                      Effect.provide(probe(options.session), options.context)
                    )),
                    ([isGranted, isSignalled]) => isGranted || isSignalled ? Effect.void : next(options, step)
                  )
              }
            }
          )
      )
  )
