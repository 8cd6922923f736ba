/**
 * Seeds and setups. They are written for several places, and applied while other servers may not run yet, so what depends on the
 * network or on the region is not checked.
 */
import * as Context from "effect/Context"

/** Whether the current call of the control plane applies a seed or a setup. */
export class Seeding extends Context.Reference("effect-agentcore-identity/local/Seeding", {
  defaultValue: () => false
}) {}
