/** Remembers the denials of users who were asked with a link, for callers that do not wait. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "../../ConsentSession.js"
import * as ConsentSignals from "../../ConsentSignals.js"
import type { AuthorizationFailed } from "../../IdentityError.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { Service } from "./connectTypes.js"

type Reason = AuthorizationFailed["reason"]

/** How long denials are noticed after a user was asked, at least. Then the next request begins again. */
const lifetime = "10 minutes"

interface Asked {
  /** `undefined`: the user has not responded yet. */
  reason: Reason | undefined
  /** Whether the user was asked again in the last period of the lifetime. */
  isAgain: boolean
}

/**
 * Returns a function that is called each time a user is asked. If they have denied since the last time, it returns the
 * reason, once. Without `ConsentSignals` in context, or a known user, it returns nothing.
 */
export const make = ({ nameOf, workload }: Pick<Service, "nameOf" | "workload">) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const signals = yield* Effect.serviceOption(ConsentSignals.ConsentSignals)
    /** By the name of the grant. */
    const asked = new Map<string, Asked>()

    const listen = (signals: ConsentSignals.Service, topic: ConsentSignals.Topic, name: string, entry: Asked) =>
      Effect.acquireUseRelease(
        Effect.sync(() =>
          signals.listen(topic, (outcome) => {
            entry.reason = outcome === "Completed" ? undefined : outcome
          })
        ),
        () =>
          Effect.repeat(
            Effect.suspend(() => {
              entry.isAgain = false
              return Effect.sleep(lifetime)
            }),
            { while: () => entry.isAgain }
          ),
        (stop) =>
          Effect.sync(() => {
            stop()
            asked.delete(name)
          })
      )

    return (session: ConsentSession, user: UserIdentifier | undefined): Effect.Effect<Option.Option<Reason>> =>
      Effect.gen(function*() {
        const credential = nameOf(session)
        if (Option.isNone(signals) || Option.isNone(credential) || user === undefined) return Option.none()
        const topic = yield* ConsentSignals.grant({ workload, user, credential: credential.value })
        const name = Redacted.value(topic.name)
        const known = asked.get(name)
        if (known === undefined) {
          const entry: Asked = { reason: undefined, isAgain: false }
          asked.set(name, entry)
          yield* Effect.forkIn(listen(signals.value, topic, name, entry), scope, { startImmediately: true })
          return Option.none()
        }
        const { reason } = known
        Object.assign(known, { reason: undefined, isAgain: true })
        return Option.fromUndefinedOr(reason)
      })
  })
