/** All planes over their AWS SDK clients. */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore-control"
import * as Effect from "effect/Effect"
import * as ControlPlane from "../../../ControlPlane.js"
import type { Options } from "../../AwsPlanes.js"
import { loadSdk, unloadable } from "../operationCall.js"
import { controlPlaneVariables } from "../planeSettings.js"
import { makeServices } from "../services.js"
import { connect } from "./sdkCall.js"
import { dataPlane, regionSearch } from "./sdkDataPlane.js"
import { type Adapter, operations } from "./sdkPlane.js"
import { securityTokenService } from "./sdkSecurityTokenService.js"

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
    () => import("@aws-sdk/client-bedrock-agentcore-control").catch(unloadable)
  ),
  make: (sdk, config) => ({ client: new sdk.BedrockAgentCoreControlClient(config) }),
  connect: (sdk, client) => connect(sdk, client, sdk.BedrockAgentCoreControlServiceException),
  variables: controlPlaneVariables
}

export const make = (options: Options) =>
  Effect.flatMap(regionSearch, (search) =>
    makeServices({
      data: operations(dataPlane, options.dataPlane, options, search),
      control: operations(controlPlane, options.controlPlane, options, search),
      sts: operations(securityTokenService, options.sts, options, search)
    }))
