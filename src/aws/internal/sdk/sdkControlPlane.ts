/** The control plane over its AWS SDK client. */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as Effect from "effect/Effect"
import * as ControlPlane from "../../../ControlPlane.js"
import { loadSdk } from "../operationCall.js"
import { controlPlaneVariables } from "../planeSettings.js"
import { connect } from "./sdkCall.js"
import { type Adapter, makeRegionSearch, type RegionSearch } from "./sdkPlane.js"

export const controlPlane: Adapter<
  typeof ControlPlane.operations,
  typeof Sdk,
  Sdk.BedrockAgentCoreControlClientConfig,
  Sdk.BedrockAgentCoreControlClient
> = {
  table: ControlPlane.operations,
  load: loadSdk(
    "@aws-sdk/client-bedrock-agentcore-control",
    "BedrockAgentCoreControlClient",
    () => import("@aws-sdk/client-bedrock-agentcore-control")
  ),
  make: (sdk, config) => ({ client: new sdk.BedrockAgentCoreControlClient(config) }),
  connect: (sdk, client) => connect(sdk, client, sdk.BedrockAgentCoreControlServiceException),
  variables: controlPlaneVariables
}

export const regionSearch: Effect.Effect<RegionSearch> = makeRegionSearch(controlPlane)
