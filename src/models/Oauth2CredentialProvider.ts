/**
 * Requests and responses of the operations on OAuth2 credential providers. Limits: the AWS service model.
 *
 * @since 0.2.0
 */
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Issue } from "effect/SchemaIssue"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"
import { vendors } from "./internal/vendors.js"
import type { Oauth2ConfigMember, Oauth2Vendor, Oauth2VendorWithEndpoints } from "./internal/vendors.js"

export type {
  /** @since 0.2.0 */
  Oauth2ConfigMember,
  /** @since 0.2.0 */
  Oauth2Vendor,
  /** @since 0.2.0 */
  Oauth2VendorWithEndpoints
}

export {
  /** @since 0.2.0 */
  vendors
}

// -----------------------------------------------------------------------------
// Authorization servers
// -----------------------------------------------------------------------------

/**
 * The endpoints of an authorization server.
 *
 * @since 0.2.0
 * @category models
 */
export class AuthorizationServerMetadata extends Schema.Opaque<AuthorizationServerMetadata>()(Schema.Struct({
  issuer: Schema.String,
  authorizationEndpoint: Schema.String,
  tokenEndpoint: Schema.String,
  responseTypes: Constraint.optional(Schema.Array(Schema.String)),
  tokenEndpointAuthMethods: Constraint.optional(
    Constraint.items(Constraint.matching("(client_secret_post|client_secret_basic)"), 1, 2)
  )
})) {}

const Discovery = Constraint.union({
  discoveryUrl: Constraint.matching({
    // Since 2026-11-05 a path can follow (RFC 8414). This is not the expression of the new model.
    check: /^[^\s?#]+\/\.well-known\/(openid-configuration|oauth-authorization-server(\/[^\s?#]*)?)$/,
    model: String.raw`.+/\.well-known/(openid-configuration|oauth-authorization-server)`
  }),
  authorizationServerMetadata: AuthorizationServerMetadata
})

/**
 * An authorization server, by its discovery URL or by its metadata.
 *
 * @since 0.2.0
 * @category models
 */
export type Oauth2Discovery = typeof Discovery.Type

/**
 * How the service reaches an authorization server in a private network.
 *
 * @since 0.2.0
 * @category models
 */
export const PrivateEndpoint = Constraint.union({
  /** A resource configuration of VPC Lattice that the account manages. */
  selfManagedLatticeResource: Constraint.union({
    /** The id or ARN of the resource configuration. */
    resourceConfigurationIdentifier: Constraint.string(
      20,
      2048,
      "((rcfg-[0-9a-z]{17})|(arn:[a-z0-9\\-]+:vpc-lattice:[a-zA-Z0-9\\-]+:\\d{12}:resourceconfiguration/rcfg-[0-9a-z]{17}))"
    )
  }),
  /** A connection to a VPC that the service manages. */
  managedVpcResource: Schema.Struct({
    /** The id of the VPC. */
    vpcIdentifier: Constraint.matching("vpc-(([0-9a-z]{8})|([0-9a-z]{17}))"),
    /** The ids of the subnets. */
    subnetIds: Schema.Array(Constraint.matching("subnet-[0-9a-zA-Z]{8,17}")),
    /** The IP version of the endpoint. */
    endpointIpAddressType: Schema.Literals(["IPV4", "IPV6"]),
    /** The ids of up to 5 security groups. Default: the default group of the VPC. */
    securityGroupIds: Constraint.optional(
      Constraint.items(Constraint.matching("sg-(([0-9a-z]{8})|([0-9a-z]{17}))"), 0, 5)
    ),
    /** Tags of the resources that the service creates. */
    tags: Constraint.optional(Resource.Tags),
    /** An intermediate domain that receives the requests instead of the authorization server. */
    routingDomain: Constraint.optional(Constraint.string(3, 255))
  })
})

/**
 * @since 0.2.0
 * @category models
 */
export type PrivateEndpoint = typeof PrivateEndpoint.Type

/**
 * A private endpoint for one host name of the authorization server.
 *
 * @since 0.2.0
 * @category models
 */
export class PrivateEndpointOverride extends Schema.Opaque<PrivateEndpointOverride>()(Schema.Struct({
  /** The host name. */
  domain: Constraint.string(1, 253),
  /** How the service reaches the host. */
  privateEndpoint: PrivateEndpoint
})) {}

/**
 * How a user's token is exchanged: by token exchange (RFC 8693), or as an authorization grant (RFC 7523).
 *
 * @since 0.2.0
 * @category models
 */
export class OnBehalfOfTokenExchangeConfig extends Schema.Opaque<OnBehalfOfTokenExchangeConfig>()(Schema.Struct({
  /** The grant: `TOKEN_EXCHANGE` (RFC 8693), or `JWT_AUTHORIZATION_GRANT` (RFC 7523). */
  grantType: Schema.Literals(["TOKEN_EXCHANGE", "JWT_AUTHORIZATION_GRANT"]),
  /** Details of a token exchange. The local server requires them for `TOKEN_EXCHANGE`. */
  tokenExchangeGrantTypeConfig: Constraint.optional(Schema.Struct({
    /** The agent's token in the exchange: none, a token by client credentials, or an AWS-signed JWT. */
    actorTokenContent: Schema.Literals(["NONE", "M2M", "AWS_IAM_ID_TOKEN_JWT"]),
    /** The scopes of the agent's token, with `M2M`. */
    actorTokenScopes: Constraint.optional(Schema.Array(Constraint.string(1, 128)))
  }))
})) {}

// -----------------------------------------------------------------------------
// Clients
// -----------------------------------------------------------------------------

/**
 * The service stores the client secret (`MANAGED`), or reads it from Secrets Manager (`EXTERNAL`).
 *
 * @since 0.2.0
 * @category models
 */
export type ClientSecret =
  | { readonly clientSecret: Redacted.Redacted; readonly clientSecretSource?: "MANAGED" | undefined }
  | {
    readonly clientSecretConfig: { readonly secretId: string; readonly jsonKey: string }
    readonly clientSecretSource: "EXTERNAL"
  }

/**
 * The configuration of a vendor: the client that the vendor has registered.
 *
 * @since 0.2.0
 * @category models
 */
export type Oauth2ClientConfig = ClientSecret & { readonly clientId: string }

/**
 * How a client signs its JWTs for `PRIVATE_KEY_JWT`: with a key in KMS.
 *
 * Header and payload take up to 10 additional claims each. Names have 1 to 255 characters, values up to 2048. The
 * service sets `alg` and `typ` of the header, and `iss`, `sub`, `jti`, `exp`, `iat` and `nbf` of the payload.
 *
 * @since 0.2.0
 * @category models
 */
export interface PrivateKeyJwtConfig {
  readonly privateKeySource: { readonly kmsKeySource: { readonly kmsKeyArn: string } }
  readonly signingAlgorithm: "RS256" | "PS256" | "ES256"
  readonly additionalHeaderClaims?: { readonly [name: string]: string } | undefined
  readonly additionalPayloadClaims?: { readonly [name: string]: string } | undefined
}

/**
 * An update changes only the members that it has. A map of claims is replaced as a whole.
 *
 * @since 0.2.0
 * @category models
 */
export type PrivateKeyJwtConfigUpdate = typeof PrivateKeyJwtUpdate.Type

type CustomConfig<PrivateKeyJwt> =
  & {
    readonly oauthDiscovery: Oauth2Discovery
    readonly onBehalfOfTokenExchangeConfig?: OnBehalfOfTokenExchangeConfig | undefined
    readonly privateEndpoint?: PrivateEndpoint | undefined
    readonly privateEndpointOverrides?: ReadonlyArray<PrivateEndpointOverride> | undefined
  }
  & (
    | Oauth2ClientConfig & {
      readonly clientAuthenticationMethod?: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | undefined
    }
    | { readonly clientId: string; readonly clientAuthenticationMethod: "PRIVATE_KEY_JWT" } & PrivateKeyJwt
    | { readonly clientId?: string | undefined; readonly clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }
  )

/**
 * The configuration of `CustomOauth2`.
 *
 * @since 0.2.0
 * @category models
 */
export type CustomOauth2Config = CustomConfig<{ readonly privateKeyJwtConfig: PrivateKeyJwtConfig }>

/**
 * The configuration of `CustomOauth2` in an update. It replaces everything except `privateKeyJwtConfig`.
 *
 * @since 0.2.0
 * @category models
 */
export type CustomOauth2ConfigUpdate = CustomConfig<
  { readonly privateKeyJwtConfig?: PrivateKeyJwtConfigUpdate | undefined }
>

const secretMembers = Resource.secretRequest("clientSecret", Constraint.secret(0, 2048))

const checkSecret = (config: Schema.Struct.Type<typeof secretMembers>): ReadonlyArray<Issue> =>
  Constraint.required(config, [config.clientSecretSource === "EXTERNAL" ? "clientSecretConfig" : "clientSecret"])

const clientMembers = { clientId: Constraint.string(1, 256), ...secretMembers }

const Client = Constraint.exact<Oauth2ClientConfig>()(Schema.Struct(clientMembers), checkSecret)

/** Claims of the client's JWTs. The service sets the reserved ones (AWS documentation: private-key-jwt). */
const claims = (...reserved: ReadonlyArray<string>) =>
  Constraint.stringMap(
    Constraint.noneOf(reserved, "the service sets them", Constraint.string(1, 255, "[A-Za-z0-9_.:#-]+")),
    Constraint.string(1, 2048),
    10,
    1
  )

const PrivateKeyJwtUpdate = Schema.Struct({
  privateKeySource: Constraint.optional(
    Constraint.union({ kmsKeySource: Schema.Struct({ kmsKeyArn: Resource.KmsKeyArn }) })
  ),
  signingAlgorithm: Constraint.optional(Schema.Literals(["RS256", "PS256", "ES256"])),
  additionalHeaderClaims: Constraint.optional(claims("alg", "typ")),
  additionalPayloadClaims: Constraint.optional(claims("iss", "sub", "jti", "exp", "iat", "nbf"))
})

const PrivateKeyJwt = Constraint.exact<PrivateKeyJwtConfig>()(
  PrivateKeyJwtUpdate,
  (config) => Constraint.required(config, ["privateKeySource", "signingAlgorithm"])
)

const customMembers = {
  oauthDiscovery: Discovery,
  clientId: Constraint.optional(Constraint.string(0, 256)),
  ...secretMembers,
  onBehalfOfTokenExchangeConfig: Constraint.optional(OnBehalfOfTokenExchangeConfig),
  clientAuthenticationMethod: Constraint.optional(
    Schema.Literals(["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST", "AWS_IAM_ID_TOKEN_JWT", "PRIVATE_KEY_JWT"])
  ),
  privateKeyJwtConfig: Constraint.optional(PrivateKeyJwtUpdate),
  privateEndpoint: Constraint.optional(PrivateEndpoint),
  privateEndpointOverrides: Constraint.optional(Constraint.items(PrivateEndpointOverride, 0, 5))
}

const checkClient =
  (...keyMembers: ReadonlyArray<"clientId" | "privateKeyJwtConfig">) =>
  (config: Schema.Struct.Type<typeof customMembers>): ReadonlyArray<Issue> => {
    switch (config.clientAuthenticationMethod) {
      case "AWS_IAM_ID_TOKEN_JWT":
        return []
      case "PRIVATE_KEY_JWT":
        return [
          ...Constraint.required(config, keyMembers),
          ...Constraint.forbidden(
            config,
            ["clientSecret", "clientSecretSource", "clientSecretConfig"],
            "with the client authentication method PRIVATE_KEY_JWT"
          )
        ]
      default:
        return [...Constraint.required(config, ["clientId"]), ...checkSecret(config)]
    }
  }

const Custom = Constraint.exact<CustomOauth2Config>()(
  Schema.Struct({ ...customMembers, privateKeyJwtConfig: Constraint.optional(PrivateKeyJwt) }),
  checkClient("clientId", "privateKeyJwtConfig")
)

const CustomUpdate = Constraint.exact<CustomOauth2ConfigUpdate>()(Schema.Struct(customMembers), checkClient("clientId"))

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/**
 * The endpoints of an authorization server whose metadata the service does not know.
 *
 * @since 0.2.0
 * @category models
 */
export type Endpoints = Pick<AuthorizationServerMetadata, "issuer" | "authorizationEndpoint" | "tokenEndpoint">

/**
 * The configuration of a vendor in a request. `CustomOauth2` is for any authorization server. Of the 24 other vendors,
 * seven have their own member. The rest share `includedOauth2ProviderConfig`, which takes the endpoints if the service
 * does not know them.
 *
 * @since 0.2.0
 * @category models
 */
export type Oauth2VendorConfig<V extends Oauth2Vendor = Oauth2Vendor> = V extends "CustomOauth2" ? CustomOauth2Config
  : V extends "MicrosoftOauth2" ? Oauth2ClientConfig & { readonly tenantId?: string | undefined }
  : V extends Oauth2VendorWithEndpoints ? Oauth2ClientConfig & Endpoints
  : Oauth2ConfigMember<V> extends "includedOauth2ProviderConfig"
    ? Oauth2ClientConfig & { readonly [K in keyof Endpoints]?: Endpoints[K] | undefined }
  : Oauth2ClientConfig

const makeMembers = <A, I>(custom: Schema.Codec<A, I>) => ({
  name: Constraint.ProviderName,
  credentialProviderVendor: Schema.Literals(Record.keys(vendors)),
  oauth2ProviderConfigInput: Constraint.union({
    customOauth2ProviderConfig: custom,
    googleOauth2ProviderConfig: Client,
    githubOauth2ProviderConfig: Client,
    slackOauth2ProviderConfig: Client,
    salesforceOauth2ProviderConfig: Client,
    microsoftOauth2ProviderConfig: Constraint.exact<Oauth2VendorConfig<"MicrosoftOauth2">>()(
      Schema.Struct({ ...clientMembers, tenantId: Constraint.optional(Constraint.string(1, 2048)) }),
      checkSecret
    ),
    atlassianOauth2ProviderConfig: Client,
    linkedinOauth2ProviderConfig: Client,
    includedOauth2ProviderConfig: Constraint.exact<Oauth2VendorConfig<"XOauth2">>()(
      Schema.Struct({
        ...clientMembers,
        issuer: Constraint.optional(Schema.String),
        authorizationEndpoint: Constraint.optional(Schema.String),
        tokenEndpoint: Constraint.optional(Schema.String)
      }),
      checkSecret
    )
  })
})

const members = makeMembers(Custom)

const updateMembers = makeMembers(CustomUpdate)

const checkVendor = (
  { credentialProviderVendor, oauth2ProviderConfigInput }: Schema.Struct.Type<typeof updateMembers>
): ReadonlyArray<Issue> => {
  const { config: member, needsEndpoints } = vendors[credentialProviderVendor]
  const path = ["oauth2ProviderConfigInput"]
  const input: { readonly [M in Oauth2ConfigMember]?: object } = oauth2ProviderConfigInput
  const config = input[member]
  return config === undefined
    ? Constraint.required(input, [member], path)
    : needsEndpoints
    ? Constraint.required(config, ["issuer", "authorizationEndpoint", "tokenEndpoint"], [...path, member])
    : []
}

type ProviderRequest<Custom> =
  & {
    /** The name of the provider, which requests for credentials give. */
    readonly name: string
  }
  & {
    readonly [V in Oauth2Vendor]: {
      /** The vendor. */
      readonly credentialProviderVendor: V
      /** The configuration, under the vendor's own member. */
      readonly oauth2ProviderConfigInput: {
        readonly [M in Oauth2ConfigMember<V>]: V extends "CustomOauth2" ? Custom : Oauth2VendorConfig<V>
      }
    }
  }[Oauth2Vendor]

/**
 * The configuration follows the vendor, which an update cannot change.
 *
 * @since 0.2.0
 * @category requests
 */
export type UpdateOauth2CredentialProviderRequest = ProviderRequest<CustomOauth2ConfigUpdate>

/**
 * Replaces the whole configuration with its secret, so a `MANAGED` secret is sent again. Only `privateKeyJwtConfig` is
 * changed member by member.
 *
 * @since 0.2.0
 * @category requests
 */
export const UpdateOauth2CredentialProviderRequest = Constraint.exact<UpdateOauth2CredentialProviderRequest>()(
  Schema.Struct(updateMembers),
  checkVendor
)

/**
 * @since 0.2.0
 * @category requests
 */
export type CreateOauth2CredentialProviderRequest = ProviderRequest<CustomOauth2Config> & {
  /** Tags of the provider. */
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * The configuration follows the vendor: see {@link Oauth2VendorConfig}.
 *
 * @since 0.2.0
 * @category requests
 * @example
 * import type * as Oauth2CredentialProvider from "effect-agentcore-identity/models/Oauth2CredentialProvider"
 * import * as Redacted from "effect/Redacted"
 *
 * const request: Oauth2CredentialProvider.CreateOauth2CredentialProviderRequest = {
 *   name: "github",
 *   credentialProviderVendor: "GithubOauth2",
 *   oauth2ProviderConfigInput: {
 *     githubOauth2ProviderConfig: { clientId: "my-agent", clientSecret: Redacted.make("from your configuration") }
 *   }
 * }
 */
export const CreateOauth2CredentialProviderRequest = Constraint.exact<CreateOauth2CredentialProviderRequest>()(
  Schema.Struct({ ...members, tags: Constraint.optional(Resource.Tags) }),
  checkVendor
)

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

/**
 * A status that AWS adds later is kept.
 *
 * @since 0.2.0
 * @category models
 */
export type CredentialProviderStatus =
  | "CREATING"
  | "CREATE_FAILED"
  | "UPDATING"
  | "UPDATE_FAILED"
  | "READY"
  | "DELETING"
  | "DELETE_FAILED"
  | (string & {})

const DiscoveryOutput = Schema.Struct({
  discoveryUrl: Constraint.optional(Schema.String),
  authorizationServerMetadata: Constraint.optional(Schema.Struct({
    issuer: Constraint.optional(Schema.String),
    authorizationEndpoint: Constraint.optional(Schema.String),
    tokenEndpoint: Constraint.optional(Schema.String),
    responseTypes: Constraint.optional(Schema.Array(Schema.String)),
    tokenEndpointAuthMethods: Constraint.optional(Schema.Array(Schema.String))
  }))
})

const PrivateEndpointOutput = Schema.Struct({
  selfManagedLatticeResource: Constraint.optional(Schema.Struct({
    resourceConfigurationIdentifier: Constraint.optional(Schema.String)
  })),
  managedVpcResource: Constraint.optional(Schema.Struct({
    vpcIdentifier: Constraint.optional(Schema.String),
    subnetIds: Constraint.optional(Schema.Array(Schema.String)),
    endpointIpAddressType: Constraint.optional(Constraint.openEnum<"IPV4" | "IPV6">()),
    securityGroupIds: Constraint.optional(Schema.Array(Schema.String)),
    tags: Constraint.optional(Resource.AnyTags),
    routingDomain: Constraint.optional(Schema.String)
  }))
})

const ClientOutput = Schema.Struct({
  oauthDiscovery: Constraint.optional(DiscoveryOutput),
  clientId: Constraint.optional(Schema.String)
})

const CustomOutput = Schema.Struct({
  ...ClientOutput.fields,
  clientAuthenticationMethod: Constraint.optional(
    Constraint.openEnum<"CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | "PRIVATE_KEY_JWT" | "AWS_IAM_ID_TOKEN_JWT">()
  ),
  onBehalfOfTokenExchangeConfig: Constraint.optional(Schema.Struct({
    grantType: Constraint.optional(Constraint.openEnum<OnBehalfOfTokenExchangeConfig["grantType"]>()),
    tokenExchangeGrantTypeConfig: Constraint.optional(Schema.Struct({
      actorTokenContent: Constraint.optional(Constraint.openEnum<"NONE" | "M2M" | "AWS_IAM_ID_TOKEN_JWT">()),
      actorTokenScopes: Constraint.optional(Schema.Array(Schema.String))
    }))
  })),
  privateKeyJwtConfig: Constraint.optional(Schema.Struct({
    privateKeySource: Constraint.optional(Schema.Struct({
      kmsKeySource: Constraint.optional(Schema.Struct({ kmsKeyArn: Constraint.optional(Schema.String) }))
    })),
    signingAlgorithm: Constraint.optional(Constraint.openEnum<PrivateKeyJwtConfig["signingAlgorithm"]>()),
    additionalHeaderClaims: Constraint.optional(Resource.AnyTags),
    additionalPayloadClaims: Constraint.optional(Resource.AnyTags)
  })),
  privateEndpoint: Constraint.optional(PrivateEndpointOutput),
  privateEndpointOverrides: Constraint.optional(Schema.Array(Schema.Struct({
    domain: Constraint.optional(Schema.String),
    privateEndpoint: Constraint.optional(PrivateEndpointOutput)
  })))
})

/**
 * A configuration in a response. It has one member and no secret. A member that AWS adds later is ignored.
 *
 * @since 0.2.0
 * @category models
 */
export class Oauth2ProviderConfigOutput extends Schema.Opaque<Oauth2ProviderConfigOutput>()(Schema.Struct({
  customOauth2ProviderConfig: Constraint.optional(CustomOutput),
  googleOauth2ProviderConfig: Constraint.optional(ClientOutput),
  githubOauth2ProviderConfig: Constraint.optional(ClientOutput),
  slackOauth2ProviderConfig: Constraint.optional(ClientOutput),
  salesforceOauth2ProviderConfig: Constraint.optional(ClientOutput),
  microsoftOauth2ProviderConfig: Constraint.optional(ClientOutput),
  atlassianOauth2ProviderConfig: Constraint.optional(ClientOutput),
  linkedinOauth2ProviderConfig: Constraint.optional(ClientOutput),
  includedOauth2ProviderConfig: Constraint.optional(ClientOutput)
})) {}

/**
 * `callbackUrl` is the redirect URI to register at the authorization server.
 *
 * @since 0.2.0
 * @category responses
 */
export class CreateOauth2CredentialProviderResponse
  extends Schema.Opaque<CreateOauth2CredentialProviderResponse>()(Schema.Struct({
    ...Resource.secretResponse("clientSecret"),
    name: Schema.String,
    credentialProviderArn: Schema.String,
    callbackUrl: Constraint.optional(Schema.String),
    oauth2ProviderConfigOutput: Constraint.optional(Oauth2ProviderConfigOutput),
    status: Constraint.optional(Constraint.openEnum<CredentialProviderStatus>())
  }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetOauth2CredentialProviderRequest
  extends Schema.Opaque<GetOauth2CredentialProviderRequest>()(Schema.Struct({ name: Constraint.ProviderName }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class UpdateOauth2CredentialProviderResponse
  extends Schema.Opaque<UpdateOauth2CredentialProviderResponse>()(Schema.Struct({
    ...CreateOauth2CredentialProviderResponse.fields,
    ...Resource.times,
    credentialProviderVendor: Constraint.openEnum<Oauth2Vendor>()
  }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class GetOauth2CredentialProviderResponse
  extends Schema.Opaque<GetOauth2CredentialProviderResponse>()(Schema.Struct({
    ...UpdateOauth2CredentialProviderResponse.fields,
    failureReason: Constraint.optional(Schema.String)
  }))
{}

/**
 * A page has 1 to 20 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListOauth2CredentialProvidersRequest
  extends Schema.Opaque<ListOauth2CredentialProvidersRequest>()(Resource.pageRequest(20))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class Oauth2CredentialProviderSummary extends Schema.Opaque<Oauth2CredentialProviderSummary>()(Schema.Struct({
  name: Schema.String,
  credentialProviderVendor: Constraint.openEnum<Oauth2Vendor>(),
  credentialProviderArn: Schema.String,
  ...Resource.times
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListOauth2CredentialProvidersResponse
  extends Schema.Opaque<ListOauth2CredentialProvidersResponse>()(Schema.Struct({
    credentialProviders: Schema.Array(Oauth2CredentialProviderSummary),
    ...Resource.page
  }))
{}
