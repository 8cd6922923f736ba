/**
 * A wait for consent that takes its turns with all other waits of the process. It is one suspended fiber: no timer, no
 * race.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../ConsentSession.js"
import { type AuthorizationFailed, AuthorizationTimedOut } from "../IdentityError.js"
import { CallPriority } from "../internal/rateLimiter.js"
import { type Budget, PollBudget } from "./pollBudget.js"

export interface Wait<out E, out R> {
  readonly session: ConsentSession
  readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
}

/**
 * What a callback tells a wait. `undefined`: nothing yet. After a failure the wait asks once, unless another user
 * opened the page.
 */
export interface Wake {
  readonly register: (onWake: () => void) => () => void
  readonly failure: () => AuthorizationFailed | undefined
}

export type Run = <E, R>(
  wait: Wait<E, R>,
  wake?: Wake
) => Effect.Effect<Redacted.Redacted, E | AuthorizationFailed | AuthorizationTimedOut, R>

const SharedWait: unique symbol = Symbol.for("effect-agentcore-identity/internal/SharedWait")

/**
 * Makes a poller of a run. The property tells the flow that the run ends with its session, and the callback that it can
 * be woken.
 */
export const toPoller = (run: Run): Run => Object.assign<Run, object>((wait) => run(wait), { [SharedWait]: run })

/** The run of a poller that {@link toPoller} made. */
export const runOf = (poller: object): Run | undefined => Reflect.get(poller, SharedWait) as Run | undefined

interface Waiting<out E, out R> extends Wait<E, R> {
  readonly budget: Budget
  /** In milliseconds. */
  readonly interval: number
  /** In milliseconds since the epoch. */
  readonly deadline: number
}

type Ending<E, R> = Effect.Effect<Redacted.Redacted, E | AuthorizationFailed | AuthorizationTimedOut, R>

const timedOut = ({ session }: Pick<Wait<unknown, unknown>, "session">) => new AuthorizationTimedOut({ session })

/**
 * The last poll of a wait that is told a rejection. AgentCore also rejects the retry of a completion whose response was
 * lost, and the token is there then.
 */
export const lastPoll = <E, R>(
  poll: Wait<E, R>["poll"],
  failure: AuthorizationFailed
): Effect.Effect<Option.Option<Redacted.Redacted>, AuthorizationFailed, R> =>
  Effect.filterOrFail(Effect.orElseSucceed(poll, Option.none<Redacted.Redacted>), Option.isSome, () => failure)

/** Polls, and goes on with the wait unless there is a token. A poll in flight ends with the session too. */
const pollOrWait = <E, R>(
  waiting: Waiting<E, R>,
  poll: Wait<E, R>["poll"],
  wake: Wake | undefined
): Ending<E, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.flatMap(
      Effect.timeoutOrElse(poll, {
        duration: Math.max(0, waiting.deadline - now),
        orElse: () => Effect.fail(timedOut(waiting))
      }),
      (answer) => Option.isSome(answer) ? Effect.succeed(answer.value) : next(waiting, wake)
    ))

// The heap of a wait matters: all of its state is one object.
const next = <E, R>(waiting: Waiting<E, R>, wake: Wake | undefined): Ending<E, R> =>
  Effect.flatMap(
    waiting.budget.turn({ delay: waiting.interval, deadline: waiting.deadline, wake: wake?.register }),
    (turn): Ending<E, R> => {
      switch (turn) {
        case "Poll":
          return pollOrWait(waiting, waiting.budget.run(waiting.poll), wake)
        case "Woken": {
          const failure = wake?.failure()
          if (failure?.reason === "WrongUser") return Effect.fail(failure)
          const poll = Effect.provideService(waiting.poll, CallPriority, "normal")
          // The token may not be there yet, or the connection is lost: then the wait goes on.
          return pollOrWait<E | AuthorizationFailed, R>(
            waiting,
            failure === undefined ? poll : lastPoll(poll, failure),
            undefined
          )
        }
        case "Expired":
          return Effect.fail(timedOut(waiting))
      }
    }
  )

/**
 * Polls in this interval, or less often while the budget of the process is used up, at most for `limit` and until the
 * session expires.
 */
export const make =
  (interval: Duration.Duration, limit: Duration.Duration): Run => <E, R>({ poll, session }: Wait<E, R>, wake?: Wake) =>
    Effect.flatMap(Effect.zip(PollBudget, Clock.currentTimeMillis), ([budget, start]) =>
      next({
        session,
        poll,
        budget,
        interval: Duration.toMillis(interval),
        deadline: Math.min(start + Duration.toMillis(limit), DateTime.toEpochMillis(session.expiresAt))
      }, wake))
