/**
 * The configuration of an OAuth2 credential provider as an authorization server, a client's authentication there, and
 * the configuration that responses contain.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { omitUndefined } from "../../credentialProvider/view.js"
import type { AccessDeniedException, ValidationException } from "../../IdentityError.js"
import { type Endpoints, isKnownVendor, type LocalSettings } from "../../identitySetup/localSettings.js"
import { isEndpoint, isIssuer } from "../../internal/issuerUrl.js"
import { isSecure } from "../../models/internal/loopback.js"
import * as Model from "../../models/Oauth2CredentialProvider.js"
import * as Validation from "../../plane/validation.js"
import * as PrivateKey from "../oauth/privateKey.js"
import type { AuthorizationServer, ClientAuthentication, OnBehalfOf } from "../oauth/service.js"
import type * as Arn from "./arn.js"
import { Seeding } from "./callContext.js"
import { invalid, vendorChanged } from "./failures.js"
import { readExternal, readKmsKey, type Settings } from "./secrets.js"
import * as Vendors from "./vendors.js"

/** A whole configuration. The one of an update is complete after {@link completeUpdate}. */
export type ProviderRequest = Model.CreateOauth2CredentialProviderRequest

export interface Environment {
  readonly account: Arn.Account
  readonly settings: Settings
  /** A JWT of the local issuer, in place of AWS. */
  readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted>
}

type Custom = Extract<ProviderRequest, { readonly credentialProviderVendor: "CustomOauth2" }>[
  "oauth2ProviderConfigInput"
]["customOauth2ProviderConfig"]

type Discovery = AuthorizationServer["discovery"]

type Secrets =
  | { readonly clientSecret: Redacted.Redacted }
  | { readonly clientSecretConfig: { readonly secretId: string; readonly jsonKey: string } }

type SecretError = ValidationException | AccessDeniedException

/** A valid configuration. Its secrets and keys are read when they are used, as by the live service. */
interface Configured {
  readonly server: Pick<AuthorizationServer, "discovery" | "clientId" | "onBehalfOf" | "quirks">
  readonly authentication: Effect.Effect<ClientAuthentication, SecretError>
}

const readClientSecret = (config: Secrets, settings: Settings): Effect.Effect<Redacted.Redacted, SecretError> =>
  "clientSecretConfig" in config
    ? readExternal(settings, config.clientSecretConfig)
    : Effect.succeed(config.clientSecret)

const checkUrl = (url: string, isUsable: (url: string) => boolean, problem: string, path: string) =>
  !isSecure(url)
    ? invalid("Member must be an https URL, or an http URL of a loopback host", path)
    : isUsable(url)
    ? Effect.void
    : invalid(problem, path)

const checkDiscoveryUrl = (url: string, path: string): Effect.Effect<void, ValidationException> =>
  checkUrl(url, isIssuer, "Member must be a URL without user information, query, fragment, and dot segments", path)

/** RFC 6749, section 3, allows a query. */
const checkEndpoint = (url: string, path: string): Effect.Effect<void, ValidationException> =>
  checkUrl(url, isEndpoint, "Member must be a URL without user information and fragment", path)

const checkEndpoints = (discovery: Discovery, path: string) => {
  if ("discoveryUrl" in discovery) {
    return checkDiscoveryUrl(discovery.discoveryUrl, `${path}.oauthDiscovery.discoveryUrl`)
  }
  const { authorizationEndpoint, tokenEndpoint } = discovery.authorizationServerMetadata
  const metadataPath = `${path}.oauthDiscovery.authorizationServerMetadata`
  return Effect.andThen(
    checkEndpoint(authorizationEndpoint, `${metadataPath}.authorizationEndpoint`),
    checkEndpoint(tokenEndpoint, `${metadataPath}.tokenEndpoint`)
  )
}

// -----------------------------------------------------------------------------
// Issuers in the settings
// -----------------------------------------------------------------------------

/** RFC 8414, section 3.1, inserts this into the issuer, and OpenID Connect Discovery 1.0 appends it. */
const wellKnown = /\/\.well-known\/(openid-configuration|oauth-authorization-server)(?=\/|$)/

const readIssuer = (discovery: Discovery): string =>
  "discoveryUrl" in discovery
    ? discovery.discoveryUrl.replace(wellKnown, "")
    : discovery.authorizationServerMetadata.issuer

const findReplacement = (discovery: Discovery, settings: LocalSettings): Discovery | undefined => {
  const issuer = Vendors.findIssuer(readIssuer(discovery), settings)
  return issuer === undefined
    ? undefined
    : { discoveryUrl: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration` }
}

// -----------------------------------------------------------------------------
// CustomOauth2
// -----------------------------------------------------------------------------

const customPath = "oauth2ProviderConfigInput.customOauth2ProviderConfig"

/** Of the methods of RFC 8414, the client secret needs no other setting. */
const chooseSecretMethod = (methods: ReadonlyArray<string> | undefined): "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" =>
  methods !== undefined && !methods.includes("client_secret_basic") && methods.includes("client_secret_post")
    ? "CLIENT_SECRET_POST"
    : "CLIENT_SECRET_BASIC"

const readAuthMethods = (config: Custom): ReadonlyArray<string> | undefined =>
  "authorizationServerMetadata" in config.oauthDiscovery
    ? config.oauthDiscovery.authorizationServerMetadata.tokenEndpointAuthMethods
    : undefined

type PrivateKeyJwt = Extract<Custom, { readonly clientAuthenticationMethod: "PRIVATE_KEY_JWT" }>["privateKeyJwtConfig"]

const readPrivateKey = ({ privateKeySource, signingAlgorithm }: PrivateKeyJwt, settings: Settings) =>
  Effect.filterOrElse(
    readKmsKey(settings, privateKeySource.kmsKeySource.kmsKeyArn),
    (privateKey) => PrivateKey.parse(privateKey, signingAlgorithm) !== undefined,
    () => invalid(`The key that the settings have for the KMS key is not a private key for ${signingAlgorithm}`)
  )

const resolveCustomAuthentication = (
  config: Custom,
  { awsToken, settings }: Environment
): Effect.Effect<Configured["authentication"], ValidationException> => {
  const methods = readAuthMethods(config)
  if (methods !== undefined && config.clientAuthenticationMethod !== undefined) {
    return invalid(
      "clientAuthenticationMethod and tokenEndpointAuthMethods cannot be given together",
      `${customPath}.clientAuthenticationMethod`
    )
  }
  switch (config.clientAuthenticationMethod) {
    case "AWS_IAM_ID_TOKEN_JWT": {
      const { clientAuthenticationMethod } = config
      return Effect.succeed(Effect.succeed({ clientAuthenticationMethod, awsToken }))
    }
    case "PRIVATE_KEY_JWT": {
      const { clientAuthenticationMethod, privateKeyJwtConfig } = config
      const { additionalHeaderClaims, additionalPayloadClaims, signingAlgorithm } = privateKeyJwtConfig
      return Effect.succeed(Effect.map(readPrivateKey(privateKeyJwtConfig, settings), (privateKey) => ({
        clientAuthenticationMethod,
        privateKey,
        signingAlgorithm,
        additionalHeaderClaims,
        additionalPayloadClaims
      })))
    }
    default: {
      const clientAuthenticationMethod = config.clientAuthenticationMethod ?? chooseSecretMethod(methods)
      return Effect.succeed(Effect.map(readClientSecret(config, settings), (clientSecret) => ({
        clientAuthenticationMethod,
        clientSecret
      })))
    }
  }
}

const resolveCustomOnBehalfOf = (
  config: Custom,
  { awsToken }: Environment
): Effect.Effect<OnBehalfOf | undefined, ValidationException> => {
  const exchange = config.onBehalfOfTokenExchangeConfig
  if (exchange === undefined) return Effect.succeed(undefined)
  const path = `${customPath}.onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig`
  const actor = exchange.tokenExchangeGrantTypeConfig
  if (exchange.grantType === "JWT_AUTHORIZATION_GRANT") {
    return actor === undefined
      ? Effect.succeed({ grantType: exchange.grantType })
      : invalid("tokenExchangeGrantTypeConfig is only valid for the grant type TOKEN_EXCHANGE", path)
  }
  const content = actor?.actorTokenContent ?? "NONE"
  if (content !== "M2M" && actor?.actorTokenScopes !== undefined) {
    return invalid("actorTokenScopes are only valid for the actor token content M2M", `${path}.actorTokenScopes`)
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

const resolveCustom = Effect.fnUntraced(function*(
  config: Custom,
  environment: Environment
): Effect.fn.Return<Configured, ValidationException> {
  const authentication = yield* resolveCustomAuthentication(config, environment)
  const onBehalfOf = yield* resolveCustomOnBehalfOf(config, environment)
  yield* checkEndpoints(config.oauthDiscovery, customPath)
  const discovery = findReplacement(config.oauthDiscovery, yield* environment.settings) ?? config.oauthDiscovery
  return { authentication, server: { discovery, clientId: config.clientId ?? "", onBehalfOf } }
})

// -----------------------------------------------------------------------------
// Vendors
// -----------------------------------------------------------------------------

type VendorRequest = Exclude<ProviderRequest, { readonly credentialProviderVendor: "CustomOauth2" }>

type Member = Exclude<keyof Model.Oauth2ProviderConfigOutput, "customOauth2ProviderConfig">

type VendorConfig = Secrets & Partial<Endpoints> & { readonly clientId: string; readonly tenantId?: string | undefined }

/** The schema of a request has exactly one member, the one of its vendor. */
const readMember = (request: VendorRequest): readonly [Member, VendorConfig] =>
  Object.entries(request.oauth2ProviderConfigInput)[0] as [Member, VendorConfig]

/** A server in the settings has none of the vendor's quirks. */
const basic = { clientAuthenticationMethod: "CLIENT_SECRET_BASIC", quirks: undefined } as const

const namesAll = ({ authorizationEndpoint, issuer, tokenEndpoint }: VendorConfig): boolean =>
  issuer !== undefined && authorizationEndpoint !== undefined && tokenEndpoint !== undefined

const findKnownServer = (
  vendor: VendorRequest["credentialProviderVendor"],
  config: VendorConfig,
  { vendorEndpoints }: LocalSettings
): Vendors.KnownVendor | undefined => {
  if (!isKnownVendor(vendor)) return undefined
  const override = namesAll(config) ? undefined : vendorEndpoints?.[vendor]
  if (override !== undefined) return { ...override, ...basic }
  return vendor === "MicrosoftOauth2" ? Vendors.makeMicrosoft(config.tenantId ?? "common") : Vendors.known[vendor]
}

const resolveVendorServer = (
  vendor: VendorRequest["credentialProviderVendor"],
  config: VendorConfig,
  settings: LocalSettings
): Vendors.KnownVendor => {
  const known = findKnownServer(vendor, config, settings)
  return {
    // The schema of the request requires the endpoints that the service does not know.
    issuer: config.issuer ?? known?.issuer ?? "",
    authorizationEndpoint: config.authorizationEndpoint ?? known?.authorizationEndpoint ?? "",
    tokenEndpoint: config.tokenEndpoint ?? known?.tokenEndpoint ?? "",
    clientAuthenticationMethod: known?.clientAuthenticationMethod ?? "CLIENT_SECRET_BASIC",
    quirks: known?.quirks
  }
}

const toDiscovery = ({ authorizationEndpoint, issuer, tokenEndpoint }: Endpoints): Discovery => ({
  authorizationServerMetadata: { issuer, authorizationEndpoint, tokenEndpoint }
})

const resolveVendor = Effect.fnUntraced(function*(
  request: VendorRequest,
  { settings }: Environment
): Effect.fn.Return<Configured, ValidationException> {
  const vendor = request.credentialProviderVendor
  const [member, config] = readMember(request)
  const path = `oauth2ProviderConfigInput.${member}`
  const current = yield* settings
  const server = resolveVendorServer(vendor, config, current)
  yield* checkEndpoint(server.authorizationEndpoint, `${path}.authorizationEndpoint`)
  yield* checkEndpoint(server.tokenEndpoint, `${path}.tokenEndpoint`)
  const discovery = toDiscovery(server)
  const replacement = findReplacement(discovery, current)
  const { clientAuthenticationMethod, quirks } = replacement === undefined ? server : basic
  return {
    authentication: Effect.map(readClientSecret(config, settings), (clientSecret) => ({
      clientAuthenticationMethod,
      clientSecret
    })),
    server: {
      discovery: replacement ?? discovery,
      clientId: config.clientId,
      onBehalfOf: Vendors.findOnBehalfOf(vendor, current),
      quirks
    }
  }
})

// -----------------------------------------------------------------------------
// Providers
// -----------------------------------------------------------------------------

const configure = (request: ProviderRequest, environment: Environment) =>
  request.credentialProviderVendor === "CustomOauth2"
    ? resolveCustom(request.oauth2ProviderConfigInput.customOauth2ProviderConfig, environment)
    : resolveVendor(request, environment)

/** Whether AWS reaches the authorization server through a private network. */
export const hasPrivateEndpoint = (request: ProviderRequest): boolean => {
  if (request.credentialProviderVendor !== "CustomOauth2") return false
  const { privateEndpoint, privateEndpointOverrides = [] } =
    request.oauth2ProviderConfigInput.customOauth2ProviderConfig
  return privateEndpoint !== undefined || privateEndpointOverrides.length > 0
}

const keyArnPath = `${customPath}.privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn`

/** AWS documentation, private-key-jwt: the key is in the Region of the provider. The message is a guess. */
const checkKeyRegion = (config: Custom, { region }: Arn.Account): Effect.Effect<void, ValidationException> =>
  config.clientAuthenticationMethod === "PRIVATE_KEY_JWT"
    && config.privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn.split(":")[3] !== region
    ? invalid(`The KMS key must be in the Region of the credential provider: ${region}`, keyArnPath)
    : Effect.void

/** Providers of earlier versions may lack it, so that only a new configuration is checked. */
const checkTokenExchange = ({ onBehalfOfTokenExchangeConfig: exchange }: Custom) =>
  exchange?.grantType === "TOKEN_EXCHANGE" && exchange.tokenExchangeGrantTypeConfig === undefined
    ? invalid(
      "Member must not be null for the grant type TOKEN_EXCHANGE",
      `${customPath}.onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig`
    )
    : Effect.void

/**
 * Checks the configuration of a provider. Like the live service, it does not read the secrets and keys by reference.
 * Returns the server that the backend has to reach.
 */
export const check = Effect.fnUntraced(function*(
  request: ProviderRequest,
  environment: Environment
): Effect.fn.Return<Pick<AuthorizationServer, "discovery">, ValidationException> {
  const { server } = yield* configure(request, environment)
  if (request.credentialProviderVendor === "CustomOauth2") {
    const config = request.oauth2ProviderConfigInput.customOauth2ProviderConfig
    yield* checkTokenExchange(config)
    if (!(yield* Seeding)) yield* checkKeyRegion(config, environment.account)
  }
  return server
})

// -----------------------------------------------------------------------------
// Updates
// -----------------------------------------------------------------------------

const validateRequest = Validation.validate(Model.CreateOauth2CredentialProviderRequest)

const patchPrivateKeyJwt = (config: Model.CustomOauth2ConfigUpdate, before: Custom): Model.CustomOauth2ConfigUpdate =>
  config.clientAuthenticationMethod === "PRIVATE_KEY_JWT" && before.clientAuthenticationMethod === "PRIVATE_KEY_JWT"
    ? {
      ...config,
      privateKeyJwtConfig: {
        ...before.privateKeyJwtConfig,
        ...omitUndefined({ ...config.privateKeyJwtConfig })
      }
    }
    : config

/**
 * The whole configuration of an update. It replaces the one before. Only `privateKeyJwtConfig` is a patch (AWS service
 * model: "On Update: all fields are optional").
 */
export const completeUpdate = (
  request: Model.UpdateOauth2CredentialProviderRequest,
  before: ProviderRequest
): Effect.Effect<ProviderRequest, ValidationException> =>
  request.credentialProviderVendor !== before.credentialProviderVendor
    ? vendorChanged(before.credentialProviderVendor, request.credentialProviderVendor)
    : request.credentialProviderVendor === "CustomOauth2" && before.credentialProviderVendor === "CustomOauth2"
    ? Effect.fromResult(validateRequest({
      ...request,
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: patchPrivateKeyJwt(
          request.oauth2ProviderConfigInput.customOauth2ProviderConfig,
          before.oauth2ProviderConfigInput.customOauth2ProviderConfig
        )
      }
    }))
    : Effect.fromResult(validateRequest(request))

/**
 * The authorization server of a provider, and the provider's client there. Checks the configuration again, because the
 * settings may have changed since.
 */
export const resolve = (
  request: ProviderRequest,
  environment: Environment
): Effect.Effect<AuthorizationServer, SecretError> =>
  Effect.flatMap(
    configure(request, environment),
    ({ authentication, server }) => Effect.map(authentication, (client) => ({ ...client, ...server }))
  )

/** The configuration in a response. Like AWS, it omits the tenant of Microsoft, which only the endpoints show. */
export const toOutput = (request: ProviderRequest, settings: LocalSettings): Model.Oauth2ProviderConfigOutput => {
  if (request.credentialProviderVendor !== "CustomOauth2") {
    const [member, config] = readMember(request)
    const server = resolveVendorServer(request.credentialProviderVendor, config, settings)
    return { [member]: { oauthDiscovery: toDiscovery(server), clientId: config.clientId } }
  }
  const config = request.oauth2ProviderConfigInput.customOauth2ProviderConfig
  const { clientId, oauthDiscovery, onBehalfOfTokenExchangeConfig, privateEndpoint, privateEndpointOverrides } = config
  return {
    customOauth2ProviderConfig: {
      oauthDiscovery,
      ...(clientId === undefined ? {} : { clientId }),
      clientAuthenticationMethod: config.clientAuthenticationMethod ?? chooseSecretMethod(readAuthMethods(config)),
      ...(onBehalfOfTokenExchangeConfig === undefined ? {} : { onBehalfOfTokenExchangeConfig }),
      ...("privateKeyJwtConfig" in config ? { privateKeyJwtConfig: config.privateKeyJwtConfig } : {}),
      ...(privateEndpoint === undefined ? {} : { privateEndpoint }),
      ...(privateEndpointOverrides === undefined ? {} : { privateEndpointOverrides })
    }
  }
}
