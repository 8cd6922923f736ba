/** Payment credential providers. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { PaymentProviderConfigurationOutput, UpdatePaymentCredentialProviderRequest } from "../../../Models.js"
import * as Arn from "../arn.js"
import { type Invalid, invalid, vendorChanged } from "../failures.js"
import * as PaymentKeys from "../paymentKeys.js"
import * as Secrets from "../secrets.js"
import { makeKind } from "./providers.js"
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

const PaymentProvider = Schema.Struct({
  ...resourceFields,
  configuration: Configuration,
  /** It is part of the names of all secrets of the provider. */
  secretsId: Schema.String
})

const p256 = { form: "EC P-256", parse: PaymentKeys.parseP256 }

/** The part of each secret in names, and the form of a key. */
const secrets = {
  apiKeySecret: { part: "apikey", form: "Ed25519", parse: PaymentKeys.parseApiKey },
  walletSecret: { part: "wallet", ...p256 },
  appSecret: { part: "appsecret", form: "", parse: (secret: Redacted.Redacted) => secret },
  authorizationPrivateKey: { part: "authprivkey", ...p256 }
}

type SecretName = keyof typeof secrets

/** Returns the name of a secret in Secrets Manager: `payment/coinbasecdp`, and `<provider>-<secretsId>/wallet`. */
const nameSecret = (vendor: Configuration["vendor"], provider: string, secretsId: string, name: SecretName) => ({
  kind: `payment/${vendor.toLowerCase()}`,
  arnName: `${provider}-${secretsId}/${secrets[name].part}`
})

type Members = Readonly<Record<string, never>>

const configure = (
  account: Arn.Account,
  request: UpdatePaymentCredentialProviderRequest,
  before: Configuration | undefined,
  secretsId: string
): Effect.Effect<Configuration, Invalid> => {
  // A valid request has exactly one member, the one of its vendor.
  const [[member, given] = ["", {}]] = Object.entries(request.providerConfigurationInput)
  // The names of a secret's members are computed, so the type checker does not know their types.
  const members = given as Members
  const old = before as Members | undefined
  const required = Effect.fnUntraced(function*(name: SecretName) {
    const path = `providerConfigurationInput.${member}.${name}`
    const { form, parse } = secrets[name]
    const secret = yield* Secrets.resolve(account, {
      ...nameSecret(request.credentialProviderVendor, request.name, secretsId, name),
      path,
      value: members[name],
      source: members[`${name}Source`],
      reference: members[`${name}Config`]
    }, old?.[name])
    // The live service was seen to reject an Ed25519 key of another form. The message for P-256 is a guess.
    return secret.source === "MANAGED" && parse(secret.value) === undefined
      ? yield* invalid(`Expected base64-encoded ${form} private key`, path)
      : secret
  })
  // An update needs every secret again, even if only an id changes (aws/agentcore-cli).
  const optional = (name: SecretName) =>
    old?.[name] === undefined
      && [name, `${name}Source`, `${name}Config`].every((property) => members[property] === undefined)
      ? Effect.undefined
      : required(name)
  if (request.credentialProviderVendor === "CoinbaseCDP") {
    const { apiKeyId } = request.providerConfigurationInput.coinbaseCdpConfiguration
    return Effect.map(
      Effect.all({ apiKeySecret: required("apiKeySecret"), walletSecret: optional("walletSecret") }),
      (secrets) => ({ vendor: "CoinbaseCDP", apiKeyId, ...secrets })
    )
  }
  const { appId, authorizationId } = request.providerConfigurationInput.stripePrivyConfiguration
  return Effect.map(
    Effect.all({ appSecret: required("appSecret"), authorizationPrivateKey: optional("authorizationPrivateKey") }),
    (secrets) => ({ vendor: "StripePrivy", appId, authorizationId, ...secrets })
  )
}

const toOutput = (
  account: Arn.Account,
  { configuration, name, secretsId }: typeof PaymentProvider.Type
): PaymentProviderConfigurationOutput => {
  const describe = <const N extends SecretName>(member: N, secret: Secrets.Secret | undefined) => {
    const { arnName, kind } = nameSecret(configuration.vendor, name, secretsId, member)
    return Secrets.describe(member, secret?.arn ?? Arn.noSecret(account, kind, arnName), secret)
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

const readCredentials = Effect.fnUntraced(function*(settings: Secrets.Settings, configuration: Configuration) {
  const read = (secret: Secrets.Secret) => Secrets.read(settings, secret)
  const readOptional = (secret: Secrets.Secret | undefined) =>
    secret === undefined ? Effect.succeed(undefined) : read(secret)
  return configuration.vendor === "CoinbaseCDP"
    ? {
      ...configuration,
      apiKeySecret: yield* read(configuration.apiKeySecret),
      walletSecret: yield* readOptional(configuration.walletSecret)
    }
    : {
      ...configuration,
      appSecret: yield* read(configuration.appSecret),
      authorizationPrivateKey: yield* readOptional(configuration.authorizationPrivateKey)
    }
})

export type Credentials = Effect.Success<ReturnType<typeof readCredentials>>

export const makePayments = ({ account, settings, store }: Dependencies) =>
  Effect.map(
    makeKind(account, {
      kind: "payment",
      resourceType: "PaymentCredentialProvider",
      describeMissing: () => "PaymentCredentialProvider not found",
      collection: store.collection("payment-providers", PaymentProvider),
      complete: (request: UpdatePaymentCredentialProviderRequest, { configuration: { vendor } }) =>
        vendor === request.credentialProviderVendor
          ? Effect.succeed(request)
          : vendorChanged(vendor, request.credentialProviderVendor),
      configure: (request, before) =>
        Effect.suspend(() => {
          const secretsId = before?.secretsId ?? Arn.makeSecretsId()
          return Effect.map(
            configure(account, request, before?.configuration, secretsId),
            (configuration) => ({ configuration, secretsId })
          )
        }),
      describe: (provider) =>
        Effect.succeed({
          credentialProviderVendor: provider.configuration.vendor,
          providerConfigurationOutput: toOutput(account, provider)
        }),
      vendor: ({ configuration }) => ({ credentialProviderVendor: configuration.vendor })
    }),
    (kind) => ({
      ...kind,
      find: (name: string) =>
        Effect.flatMap(kind.findUsed(name), ({ configuration }) => readCredentials(settings, configuration))
    })
  )
