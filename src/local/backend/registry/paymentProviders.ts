/** Payment credential providers. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Operations } from "../../../ControlPlane.js"
import type {
  AccessDeniedException,
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import type * as Model from "../../../models/PaymentCredentialProvider.js"
import * as Arn from "../arn.js"
import { providerExists, vendorChanged } from "../failures.js"
import type { Credentials } from "../paymentTokens.js"
import { type Dependencies, providerQuota, resourceFields } from "./resource.js"
import * as Secrets from "./secrets.js"
import * as Table from "./table.js"

const Configuration = Schema.Union([
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
])

type Configuration = typeof Configuration.Type

const Stored = Schema.Struct({ ...resourceFields, configuration: Configuration })

type Stored = typeof Stored.Type

export type PaymentProviders = Table.Table<Stored, ValidationException | ServiceQuotaExceededException>

type Request = Model.CreatePaymentCredentialProviderRequest | Model.UpdatePaymentCredentialProviderRequest

export const table = ({ account, store }: Dependencies): Effect.Effect<PaymentProviders> =>
  Table.make<Stored, ValidationException | ServiceQuotaExceededException>({
    collection: store.collection("payment-providers", Stored),
    resourceType: "PaymentCredentialProvider",
    arn: ({ name }) => Arn.paymentProvider(account, name),
    exists: providerExists,
    quota: providerQuota
  })

export const findCredentials = ({ settings }: Dependencies, providers: PaymentProviders) =>
(
  name: string
): Effect.Effect<Credentials, ResourceNotFoundException | AccessDeniedException | InternalServerException> => {
  const read = (secret: Secrets.Secret) => Secrets.read(settings, secret)
  const readOptional = (
    secret: Secrets.Secret | undefined
  ): Effect.Effect<Redacted.Redacted | undefined, AccessDeniedException> =>
    secret === undefined ? Effect.succeed(undefined) : read(secret)
  return Effect.flatMap(providers.find(name), ({ configuration }): Effect.Effect<
    Credentials,
    AccessDeniedException
  > =>
    configuration.vendor === "CoinbaseCDP"
      ? Effect.all({
        vendor: Effect.succeed(configuration.vendor),
        apiKeyId: Effect.succeed(configuration.apiKeyId),
        apiKeySecret: read(configuration.apiKeySecret),
        walletSecret: readOptional(configuration.walletSecret)
      })
      : Effect.all({
        vendor: Effect.succeed(configuration.vendor),
        appId: Effect.succeed(configuration.appId),
        appSecret: read(configuration.appSecret),
        authorizationPrivateKey: readOptional(configuration.authorizationPrivateKey)
      }))
}

const nameSecret = (provider: string, member: string): string => `${provider}-${member}`

const toOutput = (
  account: Arn.Account,
  { configuration, name }: Pick<Stored, "configuration" | "name">
): Model.PaymentProviderConfigurationOutput => {
  /** The members of a secret. Without a secret there is its ARN only, which the service model requires. */
  const describeSecret = <const N extends string>(member: N, secret: Secrets.Secret | undefined) => {
    // A computed name has type `string`. The cast restores the names.
    const members = {
      [`${member}Arn`]: { secretArn: secret?.arn ?? Arn.noSecret(account, "payment", nameSecret(name, member)) },
      ...(secret === undefined ? {} : { [`${member}Source`]: secret.source }),
      ...(secret?.source === "EXTERNAL" ? { [`${member}JsonKey`]: secret.reference.jsonKey } : {})
    }
    return members as
      & { readonly [K in `${N}Arn`]: { readonly secretArn: string } }
      & { readonly [K in `${N}Source` | `${N}JsonKey`]?: string }
  }
  return configuration.vendor === "CoinbaseCDP"
    ? {
      coinbaseCdpConfiguration: {
        apiKeyId: configuration.apiKeyId,
        ...describeSecret("apiKeySecret", configuration.apiKeySecret),
        ...describeSecret("walletSecret", configuration.walletSecret)
      }
    }
    : {
      stripePrivyConfiguration: {
        appId: configuration.appId,
        ...describeSecret("appSecret", configuration.appSecret),
        ...describeSecret("authorizationPrivateKey", configuration.authorizationPrivateKey),
        authorizationId: configuration.authorizationId
      }
    }
}

export const operations = (
  dependencies: Dependencies,
  providers: PaymentProviders
): Pick<
  Operations,
  | "createPaymentCredentialProvider"
  | "getPaymentCredentialProvider"
  | "updatePaymentCredentialProvider"
  | "deletePaymentCredentialProvider"
  | "listPaymentCredentialProviders"
> => {
  const { account } = dependencies

  const configure = (
    request: Request,
    before?: Configuration
  ): Effect.Effect<Configuration, ValidationException> => {
    if (before !== undefined && before.vendor !== request.credentialProviderVendor) {
      return vendorChanged(before.vendor, request.credentialProviderVendor)
    }
    const resolve = (
      member: string,
      path: string,
      input: Secrets.SecretRequest["input"],
      old: Secrets.Secret | undefined
    ) =>
      Secrets.resolve(dependencies, {
        kind: "payment",
        arnName: nameSecret(request.name, member),
        members: {
          value: `${path}.${member}`,
          source: `${path}.${member}Source`,
          reference: `${path}.${member}Config`
        },
        input
      }, old)

    const resolveOptional = (...[member, path, input, old]: Parameters<typeof resolve>) =>
      input.value === undefined && input.source === undefined && input.reference === undefined
        ? Effect.succeed(undefined)
        : resolve(member, path, input, old)

    if (request.credentialProviderVendor === "CoinbaseCDP") {
      const path = "providerConfigurationInput.coinbaseCdpConfiguration"
      const config = request.providerConfigurationInput.coinbaseCdpConfiguration
      const old = before?.vendor === "CoinbaseCDP" ? before : undefined
      return Effect.all({
        vendor: Effect.succeed(request.credentialProviderVendor),
        apiKeyId: Effect.succeed(config.apiKeyId),
        apiKeySecret: resolve("apiKeySecret", path, {
          value: config.apiKeySecret,
          source: config.apiKeySecretSource,
          reference: config.apiKeySecretConfig
        }, old?.apiKeySecret),
        walletSecret: resolveOptional("walletSecret", path, {
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
      appSecret: resolve("appSecret", path, {
        value: config.appSecret,
        source: config.appSecretSource,
        reference: config.appSecretConfig
      }, old?.appSecret),
      authorizationPrivateKey: resolveOptional("authorizationPrivateKey", path, {
        value: config.authorizationPrivateKey,
        source: config.authorizationPrivateKeySource,
        reference: config.authorizationPrivateKeyConfig
      }, old?.authorizationPrivateKey),
      authorizationId: Effect.succeed(config.authorizationId)
    })
  }

  const toCreateResponse = ({ configuration, name }: Stored) => ({
    name,
    credentialProviderVendor: configuration.vendor,
    credentialProviderArn: Arn.paymentProvider(account, name),
    providerConfigurationOutput: toOutput(account, { configuration, name })
  })

  const toUpdateResponse = (provider: Stored) => ({
    ...toCreateResponse(provider),
    createdTime: provider.createdTime,
    lastUpdatedTime: provider.lastUpdatedTime
  })

  return {
    createPaymentCredentialProvider: (request) =>
      Effect.map(
        providers.create(
          request,
          (resource) => Effect.map(configure(request), (configuration) => ({ ...resource, configuration }))
        ),
        toCreateResponse
      ),

    getPaymentCredentialProvider: ({ name }) =>
      Effect.map(providers.find(name), (provider) => ({ ...toUpdateResponse(provider), tags: provider.tags })),

    updatePaymentCredentialProvider: (request) =>
      Effect.map(
        providers.update(request.name, (before) =>
          Effect.map(configure(request, before.configuration), (configuration) => ({ ...before, configuration }))),
        toUpdateResponse
      ),

    deletePaymentCredentialProvider: ({ name }) => providers.remove(name),

    listPaymentCredentialProviders: (request) =>
      Effect.map(providers.page(request), ({ items, next }) => ({
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
