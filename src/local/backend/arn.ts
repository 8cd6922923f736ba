/** Amazon resource names, as the live service forms them. */
import { createHash, randomBytes } from "node:crypto"

export interface Account {
  readonly region: string
  readonly accountId: string
}

const identity = ({ accountId, region }: Account, resource: string): string =>
  `arn:aws:bedrock-agentcore:${region}:${accountId}:${resource}`

export const workloadIdentity = (account: Account, name: string): string =>
  identity(account, `workload-identity-directory/default/workload-identity/${name}`)

export type ProviderKind = "oauth2" | "apikey" | "payment"

export const provider = (account: Account, kind: ProviderKind, name: string): string =>
  identity(account, `token-vault/default/${kind}credentialprovider/${name}`)

export const consentPortal = (account: Account, id: string): string => identity(account, `consent-portal/${id}`)

export const role = ({ accountId }: Account, name: string): string => `arn:aws:iam::${accountId}:role/${name}`

export const assumedRole = ({ accountId }: Account, name: string, session: string): string =>
  `arn:aws:sts::${accountId}:assumed-role/${name}/${session}`

export const tokenVault = (account: Account, id: string): string => identity(account, `token-vault/${id}`)

export const workloadIdentityDirectory = (account: Account): string =>
  identity(account, "workload-identity-directory/default")

/** Makes the ARN of a secret id, which can be an ARN. Secrets Manager adds a hyphen and random characters to a name. */
export const externalSecret = ({ accountId, region }: Account, name: string): string =>
  name.startsWith("arn:")
    ? name
    : `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${randomBytes(3).toString("hex")}`

const secretName = (kind: ProviderKind, name: string): string => `bedrock-agentcore-identity!default/${kind}/${name}`

export const secret = (account: Account, kind: ProviderKind, name: string): string =>
  externalSecret(account, secretName(kind, name))

/** Makes the ARN for a provider without a secret, because the service model requires one. */
export const noSecret = ({ accountId, region }: Account, kind: ProviderKind, name: string): string => {
  const suffix = createHash("sha256").update(name).digest("hex").slice(0, 6)
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:${secretName(kind, name)}-${suffix}`
}
