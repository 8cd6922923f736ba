/**
 * Whether the change that an operation begins fails later, as `LocalControl` simulates it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/** @internal */
export class FailedChange extends Context.Reference<FailedChange>()("effect-agentcore-identity/local/FailedChange", {
  defaultValue: (): { readonly reason: string } | undefined => undefined
}) {}
