/**
 * How a program waits for a user's consent: by a `Schedule`, or by a poller of its own.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ConsentSession } from "./ConsentSession.js"
import { type AuthorizationFailed, AuthorizationTimedOut } from "./IdentityError.js"
import { PollBudget } from "./internal/pollBudget.js"
import * as SharedWait from "./internal/sharedWait.js"

/**
 * The input of a schedule: the session, and the number of polls since the wait began (0 before the first poll).
 *
 * @since 0.1.0
 * @category models
 */
export interface PollState {
  readonly session: ConsentSession
  readonly attempt: number
}

/**
 * A wait. `poll` asks once, and returns the token if there is one. A failure of `poll` ends the wait. Throttling, 5xx
 * responses and lost connections are not failures here: they count as "not yet".
 *
 * @since 0.1.0
 * @category models
 */
export interface Wait<out E, out R> {
  readonly session: ConsentSession
  readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
}

/**
 * Runs a wait. The flow ends it at the latest when the session expires. A poller that learns that no token will come fails
 * with `AuthorizationFailed`.
 *
 * @since 0.1.0
 * @category models
 */
export type Poller = <E, R>(wait: Wait<E, R>) => Effect.Effect<
  Redacted.Redacted,
  E | AuthorizationFailed | AuthorizationTimedOut,
  R
>

/**
 * Every 5 seconds for 10 minutes: the interval of the official SDKs, and the lifetime of an authorization URL (AWS
 * documentation).
 *
 * @since 0.1.0
 * @category schedules
 */
export const defaultSchedule: Schedule.Schedule<unknown, PollState> = Schedule.spaced("5 seconds").pipe(
  Schedule.upTo("10 minutes")
)

/**
 * A poller that follows a schedule. It waits before the first poll, because the service has just answered that the
 * session is pending. If the schedule ends without a token, the wait fails with `AuthorizationTimedOut`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
 * import * as Schedule from "effect/Schedule"
 *
 * // Fast at first, then slower, at least every 10 seconds, for 3 minutes.
 * const patient = TokenPoller.schedule(
 *   Schedule.exponential("500 millis").pipe(
 *     Schedule.union(Schedule.spaced("10 seconds")),
 *     Schedule.upTo("3 minutes")
 *   )
 * )
 */
export const schedule = (policy: Schedule.Schedule<unknown, PollState>): Poller => ({ poll, session }) =>
  Effect.flatMap(PollBudget, (budget) => {
    let attempt = -1
    let token = Option.none<Redacted.Redacted>()
    // The first run does not poll: `repeat` runs once before the first delay of the schedule.
    const step = Effect.suspend(() => {
      attempt++
      const state: PollState = { session, attempt }
      return attempt === 0 ? Effect.succeed(state) : Effect.map(Effect.zipRight(budget.turn({ delay: 0 }), poll), (answer) => {
        token = answer
        return state
      })
    })
    return Effect.repeat(step, { schedule: policy, until: () => Option.isSome(token) }).pipe(
      Effect.flatMap(() => token),
      Effect.catchTag("NoSuchElementException", () => Effect.fail(new AuthorizationTimedOut({ session })))
    )
  })

/**
 * A custom poller, for example for a push, a queue, or a page that knows when the user is back.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
 * import { type AuthorizationFailed, AuthorizationTimedOut } from "effect-agentcore-identity/IdentityError"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const userIsBack: Effect.Effect<void> = Effect.void
 *
 * // Polls exactly once, when the user is back.
 * const onReturn = TokenPoller.make(({ poll, session }) =>
 *   Effect.zipRight(userIsBack, poll).pipe(
 *     Effect.flatMap(Option.match({
 *       onNone: () => Effect.fail(new AuthorizationTimedOut({ session })),
 *       onSome: Effect.succeed
 *     }))
 *   )
 * )
 */
export const make = (poller: Poller): Poller => poller

export const defaultPoller: Poller = SharedWait.toPoller(SharedWait.make(Duration.seconds(5), Duration.minutes(10)))

/**
 * The poller of requests without one of their own. The flow reads it from the context of the calling program. Default:
 * {@link defaultSchedule}.
 *
 * @since 0.1.0
 * @category references
 */
export class TokenPoller extends Context.Reference<TokenPoller>()("effect-agentcore-identity/TokenPoller", {
  defaultValue: (): Poller => defaultPoller
}) {}

/**
 * Converts a schedule to a poller. Returns a poller as it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const from = (poll: Schedule.Schedule<unknown, PollState> | Poller): Poller =>
  Schedule.isSchedule(poll) ? schedule(poll) : poll
