/** The constructors of `CredentialProvider`. They turn options into requests of the service model. */
import { hasProperty } from "effect/Predicate"
import { type Oauth2Vendor, vendors } from "../models/vendors.js"
import type { Definition, Options } from "./definitions.js"
import { type Json, omitUndefined } from "./view.js"

const isReference = (secret: Options.Secret): secret is Options.SecretReference => hasProperty(secret, "secretId")

/** Encodes a secret as members of a request. The plane rejects a value of any other type. */
const encodeSecret = (name: string, value: Options.Secret | undefined): Json =>
  value === undefined
    ? {}
    : isReference(value)
    ? {
      [`${name}Config`]: { secretId: value.secretId, jsonKey: value.jsonKey },
      [`${name}Source`]: "EXTERNAL"
    }
    : { [name]: value }

export const noParameters: Definition["authorizationParameters"] = { scopes: [], customParameters: {} }

const makeDefinition = <Kind extends Definition["kind"]>(
  kind: Kind,
  { name, tags }: Options.Provider,
  members: Json,
  authorizationParameters = noParameters
): Definition<Kind> => ({
  kind,
  name,
  authorizationParameters,
  // The types of the constructors relate kind, vendor and members. A test checks each definition against the schema.
  request: omitUndefined({ name, ...members, tags }) as unknown as Definition<Kind>["request"]
})

const makeOauth2 = (
  options: Options.Provider,
  vendor: Oauth2Vendor,
  config: Json,
  authorizationParameters: Definition["authorizationParameters"]
): Definition<"oauth2"> =>
  makeDefinition(
    "oauth2",
    options,
    { credentialProviderVendor: vendor, oauth2ProviderConfigInput: { [vendors[vendor].config]: config } },
    authorizationParameters
  )

/**
 * Makes the constructor of a vendor. Options that only this vendor has go into the configuration unchanged. `offline`
 * makes the vendor issue a refresh token.
 */
export const makeVendor =
  (vendor: Oauth2Vendor, offline?: Partial<Definition["authorizationParameters"]>) =>
  ({ clientSecret, name, offlineAccess, tags, ...config }: Options.Client & Options.Offline): Definition<"oauth2"> =>
    makeOauth2(
      { name, tags },
      vendor,
      { ...config, ...encodeSecret("clientSecret", clientSecret) },
      offlineAccess === true ? { ...noParameters, ...offline } : noParameters
    )

const encodePrivateKeyJwt = ({ kmsKeyArn, ...config }: Options.PrivateKeyJwtClient["privateKeyJwt"]): Json => ({
  privateKeySource: { kmsKeySource: { kmsKeyArn } },
  ...config
})

export const custom = (options: Options.Custom): Definition<"oauth2"> => {
  const {
    awsIamIdTokenJwt,
    clientSecret,
    discovery,
    metadata,
    name,
    offlineAccess,
    onBehalfOf,
    privateKeyJwt,
    tags,
    ...config
  } =
    // Some clients and servers lack these properties.
    options as
      & Options.Custom
      & Partial<Pick<Options.SecretClient, "clientSecret"> & Options.DiscoveredServer & Options.DescribedServer>
  return makeOauth2(
    { name, tags },
    "CustomOauth2",
    omitUndefined({
      // Includes unknown options, so that the plane rejects a misspelled one: without its `privateEndpoint`, a server
      // would be reached over the internet.
      ...config,
      ...privateKeyJwt !== undefined
        ? { clientAuthenticationMethod: "PRIVATE_KEY_JWT", privateKeyJwtConfig: encodePrivateKeyJwt(privateKeyJwt) }
        : awsIamIdTokenJwt !== undefined
        ? { clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }
        : encodeSecret("clientSecret", clientSecret),
      oauthDiscovery: discovery === undefined ? { authorizationServerMetadata: metadata } : { discoveryUrl: discovery },
      onBehalfOfTokenExchangeConfig: onBehalfOf
    }),
    offlineAccess === true ? { ...noParameters, scopes: ["offline_access"] } : noParameters
  )
}

export const apiKey = (options: Options.ApiKey): Definition<"apiKey"> =>
  // The service model calls the key `apiKey`, and a reference to one `apiKeySecretConfig`.
  makeDefinition(
    "apiKey",
    options,
    encodeSecret(isReference(options.apiKey) ? "apiKeySecret" : "apiKey", options.apiKey)
  )

const makePayment = (
  options: Options.Provider,
  credentialProviderVendor: Definition<"payment">["request"]["credentialProviderVendor"],
  providerConfigurationInput: Json
): Definition<"payment"> => makeDefinition("payment", options, { credentialProviderVendor, providerConfigurationInput })

export const coinbase = (options: Options.Coinbase): Definition<"payment"> =>
  makePayment(options, "CoinbaseCDP", {
    coinbaseCdpConfiguration: {
      apiKeyId: options.apiKeyId,
      ...encodeSecret("apiKeySecret", options.apiKeySecret),
      ...encodeSecret("walletSecret", options.walletSecret)
    }
  })

export const stripePrivy = (options: Options.StripePrivy): Definition<"payment"> =>
  makePayment(options, "StripePrivy", {
    stripePrivyConfiguration: {
      appId: options.appId,
      ...encodeSecret("appSecret", options.appSecret),
      authorizationId: options.authorizationId,
      ...encodeSecret("authorizationPrivateKey", options.authorizationPrivateKey)
    }
  })
