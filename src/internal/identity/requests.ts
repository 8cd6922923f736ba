/**
 * The checks of a program's requests, in the names of the program, before a cache or the workload access token is read.
 */
import { isObject } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type DataPlane, operations } from "../../DataPlane.js"
import type { ValidationException } from "../../IdentityError.js"
import type { Request } from "../../Operation.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import * as Constraint from "../models/constraint.js"
import { wrongType } from "../models/violation.js"
import { membersOf } from "../plane/operation.js"
import * as OptionType from "../plane/optionType.js"
import * as Plane from "../plane/plane.js"
import * as Validation from "../plane/validation.js"
import * as Declared from "./declared.js"

export const { name: accessTokenOperation } = operations.getResourceOauth2Token

const tokenMembers = membersOf(operations.getResourceOauth2Token)

export const declarationFields = {
  provider: tokenMembers.resourceCredentialProviderName,
  flow: tokenMembers.oauth2Flow,
  scopes: Constraint.optional(tokenMembers.scopes),
  resources: tokenMembers.resources,
  audiences: tokenMembers.audiences,
  returnUrl: tokenMembers.resourceOauth2ReturnUrl,
  customParameters: tokenMembers.customParameters
}

const consentFields = {
  consent: Constraint.optional(OptionType.Handler),
  poll: Constraint.optional(OptionType.Poll)
}

const useFields = {
  forceAuthentication: tokenMembers.forceAuthentication,
  customState: tokenMembers.customState,
  ...consentFields
}

const checkFields = Validation.makeCheck(accessTokenOperation, () => declarationFields)

export const accessToken: Declared.Checks = {
  name: "AccessToken",
  checkRequest: Declared.makeSubjectCheck(
    "AccessToken",
    accessTokenOperation,
    Validation.makeCheck(accessTokenOperation, () => ({ ...declarationFields, ...useFields, ...Declared.intoField() }))
  ),
  checkDeclaration: (request) => {
    const misplaced = isObject(request) ? Object.keys(useFields).filter((name) => request[name] !== undefined) : []
    return misplaced.length === 0
      ? checkFields(request)
      : Validation.validationException(
        misplaced.map((name) => ({
          path: [name],
          rule: "limit",
          expected: "not be declared: it belongs to a use of the credential"
        })),
        accessTokenOperation
      )
  }
}

/** A request without the workload access token of its caller. */
export type Oauth2TokenRequest = Omit<Request<typeof operations.getResourceOauth2Token>, "workloadIdentityToken">

const isToken = Schema.is(tokenMembers.workloadIdentityToken)

/** Requests a token. The plane does not check a valid request again, unless the workload access token is invalid. */
export const requestToken = (
  dataPlane: DataPlane["Service"],
  request: Oauth2TokenRequest,
  workloadIdentityToken: Redacted.Redacted,
  isValid: boolean
): ReturnType<DataPlane["Service"]["getResourceOauth2Token"]> => {
  const complete = { workloadIdentityToken, ...request }
  const response = isValid && isToken(workloadIdentityToken)
    ? Plane.callUnchecked(dataPlane.getResourceOauth2Token, complete)
    : undefined
  return response ?? dataPlane.getResourceOauth2Token(complete)
}

/** Checks the options of a use of a declared credential, or of a session. */
export const checkConsentOptions = Validation.makeCheck(accessTokenOperation, () => consentFields)

export const notASession = (session: unknown): ValidationException =>
  Validation.validationException([{
    path: ["session"],
    ...wrongType("a ConsentSession: decode a stored one with its schema", session)
  }], accessTokenOperation)

export const { name: apiKeyOperation } = operations.getResourceApiKey

export const keyFields = { provider: membersOf(operations.getResourceApiKey).resourceCredentialProviderName }

export const apiKey: Declared.Checks = {
  name: "ApiKey",
  checkRequest: Declared.makeSubjectCheck(
    "ApiKey",
    apiKeyOperation,
    Validation.makeCheck(apiKeyOperation, () => ({ ...keyFields, ...Declared.intoField() }))
  ),
  checkDeclaration: Validation.makeCheck(apiKeyOperation, () => keyFields)
}

export const checkPaymentToken = Validation.makeCheck(operations.getResourcePaymentToken.name, () => {
  const { paymentTokenRequest, resourceCredentialProviderName } = membersOf(operations.getResourcePaymentToken)
  return { provider: resourceCredentialProviderName, payment: paymentTokenRequest }
})

export const checkCompletion = Validation.makeCheck(operations.completeResourceTokenAuth.name, () => {
  const { sessionUri, userIdentifier } = membersOf(operations.completeResourceTokenAuth)
  return { sessionUri, user: userIdentifier }
})

/** Checks the options of `WorkloadAccessToken.layerWorkload`. */
export const checkWorkload = Validation.makeCheck(operations.getWorkloadAccessToken.name, () => ({
  name: membersOf(operations.getWorkloadAccessToken).workloadName,
  user: Constraint.optional(UserIdentifier),
  renewAfter: Constraint.optional(OptionType.DurationInput)
}))

/** Checks a user. A program in plain JavaScript can pass any value, and `1` and `"1"` would have one key. */
export const checkUser = Validation.makeCheck("", () => ({ user: UserIdentifier }))

/** Checks a user of a program that identifies its users in one way. */
export const checkUserOf = (users: string, user: UserIdentifier): ValidationException | undefined =>
  checkUser({ user }) ?? (users === "both" || (users === "jwt") === (user.userToken !== undefined)
    ? undefined
    : Validation.invalidProperty(
      "",
      "user",
      `have a ${
        users === "jwt" ? "userToken" : "userId"
      }, because the option users is '${users}': AgentCore stores the `
        + "grants of user ids and JWTs separately"
    ))
