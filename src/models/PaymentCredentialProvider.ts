/**
 * Requests and answers of the operations on payment credential providers. Limits: the AWS service model.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import { ProviderName, SecretArn, SecretReference, SecretSource, Tags } from "./internal/names.js"
import { page, pageRequest, times } from "./internal/pagination.js"

const Secret = Constraint.secret(1, 2048)
const Source = Constraint.optional(Constraint.oneOf("MANAGED", "EXTERNAL"))

const requestOf = <const C extends Schema.Struct.Fields>(common: C) =>
  Schema.Union(
    Schema.Struct({
      ...common,
      credentialProviderVendor: Schema.Literal("CoinbaseCDP"),
      providerConfigurationInput: Schema.Struct({
        coinbaseCdpConfiguration: Schema.Struct({
          apiKeyId: Schema.String,
          apiKeySecret: Constraint.optional(Secret),
          apiKeySecretSource: Source,
          apiKeySecretConfig: Constraint.optional(SecretReference),
          walletSecret: Constraint.optional(Secret),
          walletSecretSource: Source,
          walletSecretConfig: Constraint.optional(SecretReference)
        })
      })
    }),
    Schema.Struct({
      ...common,
      credentialProviderVendor: Schema.Literal("StripePrivy"),
      providerConfigurationInput: Schema.Struct({
        stripePrivyConfiguration: Schema.Struct({
          appId: Schema.String,
          appSecret: Constraint.optional(Secret),
          appSecretSource: Source,
          appSecretConfig: Constraint.optional(SecretReference),
          authorizationPrivateKey: Constraint.optional(Secret),
          authorizationPrivateKeySource: Source,
          authorizationPrivateKeyConfig: Constraint.optional(SecretReference),
          authorizationId: Schema.String
        })
      })
    })
  )

/**
 * Each secret is given, or stays in Secrets Manager (`…Config` with the source `EXTERNAL`).
 *
 * @since 0.1.0
 * @category requests
 * @example
 * import type * as PaymentCredentialProvider from "effect-agentcore-identity/models/PaymentCredentialProvider"
 * import * as Redacted from "effect/Redacted"
 *
 * const request: PaymentCredentialProvider.CreatePaymentCredentialProviderRequest = {
 *   name: "coinbase",
 *   credentialProviderVendor: "CoinbaseCDP",
 *   providerConfigurationInput: {
 *     coinbaseCdpConfiguration: { apiKeyId: "key-1", apiKeySecret: Redacted.make("from your configuration") }
 *   }
 * }
 */
export const CreatePaymentCredentialProviderRequest = requestOf({ name: ProviderName, tags: Constraint.optional(Tags) })

/**
 * @since 0.1.0
 * @category requests
 */
export type CreatePaymentCredentialProviderRequest = typeof CreatePaymentCredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category models
 */
export type PaymentVendor = CreatePaymentCredentialProviderRequest["credentialProviderVendor"]

/**
 * What the service tells of a configuration: exactly one member, and no secret.
 *
 * @since 0.1.0
 * @category models
 */
export const PaymentProviderConfigurationOutput = Schema.Struct({
  coinbaseCdpConfiguration: Constraint.optional(Schema.Struct({
    apiKeyId: Schema.String,
    apiKeySecretArn: Constraint.optional(SecretArn),
    apiKeySecretJsonKey: Constraint.optional(Schema.String),
    apiKeySecretSource: Constraint.optional(SecretSource),
    walletSecretArn: Constraint.optional(SecretArn),
    walletSecretJsonKey: Constraint.optional(Schema.String),
    walletSecretSource: Constraint.optional(SecretSource)
  })),
  stripePrivyConfiguration: Constraint.optional(Schema.Struct({
    appId: Schema.String,
    appSecretArn: Constraint.optional(SecretArn),
    appSecretJsonKey: Constraint.optional(Schema.String),
    appSecretSource: Constraint.optional(SecretSource),
    authorizationPrivateKeyArn: Constraint.optional(SecretArn),
    authorizationPrivateKeyJsonKey: Constraint.optional(Schema.String),
    authorizationPrivateKeySource: Constraint.optional(SecretSource),
    authorizationId: Schema.String
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type PaymentProviderConfigurationOutput = typeof PaymentProviderConfigurationOutput.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const CreatePaymentCredentialProviderResponse = Schema.Struct({
  name: Schema.String,
  credentialProviderVendor: Constraint.openEnum<PaymentVendor>(),
  credentialProviderArn: Schema.String,
  providerConfigurationOutput: PaymentProviderConfigurationOutput
})

/**
 * @since 0.1.0
 * @category answers
 */
export type CreatePaymentCredentialProviderResponse = typeof CreatePaymentCredentialProviderResponse.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetPaymentCredentialProviderRequest = Schema.Struct({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type GetPaymentCredentialProviderRequest = typeof GetPaymentCredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const UpdatePaymentCredentialProviderResponse = Schema.Struct({
  ...CreatePaymentCredentialProviderResponse.fields,
  ...times
})

/**
 * @since 0.1.0
 * @category answers
 */
export type UpdatePaymentCredentialProviderResponse = typeof UpdatePaymentCredentialProviderResponse.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const GetPaymentCredentialProviderResponse = Schema.Struct({
  ...UpdatePaymentCredentialProviderResponse.fields,
  tags: Constraint.optional(Schema.Record({ key: Schema.String, value: Schema.String }))
})

/**
 * @since 0.1.0
 * @category answers
 */
export type GetPaymentCredentialProviderResponse = typeof GetPaymentCredentialProviderResponse.Type

/**
 * Replaces the configuration as a whole, the secrets too.
 *
 * @since 0.1.0
 * @category requests
 */
export const UpdatePaymentCredentialProviderRequest = requestOf({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type UpdatePaymentCredentialProviderRequest = typeof UpdatePaymentCredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const DeletePaymentCredentialProviderRequest = Schema.Struct({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type DeletePaymentCredentialProviderRequest = typeof DeletePaymentCredentialProviderRequest.Type

/**
 * Pages of 1 to 20.
 *
 * @since 0.1.0
 * @category requests
 */
export const ListPaymentCredentialProvidersRequest = pageRequest(20)

/**
 * @since 0.1.0
 * @category requests
 */
export type ListPaymentCredentialProvidersRequest = typeof ListPaymentCredentialProvidersRequest.Type

/**
 * @since 0.1.0
 * @category models
 */
export const PaymentCredentialProviderSummary = Schema.Struct({
  name: Schema.String,
  credentialProviderVendor: Constraint.openEnum<PaymentVendor>(),
  credentialProviderArn: Schema.String,
  ...times
})

/**
 * @since 0.1.0
 * @category models
 */
export type PaymentCredentialProviderSummary = typeof PaymentCredentialProviderSummary.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const ListPaymentCredentialProvidersResponse = Schema.Struct({
  credentialProviders: Schema.Array(PaymentCredentialProviderSummary),
  ...page
})

/**
 * @since 0.1.0
 * @category answers
 */
export type ListPaymentCredentialProvidersResponse = typeof ListPaymentCredentialProvidersResponse.Type
