/** Declared credentials of any kind. */
import type { IamAccessTokenCredential } from "../../IamAccessToken.js"
import type { AccessTokenCredential, ApiKeyCredential } from "../../Identity.js"

/** A declared credential of any kind: a class of `AccessToken.Tag`, `ApiKey.Tag` or `IamAccessToken.Tag`. */
export type Credential = AccessTokenCredential | ApiKeyCredential | IamAccessTokenCredential

export type ProviderCredential = AccessTokenCredential | ApiKeyCredential

export const hasProvider = (credential: Credential) => credential.kind !== "IamAccessToken"

export const isAccessToken = (credential: Credential) => credential.kind === "AccessToken"

export const isUserCredential = (credential: Credential): credential is AccessTokenCredential<"USER_FEDERATION"> =>
  isAccessToken(credential) && credential.request.flow === "USER_FEDERATION"

export const isOnBehalfOf = (credential: Credential): boolean =>
  isAccessToken(credential) && credential.request.flow === "ON_BEHALF_OF_TOKEN_EXCHANGE"
