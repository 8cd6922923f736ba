/**
 * Definitions of credential providers as the requests of the service model.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as CredentialProvider from "../../CredentialProvider.js"

type Tags = { readonly [key: string]: string } | undefined

const tagged = (tags: Tags) => tags === undefined ? {} : { tags }

/**
 * A secret under its name in the service model: as it is, or by reference.
 *
 * @internal
 */
export const secret = (name: string, value: CredentialProvider.Secret): { readonly [member: string]: unknown } =>
  Redacted.isRedacted(value)
    ? { [name]: value }
    : {
      [`${name}Config`]: { secretId: value.secretId, jsonKey: value.jsonKey },
      [`${name}Source`]: "EXTERNAL"
    }

const optionalSecret = (name: string, value: CredentialProvider.Secret | undefined) =>
  value === undefined ? {} : secret(name, value)

const nothing: CredentialProvider.Ask = { scopes: [], customParameters: {} }

const oauth2 = (
  name: string,
  vendor: string,
  member: string,
  config: { readonly [member: string]: unknown },
  tags: Tags,
  ask: CredentialProvider.Ask
): CredentialProvider.Oauth2Definition => ({
  kind: "oauth2",
  name,
  ask,
  // Vendor, member and configuration belong together by the constructors' types; a test checks each by the schema.
  request: {
    name,
    credentialProviderVendor: vendor,
    oauth2ProviderConfigInput: { [member]: config },
    ...tagged(tags)
  } as unknown as CredentialProvider.Oauth2Definition["request"]
})

/**
 * The constructor of a vendor: what is not common goes into the configuration as it is.
 *
 * @internal
 */
export const vendor = (vendor: string, member: string, recipe: CredentialProvider.Ask = nothing) =>
(
  options: CredentialProvider.ClientOptions & CredentialProvider.OfflineOptions
): CredentialProvider.Oauth2Definition => {
  const { clientSecret, name, offlineAccess, tags, ...config } = options
  return oauth2(
    name,
    vendor,
    member,
    { ...config, ...secret("clientSecret", clientSecret) },
    tags,
    offlineAccess === true ? recipe : nothing
  )
}

const client = (options: CredentialProvider.CustomClient): { readonly [member: string]: unknown } => {
  if ("privateKeyJwt" in options) {
    const { kmsKeyArn, ...config } = options.privateKeyJwt
    return {
      clientId: options.clientId,
      clientAuthenticationMethod: "PRIVATE_KEY_JWT",
      privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn } }, ...config }
    }
  }
  if ("awsIamIdTokenJwt" in options) {
    return {
      ...(options.clientId === undefined ? {} : { clientId: options.clientId }),
      clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT"
    }
  }
  const { clientAuthenticationMethod, clientId, clientSecret } = options
  return {
    clientId,
    ...secret("clientSecret", clientSecret),
    ...(clientAuthenticationMethod === undefined ? {} : { clientAuthenticationMethod })
  }
}

/** @internal */
export const custom = (options: CredentialProvider.CustomOptions): CredentialProvider.Oauth2Definition =>
  oauth2(
    options.name,
    "CustomOauth2",
    "customOauth2ProviderConfig",
    {
      ...client(options),
      oauthDiscovery: "discovery" in options
        ? { discoveryUrl: options.discovery }
        : { authorizationServerMetadata: options.metadata },
      ...(options.onBehalfOf === undefined ? {} : { onBehalfOfTokenExchangeConfig: options.onBehalfOf }),
      ...(options.privateEndpoint === undefined ? {} : { privateEndpoint: options.privateEndpoint }),
      ...(options.privateEndpointOverrides === undefined
        ? {}
        : { privateEndpointOverrides: options.privateEndpointOverrides })
    },
    options.tags,
    options.offlineAccess === true ? { scopes: ["offline_access"], customParameters: {} } : nothing
  )

/** @internal */
export const apiKey = (options: {
  readonly name: string
  readonly apiKey: CredentialProvider.Secret
  readonly tags?: Tags
}): CredentialProvider.ApiKeyDefinition => ({
  kind: "apiKey",
  name: options.name,
  request: {
    name: options.name,
    ...apiKeySecret(options.apiKey),
    ...tagged(options.tags)
  } as CredentialProvider.ApiKeyDefinition["request"]
})

/**
 * The members of an API key are named otherwise than those of other secrets.
 *
 * @internal
 */
export const apiKeySecret = (value: CredentialProvider.Secret): { readonly [member: string]: unknown } =>
  Redacted.isRedacted(value)
    ? { apiKey: value }
    : {
      apiKeySecretConfig: { secretId: value.secretId, jsonKey: value.jsonKey },
      apiKeySecretSource: "EXTERNAL"
    }

const payment = (
  name: string,
  vendor: "CoinbaseCDP" | "StripePrivy",
  member: string,
  config: { readonly [member: string]: unknown },
  tags: Tags
): CredentialProvider.PaymentDefinition => ({
  kind: "payment",
  name,
  // As above: the constructors' types keep vendor and member together.
  request: {
    name,
    credentialProviderVendor: vendor,
    providerConfigurationInput: { [member]: config },
    ...tagged(tags)
  } as unknown as CredentialProvider.PaymentDefinition["request"]
})

/** @internal */
export const coinbase = (options: {
  readonly name: string
  readonly apiKeyId: string
  readonly apiKeySecret: CredentialProvider.Secret
  readonly walletSecret?: CredentialProvider.Secret | undefined
  readonly tags?: Tags
}): CredentialProvider.PaymentDefinition =>
  payment(
    options.name,
    "CoinbaseCDP",
    "coinbaseCdpConfiguration",
    {
      apiKeyId: options.apiKeyId,
      ...secret("apiKeySecret", options.apiKeySecret),
      ...optionalSecret("walletSecret", options.walletSecret)
    },
    options.tags
  )

/** @internal */
export const stripePrivy = (options: {
  readonly name: string
  readonly appId: string
  readonly appSecret: CredentialProvider.Secret
  readonly authorizationId: string
  readonly authorizationPrivateKey?: CredentialProvider.Secret | undefined
  readonly tags?: Tags
}): CredentialProvider.PaymentDefinition =>
  payment(
    options.name,
    "StripePrivy",
    "stripePrivyConfiguration",
    {
      appId: options.appId,
      ...secret("appSecret", options.appSecret),
      authorizationId: options.authorizationId,
      ...optionalSecret("authorizationPrivateKey", options.authorizationPrivateKey)
    },
    options.tags
  )
