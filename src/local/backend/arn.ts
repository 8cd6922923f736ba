/** Amazon resource names, as the live service forms them. */
import { createHash, randomBytes, randomInt } from "node:crypto"

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

export const webIdentity = ({ accountId }: Account): string => `arn:aws:sts::${accountId}:self`

export const tokenVault = (account: Account, id: string): string => identity(account, `token-vault/${id}`)

/** The live service was seen to authorize GetTokenVault on the path of the operation. */
export const tokenVaultPath = (account: Account): string => identity(account, "/identities/get-token-vault")

export const workloadIdentityDirectory = (account: Account): string =>
  identity(account, "workload-identity-directory/default")

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const secretArn = ({ accountId, region }: Account, name: string, suffix: string): string =>
  `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${suffix}`

/** Makes the ARN of a secret id, which can be an ARN. Secrets Manager adds a hyphen and six random characters. */
export const externalSecret = (account: Account, name: string): string =>
  name.startsWith("arn:")
    ? name
    : secretArn(account, name, Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join(""))

/** Makes the id in the names of the secrets of one provider: eight hexadecimal digits. */
export const makeSecretsId = (): string => randomBytes(4).toString("hex")

/** The path of a provider's secrets in Secrets Manager. `kind` can have a vendor: `payment/coinbasecdp`. */
const secretName = (kind: string, name: string): string => `bedrock-agentcore-identity!default/${kind}/${name}`

export const secret = (account: Account, kind: string, name: string): string =>
  externalSecret(account, secretName(kind, name))

/** Makes the ARN of a secret that a provider does not have, because the service model requires one. */
export const noSecret = (account: Account, kind: string, name: string): string =>
  secretArn(account, secretName(kind, name), createHash("sha256").update(name).digest("hex").slice(0, 6))
