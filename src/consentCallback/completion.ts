/** Completes an authorization for the user who is signed in where the browser came back, and for no other user. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Consent from "../Consent.js"
import type { ConsentSession } from "../ConsentSession.js"
import * as ConsentSignals from "../ConsentSignals.js"
import { DataPlane, type DataPlaneError, type Service as DataPlaneService } from "../DataPlane.js"
import { Identity, type Service as IdentityService } from "../Identity.js"
import { subjectOf } from "../identity/jwtSubject.js"
import * as PendingConsents from "../PendingConsents.js"
import { equals, type UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"

export type Outcome = Data.TaggedEnum<{
  readonly Completed: {
    readonly session: ConsentSession
    /** The name that the application has for the credential. */
    readonly credential?: string | undefined
    /** Where the browser goes on, an address that the application allows. */
    readonly continue?: string | undefined
  }
  readonly WrongUser: {
    /** The name that the application has for the credential. */
    readonly credential?: string | undefined
  }
  readonly AlreadyUsed: {}
  readonly Expired: {}
  readonly Unknown: {}
  readonly Failed: {}
}>

const Outcome = Data.taggedEnum<Outcome>()

/** Returns the caller that a consent is for, to ask AgentCore for its token. None: this page cannot be that caller. */
export type CallerOf = (
  consent: PendingConsents.PendingConsent
) => Effect.Effect<Option.Option<WorkloadAccessToken.Service>>

export interface Dependencies {
  readonly identity: Pick<IdentityService, "completeAuthorization" | "resumeAccessToken">
  readonly callerOf: CallerOf
  readonly pending: PendingConsents.Service
  readonly signals: Pick<ConsentSignals.Service, "signal">
}

/**
 * The workload of the consent, for its user. Consents have no workload if their token came from elsewhere, for example
 * from the headers of a request.
 */
export const callerOver = (dataPlane: Option.Option<DataPlaneService>): CallerOf => ({ user, workload }) =>
  Option.isNone(dataPlane) || workload === undefined
    ? Effect.succeedNone
    : Effect.asSome(
      Effect.provideService(WorkloadAccessToken.makeWorkload({ name: workload, user }), DataPlane, dataPlane.value)
    )

/** What a program has in context. Without `ConsentSignals`, signals reach the waits of this process only. */
export const dependenciesOfProgram = Effect.gen(function*() {
  const signals = yield* Effect.serviceOption(ConsentSignals.ConsentSignals)
  return {
    identity: yield* Identity,
    callerOf: callerOver(yield* Effect.serviceOption(DataPlane)),
    pending: yield* PendingConsents.PendingConsents,
    signals: Option.isSome(signals) ? signals.value : yield* ConsentSignals.makeMemory
  }
})

/**
 * Whether AgentCore may have completed the authorization, although no success came back. After a refusal it has not,
 * and it never will: the session is claimed.
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

/** Asks AgentCore once, and shows nothing to the user. */
const isGranted = (
  { callerOf, identity }: Pick<Dependencies, "callerOf" | "identity">,
  consent: PendingConsents.PendingConsent
): Effect.Effect<boolean> =>
  Effect.flatMap(
    callerOf(consent),
    Option.match({
      onNone: () => Effect.succeed(false),
      onSome: (caller) =>
        Effect.isSuccess(
          Effect.provideService(
            identity.resumeAccessToken(consent.session, { consent: Consent.fail }),
            WorkloadAccessToken.WorkloadAccessToken,
            caller
          )
        )
    })
  )

/** There is nothing more to signal. If this fails, the next start signals again, which changes nothing. */
const settle = ({ pending }: Pick<Dependencies, "pending">, { session }: PendingConsents.PendingConsent) =>
  pending.settle === undefined ? Effect.void : Effect.catch(
    pending.settle(session.sessionUri),
    (error) => Effect.logDebug(error.message)
  )

/** Signals that the authorization is complete, to all who wait for the session or for the grant. */
const announce = (
  dependencies: Pick<Dependencies, "pending" | "signals">,
  consent: PendingConsents.PendingConsent
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const { credential, session, user, workload } = consent
    const { signals } = dependencies
    yield* signals.signal(ConsentSignals.session(session.sessionUri), "Completed")
    if (workload !== undefined && credential !== undefined) {
      yield* signals.signal(yield* ConsentSignals.grant({ workload, user, credential }), "Completed")
    }
    yield* settle(dependencies, consent)
    return Outcome.Completed({ session, credential, continue: consent.continue })
  })

const completeClaimed = (
  dependencies: Dependencies,
  consent: PendingConsents.PendingConsent
): Effect.Effect<Outcome, DataPlaneError> =>
  Effect.catch(
    Effect.andThen(
      dependencies.identity.completeAuthorization({ sessionUri: consent.session.sessionUri, user: consent.user }),
      announce(dependencies, consent)
    ),
    (error) =>
      Effect.flatMap(isGranted(dependencies, consent), (isGranted) =>
        isGranted
          // The response was lost. AgentCore rejects a retry.
          ? announce(dependencies, consent)
          : Effect.andThen(
            mayBeComplete(error)
              ? Effect.void
              : dependencies.signals.signal(ConsentSignals.session(consent.session.sessionUri), "Rejected"),
            Effect.fail(error)
          ))
  )

/**
 * True for the same id, the same JWT, or two JWTs with the same issuer and subject: a user who signed in again has a
 * new JWT.
 */
const isSameUser = (
  self: UserIdentifier,
  that: UserIdentifier
): Effect.Effect<boolean> =>
  equals(self, that) || self.userToken === undefined || that.userToken === undefined
    ? Effect.succeed(equals(self, that))
    : Effect.map(
      Effect.all([subjectOf(self.userToken), subjectOf(that.userToken)]),
      ([one, other]) =>
        Option.isSome(one) && Option.isSome(other) && one.value.every((name, index) => name === other.value[index])
    )

const rejectOther = (
  dependencies: Dependencies,
  consent: PendingConsents.PendingConsent
): Effect.Effect<Outcome> =>
  dependencies.signals.signal(ConsentSignals.session(consent.session.sessionUri), "WrongUser").pipe(
    Effect.andThen(settle(dependencies, consent)),
    Effect.as(Outcome.WrongUser({ credential: consent.credential }))
  )

/** A session that was claimed before. If its process ended before it could signal, the signal is sent now. */
const revisit = (
  dependencies: Dependencies,
  sessionUri: Redacted.Redacted,
  user: UserIdentifier
): Effect.Effect<Outcome, PendingConsents.ConsentStoreError> =>
  Effect.gen(function*() {
    for (const consent of yield* dependencies.pending.unsettled?.(sessionUri) ?? Effect.succeed([])) {
      if ((yield* isSameUser(consent.user, user)) && (yield* isGranted(dependencies, consent))) {
        yield* announce(dependencies, consent)
      }
    }
    return Outcome.AlreadyUsed()
  })

/**
 * Claims the session and completes it. An outcome without a session URI is `Unknown`. The programs that wait learn at
 * once that the authorization is complete, or that it never will be. If the completion fails, AgentCore is asked for
 * the token once.
 */
export const complete = (
  dependencies: Dependencies,
  sessionUri: Redacted.Redacted | undefined,
  user: UserIdentifier
): Effect.Effect<Outcome> =>
  sessionUri === undefined ? Effect.succeed(Outcome.Unknown()) : dependencies.pending.claim(sessionUri).pipe(
    Effect.flatMap((consent) =>
      Effect.flatMap(
        isSameUser(consent.user, user),
        (isSame): Effect.Effect<Outcome, DataPlaneError> =>
          isSame ? completeClaimed(dependencies, consent) : rejectOther(dependencies, consent)
      )
    ),
    Effect.catchTag("ConsentNotPending", ({ reason }) =>
      reason === "AlreadyClaimed"
        ? revisit(dependencies, sessionUri, user)
        : Effect.succeed<Outcome>(Outcome[reason]())),
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(
          error._tag === "ConsentStoreError"
            ? error.message
            : `AgentCore did not complete the authorization: ${error._tag}`
        ),
        Outcome.Failed()
      )
    ),
    // A session that is claimed and not completed is lost, so a closed browser must not interrupt it.
    Effect.uninterruptible
  )

/** The completion of a process that has ended may still be under way at AgentCore. */
const recoveries = Schedule.exponential("1 second").pipe(Schedule.upTo({ duration: "1 minute" }))

/**
 * Signals what processes that have ended did not signal: the claimed sessions whose token is there. For the start of a
 * process that has the page.
 */
export const recover = (dependencies: Dependencies): Effect.Effect<void> => {
  const { unsettled } = dependencies.pending
  if (unsettled === undefined) return Effect.void
  /** The number of those whose token is not there. */
  const pass = Effect.gen(function*() {
    const left = yield* Effect.filter(
      yield* unsettled(),
      (consent) =>
        Effect.flatMap(
          isGranted(dependencies, consent),
          (isGranted) => isGranted ? Effect.as(announce(dependencies, consent), false) : Effect.succeed(true)
        ),
      { concurrency: 4 }
    )
    return left.length
  })
  return pass.pipe(
    Effect.catch((error) => Effect.as(Effect.logDebug(error.message), 1)),
    Effect.repeat({ schedule: recoveries, until: (left) => left === 0 }),
    Effect.asVoid
  )
}
