/** The topics of `ConsentSignals`, its signals in memory, and waits that they end. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import { AuthorizationFailed } from "../../IdentityError.js"
import type * as TokenPoller from "../../TokenPoller.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as ExpiringMap from "../expiringMap.js"
import { subjectOf } from "../identity/jwtSubject.js"
import { CallPriority } from "../rateLimiter.js"
import * as Listeners from "./listeners.js"
import { ConsentSignals } from "./store.js"

type Signal = Parameters<ConsentSignals["Service"]["signal"]>

export type Topic = Signal[0]

export type Outcome = Signal[1]

export const session = (sessionUri: Redacted.Redacted): Topic => ({ _tag: "Session", name: sessionUri })

/**
 * The topic of a user's consent for one credential of a workload. Two JWTs with the same issuer and subject have the
 * same topic: a user who signs in again has a new JWT. A user id and a JWT never share a topic, because AgentCore
 * stores their tokens separately.
 */
export const grant = ({ credential, user, workload }: {
  readonly workload: string
  readonly user: UserIdentifier
  /** The name that the application has for the credential. */
  readonly credential: string
}): Effect.Effect<Topic> =>
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

/** The name of a topic among topics of all kinds. It contains secrets. */
export const nameOf = ({ _tag, name }: Topic): string => `${_tag} ${Redacted.value(name)}`

/** Signals and registrations in the memory of this process. */
export const makeMemoryUnsafe = (): ConsentSignals["Service"] => {
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
}

export const makeMemory: Effect.Effect<ConsentSignals["Service"]> = Effect.sync(makeMemoryUnsafe)

/** `PendingConsents.layerMemory` includes it. All layers of a program that provide it share it. */
export const layerMemory: Layer.Layer<ConsentSignals> = Layer.effect(ConsentSignals, makeMemory)

export const next = (signals: ConsentSignals["Service"], topic: Topic): Effect.Effect<Outcome> =>
  Effect.callback((resume) => Effect.sync(signals.listen(topic, (outcome) => resume(Effect.succeed(outcome)))))

/**
 * A poller that also polls when its session is completed, and fails with `AuthorizationFailed` when its session can
 * never be completed.
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
