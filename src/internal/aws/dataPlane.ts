/**
 * The data plane over its AWS SDK client: one row per operation.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore"
import * as DataPlane from "../../DataPlane.js"
import * as Operations from "../operations.js"
import { caller } from "./call.js"
import { common } from "./exceptions.js"

type Command = Parameters<Sdk.BedrockAgentCoreClient["send"]>[0]

/**
 * The operations without the checks before the wire.
 *
 * @internal
 */
export const operations = (
  sdk: typeof Sdk,
  client: Sdk.BedrockAgentCoreClient,
  rows: typeof Operations.dataPlane
): DataPlane.Service => {
  const call = caller<Sdk.ServiceInputTypes>({
    // `caller` takes commands of this client only, by their input.
    send: (command, options) => client.send(command as Command, options),
    isOwn: (error) => error instanceof sdk.BedrockAgentCoreServiceException
  })
  return {
    getWorkloadAccessToken: call(rows.getWorkloadAccessToken, sdk.GetWorkloadAccessTokenCommand, common),
    getWorkloadAccessTokenForJwt: call(
      rows.getWorkloadAccessTokenForJwt,
      sdk.GetWorkloadAccessTokenForJWTCommand,
      common
    ),
    getWorkloadAccessTokenForUserId: call(
      rows.getWorkloadAccessTokenForUserId,
      sdk.GetWorkloadAccessTokenForUserIdCommand,
      common
    ),
    getResourceOauth2Token: call(rows.getResourceOauth2Token, sdk.GetResourceOauth2TokenCommand, common),
    getResourceApiKey: call(rows.getResourceApiKey, sdk.GetResourceApiKeyCommand, common),
    getResourcePaymentToken: call(rows.getResourcePaymentToken, sdk.GetResourcePaymentTokenCommand, common),
    completeResourceTokenAuth: call(rows.completeResourceTokenAuth, sdk.CompleteResourceTokenAuthCommand, common)
  }
}

/** @internal */
export const make = (sdk: typeof Sdk, client: Sdk.BedrockAgentCoreClient): DataPlane.Service =>
  DataPlane.make(operations(sdk, client, Operations.dataPlane))
