/**
 * Completes an authorization for the user who is signed in where the browser came back, and for no other user.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as Identity from "../../Identity.js"
import type * as PendingConsents from "../../PendingConsents.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { isSameUser } from "./sameUser.js"
import type { ConsentSignals } from "./signals.js"

/** @internal */
export type Outcome = Data.TaggedEnum<{
  readonly Completed: { readonly session: ConsentSession }
  readonly WrongUser: {}
  readonly AlreadyUsed: {}
  readonly Expired: {}
  readonly Unknown: {}
  readonly Failed: {}
}>

const Outcome = Data.taggedEnum<Outcome>()

/** @internal */
export interface Dependencies {
  readonly identity: Identity.Service
  readonly pending: PendingConsents.Service
  readonly signals: ConsentSignals
}

/**
 * Claims the session and completes it. An outcome without a session URI is `Unknown`.
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
    if (!(yield* isSameUser(consent.user, user))) {
      return Outcome.WrongUser()
    }
    yield* identity.completeAuthorization({ sessionUri, user: consent.user })
    yield* signals.complete(consent.session)
    return Outcome.Completed({ session: consent.session })
  }).pipe(
    Effect.catchTag("ConsentNotPending", ({ reason }) =>
      Effect.succeed(reason === "AlreadyClaimed" ? Outcome.AlreadyUsed() : Outcome[reason]())),
    Effect.catchAll((error) =>
      Effect.as(
        Effect.logWarning(`AgentCore did not complete the authorization: ${error._tag}`),
        Outcome.Failed()
      )
    ),
    // A session that is claimed and not completed is lost, so a closed browser must not interrupt it.
    Effect.uninterruptible
  )
