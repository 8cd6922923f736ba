/**
 * Signals to the waits for a consent. When a consent has been given, a waiting fiber receives a signal, and polls at
 * once. A wait that outlives its process, such as a durable workflow, registers its execution: `durable/ObtainConsent`
 * resumes the registered executions.
 *
 * The waits also poll. After a lost signal they find the consent at their next poll.
 *
 * @since 0.2.0
 * @example
 * import * as ConsentSignals from "effect-agentcore-identity/ConsentSignals"
 * import * as RedisPendingConsents from "effect-agentcore-identity/persistence/RedisPendingConsents"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * // A worker that waits for consents. The page after consent runs in another process, with the same Redis and key.
 * const live = ConsentSignals.layerPoller.pipe(
 *   Layer.provideMerge(RedisPendingConsents.layerConfig({
 *     url: Config.Redacted("REDIS_URL"),
 *     key: Config.Redacted("CONSENT_STORE_KEY")
 *   }))
 * )
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "./ConsentSession.js"
import * as Listeners from "./consentSignals/listeners.js"
import { subjectOf } from "./identity/jwtSubject.js"
import { AuthorizationFailed } from "./IdentityError.js"
import type { ConsentStoreError } from "./internal/consentStoreError.js"
import * as ExpiringMap from "./internal/expiringMap.js"
import { CallPriority } from "./internal/rateLimiter.js"
import * as TokenPoller from "./TokenPoller.js"
import type { UserIdentifier } from "./UserIdentifier.js"

/**
 * The subject of a wait: one session, or a user's grant from any session. A `Bearer` has no waits: its registration is
 * the user of a session of `http/ForwardAuth`. The name identifies the subject, and is secret: stores and messages
 * contain only a keyed digest of it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Topic {
  /** Whether the subject is a session, a grant, or the secret of a sandbox. */
  readonly _tag: "Session" | "Grant" | "Bearer"
  /** Identifies the subject. */
  readonly name: Redacted.Redacted
}

/**
 * A user's consent for one credential of a workload.
 *
 * @since 0.2.0
 * @category models
 */
export interface Grant {
  /** The name of the workload identity. */
  readonly workload: string
  /** The user who consents. */
  readonly user: UserIdentifier
  /** The name that the application has for the credential. */
  readonly credential: string
}

/**
 * - `Completed`: the token exists
 * - `Failed`, `Denied`: the session can never be completed, see `AuthorizationFailed`
 * - `NotCompleted`: an IAM policy does not allow the page to complete the session
 *
 * A grant has another outcome than `Completed` if one of its sessions ended without consent.
 *
 * @since 0.2.0
 * @category models
 */
export type Outcome = "Completed" | "Failed" | "Denied" | "NotCompleted"

/**
 * Signals the waits for a consent. `PendingConsents.layerMemory`, `RedisPendingConsents.layer` and
 * `SqlPendingConsents.layer` provide it.
 *
 * @since 0.2.0
 * @category services
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

/**
 * The topic of a session.
 *
 * @since 0.2.0
 * @category topics
 */
export const session = (sessionUri: Redacted.Redacted): Topic => ({ _tag: "Session", name: sessionUri })

/**
 * The topic of a grant. Two JWTs with the same issuer and subject have the same topic: a user who signs in again has a
 * new JWT. A user id and a JWT never share a topic, because AgentCore stores their tokens separately.
 *
 * @since 0.2.0
 * @category topics
 */
export const grant = ({ credential, user, workload }: Grant): Effect.Effect<Topic> =>
  Effect.map(
    user.userToken === undefined
      ? Effect.succeed(["id", user.userId])
      : Effect.map(
        subjectOf(user.userToken),
        Option.match({
          onNone: () => ["token", Redacted.value(user.userToken)],
          onSome: (subject) => ["subject", ...subject]
        })
      ),
    (user) => ({ _tag: "Grant", name: Redacted.make(JSON.stringify([workload, user, credential])) })
  )

const nameOf = ({ _tag, name }: Topic): string => `${_tag} ${Redacted.value(name)}`

/**
 * Signals and registrations in the memory of this process.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<ConsentSignals["Service"]> = Effect.sync(() => {
  const listeners = Listeners.make<Outcome>()
  const executions = ExpiringMap.make<Map<string, number>>()
  return {
    signal: (topic, outcome) =>
      Effect.map(Clock.currentTimeMillis, (now) => listeners.notify(topic._tag, nameOf(topic), outcome, now)),
    listen: (topic, onSignal) => listeners.listen(nameOf(topic), onSignal),
    register: ({ execution, expiresAt, topic }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        executions.removeExpired(now)
        const known = executions.get(nameOf(topic)) ?? new Map<string, number>()
        known.set(execution, DateTime.toEpochMillis(expiresAt))
        executions.set(nameOf(topic), known, Math.max(...known.values()))
      }),
    unregister: (topic, execution) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const known = executions.get(nameOf(topic))
        const expiresAt = known?.get(execution) ?? 0
        if (known?.delete(execution) === true && known.size === 0) executions.remove(nameOf(topic))
        return expiresAt > now
      }),
    registrations: (topic) =>
      Effect.map(
        Clock.currentTimeMillis,
        (now) =>
          [...executions.get(nameOf(topic)) ?? []].flatMap(([execution, expiresAt]) =>
            expiresAt <= now ? [] : [execution]
          )
      )
  }
})

/**
 * The layer of {@link makeMemory}. `PendingConsents.layerMemory` includes it. All layers of a program that provide it
 * share it.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerMemory: Layer.Layer<ConsentSignals> = Layer.effect(ConsentSignals, makeMemory)

/**
 * Waits for the next signal of a topic.
 *
 * @since 0.2.0
 * @category waits
 */
export const next = (topic: Topic): Effect.Effect<Outcome, never, ConsentSignals> =>
  Effect.flatMap(ConsentSignals, (signals) => nextOf(signals, topic))

const nextOf = (signals: ConsentSignals["Service"], topic: Topic): Effect.Effect<Outcome> =>
  Effect.callback((resume) => Effect.sync(signals.listen(topic, (outcome) => resume(Effect.succeed(outcome)))))

/**
 * A poller that also polls when its session is completed, and fails with `AuthorizationFailed` when its session can
 * never be completed.
 *
 * @since 0.2.0
 * @category waits
 */
export const poller =
  (signals: ConsentSignals["Service"], base: TokenPoller.TokenPoller): TokenPoller.TokenPoller => (wait) =>
    Listeners.withSignal(
      base(wait),
      (onSignal: (outcome: Outcome) => void) => signals.listen(session(wait.session.sessionUri), onSignal),
      (outcome) => pollAfter(wait, outcome)
    )

/** Returns `None` if the token does not exist yet, or the connection was lost. The wait then continues. */
const pollAfter = <E, R>(
  { poll, session }: {
    readonly session: ConsentSession
    readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
  },
  outcome: Outcome
): Effect.Effect<Option.Option<Redacted.Redacted>, E | AuthorizationFailed, R> =>
  outcome === "Completed"
    ? Effect.provideService(poll, CallPriority, "normal")
    : new AuthorizationFailed({ provider: session.provider, reason: outcome })

/**
 * Provides a `TokenPoller` whose waits end one round trip after the callback, even if another process receives the
 * callback. `ConsentCallback.layer` also provides it: use this layer in programs without that page. Between signals it
 * polls as the default poller does. For another schedule, use {@link poller}.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerPoller: Layer.Layer<never, never, ConsentSignals> = Layer.fresh(
  Layer.effect(
    TokenPoller.TokenPoller,
    Effect.map(ConsentSignals, (signals) => poller(signals, TokenPoller.TokenPoller.defaultValue()))
  )
)
