/**
 * Requests and responses of the operations on payment credential providers. Limits: the AWS service model.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import type { Issue } from "effect/SchemaIssue"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"

const Id = Constraint.string(1, 512, String.raw`[a-zA-Z0-9\-_]+`)
const Secret = Constraint.secret(0, 2048, String.raw`[a-zA-Z0-9+/=\-_\s]*`)
const PrivateKey = Constraint.secret(0, 2048, String.raw`(wallet-auth:)?[a-zA-Z0-9+/=\-_\s]*`)

/**
 * @since 0.2.0
 * @category models
 */
export class CoinbaseCdpConfiguration extends Schema.Opaque<CoinbaseCdpConfiguration>()(Schema.Struct({
  /** The id of the API key at Coinbase CDP. */
  apiKeyId: Id,
  ...Resource.secretRequest("apiKeySecret", Secret),
  ...Resource.secretRequest("walletSecret", Secret)
})) {}

/**
 * @since 0.2.0
 * @category models
 */
export class StripePrivyConfiguration extends Schema.Opaque<StripePrivyConfiguration>()(Schema.Struct({
  /** The id of the app at Privy. */
  appId: Id,
  ...Resource.secretRequest("appSecret", Secret),
  ...Resource.secretRequest("authorizationPrivateKey", PrivateKey),
  /** The id of the authorization key at Privy. */
  authorizationId: Id
})) {}

/**
 * A vendor and its configuration.
 *
 * @since 0.2.0
 * @category models
 */
export type PaymentVendorConfiguration =
  | {
    /** The vendor. */
    readonly credentialProviderVendor: "CoinbaseCDP"
    /** The configuration, under the vendor's own member. */
    readonly providerConfigurationInput: {
      /** An API key of Coinbase CDP. */
      readonly coinbaseCdpConfiguration: CoinbaseCdpConfiguration
    }
  }
  | {
    /** The vendor. */
    readonly credentialProviderVendor: "StripePrivy"
    /** The configuration, under the vendor's own member. */
    readonly providerConfigurationInput: {
      /** An app of Stripe's Privy. */
      readonly stripePrivyConfiguration: StripePrivyConfiguration
    }
  }

/**
 * @since 0.2.0
 * @category models
 */
export type PaymentVendor = PaymentVendorConfiguration["credentialProviderVendor"]

const members = {
  name: Constraint.ProviderName,
  credentialProviderVendor: Schema.Literals(["CoinbaseCDP", "StripePrivy"]),
  providerConfigurationInput: Constraint.union({
    coinbaseCdpConfiguration: CoinbaseCdpConfiguration,
    stripePrivyConfiguration: StripePrivyConfiguration
  })
}

const checkVendor = (
  { credentialProviderVendor, providerConfigurationInput }: Schema.Struct.Type<typeof members>
): ReadonlyArray<Issue> =>
  Constraint.required(providerConfigurationInput, [
    credentialProviderVendor === "CoinbaseCDP" ? "coinbaseCdpConfiguration" : "stripePrivyConfiguration"
  ], ["providerConfigurationInput"])

/**
 * The service stores each secret, or reads it from Secrets Manager (`…Config` with the source `EXTERNAL`).
 *
 * @since 0.2.0
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
export type CreatePaymentCredentialProviderRequest = UpdatePaymentCredentialProviderRequest & {
  /** Tags of the provider. */
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * @since 0.2.0
 * @category requests
 */
export const CreatePaymentCredentialProviderRequest = Constraint.exact<CreatePaymentCredentialProviderRequest>()(
  Schema.Struct({ ...members, tags: Constraint.optional(Resource.Tags) }),
  checkVendor
)

/**
 * A configuration in a response. It has one member and no secret. A member that AWS adds later is ignored.
 *
 * @since 0.2.0
 * @category models
 */
export class PaymentProviderConfigurationOutput
  extends Schema.Opaque<PaymentProviderConfigurationOutput>()(Schema.Struct({
    coinbaseCdpConfiguration: Constraint.optional(Schema.Struct({
      apiKeyId: Constraint.optional(Schema.String),
      ...Resource.secretResponse("apiKeySecret"),
      ...Resource.secretResponse("walletSecret")
    })),
    stripePrivyConfiguration: Constraint.optional(Schema.Struct({
      appId: Constraint.optional(Schema.String),
      ...Resource.secretResponse("appSecret"),
      ...Resource.secretResponse("authorizationPrivateKey"),
      authorizationId: Constraint.optional(Schema.String)
    }))
  }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class CreatePaymentCredentialProviderResponse
  extends Schema.Opaque<CreatePaymentCredentialProviderResponse>()(Schema.Struct({
    name: Schema.String,
    credentialProviderVendor: Constraint.openEnum<PaymentVendor>(),
    credentialProviderArn: Schema.String,
    providerConfigurationOutput: PaymentProviderConfigurationOutput
  }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetPaymentCredentialProviderRequest
  extends Schema.Opaque<GetPaymentCredentialProviderRequest>()(Schema.Struct({ name: Constraint.ProviderName }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class UpdatePaymentCredentialProviderResponse
  extends Schema.Opaque<UpdatePaymentCredentialProviderResponse>()(Schema.Struct({
    ...CreatePaymentCredentialProviderResponse.fields,
    ...Resource.times
  }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class GetPaymentCredentialProviderResponse
  extends Schema.Opaque<GetPaymentCredentialProviderResponse>()(Schema.Struct({
    ...UpdatePaymentCredentialProviderResponse.fields,
    tags: Constraint.optional(Resource.AnyTags)
  }))
{}

/**
 * Replaces the whole configuration, secrets included.
 *
 * @since 0.2.0
 * @category requests
 */
export type UpdatePaymentCredentialProviderRequest = {
  /** The name of the provider, which requests for credentials give. */
  readonly name: string
} & PaymentVendorConfiguration

/**
 * @since 0.2.0
 * @category requests
 */
export const UpdatePaymentCredentialProviderRequest = Constraint.exact<UpdatePaymentCredentialProviderRequest>()(
  Schema.Struct(members),
  checkVendor
)

/**
 * A page has 1 to 20 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListPaymentCredentialProvidersRequest
  extends Schema.Opaque<ListPaymentCredentialProvidersRequest>()(Resource.pageRequest(20))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class PaymentCredentialProviderSummary extends Schema.Opaque<PaymentCredentialProviderSummary>()(Schema.Struct({
  name: Schema.String,
  credentialProviderVendor: Constraint.openEnum<PaymentVendor>(),
  credentialProviderArn: Schema.String,
  ...Resource.times
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListPaymentCredentialProvidersResponse
  extends Schema.Opaque<ListPaymentCredentialProvidersResponse>()(Schema.Struct({
    credentialProviders: Schema.Array(PaymentCredentialProviderSummary),
    ...Resource.page
  }))
{}
