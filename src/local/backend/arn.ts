/**
 * Amazon resource names, as the live service forms them.
 *
 * @since 0.1.0
 */
import { randomBytes } from "node:crypto"

/** @internal */
export interface Account {
  readonly region: string
  readonly accountId: string
}

const identity = ({ accountId, region }: Account, resource: string): string =>
  `arn:aws:bedrock-agentcore:${region}:${accountId}:${resource}`

/** @internal */
export const workloadIdentity = (account: Account, name: string): string =>
  identity(account, `workload-identity-directory/default/workload-identity/${name}`)

/** @internal */
export const oauth2Provider = (account: Account, name: string): string =>
  identity(account, `token-vault/default/oauth2credentialprovider/${name}`)

/** @internal */
export const apiKeyProvider = (account: Account, name: string): string =>
  identity(account, `token-vault/default/apikeycredentialprovider/${name}`)

/** @internal */
export const paymentProvider = (account: Account, name: string): string =>
  identity(account, `token-vault/default/paymentcredentialprovider/${name}`)

/** @internal */
export const consentPortal = (account: Account, id: string): string => identity(account, `consent-portal/${id}`)

/** @internal */
export const role = ({ accountId }: Account, name: string): string => `arn:aws:iam::${accountId}:role/${name}`

/** @internal */
export const assumedRole = ({ accountId }: Account, name: string, session: string): string =>
  `arn:aws:sts::${accountId}:assumed-role/${name}/${session}`

/** @internal */
export const tokenVault = (account: Account, id: string): string => identity(account, `token-vault/${id}`)

/** @internal */
export const workloadIdentityDirectory = (account: Account): string =>
  identity(account, "workload-identity-directory/default")

/**
 * Secrets Manager adds a hyphen and six random characters to every name.
 *
 * @internal
 */
export const externalSecret = ({ accountId, region }: Account, name: string): string =>
  `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${randomBytes(3).toString("hex")}`

/** @internal */
export const secret = (account: Account, kind: "oauth2" | "apikey" | "payment", name: string): string =>
  externalSecret(account, `bedrock-agentcore-identity!default/${kind}/${name}`)
