/**
 * Amazon resource names in the form of the live service.
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

/**
 * Secrets Manager ends every name with six random characters.
 *
 * @internal
 */
export const secret = ({ accountId, region }: Account, kind: "oauth2" | "apikey", name: string): string =>
  `arn:aws:secretsmanager:${region}:${accountId}:secret:bedrock-agentcore-identity!default/${kind}/${name}-${
    randomBytes(3).toString("hex")
  }`
