/**
 * How a program waits for a user's consent: by a `Schedule`, or by anything else that knows when to ask.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ConsentSession } from "./ConsentSession.js"
import { AuthorizationTimedOut } from "./IdentityError.js"

/**
 * What a schedule decides on: the session, and how many times it has been asked for since the wait began (0 before the first
 * wait).
 *
 * @since 0.1.0
 * @category models
 */
export interface PollState {
  readonly session: ConsentSession
  readonly attempt: number
}

/**
 * A wait: `poll` asks once, and gives the token if there is one. Its failures end the wait; throttling, 5xx answers and lost
 * connections are not among them, they count as "not yet".
 *
 * @since 0.1.0
 * @category models
 */
export interface Wait<out E, out R> {
  readonly session: ConsentSession
  readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
}

/**
 * Carries out a wait. However long a poller goes on, the flow ends it when the session expires.
 *
 * @since 0.1.0
 * @category models
 */
export type Poller = <E, R>(wait: Wait<E, R>) => Effect.Effect<Redacted.Redacted, E | AuthorizationTimedOut, R>

/**
 * Every 5 seconds, for 10 minutes: the pace of the official SDKs, and the life of an authorization URL (AWS documentation).
 *
 * @since 0.1.0
 * @category schedules
 */
export const defaultSchedule: Schedule.Schedule<unknown, PollState> = Schedule.spaced("5 seconds").pipe(
  Schedule.upTo("10 minutes")
)

/**
 * A poller that asks by a schedule. The wait comes first: the session has just been answered as pending. When the schedule ends
 * without a token, the wait fails with `AuthorizationTimedOut`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
 * import * as Schedule from "effect/Schedule"
 *
 * // Quick at first, slower later, never slower than every 10 seconds, for 3 minutes.
 * const patient = TokenPoller.schedule(
 *   Schedule.exponential("500 millis").pipe(
 *     Schedule.union(Schedule.spaced("10 seconds")),
 *     Schedule.upTo("3 minutes")
 *   )
 * )
 */
export const schedule = (policy: Schedule.Schedule<unknown, PollState>): Poller => ({ poll, session }) =>
  Effect.suspend(() => {
    let attempt = -1
    let token = Option.none<Redacted.Redacted>()
    // The first run asks nothing: `repeat` runs once before the schedule's first delay.
    const step = Effect.suspend(() => {
      attempt++
      const state: PollState = { session, attempt }
      return attempt === 0 ? Effect.succeed(state) : Effect.map(poll, (answer) => {
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
 * A poller of one's own: for pushes, queues, or a page that knows when the user is back.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
 * import { AuthorizationTimedOut } from "effect-agentcore-identity/IdentityError"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const userIsBack: Effect.Effect<void> = Effect.void
 *
 * // Asks exactly once, when the user is back.
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

/**
 * The poller of requests that have none of their own, read from the context of the program that asks. Default:
 * {@link defaultSchedule}.
 *
 * @since 0.1.0
 * @category references
 */
export class TokenPoller extends Context.Reference<TokenPoller>()("effect-agentcore-identity/TokenPoller", {
  defaultValue: (): Poller => schedule(defaultSchedule)
}) {}

/**
 * A schedule or a poller, as a poller.
 *
 * @since 0.1.0
 * @category constructors
 */
export const from = (poll: Schedule.Schedule<unknown, PollState> | Poller): Poller =>
  Schedule.isSchedule(poll) ? schedule(poll) : poll
