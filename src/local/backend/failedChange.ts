/** Whether the change that an operation begins fails later, as `LocalControl` simulates it. */
import * as Context from "effect/Context"

export interface Failure {
  readonly reason: string
}

export const FailedChange = Context.Reference<Failure | undefined>("effect-agentcore-identity/local/FailedChange", {
  defaultValue: () => undefined
})
