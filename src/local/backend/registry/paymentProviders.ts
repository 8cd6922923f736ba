/** Payment credential providers. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AccessDeniedException, ValidationException } from "../../../IdentityError.js"
import type {
  PaymentProviderConfigurationOutput,
  UpdatePaymentCredentialProviderRequest
} from "../../../models/PaymentCredentialProvider.js"
import * as Arn from "../arn.js"
import { vendorChanged } from "../failures.js"
import type { Credentials } from "../paymentTokens.js"
import * as Secrets from "../secrets.js"
import { makeTable, operations } from "./providers.js"
import { type Dependencies, resourceFields } from "./table.js"

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

const PaymentProvider = Schema.Struct({ ...resourceFields, configuration: Configuration })

const nameSecret = (provider: string, member: string): string => `${provider}-${member}`

type Input = Pick<Secrets.SecretRequest, "value" | "source" | "reference">

const configure = (
  account: Arn.Account,
  request: UpdatePaymentCredentialProviderRequest,
  before: Configuration | undefined
): Effect.Effect<Configuration, ValidationException> => {
  const resolve = (path: string, member: string, input: Input, old: Secrets.Secret | undefined) =>
    Secrets.resolve(account, {
      kind: "payment",
      arnName: nameSecret(request.name, member),
      path: `providerConfigurationInput.${path}.${member}`,
      ...input
    }, old)
  const resolveOptional = (...[path, member, input, old]: Parameters<typeof resolve>) =>
    Object.values(input).every((value) => value === undefined)
      ? Effect.succeed(undefined)
      : resolve(path, member, input, old)
  if (request.credentialProviderVendor === "CoinbaseCDP") {
    const config = request.providerConfigurationInput.coinbaseCdpConfiguration
    const old = before?.vendor === "CoinbaseCDP" ? before : undefined
    return Effect.map(
      Effect.all({
        apiKeySecret: resolve("coinbaseCdpConfiguration", "apiKeySecret", {
          value: config.apiKeySecret,
          source: config.apiKeySecretSource,
          reference: config.apiKeySecretConfig
        }, old?.apiKeySecret),
        walletSecret: resolveOptional("coinbaseCdpConfiguration", "walletSecret", {
          value: config.walletSecret,
          source: config.walletSecretSource,
          reference: config.walletSecretConfig
        }, old?.walletSecret)
      }),
      (secrets) => ({ vendor: "CoinbaseCDP", apiKeyId: config.apiKeyId, ...secrets })
    )
  }
  const config = request.providerConfigurationInput.stripePrivyConfiguration
  const old = before?.vendor === "StripePrivy" ? before : undefined
  return Effect.map(
    Effect.all({
      appSecret: resolve("stripePrivyConfiguration", "appSecret", {
        value: config.appSecret,
        source: config.appSecretSource,
        reference: config.appSecretConfig
      }, old?.appSecret),
      authorizationPrivateKey: resolveOptional("stripePrivyConfiguration", "authorizationPrivateKey", {
        value: config.authorizationPrivateKey,
        source: config.authorizationPrivateKeySource,
        reference: config.authorizationPrivateKeyConfig
      }, old?.authorizationPrivateKey)
    }),
    (secrets) => ({ vendor: "StripePrivy", appId: config.appId, authorizationId: config.authorizationId, ...secrets })
  )
}

const toOutput = (
  account: Arn.Account,
  { configuration, name }: typeof PaymentProvider.Type
): PaymentProviderConfigurationOutput => {
  /** The members of a secret. Without a secret there is its ARN only, which the service model requires. */
  const describe = <const N extends string>(member: N, secret: Secrets.Secret | undefined) => {
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
        ...describe("apiKeySecret", configuration.apiKeySecret),
        ...describe("walletSecret", configuration.walletSecret)
      }
    }
    : {
      stripePrivyConfiguration: {
        appId: configuration.appId,
        ...describe("appSecret", configuration.appSecret),
        ...describe("authorizationPrivateKey", configuration.authorizationPrivateKey),
        authorizationId: configuration.authorizationId
      }
    }
}

const readCredentials = (
  settings: Secrets.Settings,
  configuration: Configuration
): Effect.Effect<Credentials, AccessDeniedException> => {
  const readOptional = (secret: Secrets.Secret | undefined) =>
    secret === undefined ? Effect.succeed(undefined) : Secrets.read(settings, secret)
  return configuration.vendor === "CoinbaseCDP"
    ? Effect.map(
      Effect.all({
        apiKeySecret: Secrets.read(settings, configuration.apiKeySecret),
        walletSecret: readOptional(configuration.walletSecret)
      }),
      (secrets) => ({ ...configuration, ...secrets })
    )
    : Effect.map(
      Effect.all({
        appSecret: Secrets.read(settings, configuration.appSecret),
        authorizationPrivateKey: readOptional(configuration.authorizationPrivateKey)
      }),
      (secrets) => ({ ...configuration, ...secrets })
    )
}

export const makePayments = Effect.fnUntraced(function*(dependencies: Dependencies) {
  const { account, settings, store } = dependencies
  const collection = store.collection("payment-providers", PaymentProvider)
  const providers = yield* makeTable(dependencies, "payment", "PaymentCredentialProvider", collection)
  return {
    providers,
    find: (name: string) =>
      Effect.flatMap(providers.find(name), ({ configuration }) => readCredentials(settings, configuration)),
    ...operations(dependencies, providers, {
      kind: "payment",
      complete: (request: UpdatePaymentCredentialProviderRequest, { configuration: { vendor } }) =>
        vendor === request.credentialProviderVendor
          ? Effect.succeed(request)
          : vendorChanged(vendor, request.credentialProviderVendor),
      configure: (request, before) =>
        Effect.map(configure(account, request, before?.configuration), (configuration) => ({ configuration })),
      describe: (provider) =>
        Effect.succeed({
          credentialProviderVendor: provider.configuration.vendor,
          providerConfigurationOutput: toOutput(account, provider)
        }),
      vendor: ({ configuration }) => ({ credentialProviderVendor: configuration.vendor })
    })
  }
})
