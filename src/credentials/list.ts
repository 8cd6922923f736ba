/** Lists of declared credentials. */
import * as Schema from "effect/Schema"
import type { AccessTokenCredential, ApiKeyCredential } from "../Identity.js"
import { isDeclared } from "../identity/credentialTag.js"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Validation from "../plane/validation.js"
import type { Credential, UserCredential } from "./model.js"

export type ProviderCredential = AccessTokenCredential | ApiKeyCredential

export const hasProvider = (credential: Credential): credential is ProviderCredential =>
  credential.kind !== "IamAccessToken"

export const isAccessToken = (credential: Credential): credential is AccessTokenCredential =>
  credential.kind === "AccessToken"

export const isUserCredential = (credential: Credential): credential is UserCredential =>
  isAccessToken(credential) && credential.request.flow === "USER_FEDERATION"

export const isOnBehalfOf = (credential: Credential): boolean =>
  isAccessToken(credential) && credential.request.flow === "ON_BEHALF_OF_TOKEN_EXCHANGE"

const isCredential = (value: unknown): value is Credential =>
  isDeclared(value, "AccessToken") || isDeclared(value, "ApiKey") || isDeclared(value, "IamAccessToken")

const refuseList = Validation.refuse(
  () =>
    Schema.Struct({
      credentials: Schema.Array(Constraint.guard("a declared credential, as of AccessToken.Tag", isCredential))
    }),
  { name: "" }
)

/** Programs in plain JavaScript can pass anything. */
export const refuse = (list: unknown): ValidationException | undefined => refuseList({ credentials: list })
