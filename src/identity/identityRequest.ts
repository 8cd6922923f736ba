/**
 * Checks of the requests of `Identity`, in the names of its API. Programs in plain JavaScript can pass anything.
 *
 * The limits are those of the operations of the data plane.
 */
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import {
  CompleteResourceTokenAuthRequest,
  GetResourceOauth2TokenRequest,
  GetResourcePaymentTokenRequest,
  operations
} from "../DataPlane.js"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { ProviderName, WorkloadName } from "../models/internal/names.js"
import { wrongType } from "../plane/describeIssue.js"
import * as Guards from "../plane/optionTypes.js"
import * as Validation from "../plane/validation.js"
import { UserIdentifier } from "../UserIdentifier.js"
import { refuseOtherTags } from "./credentialTag.js"
import { makeRefuseUse, type RefuseUse } from "./renewal.js"

export type Refuse = (request: unknown) => ValidationException | undefined

// The operations that the requests are for.

export const accessTokenOperation = operations.getResourceOauth2Token

export const apiKeyOperation = operations.getResourceApiKey

const Tag = () => Constraint.optional(Guards.Tag)

export const consentFields = () => ({
  consent: Constraint.optional(Guards.Handler),
  poll: Constraint.optional(Guards.Poll)
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

const accessTokenFields = () => ({ ...declarationFields(), ...perUseFields() })

export const refuseAccessTokenRequest: Refuse = refuseOtherTags(
  "AccessToken",
  Validation.refuse(() => Schema.Struct(accessTokenFields()), accessTokenOperation),
  accessTokenOperation
)

export const refuseReturnUrl: Refuse = Validation.refuse(
  () => Schema.Struct({ returnUrl: GetResourceOauth2TokenRequest.fields.resourceOauth2ReturnUrl }),
  accessTokenOperation
)

export const refuseConsentOptions: Refuse = Validation.refuse(
  () => Schema.Struct(consentFields()),
  accessTokenOperation
)

/** The request of a declared API key. */
export const refuseApiKeyDeclaration: Refuse = Validation.refuse(
  () => Schema.Struct({ provider: ProviderName }),
  apiKeyOperation
)

export const refuseApiKeyRequest: Refuse = refuseOtherTags(
  "ApiKey",
  refuseApiKeyDeclaration,
  apiKeyOperation
)

export const refusePaymentTokenRequest: Refuse = Validation.refuse(
  () => Schema.Struct({ provider: ProviderName, payment: GetResourcePaymentTokenRequest.fields.paymentTokenRequest }),
  operations.getResourcePaymentToken
)

export const refuseCompletion: Refuse = Validation.refuse(
  () =>
    Schema.Struct({
      sessionUri: CompleteResourceTokenAuthRequest.fields.sessionUri,
      user: CompleteResourceTokenAuthRequest.fields.userIdentifier
    }),
  operations.completeResourceTokenAuth
)

// -----------------------------------------------------------------------------
// Declarations
// -----------------------------------------------------------------------------

const refuseDeclaration = Validation.refuse(() => Schema.Struct(declarationFields()), accessTokenOperation)

/** The request of a declared access token. */
export const refuseAccessTokenDeclaration: Refuse = (request) => {
  const misplaced = isObject(request) ? Object.keys(perUseFields()).filter((name) => request[name] !== undefined) : []
  return misplaced.length === 0
    ? refuseDeclaration(request)
    : Validation.validationException(
      misplaced.map((name) => ({
        path: [name],
        constraint: `${Constraint.prefix} not be declared: it belongs to a use of the credential`
      })),
      accessTokenOperation.name
    )
}

// -----------------------------------------------------------------------------
// Combinators
// -----------------------------------------------------------------------------

/** The options of `AccessToken`, or a declared credential. */
export const refuseAccessTokenOptions: Refuse = refuseOtherTags(
  "AccessToken",
  Validation.refuse(() => Schema.Struct({ ...accessTokenFields(), into: Tag() }), accessTokenOperation),
  accessTokenOperation
)

/** The arguments of `AccessToken.use`. */
export const refuseTokenUse: RefuseUse = makeRefuseUse(
  () => ({ reauthenticate: Constraint.optional(Schema.Boolean), ...consentFields() }),
  accessTokenOperation
)

/** The options of `ApiKey`, or a declared credential. */
export const refuseApiKeyOptions: Refuse = refuseOtherTags(
  "ApiKey",
  Validation.refuse(() => Schema.Struct({ provider: ProviderName, into: Tag() }), apiKeyOperation),
  apiKeyOperation
)

/** The arguments of `ApiKey.use`. */
export const refuseKeyUse: RefuseUse = makeRefuseUse(() => ({}), apiKeyOperation)

/** The arguments of `PaymentToken.use`. */
export const refusePaymentUse: RefuseUse = makeRefuseUse(() => ({}), operations.getResourcePaymentToken)

// -----------------------------------------------------------------------------
// Callers, and their consents
// -----------------------------------------------------------------------------

/** The options of `WorkloadAccessToken.layerWorkload`. */
export const refuseWorkload: Refuse = Validation.refuse(
  () =>
    Schema.Struct({
      name: WorkloadName,
      user: Constraint.optional(UserIdentifier),
      renewAfter: Constraint.optional(Guards.DurationInput)
    }),
  operations.getWorkloadAccessToken
)

/** The options of `PendingConsents.handler`. */
export const refusePendingOptions: Refuse = Validation.refuse(
  () => Schema.Struct({ user: UserIdentifier, show: Guards.Handler }),
  accessTokenOperation
)

// -----------------------------------------------------------------------------
// Promises
// -----------------------------------------------------------------------------

const Text = () => Constraint.optional(Schema.String)

/**
 * The configuration of `withAccessToken` in `promise/`. `sessionUri` is in a type of the official SDK, and means nothing here.
 */
export const refuseAccessTokenConfig: Refuse = refuseOtherTags(
  "AccessToken",
  Validation.refuse(
    () => {
      const fields = accessTokenFields()
      return Schema.Struct({
        workloadIdentityToken: Text(),
        providerName: ProviderName,
        scopes: fields.scopes,
        resources: fields.resources,
        audiences: fields.audiences,
        authFlow: fields.flow,
        onAuthUrl: Constraint.optional(Guards.AnyFunction),
        forceAuthentication: fields.forceAuthentication,
        callbackUrl: fields.returnUrl,
        customState: Constraint.optional(Constraint.text(1, 4096)),
        customParameters: fields.customParameters,
        sessionUri: Text()
      })
    },
    accessTokenOperation
  ),
  accessTokenOperation
)

/** The configuration of `withApiKey` in `promise/`. */
export const refuseApiKeyConfig: Refuse = refuseOtherTags(
  "ApiKey",
  Validation.refuse(
    () => Schema.Struct({ workloadIdentityToken: Text(), providerName: ProviderName }),
    apiKeyOperation
  ),
  apiKeyOperation
)

/** Options that can be absent. */
const refuseOptional = (refuse: Refuse): Refuse => (options) => options === undefined ? undefined : refuse(options)

/** The options of `withApiKey` in `promise/` with a declared credential. */
export const refuseApiKeyUseOptions: Refuse = refuseOptional(
  Validation.refuse(() => Schema.Struct({ workloadIdentityToken: Text() }), apiKeyOperation)
)

/** The options of `resume` in `promise/`, and of `withAccessToken` with a declared credential. */
export const refuseResumeOptions: Refuse = refuseOptional(
  Validation.refuse(
    () => Schema.Struct({ workloadIdentityToken: Text(), onAuthUrl: Constraint.optional(Guards.AnyFunction) }),
    accessTokenOperation
  )
)

/** The options of `completeAuthorization` in `promise/`. It checks the user itself. */
export const refuseCompletionOptions: Refuse = Validation.refuse(
  () =>
    Schema.Struct({
      sessionUri: Constraint.guard(
        "a string or a Redacted string",
        (value) => isString(value) || Redacted.isRedacted(value)
      ),
      user: Constraint.guard("an object", isObject)
    }),
  operations.completeResourceTokenAuth
)

/** The options of `workload` in `promise/`. It checks the user itself. */
export const refuseWorkloadOptions: Refuse = Validation.refuse(
  () =>
    Schema.Struct({
      name: WorkloadName,
      user: Constraint.optional(Constraint.guard("an object", isObject)),
      renewAfter: Constraint.optional(Guards.DurationInput)
    }),
  operations.getWorkloadAccessToken
)

// -----------------------------------------------------------------------------
// Other values of a program
// -----------------------------------------------------------------------------

/** A function of the program that returned no Effect. */
export const notAnEffect = (name: "consent" | "poll" | "show", returned: unknown): ValidationException =>
  Validation.validationException([{
    path: [name],
    constraint: wrongType("a function that returns an Effect", returned).replace("but is", "but it returned")
  }], accessTokenOperation.name)

/** A session that is not a `ConsentSession`. */
export const notASession = (session: unknown): ValidationException =>
  Validation.validationException([{
    path: ["session"],
    constraint: wrongType("a ConsentSession: decode a stored one with ConsentSession.FromJson", session)
  }], accessTokenOperation.name)
