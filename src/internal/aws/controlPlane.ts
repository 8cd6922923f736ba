/**
 * The control plane over its AWS SDK client: one row per operation.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore-control"
import * as ControlPlane from "../../ControlPlane.js"
import * as Operations from "../operations.js"
import { caller } from "./call.js"
import { common, newProvider } from "./exceptions.js"

type Command = Parameters<Sdk.BedrockAgentCoreControlClient["send"]>[0]

/** @internal */
export const make = (sdk: typeof Sdk, client: Sdk.BedrockAgentCoreControlClient): ControlPlane.Service => {
  const rows = Operations.controlPlane
  const call = caller<Sdk.ServiceInputTypes>({
    // `caller` takes commands of this client only, by their input.
    send: (command, options) => client.send(command as Command, options),
    isOwn: (error) => error instanceof sdk.BedrockAgentCoreControlServiceException
  })
  return ControlPlane.make({
    createWorkloadIdentity: call(rows.createWorkloadIdentity, sdk.CreateWorkloadIdentityCommand, common),
    getWorkloadIdentity: call(rows.getWorkloadIdentity, sdk.GetWorkloadIdentityCommand, common),
    createOauth2CredentialProvider: call(
      rows.createOauth2CredentialProvider,
      sdk.CreateOauth2CredentialProviderCommand,
      newProvider
    ),
    createApiKeyCredentialProvider: call(
      rows.createApiKeyCredentialProvider,
      sdk.CreateApiKeyCredentialProviderCommand,
      newProvider
    )
  })
}
