/**
 * The authorizations that wait for consent, each with its user. The callback page claims an authorization once, and
 * completes it for that user only.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Consent from "./Consent.js"
import { ConsentSession } from "./ConsentSession.js"
import { type ConsentSignals, layerMemory as layerSignals } from "./ConsentSignals.js"
import { checkEffect, checkPendingOptions } from "./identity/credentials.js"
import type { ValidationException } from "./IdentityError.js"
import { ConsentStoreError, retentionAfterExpiry } from "./internal/consentStoreError.js"
import * as ExpiringMap from "./internal/expiringMap.js"
import * as Constraint from "./models/internal/constraint.js"
import { UserIdentifier } from "./UserIdentifier.js"
import { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * A session and its user. AgentCore requires the identifier of the user that the workload access token was obtained
 * with.
 *
 * The optional properties are for the page that opened the session. A store keeps and returns them with it.
 *
 * @since 0.2.0
 * @category models
 */
export interface PendingConsent {
  readonly session: ConsentSession
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

/**
 * A pending consent as JSON, for a custom store. The JSON contains the secrets in plain text: encrypt it. The error
 * about damaged JSON contains no values.
 *
 * @since 0.2.0
 * @category schemas
 */
export const FromJson: Schema.Codec<PendingConsent, string> = Schema.fromJsonString(Schema.Struct({
  session: ConsentSession,
  user: UserIdentifier,
  workload: Constraint.optional(Schema.String),
  credential: Constraint.optional(Schema.String),
  continue: Constraint.optional(Schema.String)
}))

/**
 * The session cannot be claimed.
 *
 * - `Unknown`: it was not opened here, or it was removed after its expiry
 * - `AlreadyClaimed`: it was claimed before
 * - `Expired`: it has expired
 *
 * @since 0.2.0
 * @category errors
 */
export class ConsentNotPending extends Schema.TaggedError<ConsentNotPending>()("ConsentNotPending", {
  reason: Schema.Literals(["Unknown", "AlreadyClaimed", "Expired"])
}) {
  override get message(): string {
    return `No consent is pending for this session: ${this.reason}`
  }
}

export {
  /** @since 0.2.0 */
  ConsentStoreError
}

/**
 * - `open`: stores a session until it expires. Opening a session again replaces its user, unless the session was
 *   claimed. A claimed session stays claimed.
 * - `claim`: returns a session to exactly one caller.
 * - `settle`: marks a claimed session whose outcome was signalled. The store then needs only its name.
 * - `unsettled`: returns the claimed sessions that are not settled, or one of them by its URI. Their process may have
 *   ended before it could signal.
 *
 * `settle` and `unsettled` are optional. Without them, a killed process may leave a completed session without a signal.
 * The waits then find the grant at their next request to AgentCore.
 *
 * `persistence/RedisPendingConsents` and `persistence/SqlPendingConsents` are for more than one process. Another such
 * store needs an atomic "get and mark", and keeps all properties of a {@link PendingConsent}: {@link FromJson} encodes
 * them.
 *
 * @since 0.2.0
 * @category services
 */
export interface Service {
  /** When a store in memory began, which has no earlier sessions. Default: the store is durable. */
  readonly since?: DateTime.Utc | undefined
  readonly open: (pending: PendingConsent) => Effect.Effect<void, ConsentStoreError>
  readonly claim: (
    sessionUri: Redacted.Redacted
  ) => Effect.Effect<PendingConsent, ConsentNotPending | ConsentStoreError>
  readonly settle?: ((sessionUri: Redacted.Redacted) => Effect.Effect<void, ConsentStoreError>) | undefined
  readonly unsettled?:
    | ((sessionUri?: Redacted.Redacted) => Effect.Effect<ReadonlyArray<PendingConsent>, ConsentStoreError>)
    | undefined
}

/**
 * Stores the sessions that wait for a page after consent, so that the page knows the user of each. {@link layerMemory}
 * provides it in this process, `RedisPendingConsents.layer` and `SqlPendingConsents.layer` for several processes.
 *
 * @since 0.2.0
 * @category services
 */
export class PendingConsents
  extends Context.Service<PendingConsents, Service>()("effect-agentcore-identity/PendingConsents")
{}

const expiryOf = ({ session }: PendingConsent): number => DateTime.toEpochMillis(session.expiresAt)

interface Entry {
  readonly pending: PendingConsent
  readonly state: "Open" | "Claimed" | "Settled"
}

const makeMemory: Effect.Effect<Service> = Effect.map(DateTime.now, (since) => {
  const entries = ExpiringMap.make<Entry>()
  const get = (sessionUri: Redacted.Redacted): Entry | undefined => entries.get(Redacted.value(sessionUri))
  const set = (entry: Entry): void =>
    entries.set(Redacted.value(entry.pending.session.sessionUri), entry, expiryOf(entry.pending) + retentionAfterExpiry)
  return {
    since,
    open: (pending) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        entries.removeExpired(now)
        if ((get(pending.session.sessionUri)?.state ?? "Open") === "Open") set({ pending, state: "Open" })
      }),
    claim: (sessionUri) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const entry = get(sessionUri)
        if (entry === undefined) return new ConsentNotPending({ reason: "Unknown" })
        if (entry.state !== "Open") return new ConsentNotPending({ reason: "AlreadyClaimed" })
        if (expiryOf(entry.pending) <= now) return new ConsentNotPending({ reason: "Expired" })
        set({ ...entry, state: "Claimed" })
        return Effect.succeed(entry.pending)
      }),
    settle: (sessionUri) =>
      Effect.sync(() => {
        const entry = get(sessionUri)
        if (entry?.state === "Claimed") set({ ...entry, state: "Settled" })
      }),
    unsettled: (sessionUri) =>
      Effect.sync(() =>
        (sessionUri === undefined ? [...entries.values()] : Option.toArray(Option.fromNullishOr(get(sessionUri))))
          .flatMap(({ pending, state }) => state === "Claimed" ? [pending] : [])
      )
  }
})

/**
 * Pending consents in the memory of this process. A session is removed 10 minutes after it expires. All layers of a
 * program that provide it share it.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerMemory: Layer.Layer<PendingConsents | ConsentSignals> = Layer.merge(
  Layer.effect(PendingConsents, makeMemory),
  layerSignals
)

/**
 * A consent handler that opens the session for a user, then runs `show`. With invalid options it fails with
 * `ValidationException`.
 *
 * @since 0.2.0
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
  /** Shows the authorization URL to the user. The flow waits as this handler does. */
  readonly show: Consent.ConsentHandler<E, R>
}): Consent.ConsentHandler<E | ConsentStoreError | ValidationException, R | PendingConsents> => {
  const error = checkPendingOptions(options)
  return error !== undefined
    ? () => error
    : Consent.mapShow(options.show, (show) =>
      Effect.fnUntraced(function*(session) {
        const pending = yield* PendingConsents
        // A flow that runs the handler has a caller.
        const caller = Option.getOrUndefined(yield* Effect.serviceOption(WorkloadAccessToken))
        yield* pending.open({ session, user: options.user, workload: caller?.workload })
        return yield* checkEffect("show", show(session))
      }))
}
