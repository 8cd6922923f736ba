/**
 * How a program waits for a user's consent: by a `Schedule`, or by a custom poller.
 *
 * All waits of a process that follow a schedule share one polling budget, including those of `http/Connect`: 100 polls
 * per second by default, half of the quota of `GetResourceOauth2Token` (AWS documentation). If more polls are due, the
 * intervals stretch. When the service throttles a call, the budget shrinks for a while. {@link layerBudget} sets
 * another one.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ConsentSession } from "./ConsentSession.js"
import { type AuthorizationFailed, AuthorizationTimedOut, type ValidationException } from "./IdentityError.js"
import * as Constraint from "./internal/models/constraint.js"
import * as Validation from "./internal/plane/validation.js"
import { makeBudget, PollBudget, pollUntil } from "./internal/pollBudget.js"

type PollState = {
  /** The session that the user has to authorize. */
  readonly session: ConsentSession
  /** The number of polls since the wait began, 0 before the first poll. */
  readonly attempt: number
}

/**
 * Runs a wait. The flow ends it at the latest when the session expires. If no token can come, a poller fails with
 * `AuthorizationFailed`.
 *
 * @since 0.2.0
 * @category models
 * @example
 * import type * as TokenPoller from "effect-agentcore-identity/TokenPoller"
 * import { AuthorizationTimedOut } from "effect-agentcore-identity/IdentityError"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * // A push message, a queue, or a page that the user returns to.
 * const userIsBack: Effect.Effect<void> = Effect.void
 *
 * // Polls exactly once, when the user is back.
 * const onReturn: TokenPoller.TokenPoller = ({ poll, session }) =>
 *   Effect.andThen(userIsBack, poll).pipe(
 *     Effect.flatMap(Option.match({
 *       onNone: () => Effect.fail(new AuthorizationTimedOut({ session })),
 *       onSome: Effect.succeed
 *     }))
 *   )
 */
export type TokenPoller = <E, R>(wait: {
  /** The session that the user has to authorize. */
  readonly session: ConsentSession
  /**
   * Requests the token once, and returns it if there is one. A failure ends the wait. After throttling, a 5xx response
   * or a lost connection, it returns `None`.
   */
  readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
}) => Effect.Effect<
  Redacted.Redacted,
  E | AuthorizationFailed | AuthorizationTimedOut | ValidationException,
  R
>

/**
 * A poller that follows a schedule. It waits before the first poll, because the service has just responded that the
 * session is pending. If the schedule ends without a token, the wait fails with `AuthorizationTimedOut`. While the
 * polling budget of the process is used up, a poll runs later than its scheduled time.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
 * import * as Schedule from "effect/Schedule"
 *
 * // Fast at first, then slower, at least every 10 seconds, for 3 minutes.
 * const patient = TokenPoller.schedule(
 *   Schedule.exponential("500 millis").pipe(
 *     (fast) => Schedule.min([fast, Schedule.spaced("10 seconds")]),
 *     Schedule.upTo({ duration: "3 minutes" })
 *   )
 * )
 */
export const schedule = (policy: Schedule.Schedule<unknown, PollState>): TokenPoller => (wait) =>
  pollSession(policy, Infinity, wait)

const pollSession = <E, R>(
  schedule: Schedule.Schedule<unknown, PollState>,
  deadline: number,
  { poll, session }: {
    readonly session: ConsentSession
    readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
  }
): Effect.Effect<Redacted.Redacted, E | AuthorizationTimedOut, R> =>
  Effect.flatMap(
    pollUntil({ schedule, deadline, input: (attempt): PollState => ({ session, attempt }), poll }),
    Option.match({ onNone: () => Effect.fail(new AuthorizationTimedOut({ session })), onSome: Effect.succeed })
  )

const defaultPoller: TokenPoller = (wait) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      pollSession(
        Schedule.spaced("5 seconds"),
        Math.min(now + Constraint.sessionLifetime, DateTime.toEpochMillis(wait.session.expiresAt)),
        wait
      )
  )

/**
 * A separate polling budget for the waits of a program.
 *
 * Without this layer, all programs of the process share the default budget.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerBudget = (options: {
  /** Polls per second, above 0. Divide the quota of the account among the processes that share it. */
  readonly pollsPerSecond: number
}): Layer.Layer<never> =>
  Validation.makeLayer(
    checkBudget,
    options,
    ({ pollsPerSecond }) => Layer.sync(PollBudget, () => makeBudget(pollsPerSecond))
  )

const checkBudget = Validation.makeCheck("TokenPoller.layerBudget", () => ({
  pollsPerSecond: Constraint.guard(
    "a number of polls a second, above 0",
    (value): value is number => typeof value === "number" && value > 0 && value < Infinity
  )
}))

/**
 * The poller of requests that do not set one. The flow reads it from the context of the calling program. Default: polls
 * every 5 seconds, as the official SDKs do, less often while the budget is used up, until the session expires, up to 10
 * minutes.
 *
 * @since 0.2.0
 * @category references
 */
export const TokenPoller = Context.Reference("effect-agentcore-identity/TokenPoller", {
  defaultValue: (): TokenPoller => defaultPoller
})
