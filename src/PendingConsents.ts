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
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { ConsentHandler } from "./Consent.js"
import type { ConsentSession } from "./ConsentSession.js"
import { notAnEffect, refusePendingOptions } from "./internal/identityRequest.js"
import type { UserIdentifier } from "./UserIdentifier.js"

/**
 * A session and its user. AgentCore requires the identifier of the user that the workload access token was obtained with.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingConsent {
  readonly session: ConsentSession
  readonly user: UserIdentifier
}

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
)("ConsentNotPending", { reason: Schema.Literal("Unknown", "AlreadyClaimed", "Expired") }) {
  override get message(): string {
    return `No consent is pending for this session: ${this.reason}`
  }
}

/**
 * - `open`: stores a session until it expires. Opening a session again replaces its user, unless the session was claimed. A claimed
 *   session stays claimed.
 * - `claim`: returns a session to exactly one caller.
 *
 * An implementation for more than one process needs a store with an atomic "get and mark".
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly open: (pending: PendingConsent) => Effect.Effect<void>
  readonly claim: (sessionUri: Redacted.Redacted) => Effect.Effect<PendingConsent, ConsentNotPending>
}

/**
 * @since 0.1.0
 * @category services
 */
export class PendingConsents
  extends Context.Tag("effect-agentcore-identity/PendingConsents")<PendingConsents, Service>()
{}

type Entry = PendingConsent & { readonly claimed: boolean }

const isExpired = (entry: Entry, now: number): boolean => DateTime.toEpochMillis(entry.session.expiresAt) <= now

// The callback page can say for a while that a link is expired or used.
const isRemovable = (entry: Entry, now: number): boolean =>
  DateTime.toEpochMillis(entry.session.expiresAt) + 10 * 60_000 <= now

/**
 * Pending consents in the memory of this process. A session is removed 10 minutes after it expires.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<PendingConsents> = Layer.effect(
  PendingConsents,
  Effect.map(Ref.make(HashMap.empty<string, Entry>()), (entries) =>
    PendingConsents.of({
      open: ({ session, user }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Ref.update(entries, (map) =>
            HashMap.modifyAt(
              HashMap.filter(map, (entry) => !isRemovable(entry, now)),
              Redacted.value(session.sessionUri),
              (existing) =>
                Option.orElse(Option.filter(existing, (entry) => entry.claimed), () =>
                  Option.some({ session, user, claimed: false }))
            ))),
      claim: (sessionUri) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.flatten(Ref.modify(entries, (map) => {
            const key = Redacted.value(sessionUri)
            type Outcome = readonly [Either.Either<PendingConsent, ConsentNotPending>, typeof map]
            const refuse = (reason: ConsentNotPending["reason"]): Outcome => [
              Either.left(new ConsentNotPending({ reason })),
              map
            ]
            return Option.match(HashMap.get(map, key), {
              onNone: () =>
                refuse("Unknown"),
              onSome: (entry): Outcome =>
                entry.claimed
                  ? refuse("AlreadyClaimed")
                  : isExpired(entry, now)
                  ? refuse("Expired")
                  : [Either.right(entry), HashMap.set(map, key, { ...entry, claimed: true })]
            })
          })))
    }))
)

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
}): ConsentHandler<E, R | PendingConsents> =>
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
