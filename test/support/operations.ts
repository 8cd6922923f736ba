import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Models from "effect-agentcore-identity/Models"
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
  ["CreateWorkloadIdentity", Models.CreateWorkloadIdentityResponse],
  ["GetWorkloadIdentity", Models.GetWorkloadIdentityResponse],
  ["UpdateWorkloadIdentity", Models.GetWorkloadIdentityResponse],
  ["ListWorkloadIdentities", Models.ListWorkloadIdentitiesResponse],
  ["CreateOauth2CredentialProvider", Models.CreateOauth2CredentialProviderResponse],
  ["GetOauth2CredentialProvider", Models.GetOauth2CredentialProviderResponse],
  ["UpdateOauth2CredentialProvider", Models.UpdateOauth2CredentialProviderResponse],
  ["ListOauth2CredentialProviders", Models.ListOauth2CredentialProvidersResponse],
  ["CreateApiKeyCredentialProvider", Models.CreateApiKeyCredentialProviderResponse],
  ["GetApiKeyCredentialProvider", Models.GetApiKeyCredentialProviderResponse],
  ["UpdateApiKeyCredentialProvider", Models.GetApiKeyCredentialProviderResponse],
  ["ListApiKeyCredentialProviders", Models.ListApiKeyCredentialProvidersResponse],
  ["CreatePaymentCredentialProvider", Models.CreatePaymentCredentialProviderResponse],
  ["GetPaymentCredentialProvider", Models.GetPaymentCredentialProviderResponse],
  ["UpdatePaymentCredentialProvider", Models.UpdatePaymentCredentialProviderResponse],
  ["ListPaymentCredentialProviders", Models.ListPaymentCredentialProvidersResponse],
  ["GetTokenVault", Models.TokenVaultResponse],
  ["SetTokenVaultCMK", Models.TokenVaultResponse],
  ["ListTagsForResource", Models.ListTagsForResourceResponse],
  ["CreateConsentPortal", Models.ConsentPortalResponse],
  ["GetConsentPortal", Models.ConsentPortalResponse],
  ["UpdateConsentPortal", Models.ConsentPortalResponse],
  ["ListConsentPortals", Models.ListConsentPortalsResponse]
])
