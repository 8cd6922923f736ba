/** The context of a call, which `LocalControl` and the local server provide to the backend. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { VaultUser } from "./backendModels.js"

/** The id of the access key that signed the request. Undefined in this process. */
export const CallerKey = Context.Reference("effect-agentcore-identity/local/CallerKey", {
  defaultValue: (): string | undefined => undefined
})

/** The key that no policy restricts: the one of the environment, and of requests without a signature. */
export const unrestrictedKey = "local"

/** The name of a caller's session: the access key, if IAM accepts it. */
export const sessionNameOf = (key = unrestrictedKey): string => /^[\w+=,.@-]{2,64}$/.test(key) ? key : unrestrictedKey

/**
 * Whether the call applies a seed or a setup. They are written for several regions, and applied before other servers
 * run. So checks that depend on the network or the region are skipped.
 */
export class Seeding extends Context.Reference("effect-agentcore-identity/local/Seeding", {
  defaultValue: () => false
}) {}

/** Collects what the record of a call contains, and neither its request nor its response. */
export interface Call {
  readonly addReason: (reason: string) => void
  readonly setUser: (user: VaultUser) => void
}

/** The call that is recorded. Undefined without a control. */
export const CurrentCall = Context.Reference("effect-agentcore-identity/local/CurrentCall", {
  defaultValue: (): Call | undefined => undefined
})

export const noteUser = (user: VaultUser): Effect.Effect<void> => Effect.map(CurrentCall, (call) => call?.setUser(user))

/** Reports the reason of a failure, which contains no secret. */
export const explain = (reason: string): Effect.Effect<void> =>
  Effect.map(CurrentCall, (call) => call?.addReason(reason))

/** Reports a mistake of a program, and logs it. The log names no users. */
export const warn = (message: string, reason = message): Effect.Effect<void> =>
  Effect.andThen(Effect.logWarning(message), explain(reason))
