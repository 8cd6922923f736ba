/** Checks of the options of `HttpClientCredentials`. The errors name its own options. */
import * as Schema from "effect/Schema"
import { makeFieldsValidator, makeSubjectValidator, type Validate } from "../../identity/credentialTag.js"
import * as IamTokenRequest from "../../identity/iamTokenRequest.js"
import * as IdentityRequest from "../../identity/identityRequest.js"
import * as Constraint from "../../models/internal/constraint.js"
import { ProviderName } from "../../models/internal/names.js"

const Flag = Constraint.optional(Schema.Boolean)

// `allowList` checks the entries of `origins`.
const originFields = { origins: Schema.Array(Schema.String), allowInsecureOrigins: Flag }

const tokenFields = {
  ...originFields,
  ...IdentityRequest.consentFields(),
  reauthenticate: Flag,
  stepUp: Flag,
  maxScopes: Constraint.optional(Schema.Array(Schema.String))
}

const keyFields = { ...originFields, header: Schema.String, prefix: Constraint.optional(Schema.String) }

export interface Check {
  /** The kind of the credential. */
  readonly kind: string
  /** The check of inline options. */
  readonly validateOptions: Validate
  /** The check of the options for a declared credential. */
  readonly validateUse: Validate
}

const make = (
  kind: string,
  validateOptions: Validate,
  use: Schema.Struct.Fields,
  row: { readonly name: string }
): Check => ({
  kind,
  validateOptions: makeSubjectValidator(kind, validateOptions, row),
  validateUse: makeFieldsValidator(() => use, row)
})

const { accessTokenOperation, apiKeyOperation } = IdentityRequest

export const accessToken: Check = make(
  "AccessToken",
  makeFieldsValidator(
    () => ({ ...IdentityRequest.declarationFields(), ...IdentityRequest.stateFields(), ...tokenFields }),
    accessTokenOperation
  ),
  tokenFields,
  accessTokenOperation
)

export const apiKey: Check = make(
  "ApiKey",
  makeFieldsValidator(() => ({ provider: ProviderName, ...keyFields }), apiKeyOperation),
  keyFields,
  apiKeyOperation
)

export const iamAccessToken: Check = make(
  "IamAccessToken",
  IamTokenRequest.makeValidator(originFields),
  originFields,
  IamTokenRequest.operation
)
