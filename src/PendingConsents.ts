/**
 * The authorizations that wait for consent, each with its user. With a store in context, `Identity` stores each session
 * before a user sees its link. The page after consent completes it only for this user, and only in the browser that
 * consented.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ConsentStoreError, retentionAfterExpiry } from "./internal/consentStoreError.js"
import * as ExpiringMap from "./internal/expiringMap.js"
import { subjectOf } from "./internal/identity/jwtSubject.js"
import * as Signals from "./internal/pendingConsents/signals.js"
import {
  type Claim,
  ConsentNotPending,
  ConsentSignals,
  PendingConsent,
  PendingConsents
} from "./internal/pendingConsents/store.js"
import { isSameSecret } from "./internal/sameSecret.js"
import * as TokenPoller from "./TokenPoller.js"
import type { UserIdentifier } from "./UserIdentifier.js"

export {
  /** @since 0.2.0 */
  type Claim,
  /** @since 0.2.0 */
  ConsentNotPending,
  /** @since 0.2.0 */
  ConsentSignals,
  /** @since 0.2.0 */
  ConsentStoreError,
  /** @since 0.2.0 */
  PendingConsent,
  /** @since 0.2.0 */
  PendingConsents
}

/** True for the same id, the same JWT, or two JWTs with the same issuer and subject: a new sign-in has a new JWT. */
const isSameUser = (self: UserIdentifier, that: UserIdentifier): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    if (Equal.equals([self.userId, self.userToken], [that.userId, that.userToken])) return true
    if (self.userToken === undefined || that.userToken === undefined) return false
    const subject = yield* subjectOf(self.userToken)
    return Option.isSome(subject) && Equal.equals(subject, yield* subjectOf(that.userToken))
  })

/**
 * Returns the consent if the claim is from its own user, brings its state, and is in time. A custom store uses it in
 * `claim`, with what it has found. A session without `customState` is compared by its user only.
 *
 * @since 0.2.0
 * @category operations
 */
export const verify = (
  consent: PendingConsent | undefined,
  { user, values }: Omit<Claim, "sessionUri">
): Effect.Effect<PendingConsent, ConsentNotPending> =>
  Effect.gen(function*() {
    if (consent === undefined) return yield* new ConsentNotPending({ reason: "Unknown" })
    if (!(yield* isSameUser(consent.user, user))) return yield* new ConsentNotPending({ reason: "WrongUser" })
    const { customState, expiresAt } = consent.session
    if (
      customState !== undefined
      && !values.some((value) => isSameSecret(Redacted.value(customState), Redacted.value(value)))
    ) {
      return yield* new ConsentNotPending({ reason: "WrongState" })
    }
    return (yield* DateTime.isFuture(expiresAt)) ? consent : yield* new ConsentNotPending({ reason: "Expired" })
  })

const makeMemory: Effect.Effect<PendingConsents["Service"]> = Effect.sync(() => {
  const entries = ExpiringMap.make<PendingConsent>()
  return {
    open: (pending) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const { expiresAt, sessionUri } = pending.session
        entries.removeExpired(now)
        entries.set(Redacted.value(sessionUri), pending, DateTime.toEpochMillis(expiresAt) + retentionAfterExpiry)
      }),
    claim: (claim) => Effect.suspend(() => verify(entries.get(Redacted.value(claim.sessionUri)), claim))
  }
})

/**
 * Pending consents in the memory of this process. A session is removed 10 minutes after it expires. All layers of a
 * program that provide it share it: give it to the program and to its page, `ConsentCallback.layer`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerMemory: Layer.Layer<PendingConsents | ConsentSignals> = Layer.merge(
  Layer.effect(PendingConsents, makeMemory),
  Signals.layerMemory
)

/**
 * Provides a `TokenPoller` whose waits end one round trip after the callback, even if another process receives the
 * callback. `ConsentCallback.layer` also provides it: use this layer in programs without that page. Between signals it
 * polls as the default poller does.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
 * import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * // A worker that waits for consents. The page after consent runs in another process, with the same Redis and key.
 * const live = PendingConsents.layerPoller.pipe(
 *   Layer.provideMerge(ConsentStore.layerRedisConfig({
 *     url: Config.Redacted("REDIS_URL"),
 *     key: Config.Redacted("CONSENT_STORE_KEY")
 *   }))
 * )
 */
export const layerPoller: Layer.Layer<never, never, ConsentSignals> = Layer.fresh(
  Layer.effect(
    TokenPoller.TokenPoller,
    Effect.map(ConsentSignals, (signals) => Signals.poller(signals, TokenPoller.TokenPoller.defaultValue()))
  )
)
