/** The store of pending consents, and its signals. `PendingConsents` exports all but `unregistered`. */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ConsentSession } from "../../ConsentSession.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import type { ConsentStoreError } from "../consentStoreError.js"
import * as Constraint from "../models/constraint.js"

/**
 * A session and its user. AgentCore requires the identifier of the user that the workload access token was obtained
 * with.
 *
 * The optional properties are for the page that opened the session. A store keeps and returns them with it. The JSON of
 * `Schema.fromJsonString(PendingConsent)` contains the secrets in plain text: encrypt it. The error about damaged JSON
 * contains no values.
 */
export class PendingConsent extends Schema.Opaque<PendingConsent>()(Schema.Struct({
  /** The session that waits. */
  session: ConsentSession,
  /** The user whom the caller of the request acts for. */
  user: UserIdentifier,
  /**
   * The name of the workload identity that requests the token. The page after consent requests the token with it. With
   * `credential`, the page also finds the other waits for this consent.
   */
  workload: Constraint.optional(Schema.String),
  /** The name that the application has for the credential. */
  credential: Constraint.optional(Schema.String),
  /** Where the browser continues after the page: an address that the application allows. */
  continue: Constraint.optional(Schema.String)
})) {}

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
 * - `WrongUser`: the user who is signed in did not start it
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
 * The stores of `persistence/ConsentStore` are for more than one process. Another such store keeps all properties of a
 * {@link PendingConsent}, and passes what it finds to `verify`.
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

type Topic = {
  readonly _tag: "Session" | "Grant" | "Bearer"
  readonly name: Redacted.Redacted
}

type Outcome = "Completed" | "Failed" | "Denied" | "NotCompleted"

/**
 * Signals to the waits for a consent. When a consent has been given, a waiting fiber receives a signal, and polls at
 * once. A wait that outlives its process, such as a durable workflow, registers its execution: `durable/ObtainConsent`
 * resumes the registered executions. The waits also poll. After a lost signal they find the consent at their next poll.
 *
 * Each store of pending consents provides it. A topic is the subject of a wait: one session, or a user's grant from any
 * session. Nothing waits for a `Bearer`: its registration is the user of a session of `http/ForwardAuth`. The name
 * identifies the subject, and is secret: stores and messages contain only a keyed digest of it.
 *
 * The outcome `Completed` means that the token exists. After `Failed` or `Denied` the session can never be completed,
 * see `AuthorizationFailed`. `NotCompleted`: an IAM policy does not allow the page to complete the session. A grant has
 * another outcome than `Completed` if one of its sessions ended without consent.
 */
export class ConsentSignals extends Context.Service<ConsentSignals, {
  /**
   * Passes an outcome to all listeners, in every process. It never fails: a signal that cannot be sent is lost. The
   * outcome of a session is remembered for 10 minutes: a session can be completed before the wait for it begins.
   */
  readonly signal: (topic: Topic, outcome: Outcome) => Effect.Effect<void>
  /**
   * Calls a function for each signal, and returns a function that stops listening. It is not an effect, so that a wait
   * for consent needs no second fiber.
   */
  readonly listen: (topic: Topic, onSignal: (outcome: Outcome) => void) => () => void
  /** Stores the name of an execution that waits for a grant, such as a durable workflow, until it expires. */
  readonly register: (registration: {
    readonly topic: Topic
    readonly execution: string
    readonly expiresAt: DateTime.Utc
  }) => Effect.Effect<void, ConsentStoreError>
  /**
   * Removes an execution that was resumed, and returns whether it was registered. Of several processes that remove it
   * at once, one gets `true`. If a callback stops before that, the next callback resumes the execution again.
   */
  readonly unregister: (topic: Topic, execution: string) => Effect.Effect<boolean, ConsentStoreError>
  /** Returns the executions that wait for a grant. */
  readonly registrations: (topic: Topic) => Effect.Effect<ReadonlyArray<string>, ConsentStoreError>
}>()("effect-agentcore-identity/ConsentSignals") {}

/** Runs requests that show no session to a user. `Identity` neither stores their sessions, nor adds a state. */
export const unregistered = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateContext(self, (context: Context.Context<R>) =>
    // The store is never a requirement, so the rest has all that the effect requires.
    Context.omit(PendingConsents)(context as Context.Context<R | PendingConsents>) as Context.Context<R>)
