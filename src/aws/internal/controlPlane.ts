/**
 * The control plane over its AWS SDK client: one row per operation.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as ControlPlane from "../../ControlPlane.js"
import type { Rows } from "../../internal/operation.js"
import { caller } from "./call.js"
import * as Exceptions from "./exceptions.js"

type Command = Parameters<Sdk.BedrockAgentCoreControlClient["send"]>[0]

/**
 * The operations without the checks before the wire.
 *
 * @internal
 */
export const operations = (
  sdk: typeof Sdk,
  client: Sdk.BedrockAgentCoreControlClient,
  rows: Rows<ControlPlane.Operations>
): ControlPlane.Operations => {
  const call = caller<Sdk.ServiceInputTypes>({
    // `caller` takes commands of this client only, by their input.
    send: (command, options) => client.send(command as Command, options),
    isOwn: (error) => error instanceof sdk.BedrockAgentCoreControlServiceException
  })
  return {
    createWorkloadIdentity: call(rows.createWorkloadIdentity, sdk.CreateWorkloadIdentityCommand, Exceptions.common),
    getWorkloadIdentity: call(rows.getWorkloadIdentity, sdk.GetWorkloadIdentityCommand, Exceptions.common),
    updateWorkloadIdentity: call(rows.updateWorkloadIdentity, sdk.UpdateWorkloadIdentityCommand, Exceptions.common),
    deleteWorkloadIdentity: call(rows.deleteWorkloadIdentity, sdk.DeleteWorkloadIdentityCommand, Exceptions.common),
    listWorkloadIdentities: call(rows.listWorkloadIdentities, sdk.ListWorkloadIdentitiesCommand, Exceptions.common),
    createOauth2CredentialProvider: call(
      rows.createOauth2CredentialProvider,
      sdk.CreateOauth2CredentialProviderCommand,
      Exceptions.newProvider
    ),
    getOauth2CredentialProvider: call(
      rows.getOauth2CredentialProvider,
      sdk.GetOauth2CredentialProviderCommand,
      Exceptions.readProvider
    ),
    updateOauth2CredentialProvider: call(
      rows.updateOauth2CredentialProvider,
      sdk.UpdateOauth2CredentialProviderCommand,
      Exceptions.changedProvider
    ),
    deleteOauth2CredentialProvider: call(
      rows.deleteOauth2CredentialProvider,
      sdk.DeleteOauth2CredentialProviderCommand,
      Exceptions.conflicting
    ),
    listOauth2CredentialProviders: call(
      rows.listOauth2CredentialProviders,
      sdk.ListOauth2CredentialProvidersCommand,
      Exceptions.common
    ),
    createApiKeyCredentialProvider: call(
      rows.createApiKeyCredentialProvider,
      sdk.CreateApiKeyCredentialProviderCommand,
      Exceptions.newProvider
    ),
    getApiKeyCredentialProvider: call(
      rows.getApiKeyCredentialProvider,
      sdk.GetApiKeyCredentialProviderCommand,
      Exceptions.readProvider
    ),
    updateApiKeyCredentialProvider: call(
      rows.updateApiKeyCredentialProvider,
      sdk.UpdateApiKeyCredentialProviderCommand,
      Exceptions.changedProvider
    ),
    deleteApiKeyCredentialProvider: call(
      rows.deleteApiKeyCredentialProvider,
      sdk.DeleteApiKeyCredentialProviderCommand,
      Exceptions.common
    ),
    listApiKeyCredentialProviders: call(
      rows.listApiKeyCredentialProviders,
      sdk.ListApiKeyCredentialProvidersCommand,
      Exceptions.common
    ),
    createPaymentCredentialProvider: call(
      rows.createPaymentCredentialProvider,
      sdk.CreatePaymentCredentialProviderCommand,
      Exceptions.newProvider
    ),
    getPaymentCredentialProvider: call(
      rows.getPaymentCredentialProvider,
      sdk.GetPaymentCredentialProviderCommand,
      Exceptions.readProvider
    ),
    updatePaymentCredentialProvider: call(
      rows.updatePaymentCredentialProvider,
      sdk.UpdatePaymentCredentialProviderCommand,
      Exceptions.changedProvider
    ),
    deletePaymentCredentialProvider: call(
      rows.deletePaymentCredentialProvider,
      sdk.DeletePaymentCredentialProviderCommand,
      Exceptions.conflicting
    ),
    listPaymentCredentialProviders: call(
      rows.listPaymentCredentialProviders,
      sdk.ListPaymentCredentialProvidersCommand,
      Exceptions.common
    ),
    getTokenVault: call(rows.getTokenVault, sdk.GetTokenVaultCommand, Exceptions.common),
    setTokenVaultCmk: call(rows.setTokenVaultCmk, sdk.SetTokenVaultCMKCommand, Exceptions.changedVault),
    tagResource: call(rows.tagResource, sdk.TagResourceCommand, Exceptions.newTags),
    untagResource: call(rows.untagResource, sdk.UntagResourceCommand, Exceptions.tags),
    listTagsForResource: call(rows.listTagsForResource, sdk.ListTagsForResourceCommand, Exceptions.tags),
    createConsentPortal: call(rows.createConsentPortal, sdk.CreateConsentPortalCommand, Exceptions.newPortal),
    getConsentPortal: call(rows.getConsentPortal, sdk.GetConsentPortalCommand, Exceptions.common),
    updateConsentPortal: call(rows.updateConsentPortal, sdk.UpdateConsentPortalCommand, Exceptions.conflicting),
    deleteConsentPortal: call(rows.deleteConsentPortal, sdk.DeleteConsentPortalCommand, Exceptions.conflicting),
    listConsentPortals: call(rows.listConsentPortals, sdk.ListConsentPortalsCommand, Exceptions.portals)
  }
}
