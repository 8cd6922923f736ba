/**
 * Completes an authorization for the user who is signed in where the browser came back, and for no other user.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import * as ConsentSignals from "../../ConsentSignals.js"
import type { DataPlaneError } from "../../DataPlane.js"
import type * as PendingConsents from "../../PendingConsents.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { isSameUser } from "./sameUser.js"

/** @internal */
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

/** @internal */
export interface Dependencies {
  /** The one operation of `Identity` that a callback needs. */
  readonly identity: {
    readonly completeAuthorization: (
      options: { readonly sessionUri: Redacted.Redacted; readonly user: UserIdentifier }
    ) => Effect.Effect<void, DataPlaneError>
  }
  readonly pending: PendingConsents.Service
  readonly signals: Pick<ConsentSignals.Service, "signal">
}

/**
 * The signals of a program. One with a store of its own has signals in this process.
 *
 * @internal
 */
export const signalsOfProgram: Effect.Effect<ConsentSignals.Service> = Effect.flatMap(
  Effect.serviceOption(ConsentSignals.ConsentSignals),
  Option.match({ onNone: () => ConsentSignals.makeMemory, onSome: Effect.succeed })
)

/**
 * Whether AgentCore may have completed the authorization, although no success came back. After a refusal it has not, and
 * it never will: the session is claimed.
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

/**
 * Claims the session and completes it. An outcome without a session URI is `Unknown`. The programs that wait learn at once that
 * the authorization is complete, or that it never will be.
 *
 * @internal
 */
export const complete = (
  { identity, pending, signals }: Dependencies,
  sessionUri: Redacted.Redacted | undefined,
  user: UserIdentifier
): Effect.Effect<Outcome> =>
  sessionUri === undefined ? Effect.succeed(Outcome.Unknown()) : Effect.gen(function*() {
    const consent = yield* pending.claim(sessionUri)
    const topic = ConsentSignals.session(sessionUri)
    if (!(yield* isSameUser(consent.user, user))) {
      yield* signals.signal(topic, "WrongUser")
      return Outcome.WrongUser({ credential: consent.credential })
    }
    yield* Effect.tapError(
      identity.completeAuthorization({ sessionUri, user: consent.user }),
      (error) => mayBeComplete(error) ? Effect.void : signals.signal(topic, "Rejected")
    )
    yield* signals.signal(topic, "Completed")
    const { credential, workload } = consent
    if (workload !== undefined && credential !== undefined) {
      const grant = yield* ConsentSignals.grant({ workload, user: consent.user, credential })
      yield* signals.signal(grant, "Completed")
    }
    return Outcome.Completed({ session: consent.session, credential, continue: consent.continue })
  }).pipe(
    Effect.catchTag("ConsentNotPending", ({ reason }) =>
      Effect.succeed(reason === "AlreadyClaimed" ? Outcome.AlreadyUsed() : Outcome[reason]())),
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
