/**
 * Why an operation fails, where the answer of the service does not say so. `LocalControl` collects the reasons of each
 * call.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Takes the reasons of the current call. By default they are dropped. */
export const Reasons = Context.Reference("effect-agentcore-identity/local/Reasons", {
  defaultValue: (): (reason: string) => void => () => {}
})

/** Reports a reason. It contains no secret. */
export const explain = (reason: string): Effect.Effect<void> => Effect.map(Reasons, (add) => add(reason))
