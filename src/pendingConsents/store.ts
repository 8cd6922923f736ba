/** The store of pending consents, as `Identity` needs it. `PendingConsents` exports all but `unregistered`. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ConsentSession } from "../ConsentSession.js"
import type { ConsentStoreError } from "../internal/consentStoreError.js"
import type { UserIdentifier } from "../UserIdentifier.js"

/**
 * A session and its user. AgentCore requires the identifier of the user that the workload access token was obtained
 * with.
 *
 * The optional properties are for the page that opened the session. A store keeps and returns them with it.
 */
export interface PendingConsent {
  /** The session that waits. */
  readonly session: ConsentSession
  /** The user whom the caller of the request acts for. */
  readonly user: UserIdentifier
  /**
   * The name of the workload identity that requests the token. The page after consent requests the token with it. With
   * `credential`, the page also finds the other waits for this consent.
   */
  readonly workload?: string | undefined
  /** The name that the application has for the credential. */
  readonly credential?: string | undefined
  /** Where the browser continues after the page: an address that the application allows. */
  readonly continue?: string | undefined
}

/** What a browser brings to the return URL, and who is signed in in it. */
export interface Claim {
  readonly sessionUri: Redacted.Redacted
  /** The user who is signed in in this browser. */
  readonly user: UserIdentifier
  /** The values of the other query parameters. One of them is the `customState` of the session. */
  readonly values: ReadonlyArray<Redacted.Redacted>
}

const notPending = {
  Unknown: "it is not registered here, or was removed after its expiry",
  WrongUser: "another user started it",
  WrongState: "the browser came back without its state",
  Expired: "it has expired"
}

/**
 * The session cannot be claimed.
 *
 * - `Unknown`: it was not opened here, or it was removed after its expiry
 * - `WrongUser`: another user than the one who is signed in started it
 * - `WrongState`: no value of the claim is the state of the session
 * - `Expired`: it has expired
 */
export class ConsentNotPending extends Schema.TaggedError<ConsentNotPending>()("ConsentNotPending", {
  reason: Schema.Literals(["Unknown", "WrongUser", "WrongState", "Expired"])
}) {
  override get message(): string {
    return `The session cannot be claimed: ${notPending[this.reason]}`
  }
}

/**
 * Stores the sessions that wait for a page after consent, so that the page knows the user and the state of each. If it
 * is in the context of a call, `Identity` stores the session of the call.
 *
 * `persistence/RedisPendingConsents` and `persistence/SqlPendingConsents` are for more than one process. Another such
 * store keeps all properties of a {@link PendingConsent}, and passes what it finds to `verify`.
 */
export class PendingConsents extends Context.Service<PendingConsents, {
  /** Stores a session until it expires. Opening a session again replaces the old entry. */
  readonly open: (pending: PendingConsent) => Effect.Effect<void, ConsentStoreError>
  /**
   * Returns a session to its own user, if the browser brings its state, and any number of times until it expires.
   * Another claim changes nothing.
   */
  readonly claim: (claim: Claim) => Effect.Effect<PendingConsent, ConsentNotPending | ConsentStoreError>
}>()("effect-agentcore-identity/PendingConsents") {}

/** Runs requests that show no session to a user. `Identity` neither stores their sessions, nor adds a state. */
export const unregistered = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateContext(self, (context: Context.Context<R>) =>
    // The store is never a requirement, so the rest has all that the effect requires.
    Context.omit(PendingConsents)(context as Context.Context<R | PendingConsents>) as Context.Context<R>)
