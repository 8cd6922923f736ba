/**
 * `npx agentcore-identity policy --administrator`: the IAM policy of those who run `setup apply` with a file.
 *
 * AWS's service reference lists neither `CreateTokenVault` nor the actions of Secrets Manager, and its resource of a
 * creation is the new name. The statements are as the live service was seen to authorize: reports of several projects.
 */
import type * as Credentials from "../Credentials.js"
import { allow, makeArn, makePolicy, managedSecrets, type ProviderAccess, unique } from "../credentials/policy.js"
import type { Setup } from "./setupCredentials.js"

export const make = (
  { providers, setup }: Setup,
  place: { readonly account: string; readonly region: string }
): Credentials.Policy => {
  const arn = makeArn(place)
  const vault = arn("bedrock-agentcore", "token-vault/default")
  const directory = arn("bedrock-agentcore", "workload-identity-directory/default")
  const provider = (name: string, kind: string) =>
    ({ name: `${name}CredentialProvider`, parent: vault, path: `${vault}/${kind}credentialprovider` }) as const
  const payments = setup.paymentCredentialProviders ?? []
  const kinds = [
    {
      name: "WorkloadIdentity",
      parent: directory,
      path: `${directory}/workload-identity`,
      all: setup.workloadIdentities
    },
    { ...provider("Oauth2", "oauth2"), all: setup.oauth2CredentialProviders },
    { ...provider("ApiKey", "apikey"), all: setup.apiKeyCredentialProviders },
    { ...provider("Payment", "payment"), all: payments }
  ].map(({ all = [], ...kind }) => ({
    ...kind,
    arns: all.map(({ name }) => `${kind.path}/${name}`),
    tagged: all.flatMap(({ name, tags }) =>
      Object.keys({ ...setup.tags, ...tags }).length > 0 ? [`${kind.path}/${name}`] : []
    )
  })).filter(({ arns }) => arns.length > 0)
  const secret = (name: string) => arn("secretsmanager", `secret:bedrock-agentcore-identity!default/${name}`)
  // An update may take the secret of a client away, so only secrets that AgentCore never stores are left out.
  const secretsOf = (kind: string, access: { readonly [name: string]: ProviderAccess }) =>
    Object.entries(access).flatMap(([name, { secret: own }]) =>
      typeof own === "string" ? [] : managedSecrets(secret(`${kind}/${name}`))
    )
  return makePolicy([
    ...kinds.flatMap(({ arns, name, parent, path }) => [
      allow(`Create${name}`, [`bedrock-agentcore:Create${name}`], [parent, `${path}/*`]),
      allow(name, [`bedrock-agentcore:Get${name}`, `bedrock-agentcore:Update${name}`], [parent, ...arns])
    ]),
    allow(
      "CreateTokenVault",
      ["bedrock-agentcore:CreateTokenVault"],
      kinds.some(({ parent }) => parent === vault) ? [vault] : []
    ),
    allow(
      "ProviderSecrets",
      ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:PutSecretValue"],
      unique([
        ...secretsOf("oauth2", providers.oauth2),
        ...secretsOf("apikey", providers.apiKey),
        // The names have the vendor and the part.
        ...payments.map(({ name }) => secret(`payment/*/${name}-????????/*`))
      ])
    ),
    allow(
      "Tags",
      ["bedrock-agentcore:ListTagsForResource", "bedrock-agentcore:TagResource"],
      kinds.flatMap(({ tagged }) => tagged)
    )
  ])
}
