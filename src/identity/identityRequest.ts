/**
 * Checks the requests of `Identity` by the members of their operations, under the names of a program. It runs before a
 * cache and before the workload access token is obtained.
 */
import * as Effect from "effect/Effect"
import { isObject } from "effect/Predicate"
import {
  CompleteResourceTokenAuthRequest,
  GetResourceApiKeyRequest,
  GetResourceOauth2TokenRequest,
  GetResourcePaymentTokenRequest,
  GetWorkloadAccessTokenRequest,
  operations
} from "../DataPlane.js"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { describeValue, wrongType } from "../models/internal/violation.js"
import * as Validation from "../plane/validation.js"
import { UserIdentifier } from "../UserIdentifier.js"
import { type Checks, intoField, makeSubjectCheck } from "./credentials.js"

// -----------------------------------------------------------------------------
// Access tokens
// -----------------------------------------------------------------------------

export const { name: accessTokenOperation } = operations.getResourceOauth2Token

const { fields: tokenMembers } = GetResourceOauth2TokenRequest

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
  consent: Constraint.optional(Validation.Handler),
  poll: Constraint.optional(Validation.Poll)
}

const useFields = {
  forceAuthentication: tokenMembers.forceAuthentication,
  customState: tokenMembers.customState,
  ...consentFields
}

const checkFields = Validation.makeCheck(accessTokenOperation, () => declarationFields)

export const accessToken: Checks = {
  name: "AccessToken",
  checkRequest: makeSubjectCheck(
    "AccessToken",
    accessTokenOperation,
    Validation.makeCheck(accessTokenOperation, () => ({ ...declarationFields, ...useFields, ...intoField() }))
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

/** Checks the options of a use of a declared credential, or of a session. */
export const checkConsentOptions = Validation.makeCheck(accessTokenOperation, () => consentFields)

/** The error of a session that is not a `ConsentSession`. */
export const notASession = (session: unknown): ValidationException =>
  Validation.validationException([{
    path: ["session"],
    ...wrongType("a ConsentSession: decode a stored one with ConsentSession.FromJson", session)
  }], accessTokenOperation)

/** Checks what a function of the program returned: in plain JavaScript it can be anything. */
export const checkEffect = <A, E, R>(
  name: "consent" | "poll" | "show",
  returned: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ValidationException, R> =>
  Effect.isEffect(returned) ? returned : Effect.fail(Validation.invalidProperty(
    accessTokenOperation,
    name,
    `be a function that returns an Effect, but it returned ${describeValue(returned)}`
  ))

// -----------------------------------------------------------------------------
// Other requests
// -----------------------------------------------------------------------------

export const { name: apiKeyOperation } = operations.getResourceApiKey

export const keyFields = { provider: GetResourceApiKeyRequest.fields.resourceCredentialProviderName }

export const apiKey: Checks = {
  name: "ApiKey",
  checkRequest: makeSubjectCheck(
    "ApiKey",
    apiKeyOperation,
    Validation.makeCheck(apiKeyOperation, () => ({ ...keyFields, ...intoField() }))
  ),
  checkDeclaration: Validation.makeCheck(apiKeyOperation, () => keyFields)
}

export const checkPaymentToken = Validation.makeCheck(operations.getResourcePaymentToken.name, () => {
  const { paymentTokenRequest, resourceCredentialProviderName } = GetResourcePaymentTokenRequest.fields
  return { provider: resourceCredentialProviderName, payment: paymentTokenRequest }
})

export const checkCompletion = Validation.makeCheck(operations.completeResourceTokenAuth.name, () => {
  const { sessionUri, userIdentifier } = CompleteResourceTokenAuthRequest.fields
  return { sessionUri, user: userIdentifier }
})

/** Checks the options of `WorkloadAccessToken.layerWorkload`. */
export const checkWorkload = Validation.makeCheck(operations.getWorkloadAccessToken.name, () => ({
  name: GetWorkloadAccessTokenRequest.fields.workloadName,
  user: Constraint.optional(UserIdentifier),
  renewAfter: Constraint.optional(Validation.DurationInput)
}))

/** Checks the options of `PendingConsents.handler`. */
export const checkPendingOptions = Validation.makeCheck(accessTokenOperation, () => ({
  user: UserIdentifier,
  show: Validation.Handler
}))
