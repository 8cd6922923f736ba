/**
 * The wait for a grant, with whatever session it comes.
 *
 * It takes its turns with all other waits of the process, within their budget of polls. It is one suspended fiber, without a timer of its own.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import * as Consent from "../../../Consent.js"
import type { ConsentSession } from "../../../ConsentSession.js"
import type * as ConsentSignals from "../../../ConsentSignals.js"
import { Identity } from "../../../Identity.js"
import { type Budget, PollBudget } from "../../../internal/pollBudget.js"
import { CallPriority } from "../../../internal/rateLimiter.js"
import { compactSpans } from "../../../internal/span.js"
import type { WorkloadAccessToken } from "../../../WorkloadAccessToken.js"

/** @internal */
export interface Options<out E, out R, out R2> {
  readonly signals: ConsentSignals.Service
  readonly topic: ConsentSignals.Topic
  /** Shows the link. */
  readonly show: Effect.Effect<unknown, E, R>
  /** Whether the user has granted it. */
  readonly probe: Effect.Effect<boolean, never, R2>
  /** When to probe. */
  readonly schedule: Schedule.Schedule<unknown>
  /** How long to wait, from the beginning of `show`. */
  readonly limit: Duration.DurationInput
}

interface Grant {
  readonly wake: (onWake: () => void) => () => void
  readonly stop: () => void
}

const nothing = (): void => {}

/** Remembers a signal that comes before the wait, or during a probe. */
const listen = (signals: ConsentSignals.Service, topic: ConsentSignals.Topic): Grant => {
  let granted = false
  let wake = nothing
  const stop = signals.listen(topic, () => {
    granted = true
    wake()
  })
  return {
    stop,
    wake: (onWake) => {
      wake = onWake
      if (granted) onWake()
      return () => {
        wake = nothing
      }
    }
  }
}

/** Waits for the next turn of the schedule, probes, and begins again. */
const next = <R>(
  { probe, schedule }: Pick<Options<never, never, R>, "probe" | "schedule">,
  budget: Budget,
  grant: Grant,
  deadline: number,
  state: unknown
): Effect.Effect<boolean, never, R> =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      Effect.flatMap(schedule.step(now, undefined, state), ([nextState, , decision]) =>
        Effect.flatMap(
          budget.turn({
            // A schedule that is done leaves the rest to the signal.
            delay: ScheduleDecision.isDone(decision) ? Infinity : ScheduleIntervals.start(decision.intervals) - now,
            deadline,
            wake: grant.wake
          }),
          (turn) => {
            switch (turn) {
              case "Woken":
                return Effect.succeed(true)
              case "Expired":
                return Effect.succeed(false)
              case "Poll":
                return Effect.flatMap(
                  budget.run(Effect.provideService(probe, CallPriority, "low")),
                  (granted) =>
                    granted ? Effect.succeed(true) : next({ probe, schedule }, budget, grant, deadline, nextState)
                )
            }
          }
        ))
  )

/**
 * Shows the link, and waits. The result is whether the user has granted it in time. It listens before it shows the link, because the user can
 * be quick.
 *
 * @internal
 */
export const untilGranted = <E, R, R2>(options: Options<E, R, R2>): Effect.Effect<boolean, E, R | R2> =>
  Effect.flatMap(Effect.zip(PollBudget, Clock.currentTimeMillis), ([budget, now]) =>
    Effect.acquireUseRelease(
      Effect.sync(() => listen(options.signals, options.topic)),
      (grant) =>
        Effect.zipRight(options.show, compactSpans).pipe(
          Effect.zipRight(
            next(options, budget, grant, now + Duration.toMillis(options.limit), options.schedule.initial)
          )
        ),
      ({ stop }) => Effect.sync(stop)
    ))

/**
 * Asks as if there were no session. After any failure the wait goes on.
 *
 * @internal
 */
export const probe = (
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
      Effect.catchAll((error) => Effect.as(Effect.logDebug(`The wait goes on after ${error._tag}`), false))
    )
