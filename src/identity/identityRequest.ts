/**
 * Validates the requests of `Identity`, because programs in plain JavaScript can pass anything. Errors have the names
 * of its API.
 *
 * The limits are those of the operations of the data plane.
 */
import * as Effect from "effect/Effect"
import { isObject } from "effect/Predicate"
import {
  CompleteResourceTokenAuthRequest,
  GetResourceOauth2TokenRequest,
  GetResourcePaymentTokenRequest,
  operations
} from "../DataPlane.js"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { ProviderName, WorkloadName } from "../models/internal/names.js"
import * as OptionTypes from "../plane/optionTypes.js"
import * as Validation from "../plane/validation.js"
import { describeValue, wrongType } from "../plane/violations.js"
import { UserIdentifier } from "../UserIdentifier.js"
import { type Checks, intoField, makeFieldsValidator, makeSubjectValidator, type Validate } from "./credentialTag.js"

export const accessTokenOperation = operations.getResourceOauth2Token

export const consentFields = () => ({
  consent: Constraint.optional(OptionTypes.Handler),
  poll: Constraint.optional(OptionTypes.Poll)
})

export const declarationFields = () => {
  const { fields } = GetResourceOauth2TokenRequest
  return {
    provider: ProviderName,
    flow: fields.oauth2Flow,
    scopes: Constraint.optional(fields.scopes),
    resources: fields.resources,
    audiences: fields.audiences,
    returnUrl: fields.resourceOauth2ReturnUrl,
    customParameters: fields.customParameters
  }
}

export const stateFields = () => ({ customState: GetResourceOauth2TokenRequest.fields.customState })

const perUseFields = () => ({
  forceAuthentication: GetResourceOauth2TokenRequest.fields.forceAuthentication,
  ...stateFields(),
  ...consentFields()
})

export const accessTokenFields = () => ({ ...declarationFields(), ...perUseFields() })

const validateDeclaration = makeFieldsValidator(declarationFields, accessTokenOperation)

export const accessToken: Checks = {
  name: "AccessToken",
  validateRequest: makeSubjectValidator(
    "AccessToken",
    makeFieldsValidator(() => ({ ...accessTokenFields(), ...intoField() }), accessTokenOperation),
    accessTokenOperation
  ),
  validateDeclaration: (request) => {
    const misplaced = isObject(request) ? Object.keys(perUseFields()).filter((name) => request[name] !== undefined) : []
    return misplaced.length === 0
      ? validateDeclaration(request)
      : Validation.validationException(
        misplaced.map((name) => ({
          path: [name],
          rule: "limit",
          expected: "not be declared: it belongs to a use of the credential"
        })),
        accessTokenOperation.name
      )
  }
}

/** Validates the return URL of the program, for requests without one. */
export const validateReturnUrl: Validate = makeFieldsValidator(
  () => ({ returnUrl: GetResourceOauth2TokenRequest.fields.resourceOauth2ReturnUrl }),
  accessTokenOperation
)

/** Validates the options of a use of a declared credential, or of a session. */
export const validateConsentOptions: Validate = makeFieldsValidator(consentFields, accessTokenOperation)

/** The error of a session that is not a `ConsentSession`. */
export const notASession = (session: unknown): ValidationException =>
  Validation.validationException([{
    path: ["session"],
    ...wrongType("a ConsentSession: decode a stored one with ConsentSession.FromJson", session)
  }], accessTokenOperation.name)

/** Checks what a function of the program returned: in plain JavaScript it can be anything. */
export const checkEffect = <A, E, R>(
  name: "consent" | "poll" | "show",
  returned: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ValidationException, R> =>
  Effect.isEffect(returned) ? returned : Effect.fail(Validation.invalidProperty(
    accessTokenOperation.name,
    name,
    `be a function that returns an Effect, but it returned ${describeValue(returned)}`
  ))

export const apiKeyOperation = operations.getResourceApiKey

export const apiKey: Checks = {
  name: "ApiKey",
  validateRequest: makeSubjectValidator(
    "ApiKey",
    makeFieldsValidator(() => ({ provider: ProviderName, ...intoField() }), apiKeyOperation),
    apiKeyOperation
  ),
  validateDeclaration: makeFieldsValidator(() => ({ provider: ProviderName }), apiKeyOperation)
}

export const validatePaymentTokenRequest: Validate = makeFieldsValidator(
  () => ({ provider: ProviderName, payment: GetResourcePaymentTokenRequest.fields.paymentTokenRequest }),
  operations.getResourcePaymentToken
)

export const validateCompletion: Validate = makeFieldsValidator(
  () => ({
    sessionUri: CompleteResourceTokenAuthRequest.fields.sessionUri,
    user: CompleteResourceTokenAuthRequest.fields.userIdentifier
  }),
  operations.completeResourceTokenAuth
)

/** Validates the options of `WorkloadAccessToken.layerWorkload`. */
export const validateWorkload: Validate = makeFieldsValidator(
  () => ({
    name: WorkloadName,
    user: Constraint.optional(UserIdentifier),
    renewAfter: Constraint.optional(OptionTypes.DurationInput)
  }),
  operations.getWorkloadAccessToken
)

/** Validates the options of `PendingConsents.handler`. */
export const validatePendingOptions: Validate = makeFieldsValidator(
  () => ({ user: UserIdentifier, show: OptionTypes.Handler }),
  accessTokenOperation
)
