/**
 * Interprets the configuration of an OAuth2 credential provider: the authorization server, the client's authentication
 * there, and the configuration in responses.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { omitUndefined } from "../../internal/credentialProvider/view.js"
import { type Endpoints, isKnownVendor, type LocalSettings } from "../../internal/identitySetup/localSettings.js"
import { isEndpoint, isIssuer } from "../../internal/models/urls.js"
import * as Validation from "../../internal/plane/validation.js"
import * as Models from "../../Models.js"
import type { AuthorizationServer, ClientAuthentication, OAuthError, OnBehalfOf } from "../oauth/oauthClient.js"
import * as PrivateKey from "../oauth/privateKey.js"
import type * as Arn from "./arn.js"
import { explain, Seeding } from "./callContext.js"
import { type Exception, type Invalid, invalid, vendorChanged } from "./failures.js"
import { readExternal, readKmsKey, type Settings } from "./secrets.js"
import * as Vendors from "./vendorEndpoints.js"

/** A whole configuration. {@link completeUpdate} makes one of an update. */
export type ProviderRequest = Models.CreateOauth2CredentialProviderRequest

export interface Environment {
  readonly account: Arn.Account
  readonly settings: Settings
  /** Makes a JWT of the local issuer, in place of AWS. */
  readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted, OAuthError>
}

type Custom = Extract<ProviderRequest, { readonly credentialProviderVendor: "CustomOauth2" }>[
  "oauth2ProviderConfigInput"
]["customOauth2ProviderConfig"]

const readCustom = (request: ProviderRequest): Custom | undefined =>
  request.credentialProviderVendor === "CustomOauth2"
    ? request.oauth2ProviderConfigInput.customOauth2ProviderConfig
    : undefined

type Discovery = AuthorizationServer["discovery"]

type Secrets =
  | { readonly clientSecret: Redacted.Redacted }
  | { readonly clientSecretConfig: { readonly secretId: string; readonly jsonKey: string } }

/** A valid configuration. Like the live service, the backend reads secrets and keys only when it uses them. */
interface Configured {
  readonly server: Pick<AuthorizationServer, "discovery" | "clientId" | "onBehalfOf" | "deviations">
  readonly authentication: Effect.Effect<ClientAuthentication, Invalid | Exception<"AccessDeniedException">>
}

const authenticateWithSecret = (
  clientAuthenticationMethod: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST",
  config: Secrets,
  settings: Settings
): Configured["authentication"] =>
  Effect.map(
    "clientSecretConfig" in config
      ? readExternal(settings, config.clientSecretConfig)
      : Effect.succeed(config.clientSecret),
    (clientSecret) => ({ clientAuthenticationMethod, clientSecret })
  )

/** The live service rejects http for every host. `parts` are the forbidden parts of the URL. */
const checkUrl = (member: string, path: string, isUsable: boolean, parts: string) =>
  isUsable ? Effect.void : Effect.andThen(
    explain(`${path}.${member} must be an https URL, or an http URL of a loopback host, without ${parts}`),
    invalid(`${member.charAt(0).toUpperCase()}${member.slice(1)} is not a valid URL`, `${path}.${member}`)
  )

/** RFC 6749, section 3, allows a query. */
const checkEndpoints = (
  path: string,
  { authorizationEndpoint, tokenEndpoint }: Pick<Endpoints, "authorizationEndpoint" | "tokenEndpoint">
) =>
  Effect.andThen(
    checkUrl("authorizationEndpoint", path, isEndpoint(authorizationEndpoint), "user information and fragment"),
    checkUrl("tokenEndpoint", path, isEndpoint(tokenEndpoint), "user information and fragment")
  )

const checkDiscovery = (discovery: Discovery) => {
  const path = `${customPath}.oauthDiscovery`
  return "discoveryUrl" in discovery
    ? checkUrl(
      "discoveryUrl",
      path,
      isIssuer(discovery.discoveryUrl),
      "user information, query, fragment and dot segments"
    )
    : checkEndpoints(`${path}.authorizationServerMetadata`, discovery.authorizationServerMetadata)
}

/** RFC 8414, section 3.1, inserts it into the issuer. OpenID Connect Discovery 1.0 appends it. */
const wellKnown = /\/\.well-known\/(openid-configuration|oauth-authorization-server)(?=\/|$)/

const findReplacement = (discovery: Discovery, settings: LocalSettings): Discovery | undefined => {
  const [current, endpoint] = "discoveryUrl" in discovery
    ? [discovery.discoveryUrl.replace(wellKnown, "")]
    : [discovery.authorizationServerMetadata.issuer, discovery.authorizationServerMetadata.tokenEndpoint]
  const issuer = Vendors.findIssuer(current, settings, endpoint)
  return issuer === undefined
    ? undefined
    : { discoveryUrl: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration` }
}

const customPath = "oauth2ProviderConfigInput.customOauth2ProviderConfig"

const readAuthMethods = ({ oauthDiscovery }: Custom): ReadonlyArray<string> | undefined =>
  "authorizationServerMetadata" in oauthDiscovery
    ? oauthDiscovery.authorizationServerMetadata.tokenEndpointAuthMethods
    : undefined

/** Chooses a method for a client secret from the metadata (RFC 8414). */
const chooseSecretMethod = (config: Custom) => {
  const methods = readAuthMethods(config)
  return methods?.includes("client_secret_post") === true && !methods.includes("client_secret_basic")
    ? "CLIENT_SECRET_POST"
    : "CLIENT_SECRET_BASIC"
}

const authenticateCustom = (config: Custom, { awsToken, settings }: Environment): Configured["authentication"] => {
  switch (config.clientAuthenticationMethod) {
    case "AWS_IAM_ID_TOKEN_JWT":
      return Effect.succeed({ clientAuthenticationMethod: config.clientAuthenticationMethod, awsToken })
    case "PRIVATE_KEY_JWT": {
      const { clientAuthenticationMethod, privateKeyJwtConfig: { privateKeySource, ...jwt } } = config
      return readKmsKey(settings, privateKeySource.kmsKeySource.kmsKeyArn).pipe(
        Effect.filterOrElse(
          (privateKey) => PrivateKey.parse(privateKey, jwt.signingAlgorithm) !== undefined,
          () => invalid(`The key in the settings for the KMS key is not a private key for ${jwt.signingAlgorithm}`)
        ),
        Effect.map((privateKey) => ({ ...jwt, clientAuthenticationMethod, privateKey }))
      )
    }
    default:
      return authenticateWithSecret(config.clientAuthenticationMethod ?? chooseSecretMethod(config), config, settings)
  }
}

const resolveCustomOnBehalfOf = Effect.fnUntraced(function*(
  { onBehalfOfTokenExchangeConfig: exchange }: Custom,
  { awsToken }: Environment
): Effect.fn.Return<OnBehalfOf | undefined, Invalid> {
  if (exchange === undefined) return undefined
  const { grantType, tokenExchangeGrantTypeConfig: actor } = exchange
  const path = `${customPath}.onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig`
  if (grantType === "JWT_AUTHORIZATION_GRANT") {
    if (actor === undefined) return { grantType }
    return yield* invalid("tokenExchangeGrantTypeConfig is only valid for the grant type TOKEN_EXCHANGE", path)
  }
  if (actor === undefined) return yield* invalid("Member must not be null for the grant type TOKEN_EXCHANGE", path)
  const { actorTokenContent: content, actorTokenScopes: scopes } = actor
  if (content === "M2M") return { grantType, actor: { content, scopes: scopes ?? [] } }
  if (scopes !== undefined) {
    return yield* invalid("actorTokenScopes are only valid for the actor token content M2M", `${path}.actorTokenScopes`)
  }
  return { grantType, actor: content === "NONE" ? { content } : { content, awsToken } }
})

const resolveCustom = Effect.fnUntraced(function*(config: Custom, environment: Environment) {
  if (readAuthMethods(config) !== undefined && config.clientAuthenticationMethod !== undefined) {
    return yield* invalid(
      "clientAuthenticationMethod and tokenEndpointAuthMethods cannot be given together",
      `${customPath}.clientAuthenticationMethod`
    )
  }
  const onBehalfOf = yield* resolveCustomOnBehalfOf(config, environment)
  yield* checkDiscovery(config.oauthDiscovery)
  const discovery = findReplacement(config.oauthDiscovery, yield* environment.settings) ?? config.oauthDiscovery
  return {
    authentication: authenticateCustom(config, environment),
    server: { discovery, clientId: config.clientId ?? "", onBehalfOf }
  }
})

type VendorRequest = Exclude<ProviderRequest, { readonly credentialProviderVendor: "CustomOauth2" }>

type Member = Exclude<keyof Models.Oauth2ProviderConfigOutput, "customOauth2ProviderConfig">

type VendorConfig = Secrets & Partial<Endpoints> & { readonly clientId: string; readonly tenantId?: string | undefined }

/** A valid request has exactly one member, the one of its vendor. */
const readMember = (request: VendorRequest): readonly [Member, VendorConfig] =>
  Object.entries(request.oauth2ProviderConfigInput)[0] as [Member, VendorConfig]

/** An authorization server in the settings does not have the deviations of the vendor. */
const basic = { clientAuthenticationMethod: "CLIENT_SECRET_BASIC", deviations: undefined } as const

const findVendor = (
  vendor: VendorRequest["credentialProviderVendor"],
  tenantId: string | undefined,
  replacements: LocalSettings["vendorEndpoints"]
): Vendors.KnownVendor => {
  // A valid request names the endpoints of the other vendors.
  if (!isKnownVendor(vendor)) return { issuer: "", authorizationEndpoint: "", tokenEndpoint: "", ...basic }
  const replacement = replacements?.[vendor]
  if (replacement !== undefined) return { ...replacement, ...basic }
  return vendor === "MicrosoftOauth2" ? Vendors.makeMicrosoft(tenantId) : Vendors.known[vendor]
}

const resolveVendorServer = (
  vendor: VendorRequest["credentialProviderVendor"],
  { authorizationEndpoint, issuer, tenantId, tokenEndpoint }: VendorConfig,
  { vendorEndpoints }: LocalSettings
): Vendors.KnownVendor => {
  const namesAll = issuer !== undefined && authorizationEndpoint !== undefined && tokenEndpoint !== undefined
  const known = findVendor(vendor, tenantId, namesAll ? undefined : vendorEndpoints)
  return {
    ...known,
    issuer: issuer ?? known.issuer,
    authorizationEndpoint: authorizationEndpoint ?? known.authorizationEndpoint,
    tokenEndpoint: tokenEndpoint ?? known.tokenEndpoint
  }
}

const toDiscovery = ({ authorizationEndpoint, issuer, tokenEndpoint }: Endpoints) => ({
  authorizationServerMetadata: { issuer, authorizationEndpoint, tokenEndpoint }
})

const resolveVendor = Effect.fnUntraced(function*(request: VendorRequest, { settings }: Environment) {
  const vendor = request.credentialProviderVendor
  const [member, config] = readMember(request)
  const path = `oauth2ProviderConfigInput.${member}`
  const current = yield* settings
  const server = resolveVendorServer(vendor, config, current)
  yield* checkEndpoints(path, server)
  const discovery = toDiscovery(server)
  const replacement = findReplacement(discovery, current)
  const { clientAuthenticationMethod, deviations } = replacement === undefined ? server : basic
  return {
    authentication: authenticateWithSecret(clientAuthenticationMethod, config, settings),
    server: {
      discovery: replacement ?? discovery,
      clientId: config.clientId,
      onBehalfOf: Vendors.findOnBehalfOf(vendor, current),
      deviations
    }
  }
})

const configure = (
  request: ProviderRequest,
  environment: Environment
): Effect.Effect<Configured, Invalid> =>
  request.credentialProviderVendor === "CustomOauth2"
    ? resolveCustom(request.oauth2ProviderConfigInput.customOauth2ProviderConfig, environment)
    : resolveVendor(request, environment)

/** Whether AWS uses a private network to reach the authorization server. */
export const hasPrivateEndpoint = (request: ProviderRequest): boolean => {
  const { privateEndpoint, privateEndpointOverrides = [] } = readCustom(request) ?? {}
  return privateEndpoint !== undefined || privateEndpointOverrides.length > 0
}

/**
 * Checks the configuration of a provider. Like the live service, it does not read secrets and keys by reference.
 * Returns the authorization server.
 */
export const check = Effect.fnUntraced(function*(request: ProviderRequest, environment: Environment) {
  const { server } = yield* configure(request, environment)
  const config = readCustom(request)
  if (config?.clientAuthenticationMethod === "PRIVATE_KEY_JWT" && !(yield* Seeding)) {
    const { region } = environment.account
    // AWS documentation, private-key-jwt: the key is in the Region of the provider. The message is a guess.
    if (config.privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn.split(":")[3] !== region) {
      return yield* invalid(
        `The KMS key must be in the Region of the credential provider: ${region}`,
        `${customPath}.privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn`
      )
    }
  }
  return server
})

const checkRequest = Validation.check(
  Models.CreateOauth2CredentialProviderRequest,
  "UpdateOauth2CredentialProvider"
)

/**
 * Makes the whole configuration of an update. It replaces the previous one. Only `privateKeyJwtConfig` is a patch (AWS
 * service model: "On Update: all fields are optional").
 */
export const completeUpdate = (
  request: Models.UpdateOauth2CredentialProviderRequest,
  before: ProviderRequest
): Effect.Effect<ProviderRequest, Invalid> => {
  if (request.credentialProviderVendor !== before.credentialProviderVendor) {
    return vendorChanged(before.credentialProviderVendor, request.credentialProviderVendor)
  }
  const old = readCustom(before)
  const config = request.credentialProviderVendor === "CustomOauth2"
    ? request.oauth2ProviderConfigInput.customOauth2ProviderConfig
    : undefined
  if (
    old?.clientAuthenticationMethod !== "PRIVATE_KEY_JWT" || config?.clientAuthenticationMethod !== "PRIVATE_KEY_JWT"
  ) {
    return Effect.fromResult(checkRequest(request))
  }
  const privateKeyJwtConfig = { ...old.privateKeyJwtConfig, ...omitUndefined({ ...config.privateKeyJwtConfig }) }
  const customOauth2ProviderConfig = { ...config, privateKeyJwtConfig }
  return Effect.fromResult(checkRequest({ ...request, oauth2ProviderConfigInput: { customOauth2ProviderConfig } }))
}

/** Returns the authorization server of a provider. Checks the configuration again, because the settings can change. */
export const resolve = Effect.fnUntraced(function*(request: ProviderRequest, environment: Environment) {
  const { authentication, server } = yield* configure(request, environment)
  return { ...yield* authentication, ...server }
})

/**
 * Makes the configuration in a response. Like AWS, it omits the tenant of Microsoft. The CLI of AWS reads the tenant
 * from the discovery URL.
 */
export const toOutput = (request: ProviderRequest, settings: LocalSettings): Models.Oauth2ProviderConfigOutput => {
  if (request.credentialProviderVendor !== "CustomOauth2") {
    const [member, config] = readMember(request)
    const { clientId, tenantId } = config
    if (request.credentialProviderVendor === "MicrosoftOauth2") {
      const discoveryUrl = `${Vendors.makeMicrosoft(tenantId).issuer}/.well-known/openid-configuration`
      return { [member]: { oauthDiscovery: { discoveryUrl }, clientId } }
    }
    const server = resolveVendorServer(request.credentialProviderVendor, config, settings)
    const { authorizationServerMetadata } = toDiscovery(server)
    // Seen for CognitoOauth2.
    const oauthDiscovery = { authorizationServerMetadata: { ...authorizationServerMetadata, responseTypes: ["code"] } }
    return { [member]: { oauthDiscovery, clientId } }
  }
  const config = request.oauth2ProviderConfigInput.customOauth2ProviderConfig
  const { clientAuthenticationMethod, clientId, oauthDiscovery, privateEndpoint, privateEndpointOverrides } = config
  const output = {
    oauthDiscovery,
    clientId,
    clientAuthenticationMethod,
    onBehalfOfTokenExchangeConfig: config.onBehalfOfTokenExchangeConfig,
    privateKeyJwtConfig: "privateKeyJwtConfig" in config ? config.privateKeyJwtConfig : undefined,
    privateEndpoint,
    privateEndpointOverrides
  }
  return { customOauth2ProviderConfig: omitUndefined(output) as typeof output }
}
