import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

type Call = (
  planes: { readonly control: ControlPlane.ControlPlane["Service"] }
) => Effect.Effect<unknown, { readonly _tag: string }>

const arn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/a"

const name = "name"
const times = { createdTime: 1750000000.5, lastUpdatedTime: 1750000001 }
const workload = { name, workloadIdentityArn: arn }
const provider = { name, credentialProviderArn: arn }
const oauth2 = { ...provider, ...times, credentialProviderVendor: "GithubOauth2", clientSecretArn: { secretArn: arn } }
const apiKey = { ...provider, ...times, apiKeySecretArn: { secretArn: arn } }
const payment = {
  ...provider,
  ...times,
  credentialProviderVendor: "CoinbaseCDP",
  providerConfigurationOutput: {
    coinbaseCdpConfiguration: {
      apiKeyId: "id",
      apiKeySecretArn: { secretArn: arn },
      walletSecretArn: { secretArn: arn }
    }
  }
}
const vault = {
  tokenVaultId: "default",
  kmsConfiguration: { keyType: "ServiceManagedKey" },
  lastModifiedDate: 1750000000.5
}
const portal = {
  consentPortalId: "portal-0123456789",
  consentPortalArn: arn,
  name,
  executionRoleArn: "arn:aws:iam::123456789012:role/portal",
  idpConfig: {
    credentialProviderArn:
      "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/idp",
    scopes: ["openid"]
  },
  sources: [{ identifier: "gateway-0123456789", type: "agentcore-gateway" }],
  status: "CREATING",
  portalUrl: null,
  createdAt: 1750000000.5,
  updatedAt: 1750000001
}

const newOauth2 = {
  name,
  credentialProviderVendor: "GithubOauth2",
  oauth2ProviderConfigInput: {
    githubOauth2ProviderConfig: { clientId: "client", clientSecret: Redacted.make("client-secret") }
  }
} as const
const newPayment = {
  name,
  credentialProviderVendor: "CoinbaseCDP",
  providerConfigurationInput: {
    coinbaseCdpConfiguration: { apiKeyId: "id", apiKeySecret: Redacted.make("api-key-secret") }
  }
} as const
const consentPortalIdentifier = portal.consentPortalId

const tagsPath = `/tags/${encodeURIComponent(arn)}`

/** One valid request and response of every operation that is missing in the older list. */
export const controlOperations: ReadonlyArray<
  readonly [name: string, call: Call, body: unknown, address?: readonly [method: string, path: string]]
> = [
  ["UpdateWorkloadIdentity", ({ control }) => control.updateWorkloadIdentity({ name }), { ...workload, ...times }],
  ["DeleteWorkloadIdentity", ({ control }) => control.deleteWorkloadIdentity({ name }), {}],
  ["ListWorkloadIdentities", ({ control }) => control.listWorkloadIdentities({}), { workloadIdentities: [workload] }],
  ["GetOauth2CredentialProvider", ({ control }) => control.getOauth2CredentialProvider({ name }), oauth2],
  ["UpdateOauth2CredentialProvider", ({ control }) => control.updateOauth2CredentialProvider(newOauth2), oauth2],
  ["DeleteOauth2CredentialProvider", ({ control }) => control.deleteOauth2CredentialProvider({ name }), {}],
  ["ListOauth2CredentialProviders", ({ control }) => control.listOauth2CredentialProviders({}), {
    credentialProviders: [oauth2]
  }],
  ["GetApiKeyCredentialProvider", ({ control }) => control.getApiKeyCredentialProvider({ name }), apiKey],
  [
    "UpdateApiKeyCredentialProvider",
    ({ control }) => control.updateApiKeyCredentialProvider({ name, apiKey: Redacted.make("api-key-value") }),
    apiKey
  ],
  ["DeleteApiKeyCredentialProvider", ({ control }) => control.deleteApiKeyCredentialProvider({ name }), {}],
  ["ListApiKeyCredentialProviders", ({ control }) => control.listApiKeyCredentialProviders({}), {
    credentialProviders: [apiKey]
  }],
  ["CreatePaymentCredentialProvider", ({ control }) => control.createPaymentCredentialProvider(newPayment), payment],
  ["GetPaymentCredentialProvider", ({ control }) => control.getPaymentCredentialProvider({ name }), payment],
  ["UpdatePaymentCredentialProvider", ({ control }) => control.updatePaymentCredentialProvider(newPayment), payment],
  ["DeletePaymentCredentialProvider", ({ control }) => control.deletePaymentCredentialProvider({ name }), {}],
  ["ListPaymentCredentialProviders", ({ control }) => control.listPaymentCredentialProviders({}), {
    credentialProviders: [payment]
  }],
  ["GetTokenVault", ({ control }) => control.getTokenVault({}), vault, ["POST", "/identities/get-token-vault"]],
  [
    "SetTokenVaultCMK",
    ({ control }) => control.setTokenVaultCmk({ kmsConfiguration: { keyType: "ServiceManagedKey" } }),
    vault,
    ["POST", "/identities/set-token-vault-cmk"]
  ],
  ["TagResource", ({ control }) => control.tagResource({ resourceArn: arn, tags: { a: "b" } }), {}, ["POST", tagsPath]],
  [
    "UntagResource",
    ({ control }) => control.untagResource({ resourceArn: arn, tagKeys: ["a", "b c"] }),
    {},
    ["DELETE", `${tagsPath}?tagKeys=a&tagKeys=b%20c`]
  ],
  ["ListTagsForResource", ({ control }) => control.listTagsForResource({ resourceArn: arn }), { tags: { a: "b" } }, [
    "GET",
    tagsPath
  ]],
  [
    "CreateConsentPortal",
    ({ control }) =>
      control.createConsentPortal({
        name,
        executionRoleArn: portal.executionRoleArn,
        idpConfig: portal.idpConfig,
        sources: [{ identifier: "gateway-0123456789", type: "agentcore-gateway" }]
      }),
    portal
  ],
  ["GetConsentPortal", ({ control }) => control.getConsentPortal({ consentPortalIdentifier }), portal],
  [
    "UpdateConsentPortal",
    ({ control }) => control.updateConsentPortal({ consentPortalIdentifier, description: "" }),
    portal
  ],
  ["DeleteConsentPortal", ({ control }) => control.deleteConsentPortal({ consentPortalIdentifier }), {}],
  ["ListConsentPortals", ({ control }) => control.listConsentPortals({}), { consentPortals: [portal] }]
]
