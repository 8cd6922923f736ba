/** Checks of the options of `HttpClientCredentials`. The errors name its own options. */
import * as Schema from "effect/Schema"
import { type Refuse, refuseFields, refuseOtherTags } from "../../identity/credentialTag.js"
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
  readonly validateOptions: Refuse
  /** The check of the options for a declared credential. */
  readonly validateUse: Refuse
}

const make = (
  kind: string,
  validateOptions: Refuse,
  use: Schema.Struct.Fields,
  row: { readonly name: string }
): Check => ({
  kind,
  validateOptions: refuseOtherTags(kind, validateOptions, row),
  validateUse: refuseFields(() => use, row)
})

const { accessTokenOperation, apiKeyOperation } = IdentityRequest

export const accessToken: Check = make(
  "AccessToken",
  refuseFields(
    () => ({ ...IdentityRequest.declarationFields(), ...IdentityRequest.stateFields(), ...tokenFields }),
    accessTokenOperation
  ),
  tokenFields,
  accessTokenOperation
)

export const apiKey: Check = make(
  "ApiKey",
  refuseFields(() => ({ provider: ProviderName, ...keyFields }), apiKeyOperation),
  keyFields,
  apiKeyOperation
)

export const iamAccessToken: Check = make(
  "IamAccessToken",
  IamTokenRequest.refuseWith(originFields),
  originFields,
  IamTokenRequest.operation
)
