/** What `LocalControl` and the local server tell the backend about a call of an operation. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** The session of the caller's role: the access key that signed the request. A call in this process has the default. */
export const CallerSession = Context.Reference("effect-agentcore-identity/local/CallerSession", {
  defaultValue: () => "local"
})

/** Whether IAM accepts the name for a session. Other access keys name no session. */
export const isSessionName = (name: string): boolean => /^[\w+=,.@-]{2,64}$/.test(name)

/**
 * Whether the call applies a seed or a setup. They are written for several places, and applied before other servers
 * run. So what depends on the network or on the region is not checked.
 */
export class Seeding extends Context.Reference("effect-agentcore-identity/local/Seeding", {
  defaultValue: () => false
}) {}

export interface Failure {
  readonly reason: string
}

/** Why the change that the call begins fails later, as `LocalControl` simulates it. */
export const FailedChange = Context.Reference<Failure | undefined>("effect-agentcore-identity/local/FailedChange", {
  defaultValue: () => undefined
})

/** Collects why the call fails, where the response of the service does not say so. */
export const Reasons = Context.Reference("effect-agentcore-identity/local/Reasons", {
  defaultValue: (): (reason: string) => void => () => {}
})

/** Reports a reason. It contains no secret. */
export const explain = (reason: string): Effect.Effect<void> => Effect.map(Reasons, (add) => add(reason))
