/**
 * Requests and responses of the operations on the token vault. Limits: the AWS service model.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"

const TokenVaultId = Constraint.string(1, 64, String.raw`[a-zA-Z0-9\-_]+`)

/**
 * The default of `tokenVaultId` is `default`.
 *
 * @since 0.2.0
 * @category requests
 * @example
 * import type * as TokenVault from "effect-agentcore-identity/models/TokenVault"
 *
 * const request: TokenVault.SetTokenVaultCmkRequest = {
 *   kmsConfiguration: {
 *     keyType: "CustomerManagedKey",
 *     kmsKeyArn: "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
 *   }
 * }
 */
export class GetTokenVaultRequest
  extends Schema.Opaque<GetTokenVaultRequest>()(Schema.Struct({ tokenVaultId: Constraint.optional(TokenVaultId) }))
{}

/**
 * The response to `GetTokenVault` and `SetTokenVaultCMK`.
 *
 * @since 0.2.0
 * @category responses
 */
export class TokenVaultResponse extends Schema.Opaque<TokenVaultResponse>()(Schema.Struct({
  tokenVaultId: Schema.String,
  kmsConfiguration: Schema.Struct({
    keyType: Constraint.openEnum<"CustomerManagedKey" | "ServiceManagedKey">(),
    kmsKeyArn: Constraint.optional(Schema.String)
  }),
  lastModifiedDate: Resource.timestamp
})) {}

/**
 * The key that encrypts the vault: the customer's, or the service's own.
 *
 * @since 0.2.0
 * @category models
 */
export type KmsConfiguration =
  | { readonly keyType: "CustomerManagedKey"; readonly kmsKeyArn: string }
  | { readonly keyType: "ServiceManagedKey" }

/**
 * @since 0.2.0
 * @category models
 */
export const KmsConfiguration: Schema.Codec<KmsConfiguration> = Constraint.exact<KmsConfiguration>()(
  Schema.Struct({
    keyType: Schema.Literals(["CustomerManagedKey", "ServiceManagedKey"]),
    kmsKeyArn: Constraint.optional(Resource.KmsKeyArn)
  }),
  (value) => value.keyType === "CustomerManagedKey" ? Constraint.required(value, ["kmsKeyArn"]) : []
)

/**
 * @since 0.2.0
 * @category requests
 */
export class SetTokenVaultCmkRequest extends Schema.Opaque<SetTokenVaultCmkRequest>()(Schema.Struct({
  tokenVaultId: Constraint.optional(TokenVaultId),
  kmsConfiguration: KmsConfiguration
})) {}
