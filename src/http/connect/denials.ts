/** Remembers the denials of users who were asked with a link, for callers that do not wait. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import type { AuthorizationFailed } from "../../IdentityError.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { ConsentSignals } from "../../internal/pendingConsents/store.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { Connect } from "./connectTypes.js"

type Reason = AuthorizationFailed["reason"]

/** Milliseconds. After that, a user who is asked again counts as one who is asked for the first time. */
const lifetime = 10 * 60_000

interface Prompt {
  /** `undefined`: the user has not responded yet. */
  reason: Reason | undefined
  readonly stop: () => void
}

/**
 * Returns a function that is called each time a user is asked. If they have denied since the last time, it returns the
 * reason, once. Without `ConsentSignals` in context, or a known user, it returns nothing.
 */
export const make = ({ nameOf, workload }: Pick<Connect["Service"], "nameOf" | "workload">) =>
  Effect.gen(function*() {
    const signals = Option.getOrUndefined(yield* Effect.serviceOption(ConsentSignals))
    /** By the name of the grant. */
    const prompts = ExpiringMap.make<Prompt>()
    const removeExpired = (now: number): void => prompts.removeExpired(now).forEach(({ stop }) => stop())
    yield* Effect.addFinalizer(() => Effect.sync(() => removeExpired(Infinity)))

    return (session: ConsentSession, user: UserIdentifier | undefined): Effect.Effect<Option.Option<Reason>> =>
      Effect.gen(function*() {
        const credential = Option.getOrUndefined(nameOf(session))
        if (signals === undefined || credential === undefined || user === undefined) return Option.none()
        const topic = yield* Signals.grant({ workload, user, credential })
        const now = yield* Clock.currentTimeMillis
        removeExpired(now)
        const name = Redacted.value(topic.name)
        const entry: Prompt = prompts.get(name) ?? {
          reason: undefined,
          stop: signals.listen(topic, (outcome) => {
            entry.reason = outcome === "Completed" ? undefined : outcome
          })
        }
        const { reason } = entry
        entry.reason = undefined
        prompts.set(name, entry, now + lifetime)
        return Option.fromUndefinedOr(reason)
      })
  })
