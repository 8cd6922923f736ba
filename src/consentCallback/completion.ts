/** Completes an authorization for the user who is signed in in the returning browser, and for no other user. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Consent from "../Consent.js"
import * as ConsentSignals from "../ConsentSignals.js"
import { DataPlane, type DataPlaneError, type Service as DataPlaneService } from "../DataPlane.js"
import { Identity, type Service as IdentityService } from "../Identity.js"
import { subjectOf } from "../identity/jwtSubject.js"
import { truncateName } from "../internal/messages.js"
import * as PendingConsents from "../PendingConsents.js"
import { equals, type UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"

/**
 * How a visit of the page ends:
 *
 * - `Completed`: AgentCore has stored the user's authorization; `session.customState` is the application's own state
 * - `Denied`: the browser came back with the error `access_denied`; the session is used up. A user who sees a page of
 *   AgentCore's own after the denial does not come back
 * - `WrongUser`: the signed-in user is not the user who asked; the session is used up
 * - `AlreadyUsed`, `Expired`, `Unknown`: there is nothing to complete
 * - `Failed`: AgentCore did not complete the authorization; the log has the reason
 *
 * `credential` and `continue` are those of the pending consent, if the page that opened it stored them.
 */
export type Outcome = Data.TaggedEnum<{
  readonly Completed: Pick<PendingConsents.PendingConsent, "continue" | "credential" | "session">
  readonly Denied: Pick<PendingConsents.PendingConsent, "continue" | "credential">
  readonly WrongUser: Pick<PendingConsents.PendingConsent, "credential">
  readonly AlreadyUsed: {}
  readonly Expired: {}
  readonly Unknown: {}
  readonly Failed: Pick<PendingConsents.PendingConsent, "continue" | "credential">
}>

export const Outcome = Data.taggedEnum<Outcome>()

/** The error of a user, or an authorization server, that denied the request. */
const denied = "access_denied"

/** What the browser brings to the return URL. */
export interface Visit {
  readonly sessionUri: Redacted.Redacted | undefined
  /**
   * The `error` of an authorization response (RFC 6749, section 4.1.2.1). AWS is known to show a page of its own after
   * a denial, and does not document a parameter for it.
   */
  readonly error?: string | undefined
}

/** Reads the query of a URL, whose host can be invalid. A repeated `session_id` is none. */
export const visitOf = (url: string): Visit => {
  const [, query = ""] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  const [sessionUri, ...more] = parameters.getAll("session_id")
  return {
    sessionUri: sessionUri === undefined || more.length > 0 ? undefined : Redacted.make(sessionUri),
    error: parameters.get("error") ?? undefined
  }
}

export interface Dependencies {
  readonly identity: Pick<IdentityService, "completeAuthorization" | "resumeAccessToken">
  /** Returns the caller of a consent, to request its token. `None` if this process cannot act as that caller. */
  readonly callerOf: (
    consent: PendingConsents.PendingConsent
  ) => Effect.Effect<Option.Option<WorkloadAccessToken.Service>>
  readonly pending: PendingConsents.Service
  readonly signals: Pick<ConsentSignals.Service, "signal">
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
  (dataPlane: Option.Option<DataPlaneService>): Dependencies["callerOf"] => ({ user, workload }) =>
    Option.isNone(dataPlane) || workload === undefined
      ? Effect.succeedNone
      : Effect.asSome(
        Effect.provideService(WorkloadAccessToken.makeWorkload({ name: workload, user }), DataPlane, dataPlane.value)
      )

/** The dependencies in the context. Without `ConsentSignals`, signals reach only the waits of this process. */
export const dependenciesOfProgram = Effect.gen(function*() {
  const signals = yield* Effect.serviceOption(ConsentSignals.ConsentSignals)
  return {
    identity: yield* Identity,
    callerOf: makeCallerOf(yield* Effect.serviceOption(DataPlane)),
    pending: yield* PendingConsents.PendingConsents,
    signals: Option.isSome(signals) ? signals.value : yield* ConsentSignals.makeMemory
  }
})

/**
 * Whether AgentCore may have completed the authorization in spite of an error. After a rejection it has not, and it
 * never will: the session is claimed.
 */
const mayBeComplete = (error: DataPlaneError): boolean => {
  switch (error._tag) {
    case "InternalServerException":
      return true
    case "UnknownServiceError":
      return error.status === undefined || error.status >= 500
    case "TransportError":
      return error.kind !== "credentials" && error.kind !== "unloadable"
    default:
      return false
  }
}

/** Requests the token once, and shows nothing to the user. */
const isGranted = (
  { callerOf, identity }: Dependencies,
  consent: PendingConsents.PendingConsent
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const caller = yield* callerOf(consent)
    if (Option.isNone(caller)) return false
    return yield* identity.resumeAccessToken(consent.session, { consent: Consent.fail }).pipe(
      Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, caller.value),
      Effect.isSuccess
    )
  })

/** Stores that nothing is left to signal. If this fails, the next start signals again, which changes nothing. */
const settle = ({ pending }: Pick<Dependencies, "pending">, { session }: PendingConsents.PendingConsent) =>
  Effect.catch(pending.settle?.(session.sessionUri) ?? Effect.void, (error) => Effect.logDebug(error.message))

/** Signals to all waits for the session or for the grant how the authorization ended. */
const announce = (
  dependencies: Pick<Dependencies, "pending" | "signals">,
  consent: PendingConsents.PendingConsent,
  outcome: "Completed" | "Failed" | "Denied"
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { credential, session, user, workload } = consent
    const { signals } = dependencies
    yield* signals.signal(ConsentSignals.session(session.sessionUri), outcome)
    if (workload !== undefined && credential !== undefined) {
      yield* signals.signal(yield* ConsentSignals.grant({ workload, user, credential }), outcome)
    }
    yield* settle(dependencies, consent)
  })

/** Announces that the authorization is complete, and returns what the page says. */
const announceCompleted = (
  dependencies: Dependencies,
  consent: PendingConsents.PendingConsent
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const { isAllowed } = dependencies
    yield* isAllowed === undefined || (yield* isAllowed(consent))
      ? announce(dependencies, consent, "Completed")
      : settle(dependencies, consent)
    return Outcome.Completed({ session: consent.session, credential: consent.credential, continue: consent.continue })
  })

/**
 * Ends the waits for a session that AgentCore reports as failed. Returns `false` if the browser came back with it
 * before, and after the session expired.
 */
export const endFailed = (
  dependencies: Pick<Dependencies, "pending" | "signals">,
  sessionUri: Redacted.Redacted
): Effect.Effect<boolean> =>
  Effect.flatMap(
    dependencies.pending.claim(sessionUri),
    (consent) => Effect.as(announce(dependencies, consent, "Failed"), true)
  ).pipe(
    Effect.catch((error) => Effect.as(Effect.logDebug(error.message), false)),
    Effect.uninterruptible
  )

/** Logs why a claimed session got no token, and returns what the page says. */
const fail = (
  { continue: address, credential }: PendingConsents.PendingConsent,
  reason: string
): Effect.Effect<Outcome> =>
  Effect.as(
    Effect.logWarning(`AgentCore did not complete the authorization: ${reason}`),
    Outcome.Failed({ credential, continue: address })
  )

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
        // If only the response was lost, the user has the token, and AgentCore rejects a retry.
        if (yield* isGranted(dependencies, consent)) return yield* announceCompleted(dependencies, consent)
        if (!mayBeComplete(error)) {
          yield* dependencies.signals.signal(ConsentSignals.session(sessionUri), "Rejected")
        }
        return yield* fail(consent, error._tag)
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
      return Outcome.Denied({ credential: consent.credential, continue: consent.continue })
    }
    yield* dependencies.signals.signal(ConsentSignals.session(consent.session.sessionUri), "Rejected")
    yield* settle(dependencies, consent)
    return yield* fail(consent, truncateName(error))
  })

/**
 * True for the same id, the same JWT, or two JWTs with the same issuer and subject. A user who signs in again has a new
 * JWT.
 */
const isSameUser = (self: UserIdentifier, that: UserIdentifier): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    if (equals(self, that)) return true
    if (self.userToken === undefined || that.userToken === undefined) return false
    const subject = yield* subjectOf(self.userToken)
    return Option.isSome(subject) && Equal.equals(subject, yield* subjectOf(that.userToken))
  })

/** Handles a session that was claimed before. If its process ended without a signal, this sends the signal. */
const revisit = (
  dependencies: Dependencies,
  sessionUri: Redacted.Redacted,
  user: UserIdentifier
): Effect.Effect<Outcome, PendingConsents.ConsentStoreError> =>
  Effect.gen(function*() {
    for (const consent of yield* dependencies.pending.unsettled?.(sessionUri) ?? Effect.succeed([])) {
      if ((yield* isSameUser(consent.user, user)) && (yield* isGranted(dependencies, consent))) {
        yield* announce(dependencies, consent, "Completed")
      }
    }
    return Outcome.AlreadyUsed()
  })

/**
 * Claims the session and completes it. Without a session URI, the outcome is `Unknown`. Signals the waiting programs at
 * once that the authorization is complete, or that it never will be. If the completion fails, requests the token once.
 */
export const complete = (
  dependencies: Dependencies,
  { error, sessionUri }: Visit,
  user: UserIdentifier
): Effect.Effect<Outcome> =>
  sessionUri === undefined
    ? Effect.succeed(error === denied ? Outcome.Denied({}) : Outcome.Unknown())
    : Effect.gen(function*() {
      const consent = yield* dependencies.pending.claim(sessionUri)
      if (!(yield* isSameUser(consent.user, user))) {
        yield* dependencies.signals.signal(ConsentSignals.session(consent.session.sessionUri), "WrongUser")
        yield* settle(dependencies, consent)
        return Outcome.WrongUser({ credential: consent.credential })
      }
      return yield* error === undefined
        ? completeClaimed(dependencies, consent)
        : endClaimed(dependencies, consent, error)
    }).pipe(
      Effect.catchTag("ConsentNotPending", ({ reason }) =>
        reason === "AlreadyClaimed"
          ? revisit(dependencies, sessionUri, user)
          : Effect.succeed<Outcome>(Outcome[reason]())),
      Effect.catch((error) => Effect.as(Effect.logWarning(error.message), Outcome.Failed({}))),
      // An interruption would lose a session that is claimed and not completed: the user may have closed the browser.
      Effect.uninterruptible
    )

/** AgentCore may still be completing the authorization of a process that ended. */
const recoveries = Schedule.exponential("1 second").pipe(Schedule.upTo({ duration: "1 minute" }))

/**
 * Sends the signals of processes that ended before they could: those of the claimed sessions whose token is issued. Run
 * it when a process with the page starts.
 */
export const recover = (dependencies: Dependencies): Effect.Effect<void> => {
  const { unsettled } = dependencies.pending
  if (unsettled === undefined) return Effect.void
  return Effect.flatMap(
    Effect.suspend(() => unsettled()),
    (consents) =>
      Effect.filter(consents, (consent) =>
        Effect.gen(function*() {
          if (!(yield* isGranted(dependencies, consent))) return true
          yield* announce(dependencies, consent, "Completed")
          return false
        }), { concurrency: 4 })
  ).pipe(
    Effect.map((ungranted) => ungranted.length > 0),
    Effect.catch((error) => Effect.as(Effect.logDebug(error.message), true)),
    Effect.repeat({ schedule: recoveries, while: (isUnfinished) => isUnfinished }),
    Effect.asVoid
  )
}
