import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Layer from "effect/Layer"

// The workload identity and the user of `.agentcore.json`, a file of the Python SDK. `createMissing` creates what is
// missing.
export const developer = LocalDevelopment.layer({ createMissing: true }).pipe(
  Layer.provideMerge(LocalIdentity.layer())
)
