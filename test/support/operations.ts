import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ApiKeyCredentialProvider from "effect-agentcore-identity/models/ApiKeyCredentialProvider"
import * as ConsentPortal from "effect-agentcore-identity/models/ConsentPortal"
import * as Oauth2CredentialProvider from "effect-agentcore-identity/models/Oauth2CredentialProvider"
import * as PaymentCredentialProvider from "effect-agentcore-identity/models/PaymentCredentialProvider"
import * as ResourceTags from "effect-agentcore-identity/models/ResourceTags"
import * as TokenVault from "effect-agentcore-identity/models/TokenVault"
import * as WorkloadIdentity from "effect-agentcore-identity/models/WorkloadIdentity"
import type * as Operation from "effect-agentcore-identity/Operation"
import type * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"

/** The schema of every request, by the AWS name of the operation. */
export const requests: ReadonlyMap<string, AST.AST> = new Map(
  [...Object.values(DataPlane.operations), ...Object.values(ControlPlane.operations)].map((
    { name, request }: Operation.Any
  ) => [name, request.ast])
)

/** The schema of every control plane response with members, by the AWS name of the operation. */
export const responses: ReadonlyMap<string, Schema.Codec<unknown, unknown>> = new Map<
  string,
  Schema.Codec<unknown, unknown>
>([
  ["CreateWorkloadIdentity", WorkloadIdentity.CreateWorkloadIdentityResponse],
  ["GetWorkloadIdentity", WorkloadIdentity.GetWorkloadIdentityResponse],
  ["UpdateWorkloadIdentity", WorkloadIdentity.GetWorkloadIdentityResponse],
  ["ListWorkloadIdentities", WorkloadIdentity.ListWorkloadIdentitiesResponse],
  ["CreateOauth2CredentialProvider", Oauth2CredentialProvider.CreateOauth2CredentialProviderResponse],
  ["GetOauth2CredentialProvider", Oauth2CredentialProvider.GetOauth2CredentialProviderResponse],
  ["UpdateOauth2CredentialProvider", Oauth2CredentialProvider.UpdateOauth2CredentialProviderResponse],
  ["ListOauth2CredentialProviders", Oauth2CredentialProvider.ListOauth2CredentialProvidersResponse],
  ["CreateApiKeyCredentialProvider", ApiKeyCredentialProvider.CreateApiKeyCredentialProviderResponse],
  ["GetApiKeyCredentialProvider", ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse],
  ["UpdateApiKeyCredentialProvider", ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse],
  ["ListApiKeyCredentialProviders", ApiKeyCredentialProvider.ListApiKeyCredentialProvidersResponse],
  ["CreatePaymentCredentialProvider", PaymentCredentialProvider.CreatePaymentCredentialProviderResponse],
  ["GetPaymentCredentialProvider", PaymentCredentialProvider.GetPaymentCredentialProviderResponse],
  ["UpdatePaymentCredentialProvider", PaymentCredentialProvider.UpdatePaymentCredentialProviderResponse],
  ["ListPaymentCredentialProviders", PaymentCredentialProvider.ListPaymentCredentialProvidersResponse],
  ["GetTokenVault", TokenVault.TokenVaultResponse],
  ["SetTokenVaultCMK", TokenVault.TokenVaultResponse],
  ["ListTagsForResource", ResourceTags.ListTagsForResourceResponse],
  ["CreateConsentPortal", ConsentPortal.ConsentPortalResponse],
  ["GetConsentPortal", ConsentPortal.ConsentPortalResponse],
  ["UpdateConsentPortal", ConsentPortal.ConsentPortalResponse],
  ["ListConsentPortals", ConsentPortal.ListConsentPortalsResponse]
])
