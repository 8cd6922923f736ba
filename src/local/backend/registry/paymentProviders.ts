/**
 * Payment credential providers.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Operations } from "../../../ControlPlane.js"
import type {
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import type * as Model from "../../../models/PaymentCredentialProvider.js"
import * as Arn from "../arn.js"
import type { Credentials } from "../paymentTokens.js"
import { providerExists, providerQuota, resourceFields, type Surroundings } from "./resource.js"
import * as Secrets from "./secrets.js"
import * as Table from "./table.js"

const Configuration = Schema.Union(
  Schema.Struct({
    vendor: Schema.Literal("CoinbaseCDP"),
    apiKeyId: Schema.String,
    apiKeySecret: Secrets.Secret,
    walletSecret: Schema.optional(Secrets.Secret)
  }),
  Schema.Struct({
    vendor: Schema.Literal("StripePrivy"),
    appId: Schema.String,
    appSecret: Secrets.Secret,
    authorizationPrivateKey: Schema.optional(Secrets.Secret),
    authorizationId: Schema.String
  })
)

type Configuration = typeof Configuration.Type

const Stored = Schema.Struct({ ...resourceFields, configuration: Configuration })

type Stored = typeof Stored.Type

/** @internal */
export type PaymentProviders = Table.Table<Stored, ValidationException | ServiceQuotaExceededException>

type Request = Model.CreatePaymentCredentialProviderRequest | Model.UpdatePaymentCredentialProviderRequest

/** @internal */
export const table = ({ account, store }: Surroundings): Effect.Effect<PaymentProviders> =>
  Table.make<Stored, ValidationException | ServiceQuotaExceededException>({
    collection: store.collection("payment-providers", Stored),
    what: "PaymentCredentialProvider",
    arn: ({ name }) => Arn.paymentProvider(account, name),
    exists: providerExists,
    quota: providerQuota
  })

/** @internal */
export const credentials = ({ settings }: Surroundings, providers: PaymentProviders) =>
(
  operation: string,
  name: string
): Effect.Effect<Credentials, ResourceNotFoundException | ValidationException | InternalServerException> => {
  const valueOf = (secret: Secrets.Secret) =>
    Secrets.valueOf(operation, settings, secret, "resourceCredentialProviderName")
  const optional = (
    secret: Secrets.Secret | undefined
  ): Effect.Effect<Redacted.Redacted | undefined, ValidationException> =>
    secret === undefined ? Effect.succeed(undefined) : valueOf(secret)
  return Effect.flatMap(providers.find(operation, name), ({ configuration }): Effect.Effect<
    Credentials,
    ValidationException
  > =>
    configuration.vendor === "CoinbaseCDP"
      ? Effect.all({
        vendor: Effect.succeed(configuration.vendor),
        apiKeyId: Effect.succeed(configuration.apiKeyId),
        apiKeySecret: valueOf(configuration.apiKeySecret),
        walletSecret: optional(configuration.walletSecret)
      })
      : Effect.all({
        vendor: Effect.succeed(configuration.vendor),
        appId: Effect.succeed(configuration.appId),
        appSecret: valueOf(configuration.appSecret),
        authorizationPrivateKey: optional(configuration.authorizationPrivateKey)
      }))
}

/** The members of one secret in a configuration, there or not. */
const described = <const N extends string>(name: N, secret: Secrets.Secret | undefined) => {
  // The members are named after the secret.
  const members = secret === undefined ? {} : {
    [`${name}Arn`]: { secretArn: secret.arn },
    [`${name}Source`]: secret.source,
    ...(secret.source === "EXTERNAL" ? { [`${name}JsonKey`]: secret.reference.jsonKey } : {})
  }
  return members as
    & {
      readonly [K in `${N}Arn`]?: { readonly secretArn: string }
    }
    & { readonly [K in `${N}Source` | `${N}JsonKey`]?: string }
}

const output = (configuration: Configuration): Model.PaymentProviderConfigurationOutput =>
  configuration.vendor === "CoinbaseCDP"
    ? {
      coinbaseCdpConfiguration: {
        apiKeyId: configuration.apiKeyId,
        ...described("apiKeySecret", configuration.apiKeySecret),
        ...described("walletSecret", configuration.walletSecret)
      }
    }
    : {
      stripePrivyConfiguration: {
        appId: configuration.appId,
        ...described("appSecret", configuration.appSecret),
        ...described("authorizationPrivateKey", configuration.authorizationPrivateKey),
        authorizationId: configuration.authorizationId
      }
    }

/** @internal */
export const operations = (
  surroundings: Surroundings,
  providers: PaymentProviders
): Pick<
  Operations,
  | "createPaymentCredentialProvider"
  | "getPaymentCredentialProvider"
  | "updatePaymentCredentialProvider"
  | "deletePaymentCredentialProvider"
  | "listPaymentCredentialProviders"
> => {
  const { account } = surroundings

  const configurationOf = (
    operation: string,
    request: Request,
    before?: Configuration
  ): Effect.Effect<Configuration, ValidationException> => {
    const secret = (member: string, path: string, given: Secrets.Given["given"], old: Secrets.Secret | undefined) =>
      Secrets.resolve(surroundings, operation, {
        kind: "payment",
        provider: `${request.name}-${member}`,
        members: {
          value: `${path}.${member}`,
          source: `${path}.${member}Source`,
          reference: `${path}.${member}Config`
        },
        given
      }, old)

    const optional = (member: string, path: string, given: Secrets.Given["given"], old: Secrets.Secret | undefined) =>
      given.value === undefined && given.source === undefined && given.reference === undefined
        ? Effect.succeed(undefined)
        : secret(member, path, given, old)

    if (request.credentialProviderVendor === "CoinbaseCDP") {
      const path = "providerConfigurationInput.coinbaseCdpConfiguration"
      const config = request.providerConfigurationInput.coinbaseCdpConfiguration
      const old = before?.vendor === "CoinbaseCDP" ? before : undefined
      return Effect.all({
        vendor: Effect.succeed(request.credentialProviderVendor),
        apiKeyId: Effect.succeed(config.apiKeyId),
        apiKeySecret: secret("apiKeySecret", path, {
          value: config.apiKeySecret,
          source: config.apiKeySecretSource,
          reference: config.apiKeySecretConfig
        }, old?.apiKeySecret),
        walletSecret: optional("walletSecret", path, {
          value: config.walletSecret,
          source: config.walletSecretSource,
          reference: config.walletSecretConfig
        }, old?.walletSecret)
      })
    }
    const path = "providerConfigurationInput.stripePrivyConfiguration"
    const config = request.providerConfigurationInput.stripePrivyConfiguration
    const old = before?.vendor === "StripePrivy" ? before : undefined
    return Effect.all({
      vendor: Effect.succeed(request.credentialProviderVendor),
      appId: Effect.succeed(config.appId),
      appSecret: secret("appSecret", path, {
        value: config.appSecret,
        source: config.appSecretSource,
        reference: config.appSecretConfig
      }, old?.appSecret),
      authorizationPrivateKey: optional("authorizationPrivateKey", path, {
        value: config.authorizationPrivateKey,
        source: config.authorizationPrivateKeySource,
        reference: config.authorizationPrivateKeyConfig
      }, old?.authorizationPrivateKey),
      authorizationId: Effect.succeed(config.authorizationId)
    })
  }

  const created = ({ configuration, name }: Stored) => ({
    name,
    credentialProviderVendor: configuration.vendor,
    credentialProviderArn: Arn.paymentProvider(account, name),
    providerConfigurationOutput: output(configuration)
  })

  const updated = (provider: Stored) => ({
    ...created(provider),
    createdTime: provider.createdTime,
    lastUpdatedTime: provider.lastUpdatedTime
  })

  return {
    createPaymentCredentialProvider: (request) => {
      const operation = "CreatePaymentCredentialProvider"
      return Effect.map(
        providers.create(
          operation,
          request,
          (resource) =>
            Effect.map(configurationOf(operation, request), (configuration) => ({ ...resource, configuration }))
        ),
        created
      )
    },

    getPaymentCredentialProvider: ({ name }) =>
      Effect.map(providers.find("GetPaymentCredentialProvider", name), (provider) => ({
        ...updated(provider),
        tags: provider.tags
      })),

    updatePaymentCredentialProvider: (request) => {
      const operation = "UpdatePaymentCredentialProvider"
      return Effect.map(
        providers.update(operation, request.name, (before) =>
          Effect.map(
            configurationOf(operation, request, before.configuration),
            (configuration) => ({ ...before, configuration })
          )),
        updated
      )
    },

    deletePaymentCredentialProvider: ({ name }) => providers.remove("DeletePaymentCredentialProvider", name),

    listPaymentCredentialProviders: (request) =>
      Effect.map(providers.page("ListPaymentCredentialProviders", request), ({ items, next }) => ({
        credentialProviders: items.map(({ configuration, createdTime, lastUpdatedTime, name }) => ({
          name,
          credentialProviderVendor: configuration.vendor,
          credentialProviderArn: Arn.paymentProvider(account, name),
          createdTime,
          lastUpdatedTime
        })),
        ...next
      }))
  }
}
