/** The data plane over its AWS SDK client. */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore"
import * as Effect from "effect/Effect"
import * as DataPlane from "../../../DataPlane.js"
import type { Options } from "../../AwsPlanes.js"
import { loadSdk, unloadable } from "../operationCall.js"
import { dataPlaneVariables } from "../planeSettings.js"
import { connect } from "./sdkCall.js"
import { type Adapter, makeRegionSearch, operations, type RegionSearch } from "./sdkPlane.js"

export const dataPlane: Adapter<
  typeof DataPlane.operations,
  typeof Sdk,
  Sdk.BedrockAgentCoreClientConfig,
  Sdk.BedrockAgentCoreClient
> = {
  table: DataPlane.operations,
  load: loadSdk(
    "@aws-sdk/client-bedrock-agentcore",
    "BedrockAgentCoreClient",
    () => import("@aws-sdk/client-bedrock-agentcore").catch(unloadable)
  ),
  make: (sdk, config) => new sdk.BedrockAgentCoreClient(config),
  connect: (sdk, client) => connect(sdk, client, sdk.BedrockAgentCoreServiceException),
  variables: dataPlaneVariables
}

export const regionSearch: Effect.Effect<RegionSearch> = makeRegionSearch(dataPlane)

export const make = (options: Omit<Options, "controlPlane" | "sts">) =>
  regionSearch.pipe(
    Effect.flatMap((search) => operations(dataPlane, options.dataPlane, options, search)),
    Effect.map(DataPlane.make)
  )
