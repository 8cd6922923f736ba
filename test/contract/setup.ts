import { assert } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type { CreateConsentPortalRequest } from "effect-agentcore-identity/Models"
import * as Effect from "effect/Effect"
import { ed25519Key } from "../support/paymentKeys.js"
import {
  complete,
  consentAs,
  control,
  data,
  type Rejection,
  requestConsent,
  requestToken,
  secret,
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

export const identityArn = "arn:aws:bedrock-agentcore:us-west-2:123456789012"
export const vaultArn = `${identityArn}:token-vault/default`

export const notFound = (operation: string, message: string): Rejection => ({
  tag: "ResourceNotFoundException",
  operation,
  message
})

export const invalid = (operation: string, message: string, field?: string): Rejection => ({
  tag: "ValidationException",
  operation,
  message,
  ...(field === undefined ? {} : { reason: "FieldValidationFailed", fieldList: [{ name: field, message }] })
})

export const conflict = (operation: string, message: string): Rejection => ({
  tag: "ConflictException",
  operation,
  message
})

export const settings = {
  secrets: { vendor: { key: secret("secret-by-reference"), other: secret("other-by-reference") } }
}
export const reference = { secretId: "vendor", jsonKey: "key" }

/** The settings do not have the secret. */
export const deniedSecret = (operation: string, secretId: string): Rejection => ({
  tag: "AccessDeniedException",
  operation,
  message: `Access denied when retrieving secret '${secretId}'`
})

export const createApiKey = (name = "weather") =>
  control((plane) => plane.createApiKeyCredentialProvider({ name, apiKey: secret("api-key-value") }))

export const createPayment = (name = "payments") =>
  control((plane) =>
    plane.createPaymentCredentialProvider({
      name,
      credentialProviderVendor: "CoinbaseCDP",
      providerConfigurationInput: {
        coinbaseCdpConfiguration: { apiKeyId: "key-1", apiKeySecret: secret(ed25519Key()) }
      },
      tags: { team: "payments" }
    })
  )

/** Names of portals have characters that ids of gateways do not have. */
const gatewayOf = (name: string): string => /^[0-9a-z]+$/.test(name) ? name : Buffer.from(name).toString("hex")

/** Each portal has its own gateway. */
export const portal = (name = "portal", provider = "calendar"): CreateConsentPortalRequest => ({
  name,
  executionRoleArn: "arn:aws:iam::123456789012:role/portal",
  idpConfig: { credentialProviderArn: `${vaultArn}/oauth2credentialprovider/${provider}`, scopes: ["openid"] },
  sources: [{ identifier: `${gatewayOf(name)}-0123456789`, type: "agentcore-gateway" }]
})

export const createPortal = (name?: string) => control((plane) => plane.createConsentPortal(portal(name)))

export const readKey = (resourceCredentialProviderName = "weather") =>
  Effect.flatMap(
    tokenOfWorkload(),
    (workloadIdentityToken) =>
      data((plane) => plane.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName }))
  )

/** Obtains a user's token through the whole flow. */
export const consented = (userId: string) =>
  Effect.gen(function*() {
    const token = yield* tokenOfUser(userId)
    const { sessionUri } = yield* requestConsent(token)
    yield* consentAs(sessionUri, "code")
    yield* complete(sessionUri, { userId })
    const response = yield* requestToken(token)
    assert(response instanceof DataPlane.Issued)
    return response
  })

export const isIssued = (response: DataPlane.TokenResponse): boolean => response instanceof DataPlane.Issued
