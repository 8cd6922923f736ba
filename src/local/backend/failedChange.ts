/**
 * Whether the change that an operation begins fails later, as `LocalControl` simulates it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/** @internal */
export interface Failure {
  readonly reason: string
}

/** @internal */
export const FailedChange = Context.Reference<Failure | undefined>("effect-agentcore-identity/local/FailedChange", {
  defaultValue: () => undefined
})
