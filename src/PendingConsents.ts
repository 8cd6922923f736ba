/**
 * The authorizations that wait for consent, each with its user. The callback page claims an authorization once, and completes it for that
 * user only.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ConsentHandler } from "./Consent.js"
import { ConsentSession } from "./ConsentSession.js"
import { type ConsentSignals, layerMemory as layerSignals } from "./ConsentSignals.js"
import { ConsentStoreError } from "./internal/consentStoreError.js"
import * as ExpiringMap from "./internal/expiringMap.js"
import { notAnEffect, refusePendingOptions } from "./internal/identityRequest.js"
import * as Constraint from "./models/internal/constraint.js"
import { UserIdentifier } from "./UserIdentifier.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * A session and its user. AgentCore requires the identifier of the user that the workload access token was obtained with.
 *
 * The optional members are for the page that opened the session. A store keeps and returns them with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingConsent {
  readonly session: ConsentSession
  readonly user: UserIdentifier
  /** The name of the workload identity that asks. With `credential`, it tells who else waits for this consent. */
  readonly workload?: string | undefined
  /** The name that the application has for the credential. */
  readonly credential?: string | undefined
  /** Where the browser goes on after the page, an address that the application allows. */
  readonly continue?: string | undefined
}

const damaged = Constraint.problem("The pending consent is damaged")

/**
 * A pending consent as JSON, for a store of one's own. The text contains the secrets in clear: encrypt it. The error of a damaged text
 * has no values.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromJson: Schema.Codec<PendingConsent, string> = Schema.fromJsonString(Schema.Struct({
  session: ConsentSession,
  user: UserIdentifier,
  workload: Constraint.optional(Schema.String),
  credential: Constraint.optional(Schema.String),
  continue: Constraint.optional(Schema.String)
})).pipe(Schema.catchDecoding(() => Effect.fail(damaged)))

/**
 * The session cannot be claimed.
 *
 * - `Unknown`: it was not opened here, or it was removed some time after its expiry
 * - `AlreadyClaimed`: it was claimed before
 * - `Expired`: it has expired
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsentNotPending extends Schema.TaggedError<ConsentNotPending>(
  "effect-agentcore-identity/ConsentNotPending"
)("ConsentNotPending", { reason: Schema.Literals(["Unknown", "AlreadyClaimed", "Expired"]) }) {
  override get message(): string {
    return `No consent is pending for this session: ${this.reason}`
  }
}

export {
  /**
   * The store of consents cannot be reached, or holds something unreadable. `reason` is a code or a description without secrets.
   *
   * @since 0.1.0
   * @category errors
   */
  ConsentStoreError
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * - `open`: stores a session until it expires. Opening a session again replaces its user, unless the session was claimed. A claimed
 *   session stays claimed.
 * - `claim`: returns a session to exactly one caller.
 *
 * An implementation for more than one process needs a store with an atomic "get and mark", as `persistence/RedisPendingConsents` and
 * `persistence/SqlPendingConsents` have. It keeps all members of a {@link PendingConsent}: {@link FromJson} encodes them.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly open: (pending: PendingConsent) => Effect.Effect<void, ConsentStoreError>
  readonly claim: (
    sessionUri: Redacted.Redacted
  ) => Effect.Effect<PendingConsent, ConsentNotPending | ConsentStoreError>
}

/**
 * @since 0.1.0
 * @category services
 */
export class PendingConsents
  extends Context.Service<PendingConsents, Service>()("effect-agentcore-identity/PendingConsents")
{}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/** In milliseconds. The callback page can say for a while that a link is expired or used. */
const keptAfterExpiry = 10 * 60_000

const expiryOf = ({ session }: PendingConsent): number => DateTime.toEpochMillis(session.expiresAt)

const makeMemory: Effect.Effect<Service> = Effect.sync(() => {
  const entries = ExpiringMap.make<{ readonly pending: PendingConsent; readonly claimed: boolean }>()
  const set = (pending: PendingConsent, claimed: boolean): void =>
    entries.set(Redacted.value(pending.session.sessionUri), { pending, claimed }, expiryOf(pending) + keptAfterExpiry)
  return {
    open: (pending) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        entries.removeEnded(now)
        if (entries.get(Redacted.value(pending.session.sessionUri))?.claimed !== true) set(pending, false)
      }),
    claim: (sessionUri) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const entry = entries.get(Redacted.value(sessionUri))
        if (entry === undefined) return new ConsentNotPending({ reason: "Unknown" })
        if (entry.claimed) return new ConsentNotPending({ reason: "AlreadyClaimed" })
        if (expiryOf(entry.pending) <= now) return new ConsentNotPending({ reason: "Expired" })
        set(entry.pending, true)
        return Effect.succeed(entry.pending)
      })
  }
})

/**
 * Pending consents in the memory of this process. A session is removed 10 minutes after it expires. All layers of a program that provide
 * it share it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<PendingConsents | ConsentSignals> = Layer.merge(
  Layer.effect(PendingConsents, makeMemory),
  layerSignals
)

// -----------------------------------------------------------------------------
// Handlers
// -----------------------------------------------------------------------------

/**
 * A consent handler that opens the session for a user, then runs `show`. With invalid options, the flow fails with
 * `ValidationException`.
 *
 * @since 0.1.0
 * @category handlers
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Consent from "effect-agentcore-identity/Consent"
 * import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
 *
 * const withCalendar = AccessToken.withAccessToken({
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   consent: PendingConsents.handler({ user: { userId: "alice" }, show: Consent.openBrowser })
 * })
 */
export const handler = <E, R>(options: {
  /** The user who asked, and who has to be signed in at the callback. */
  readonly user: UserIdentifier
  /** Shows the authorization URL to the user. */
  readonly show: ConsentHandler<E, R>
}): ConsentHandler<E | ConsentStoreError, R | PendingConsents> =>
(session) =>
  Effect.gen(function*() {
    const refused = refusePendingOptions(options)
    if (refused !== undefined) return yield* refused
    yield* Effect.flatMap(PendingConsents, (pending) => pending.open({ session, user: options.user }))
    // `show` in plain JavaScript can return anything.
    const shown: unknown = options.show(session)
    return yield* Effect.isEffect(shown) ? shown as ReturnType<typeof options.show> : notAnEffect("show", shown)
    // Every flow that runs a handler can fail with `ValidationException`, so the type of the handler omits it.
  }) as Effect.Effect<unknown, E, R | PendingConsents>
