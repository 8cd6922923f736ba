/**
 * `npx agentcore-identity policy --administrator`: the IAM policy of those who run `setup apply` with a file.
 *
 * AWS's service reference lists neither `CreateTokenVault` nor the actions of Secrets Manager, and its resource of a
 * creation is the new name. The statements are as the live service was seen to authorize: reports of several projects.
 */
import type * as Credentials from "../Credentials.js"
import { allow, makeArns, makePolicy, type ProviderAccess, unique } from "../internal/credentials/policy.js"
import type { Setup } from "./setupCredentials.js"

export const make = (
  { providers, setup }: Setup,
  place: { readonly account: string; readonly region: string }
): Credentials.Policy => {
  const arns = makeArns(place)
  const provider = (name: string, kind: string) =>
    ({
      name: `${name}CredentialProvider`,
      parent: arns.vault,
      arnOf: (name: string) => arns.provider(kind, name)
    }) as const
  const payments = setup.paymentCredentialProviders ?? []
  const kinds = [
    { name: "WorkloadIdentity", parent: arns.directory, arnOf: arns.workload, all: setup.workloadIdentities },
    { ...provider("Oauth2", "oauth2"), all: setup.oauth2CredentialProviders },
    { ...provider("ApiKey", "apikey"), all: setup.apiKeyCredentialProviders },
    { ...provider("Payment", "payment"), all: payments }
  ].flatMap(({ all = [], ...kind }) => all.length === 0 ? [] : [{ ...kind, all }])
  // An update may take the secret of a client away, so only secrets that AgentCore never stores are left out.
  const secretsOf = (kind: string, access: { readonly [name: string]: ProviderAccess }) =>
    Object.entries(access).flatMap(([name, { secret }]) =>
      typeof secret === "string" ? [] : arns.managedSecrets(kind, name)
    )
  return makePolicy([
    ...kinds.flatMap(({ all, arnOf, name, parent }) => [
      allow(`Create${name}`, [`bedrock-agentcore:Create${name}`], [parent, arnOf("*")]),
      allow(name, [`bedrock-agentcore:Get${name}`, `bedrock-agentcore:Update${name}`], [
        parent,
        ...all.map(({ name }) => arnOf(name))
      ])
    ]),
    allow(
      "CreateTokenVault",
      ["bedrock-agentcore:CreateTokenVault"],
      kinds.some(({ parent }) => parent === arns.vault) ? [arns.vault] : []
    ),
    allow(
      "ProviderSecrets",
      ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:PutSecretValue"],
      unique([
        ...secretsOf("oauth2", providers.oauth2),
        ...secretsOf("apikey", providers.apiKey),
        // The names have the vendor and the part.
        ...payments.map(({ name }) => arns.secret(`bedrock-agentcore-identity!default/payment/*/${name}-????????/*`))
      ])
    ),
    allow(
      "Tags",
      ["bedrock-agentcore:ListTagsForResource", "bedrock-agentcore:TagResource"],
      kinds.flatMap(({ all, arnOf }) =>
        all.flatMap(({ name, tags }) => Object.keys({ ...setup.tags, ...tags }).length > 0 ? [arnOf(name)] : [])
      )
    )
  ])
}
