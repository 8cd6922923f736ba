import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import { agent } from "./quick-start.js"

// The same agent. The AWS SDK resolves region, credentials and endpoint.
export const program = agent.pipe(
  Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent" })),
  Effect.provide(AwsIdentity.layer())
)
