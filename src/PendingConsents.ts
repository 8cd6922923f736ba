/**
 * The authorizations that wait for their users, each with the user it was opened for. The page that users come back to claims
 * them: once, and for that user only.
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
import type { UserIdentifier } from "./UserIdentifier.js"

/**
 * A session, and the user who asked for it: the original identifier, which AgentCore wants back.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingConsent {
  readonly session: ConsentSession
  readonly user: UserIdentifier
}

/**
 * There is nothing to claim.
 *
 * - `Unknown`: no such session was opened here, or it is long gone
 * - `AlreadyClaimed`: somebody claimed it before
 * - `Expired`: the session's time is over
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
 * - `open`: remembers a session until it expires. Opening a session again replaces the user, unless it was claimed: a claimed
 *   session stays claimed.
 * - `claim`: gives a session out exactly once, however many ask at the same time.
 *
 * For more than one process, implement it over a store with an atomic "get and mark".
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

// An expired or used link still gets its own page for a while, not "unknown".
const isForgotten = (entry: Entry, now: number): boolean =>
  DateTime.toEpochMillis(entry.session.expiresAt) + 10 * 60_000 <= now

/**
 * Pending consents in the memory of this process. Sessions are forgotten 10 minutes after they expire.
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
              HashMap.filter(map, (entry) => !isForgotten(entry, now)),
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
 * A consent handler that opens the session for a user, then shows it.
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
  readonly user: UserIdentifier
  readonly show: ConsentHandler<E, R>
}): ConsentHandler<E, R | PendingConsents> =>
(session) =>
  Effect.flatMap(PendingConsents, (pending) => pending.open({ session, user: options.user })).pipe(
    Effect.zipRight(options.show(session))
  )
