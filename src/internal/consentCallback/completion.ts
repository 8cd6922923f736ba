/** Completes an authorization for its own user, in the browser that consented, and for no other user or browser. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Consent from "../../Consent.js"
import { DataPlane, type DataPlaneError } from "../../DataPlane.js"
import { Identity } from "../../Identity.js"
import type * as PendingConsents from "../../PendingConsents.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import * as ExpiringMap from "../expiringMap.js"
import { truncateName } from "../messages.js"
import * as Signals from "../pendingConsents/signals.js"
import { ConsentSignals, unregistered } from "../pendingConsents/store.js"
import * as SingleFlight from "../singleFlight.js"

/**
 * How a visit of the page ends:
 *
 * - `Completed`: AgentCore has stored the user's authorization
 * - `Denied`: the browser came back with the error `access_denied`. A user who sees a page of AgentCore's own after the
 *   denial does not come back
 * - `NotUsable`: nothing was stored, and only starting again helps. The session is that of another user or browser, it
 *   has expired, or AgentCore rejected it; the log has the reason
 * - `Failed`: the operator's problem. AgentCore or the store did not respond, or an IAM policy does not allow
 *   `CompleteResourceTokenAuth`. The user can reload the page; the log has the reason
 *
 * `credential` and `continue` are those of the pending consent, if the page that opened it stored them.
 */
export type Outcome = Data.TaggedEnum<{
  readonly Completed: Continuation
  readonly Denied: Continuation
  readonly NotUsable: Continuation
  readonly Failed: Continuation
}>

interface Continuation extends Pick<PendingConsents.PendingConsent, "continue" | "credential"> {}

export const Outcome = Data.taggedEnum<Outcome>()

const denied = "access_denied"

/** What the browser brings to the return URL. */
export interface Visit {
  readonly sessionUri: Redacted.Redacted | undefined
  /** The `error` of an authorization response (RFC 6749, section 4.1.2.1). */
  readonly error?: string | undefined
  /** The values of all other parameters. AWS does not document the name of the one with the `customState`. */
  readonly values: ReadonlyArray<Redacted.Redacted>
}

/** Reads the query of a URL, whose host can be invalid. A repeated `session_id` is none. */
export const visitOf = (url: string): Visit => {
  const [, query = ""] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  const [sessionUri, ...more] = parameters.getAll("session_id")
  return {
    sessionUri: sessionUri === undefined || more.length > 0 ? undefined : Redacted.make(sessionUri),
    error: parameters.get("error") ?? undefined,
    values: [...parameters].flatMap(([name, value]) => name === "session_id" ? [] : [Redacted.make(value)])
  }
}

export interface Dependencies {
  readonly identity: Pick<Identity["Service"], "completeAuthorization" | "resumeAccessToken">
  /** Returns the caller of a consent, to request its token. `None` if this process cannot act as that caller. */
  readonly callerOf: (
    consent: PendingConsents.PendingConsent
  ) => Effect.Effect<Option.Option<WorkloadAccessToken.WorkloadAccessToken["Service"]>>
  readonly claim: PendingConsents.PendingConsents["Service"]["claim"]
  readonly signals: Pick<ConsentSignals["Service"], "signal">
  readonly visits: Visits
  /**
   * Whether agents get the token that AgentCore has stored. If not, no wait is signalled: the user may connect again.
   * Default: they do.
   */
  readonly isAllowed?: ((consent: PendingConsents.PendingConsent) => Effect.Effect<boolean>) | undefined
}

/**
 * Makes callers from the workload and the user of a consent. A consent has no workload if its token came from
 * elsewhere, for example from the headers of a request.
 */
export const makeCallerOf =
  (dataPlane: Option.Option<DataPlane["Service"]>): Dependencies["callerOf"] => ({ user, workload }) =>
    Option.isNone(dataPlane) || workload === undefined
      ? Effect.succeedNone
      : Effect.asSome(
        Effect.provideService(WorkloadAccessToken.makeWorkload({ name: workload, user }), DataPlane, dataPlane.value)
      )

export type Visits = ReturnType<typeof makeVisits>

/** The visits of this process: concurrent ones of a session share one call, and it remembers the completed sessions. */
export const makeVisits = () => ({
  share: SingleFlight.makeUnsafe<Outcome, never>(),
  completed: ExpiringMap.make<Outcome>()
})

/** Without `ConsentSignals` in context, signals reach only the waits of this process. */
export const signalsOfProgram = Effect.flatMap(
  Effect.serviceOption(ConsentSignals),
  Option.match({ onNone: () => Signals.makeMemory, onSome: Effect.succeed })
)

/** The dependencies in the context, without the sessions. */
export const dependenciesOfProgram = Effect.gen(function*() {
  return {
    identity: yield* Identity,
    callerOf: makeCallerOf(yield* Effect.serviceOption(DataPlane)),
    signals: yield* signalsOfProgram,
    visits: makeVisits()
  }
})

/** IAM denied the call. AgentCore rejects a session with the same exception: `Invalid or expired session`. */
const isDeniedByIam = ({ _tag, message }: DataPlaneError): boolean =>
  _tag === "AccessDeniedException" && message.includes("not authorized to perform")

const rejections = ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"]

/** Whether AgentCore judged the session. After any other error, the user can reload the page. */
const isRejection = (error: DataPlaneError): boolean => rejections.includes(error._tag) && !isDeniedByIam(error)

/** Another process may be completing the session. */
const grantChecks = { schedule: Schedule.spaced("1 second"), times: 2 }

/** Requests the token, and shows nothing to the user. `Unknown` if AgentCore has not decided. */
const grantOf = (
  { callerOf, identity }: Dependencies,
  consent: PendingConsents.PendingConsent
): Effect.Effect<"Granted" | "Failed" | "Unknown"> =>
  Effect.gen(function*() {
    const caller = yield* callerOf(consent)
    if (Option.isNone(caller)) return "Unknown"
    return yield* identity.resumeAccessToken(consent.session, { consent: Consent.fail }).pipe(
      unregistered,
      Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, caller.value),
      Effect.match({
        onSuccess: () => "Granted" as const,
        onFailure: (error) =>
          error._tag === "AuthorizationFailed" && error.reason === "Failed" ? "Failed" as const : "Unknown" as const
      }),
      Effect.repeat({ ...grantChecks, until: (grant) => grant !== "Unknown" })
    )
  })

/** Signals to all waits for the session or for the grant how the authorization ended. */
export const announce = (
  { signals }: Pick<Dependencies, "signals">,
  { credential, session, user, workload }: PendingConsents.PendingConsent,
  outcome: Signals.Outcome
): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* signals.signal(Signals.session(session.sessionUri), outcome)
    if (workload !== undefined && credential !== undefined) {
      yield* signals.signal(yield* Signals.grant({ workload, user, credential }), outcome)
    }
  })

const continuationOf = (consent: PendingConsents.PendingConsent): Continuation => ({
  credential: consent.credential,
  continue: consent.continue
})

/** Announces that the authorization is complete, and returns what the page says. */
const announceCompleted = (dependencies: Dependencies, consent: PendingConsents.PendingConsent) =>
  Effect.gen(function*() {
    const { isAllowed, visits } = dependencies
    const outcome = Outcome.Completed(continuationOf(consent))
    // The next visit reviews the account again.
    if (isAllowed !== undefined && !(yield* isAllowed(consent))) return outcome
    yield* announce(dependencies, consent, "Completed")
    const { expiresAt, sessionUri } = consent.session
    visits.completed.set(Redacted.value(sessionUri), outcome, DateTime.toEpochMillis(expiresAt))
    return outcome
  })

const logFailure = (reason: string): Effect.Effect<void> =>
  Effect.logWarning(`AgentCore did not complete the authorization: ${reason}`)

const completeClaimed = (
  dependencies: Dependencies,
  consent: PendingConsents.PendingConsent
): Effect.Effect<Outcome> => {
  const { sessionUri } = consent.session
  return Effect.catch(
    Effect.andThen(
      dependencies.identity.completeAuthorization({ sessionUri, user: consent.user }),
      announceCompleted(dependencies, consent)
    ),
    (error) =>
      Effect.gen(function*() {
        // AgentCore rejects a second completion: of another process, or after a lost response.
        const grant = yield* grantOf(dependencies, consent)
        if (grant === "Granted") return yield* announceCompleted(dependencies, consent)
        // AgentCore may still be completing the session for another process, so other failures end no wait.
        if (grant === "Failed") yield* announce(dependencies, consent, "Failed")
        else if (isDeniedByIam(error)) yield* announce(dependencies, consent, "NotCompleted")
        yield* logFailure(`${error._tag}: ${error.message}`)
        return (grant === "Failed" || isRejection(error) ? Outcome.NotUsable : Outcome.Failed)(continuationOf(consent))
      })
  )
}

/** Ends the waits for a session that the browser came back from with an error: there is nothing to complete. */
const endClaimed = (
  dependencies: Dependencies,
  consent: PendingConsents.PendingConsent,
  error: string
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    if (error === denied) {
      yield* announce(dependencies, consent, "Denied")
      return Outcome.Denied(continuationOf(consent))
    }
    yield* announce(dependencies, consent, "Failed")
    yield* logFailure(truncateName(error))
    return Outcome.NotUsable(continuationOf(consent))
  })

const advice = {
  Unknown:
    "The browser came back with a session that is not registered here. Either another process registered it, and "
    + "the processes share no store of PendingConsents. Or the session is of an earlier start, and the store is in "
    + "memory. Or it was started without a store in context. At pages of Connect without a store, it is another browser "
    + "than the one that pressed the button, AgentCore's own link, or a process with another formKey",
  WrongState: "The browser came back without the state of its session, so the consent was not completed. Either it is "
    + "another browser than the one that consented. Or AgentCore does not send the state back: Consent.ReturnState "
    + "turns it off",
  WrongUser:
    "The user who is signed in in the browser is not the user who started the consent, so it was not completed",
  Expired: "The browser came back after the session had expired"
}

/**
 * Claims the session and completes it. Signals the waiting programs at once that the authorization is complete, or that
 * it never will be. A visit that is not of the session's own user, or without its state, changes nothing. Without a
 * session URI, the outcome is `NotUsable`, or `Denied`.
 */
export const complete = (
  dependencies: Dependencies,
  { error, sessionUri, values }: Visit,
  user: UserIdentifier
): Effect.Effect<Outcome> =>
  sessionUri === undefined
    ? Effect.succeed(error === denied ? Outcome.Denied({}) : Outcome.NotUsable({}))
    : Effect.gen(function*() {
      const { claim, visits } = dependencies
      const consent = yield* claim({ sessionUri, user, values })
      const key = Redacted.value(sessionUri)
      visits.completed.removeExpired(yield* Clock.currentTimeMillis)
      const completed = visits.completed.get(key)
      if (completed !== undefined) return completed
      const run = error === undefined
        ? completeClaimed(dependencies, consent)
        : endClaimed(dependencies, consent, error)
      // An interruption would lose a session that AgentCore is completing: the user may have closed the browser.
      return yield* visits.share(`${key} ${error ?? ""}`, Effect.uninterruptible(run))
    }).pipe(
      Effect.catchTag(
        "ConsentNotPending",
        ({ reason }) => Effect.as(Effect.logWarning(advice[reason]), Outcome.NotUsable({}))
      ),
      Effect.catch((error) => Effect.as(Effect.logWarning(error.message), Outcome.Failed({}))),
      Effect.uninterruptible
    )
