import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Layer from "effect/Layer"

// The workload identity and the user of `.agentcore.json`, the file of the Python SDK. Created only because it is asked for.
export const developer = LocalDevelopment.layer({ createMissing: true }).pipe(
  Layer.provideMerge(LocalIdentity.layer())
)
