/**
 * The operations of the control plane as data.
 *
 * @since 0.1.0
 */
import type * as ControlPlane from "../ControlPlane.js"
import * as ApiKeyCredentialProvider from "../models/ApiKeyCredentialProvider.js"
import * as ConsentPortal from "../models/ConsentPortal.js"
import * as Oauth2CredentialProvider from "../models/Oauth2CredentialProvider.js"
import * as PaymentCredentialProvider from "../models/PaymentCredentialProvider.js"
import * as ResourceTags from "../models/ResourceTags.js"
import * as TokenVault from "../models/TokenVault.js"
import * as WorkloadIdentity from "../models/WorkloadIdentity.js"
import { codec, nothing, request, type Rows } from "./operation.js"

/** @internal */
export const operations: Rows<ControlPlane.Operations> = {
  createWorkloadIdentity: {
    name: "CreateWorkloadIdentity",
    request: request(WorkloadIdentity.CreateWorkloadIdentityRequest),
    response: codec(WorkloadIdentity.CreateWorkloadIdentityResponse)
  },
  getWorkloadIdentity: {
    name: "GetWorkloadIdentity",
    request: request(WorkloadIdentity.GetWorkloadIdentityRequest),
    response: codec(WorkloadIdentity.GetWorkloadIdentityResponse)
  },
  updateWorkloadIdentity: {
    name: "UpdateWorkloadIdentity",
    request: request(WorkloadIdentity.UpdateWorkloadIdentityRequest),
    response: codec(WorkloadIdentity.GetWorkloadIdentityResponse)
  },
  deleteWorkloadIdentity: {
    name: "DeleteWorkloadIdentity",
    request: request(WorkloadIdentity.DeleteWorkloadIdentityRequest),
    response: nothing
  },
  listWorkloadIdentities: {
    name: "ListWorkloadIdentities",
    request: request(WorkloadIdentity.ListWorkloadIdentitiesRequest),
    response: codec(WorkloadIdentity.ListWorkloadIdentitiesResponse)
  },
  createOauth2CredentialProvider: {
    name: "CreateOauth2CredentialProvider",
    request: request(Oauth2CredentialProvider.CreateOauth2CredentialProviderRequest),
    response: codec(Oauth2CredentialProvider.CreateOauth2CredentialProviderResponse)
  },
  getOauth2CredentialProvider: {
    name: "GetOauth2CredentialProvider",
    request: request(Oauth2CredentialProvider.GetOauth2CredentialProviderRequest),
    response: codec(Oauth2CredentialProvider.GetOauth2CredentialProviderResponse)
  },
  updateOauth2CredentialProvider: {
    name: "UpdateOauth2CredentialProvider",
    request: request(Oauth2CredentialProvider.UpdateOauth2CredentialProviderRequest),
    response: codec(Oauth2CredentialProvider.UpdateOauth2CredentialProviderResponse)
  },
  deleteOauth2CredentialProvider: {
    name: "DeleteOauth2CredentialProvider",
    request: request(Oauth2CredentialProvider.DeleteOauth2CredentialProviderRequest),
    response: nothing
  },
  listOauth2CredentialProviders: {
    name: "ListOauth2CredentialProviders",
    request: request(Oauth2CredentialProvider.ListOauth2CredentialProvidersRequest),
    response: codec(Oauth2CredentialProvider.ListOauth2CredentialProvidersResponse)
  },
  createApiKeyCredentialProvider: {
    name: "CreateApiKeyCredentialProvider",
    request: request(ApiKeyCredentialProvider.CreateApiKeyCredentialProviderRequest),
    response: codec(ApiKeyCredentialProvider.CreateApiKeyCredentialProviderResponse)
  },
  getApiKeyCredentialProvider: {
    name: "GetApiKeyCredentialProvider",
    request: request(ApiKeyCredentialProvider.GetApiKeyCredentialProviderRequest),
    response: codec(ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse)
  },
  updateApiKeyCredentialProvider: {
    name: "UpdateApiKeyCredentialProvider",
    request: request(ApiKeyCredentialProvider.UpdateApiKeyCredentialProviderRequest),
    response: codec(ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse)
  },
  deleteApiKeyCredentialProvider: {
    name: "DeleteApiKeyCredentialProvider",
    request: request(ApiKeyCredentialProvider.DeleteApiKeyCredentialProviderRequest),
    response: nothing
  },
  listApiKeyCredentialProviders: {
    name: "ListApiKeyCredentialProviders",
    request: request(ApiKeyCredentialProvider.ListApiKeyCredentialProvidersRequest),
    response: codec(ApiKeyCredentialProvider.ListApiKeyCredentialProvidersResponse)
  },
  createPaymentCredentialProvider: {
    name: "CreatePaymentCredentialProvider",
    request: request(PaymentCredentialProvider.CreatePaymentCredentialProviderRequest),
    response: codec(PaymentCredentialProvider.CreatePaymentCredentialProviderResponse)
  },
  getPaymentCredentialProvider: {
    name: "GetPaymentCredentialProvider",
    request: request(PaymentCredentialProvider.GetPaymentCredentialProviderRequest),
    response: codec(PaymentCredentialProvider.GetPaymentCredentialProviderResponse)
  },
  updatePaymentCredentialProvider: {
    name: "UpdatePaymentCredentialProvider",
    request: request(PaymentCredentialProvider.UpdatePaymentCredentialProviderRequest),
    response: codec(PaymentCredentialProvider.UpdatePaymentCredentialProviderResponse)
  },
  deletePaymentCredentialProvider: {
    name: "DeletePaymentCredentialProvider",
    request: request(PaymentCredentialProvider.DeletePaymentCredentialProviderRequest),
    response: nothing
  },
  listPaymentCredentialProviders: {
    name: "ListPaymentCredentialProviders",
    request: request(PaymentCredentialProvider.ListPaymentCredentialProvidersRequest),
    response: codec(PaymentCredentialProvider.ListPaymentCredentialProvidersResponse)
  },
  getTokenVault: {
    name: "GetTokenVault",
    request: request(TokenVault.GetTokenVaultRequest),
    response: codec(TokenVault.TokenVaultResponse)
  },
  setTokenVaultCmk: {
    name: "SetTokenVaultCMK",
    request: request(TokenVault.SetTokenVaultCmkRequest),
    response: codec(TokenVault.TokenVaultResponse)
  },
  tagResource: {
    name: "TagResource",
    request: request(ResourceTags.TagResourceRequest),
    response: nothing
  },
  untagResource: {
    name: "UntagResource",
    request: request(ResourceTags.UntagResourceRequest),
    response: nothing
  },
  listTagsForResource: {
    name: "ListTagsForResource",
    request: request(ResourceTags.ListTagsForResourceRequest),
    response: codec(ResourceTags.ListTagsForResourceResponse)
  },
  createConsentPortal: {
    name: "CreateConsentPortal",
    request: request(ConsentPortal.CreateConsentPortalRequest),
    response: codec(ConsentPortal.ConsentPortalResponse)
  },
  getConsentPortal: {
    name: "GetConsentPortal",
    request: request(ConsentPortal.GetConsentPortalRequest),
    response: codec(ConsentPortal.ConsentPortalResponse)
  },
  updateConsentPortal: {
    name: "UpdateConsentPortal",
    request: request(ConsentPortal.UpdateConsentPortalRequest),
    response: codec(ConsentPortal.ConsentPortalResponse)
  },
  deleteConsentPortal: {
    name: "DeleteConsentPortal",
    request: request(ConsentPortal.DeleteConsentPortalRequest),
    response: nothing
  },
  listConsentPortals: {
    name: "ListConsentPortals",
    request: request(ConsentPortal.ListConsentPortalsRequest),
    response: codec(ConsentPortal.ListConsentPortalsResponse)
  }
}
