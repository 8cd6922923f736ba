/**
 * What the configuration of an OAuth2 credential provider means: the authorization server that it is about, how its client
 * authenticates there, and what the service tells of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { ValidationException } from "../../IdentityError.js"
import type { Endpoints, LocalSettings } from "../../internal/identitySetup/localSettings.js"
import type * as Model from "../../models/Oauth2CredentialProvider.js"
import { isSecure } from "../oauth/endpoints.js"
import * as PrivateKey from "../oauth/privateKey.js"
import type { AuthorizationServer, ClientAuthentication, OnBehalfOf } from "../OAuthClient.js"
import { invalid } from "./registry/resource.js"
import { entryOf, externalSecret, missingSecret } from "./settings.js"
import * as Vendors from "./vendors.js"

/**
 * What a provider is made of, in a request that creates it or one that updates it.
 *
 * @internal
 */
export type Request =
  | Model.CreateOauth2CredentialProviderRequest
  | Model.UpdateOauth2CredentialProviderRequest

/** @internal */
export interface Environment {
  readonly settings: LocalSettings
  /** A JWT of the local issuer, in the place of one of AWS. */
  readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted>
}

type Custom = Extract<Request, { readonly credentialProviderVendor: "CustomOauth2" }>[
  "oauth2ProviderConfigInput"
]["customOauth2ProviderConfig"]

type Discovery = AuthorizationServer["discovery"]

type Secrets =
  | { readonly clientSecret: Redacted.Redacted }
  | { readonly clientSecretConfig: { readonly secretId: string; readonly jsonKey: string } }

type Invalid = (message: string, field: string) => ValidationException

const clientSecret = (
  config: Secrets,
  path: string,
  { secrets }: LocalSettings,
  problem: Invalid
): Effect.Effect<Redacted.Redacted, ValidationException> => {
  if (!("clientSecretConfig" in config)) return Effect.succeed(config.clientSecret)
  const secret = externalSecret(secrets, config.clientSecretConfig)
  return secret === undefined
    ? problem(missingSecret, `${path}.clientSecretConfig`)
    : Effect.succeed(secret)
}

const checkEndpoints = (
  discovery: Discovery,
  path: string,
  problem: Invalid
): Effect.Effect<void, ValidationException> => {
  const urls = "discoveryUrl" in discovery ? { "oauthDiscovery.discoveryUrl": discovery.discoveryUrl } : {
    "oauthDiscovery.authorizationServerMetadata.authorizationEndpoint":
      discovery.authorizationServerMetadata.authorizationEndpoint,
    "oauthDiscovery.authorizationServerMetadata.tokenEndpoint": discovery.authorizationServerMetadata.tokenEndpoint
  }
  const insecure = Object.entries(urls).find(([, url]) => !isSecure(url))
  return insecure === undefined
    ? Effect.void
    : problem("Member must be an https URL, or an http URL of a loopback host", `${path}.${insecure[0]}`)
}

// -----------------------------------------------------------------------------
// CustomOauth2
// -----------------------------------------------------------------------------

const customPath = "oauth2ProviderConfigInput.customOauth2ProviderConfig"

/** By the names of RFC 8414; those that no other setting has to go with. */
const byMetadata = (methods: ReadonlyArray<string> | undefined): "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" =>
  methods !== undefined && !methods.includes("client_secret_basic") && methods.includes("client_secret_post")
    ? "CLIENT_SECRET_POST"
    : "CLIENT_SECRET_BASIC"

const methodsOf = (config: Custom): ReadonlyArray<string> | undefined =>
  "authorizationServerMetadata" in config.oauthDiscovery
    ? config.oauthDiscovery.authorizationServerMetadata.tokenEndpointAuthMethods
    : undefined

const customAuthentication = Effect.fnUntraced(function*(
  config: Custom,
  environment: Environment,
  problem: Invalid
): Effect.fn.Return<ClientAuthentication, ValidationException> {
  const methods = methodsOf(config)
  if (methods !== undefined && config.clientAuthenticationMethod !== undefined) {
    return yield* problem(
      "clientAuthenticationMethod and tokenEndpointAuthMethods cannot be given together",
      `${customPath}.clientAuthenticationMethod`
    )
  }
  switch (config.clientAuthenticationMethod) {
    case "AWS_IAM_ID_TOKEN_JWT":
      return { clientAuthenticationMethod: config.clientAuthenticationMethod, awsToken: environment.awsToken }
    case "PRIVATE_KEY_JWT": {
      const { additionalHeaderClaims, additionalPayloadClaims, privateKeySource, signingAlgorithm } =
        config.privateKeyJwtConfig
      const path = `${customPath}.privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn`
      const privateKey = entryOf(environment.settings.kmsKeys, privateKeySource.kmsKeySource.kmsKeyArn)
      if (privateKey === undefined) {
        return yield* problem(
          "The local backend has no KMS, and no key for this ARN in its settings: add it to `kmsKeys`",
          path
        )
      }
      if (PrivateKey.parse(privateKey, signingAlgorithm) === undefined) {
        return yield* problem(
          `The key that the settings have for this ARN is not a private key for ${signingAlgorithm}`,
          path
        )
      }
      return {
        clientAuthenticationMethod: config.clientAuthenticationMethod,
        privateKey,
        signingAlgorithm,
        additionalHeaderClaims,
        additionalPayloadClaims
      }
    }
    default:
      return {
        clientAuthenticationMethod: config.clientAuthenticationMethod ?? byMetadata(methods),
        clientSecret: yield* clientSecret(config, customPath, environment.settings, problem)
      }
  }
})

const customOnBehalfOf = (
  config: Custom,
  { awsToken }: Environment,
  problem: Invalid
): Effect.Effect<OnBehalfOf | undefined, ValidationException> => {
  const exchange = config.onBehalfOfTokenExchangeConfig
  if (exchange === undefined) return Effect.succeed(undefined)
  const path = `${customPath}.onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig`
  const actor = exchange.tokenExchangeGrantTypeConfig
  if (exchange.grantType === "JWT_AUTHORIZATION_GRANT") {
    return actor === undefined
      ? Effect.succeed({ grantType: exchange.grantType })
      : problem("tokenExchangeGrantTypeConfig is only valid for the grant type TOKEN_EXCHANGE", path)
  }
  const content = actor?.actorTokenContent ?? "NONE"
  if (content !== "M2M" && actor?.actorTokenScopes !== undefined) {
    return problem("actorTokenScopes are only valid for the actor token content M2M", `${path}.actorTokenScopes`)
  }
  return Effect.succeed({
    grantType: exchange.grantType,
    actor: content === "M2M"
      ? { content, scopes: actor?.actorTokenScopes ?? [] }
      : content === "NONE"
      ? { content }
      : { content, awsToken }
  })
}

const resolveCustom = Effect.fnUntraced(function*(config: Custom, environment: Environment, problem: Invalid) {
  const authentication = yield* customAuthentication(config, environment, problem)
  const onBehalfOf = yield* customOnBehalfOf(config, environment, problem)
  yield* checkEndpoints(config.oauthDiscovery, customPath, problem)
  return { ...authentication, discovery: config.oauthDiscovery, clientId: config.clientId ?? "", onBehalfOf }
})

// -----------------------------------------------------------------------------
// Vendors
// -----------------------------------------------------------------------------

type VendorRequest = Exclude<Request, { readonly credentialProviderVendor: "CustomOauth2" }>

type Member = Exclude<keyof Model.Oauth2ProviderConfigOutput, "customOauth2ProviderConfig">

type VendorConfig = Secrets & Partial<Endpoints> & { readonly clientId: string; readonly tenantId?: string | undefined }

/** The schema of a request has exactly one member for its vendor. */
const memberOf = (request: VendorRequest): readonly [Member, VendorConfig] =>
  Object.entries(request.oauth2ProviderConfigInput)[0] as [Member, VendorConfig]

const isKnown = (vendor: VendorRequest["credentialProviderVendor"]): vendor is Vendors.Known => vendor in Vendors.known

const vendorServer = (
  vendor: VendorRequest["credentialProviderVendor"],
  config: VendorConfig,
  settings: LocalSettings
): Vendors.KnownVendor => {
  const override = settings.vendorEndpoints?.[vendor]
  if (override !== undefined) return { ...override, clientAuthenticationMethod: "CLIENT_SECRET_BASIC" }
  const known = vendor === "MicrosoftOauth2"
    ? Vendors.microsoft(config.tenantId ?? "common")
    : isKnown(vendor)
    ? Vendors.known[vendor]
    : undefined
  return {
    // Where the service does not know them, the schema of the request demands them.
    issuer: config.issuer ?? known?.issuer ?? "",
    authorizationEndpoint: config.authorizationEndpoint ?? known?.authorizationEndpoint ?? "",
    tokenEndpoint: config.tokenEndpoint ?? known?.tokenEndpoint ?? "",
    clientAuthenticationMethod: known?.clientAuthenticationMethod ?? "CLIENT_SECRET_BASIC",
    quirks: known?.quirks
  }
}

const metadataOf = ({ authorizationEndpoint, issuer, tokenEndpoint }: Endpoints): Discovery => ({
  authorizationServerMetadata: { issuer, authorizationEndpoint, tokenEndpoint }
})

const resolveVendor = Effect.fnUntraced(function*(request: VendorRequest, environment: Environment, problem: Invalid) {
  const vendor = request.credentialProviderVendor
  const [member, config] = memberOf(request)
  const path = `oauth2ProviderConfigInput.${member}`
  const server = vendorServer(vendor, config, environment.settings)
  const insecure = (["authorizationEndpoint", "tokenEndpoint"] as const).find((name) => !isSecure(server[name]))
  if (insecure !== undefined) {
    return yield* problem("Member must be an https URL, or an http URL of a loopback host", `${path}.${insecure}`)
  }
  const onBehalfOf: OnBehalfOf = vendor === "MicrosoftOauth2"
    ? { grantType: "JWT_AUTHORIZATION_GRANT", requestedTokenUse: "on_behalf_of" }
    : { grantType: "TOKEN_EXCHANGE", actor: { content: "NONE" } }
  return {
    clientAuthenticationMethod: server.clientAuthenticationMethod,
    clientSecret: yield* clientSecret(config, path, environment.settings, problem),
    discovery: metadataOf(server),
    clientId: config.clientId,
    onBehalfOf,
    quirks: server.quirks
  }
})

// -----------------------------------------------------------------------------
// Providers
// -----------------------------------------------------------------------------

/**
 * The authorization server of a provider, and the provider's client there. Secrets and keys by reference are looked up in the
 * settings, at each call: they may have changed.
 *
 * @internal
 */
export const resolve = (
  operation: string,
  request: Request,
  environment: Environment
): Effect.Effect<AuthorizationServer, ValidationException> => {
  const problem: Invalid = (message, field) => invalid(operation, message, field)
  return request.credentialProviderVendor === "CustomOauth2"
    ? resolveCustom(request.oauth2ProviderConfigInput.customOauth2ProviderConfig, environment, problem)
    : resolveVendor(request, environment, problem)
}

/**
 * What the service tells of a provider's configuration. The tenant of Microsoft is not told, as by AWS, but for the endpoints.
 *
 * @internal
 */
export const output = (request: Request, { settings }: Environment): Model.Oauth2ProviderConfigOutput => {
  if (request.credentialProviderVendor !== "CustomOauth2") {
    const [member, config] = memberOf(request)
    const server = vendorServer(request.credentialProviderVendor, config, settings)
    return { [member]: { oauthDiscovery: metadataOf(server), clientId: config.clientId } }
  }
  const config = request.oauth2ProviderConfigInput.customOauth2ProviderConfig
  const { clientId, oauthDiscovery, onBehalfOfTokenExchangeConfig, privateEndpoint, privateEndpointOverrides } = config
  return {
    customOauth2ProviderConfig: {
      oauthDiscovery,
      ...(clientId === undefined ? {} : { clientId }),
      clientAuthenticationMethod: config.clientAuthenticationMethod ?? byMetadata(methodsOf(config)),
      ...(onBehalfOfTokenExchangeConfig === undefined ? {} : { onBehalfOfTokenExchangeConfig }),
      ...("privateKeyJwtConfig" in config ? { privateKeyJwtConfig: config.privateKeyJwtConfig } : {}),
      ...(privateEndpoint === undefined ? {} : { privateEndpoint }),
      ...(privateEndpointOverrides === undefined ? {} : { privateEndpointOverrides })
    }
  }
}
