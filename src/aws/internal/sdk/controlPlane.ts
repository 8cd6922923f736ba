/** The control plane over its AWS SDK client. */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as Effect from "effect/Effect"
import * as ControlPlane from "../../../ControlPlane.js"
import { loadSdk } from "../loadSdk.js"
import { type Adapter, adapter, makeRegionSearch, type RegionSearch } from "./adapter.js"

export const controlPlane: Adapter<
  typeof ControlPlane.operations,
  typeof Sdk,
  Sdk.BedrockAgentCoreControlClientConfig,
  Sdk.BedrockAgentCoreControlClient
> = adapter({
  table: ControlPlane.operations,
  load: loadSdk(
    "@aws-sdk/client-bedrock-agentcore-control",
    "BedrockAgentCoreControlClient",
    () => import("@aws-sdk/client-bedrock-agentcore-control")
  ),
  make: (sdk, config: Sdk.BedrockAgentCoreControlClientConfig) => ({
    client: new sdk.BedrockAgentCoreControlClient(config)
  }),
  connect: (sdk, client) => ({
    commands: sdk,
    config: client.config,
    // `Commands` has commands of this client only.
    send: (command, options) => client.send(command as Parameters<typeof client.send>[0], options),
    isOwn: (error) => error instanceof sdk.BedrockAgentCoreControlServiceException
  }),
  variables: { variable: "BEDROCK_AGENTCORE_CP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL" }
})

export const regionSearch: Effect.Effect<RegionSearch> = makeRegionSearch(controlPlane)
