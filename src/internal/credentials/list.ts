/**
 * Lists of declared credentials.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { AccessTokenCredential, ApiKeyCredential } from "../../Identity.js"
import type { ValidationException } from "../../IdentityError.js"
import * as Constraint from "../../models/internal/constraint.js"
import { isDeclared } from "../credentialTag.js"
import * as Validation from "../validation.js"
import type { Credential, UserCredential } from "./model.js"

/** @internal */
export type ProviderCredential = AccessTokenCredential | ApiKeyCredential

/** @internal */
export const hasProvider = (credential: Credential): credential is ProviderCredential =>
  credential.kind !== "IamAccessToken"

/** @internal */
export const isAccessToken = (credential: Credential): credential is AccessTokenCredential =>
  credential.kind === "AccessToken"

/** @internal */
export const isUserCredential = (credential: Credential): credential is UserCredential =>
  isAccessToken(credential) && credential.request.flow === "USER_FEDERATION"

/** @internal */
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

/**
 * Programs in plain JavaScript can pass anything.
 *
 * @internal
 */
export const refuse = (list: unknown): ValidationException | undefined => refuseList({ credentials: list })
