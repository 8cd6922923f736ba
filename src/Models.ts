/**
 * Requests and responses of the control plane, under the names of the AWS service model, with its limits.
 *
 * @since 0.2.0
 * @example
 * import type * as Models from "effect-agentcore-identity/Models"
 * import * as Redacted from "effect/Redacted"
 *
 * const request: Models.CreateOauth2CredentialProviderRequest = {
 *   name: "github",
 *   credentialProviderVendor: "GithubOauth2",
 *   oauth2ProviderConfigInput: {
 *     githubOauth2ProviderConfig: { clientId: "my-agent", clientSecret: Redacted.make("from your configuration") }
 *   }
 * }
 */
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Issue } from "effect/SchemaIssue"
import * as Constraint from "./internal/models/constraint.js"
import * as Resource from "./internal/models/resource.js"
import {
  type Oauth2ConfigMember,
  type Oauth2Vendor,
  type Oauth2VendorWithEndpoints,
  vendors
} from "./internal/models/vendors.js"

export type {
  /** @since 0.2.0 */
  Oauth2Vendor
}

// -----------------------------------------------------------------------------
// Workload identities
// -----------------------------------------------------------------------------

/**
 * `allowedResourceOauth2ReturnUrls`: the URLs that users may be redirected to after consent. The flow `USER_FEDERATION`
 * needs one of them.
 *
 * @since 0.2.0
 * @category requests
 */
export class CreateWorkloadIdentityRequest extends Schema.Opaque<CreateWorkloadIdentityRequest>()(Schema.Struct({
  /** The name of the workload identity, 3 to 255 characters. */
  name: Constraint.WorkloadName,
  /** The URLs that users may return to after consent. The live service takes up to five. */
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Constraint.ReturnUrl)),
  /** Tags of the workload identity. */
  tags: Constraint.optional(Resource.Tags)
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class CreateWorkloadIdentityResponse extends Schema.Opaque<CreateWorkloadIdentityResponse>()(Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Schema.String))
})) {}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetWorkloadIdentityRequest
  extends Schema.Opaque<GetWorkloadIdentityRequest>()(Schema.Struct({ name: Constraint.WorkloadName }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class GetWorkloadIdentityResponse extends Schema.Opaque<GetWorkloadIdentityResponse>()(
  Schema.Struct({ ...CreateWorkloadIdentityResponse.fields, ...Resource.times })
) {}

/**
 * The return URLs replace the previous ones.
 *
 * @since 0.2.0
 * @category requests
 */
export class UpdateWorkloadIdentityRequest extends Schema.Opaque<UpdateWorkloadIdentityRequest>()(Schema.Struct({
  name: Constraint.WorkloadName,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Constraint.ReturnUrl))
})) {}

/**
 * A page has 1 to 20 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListWorkloadIdentitiesRequest
  extends Schema.Opaque<ListWorkloadIdentitiesRequest>()(Resource.pageRequest(20))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class WorkloadIdentitySummary extends Schema.Opaque<WorkloadIdentitySummary>()(Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListWorkloadIdentitiesResponse extends Schema.Opaque<ListWorkloadIdentitiesResponse>()(Schema.Struct({
  workloadIdentities: Schema.Array(WorkloadIdentitySummary),
  ...Resource.page
})) {}

// -----------------------------------------------------------------------------
// OAuth2 credential providers
// -----------------------------------------------------------------------------

const Discovery = Constraint.union({
  discoveryUrl: Constraint.matching({
    // Since 2026-11-05 a path can follow (RFC 8414). This is not the expression of the new model.
    check: /^[^\s?#]+\/\.well-known\/(openid-configuration|oauth-authorization-server(\/[^\s?#]*)?)$/,
    model: String.raw`.+/\.well-known/(openid-configuration|oauth-authorization-server)`
  }),
  authorizationServerMetadata: Schema.Struct({
    issuer: Schema.String,
    authorizationEndpoint: Schema.String,
    tokenEndpoint: Schema.String,
    responseTypes: Constraint.optional(Schema.Array(Schema.String)),
    tokenEndpointAuthMethods: Constraint.optional(
      Constraint.items(Constraint.matching("(client_secret_post|client_secret_basic)"), 1, 2)
    )
  })
})

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

/** The client that the vendor has registered. The service stores its secret, or reads it from Secrets Manager. */
type Oauth2ClientConfig =
  & { readonly clientId: string }
  & (
    | { readonly clientSecret: Redacted.Redacted; readonly clientSecretSource?: "MANAGED" | undefined }
    | {
      readonly clientSecretConfig: { readonly secretId: string; readonly jsonKey: string }
      readonly clientSecretSource: "EXTERNAL"
    }
  )

type PrivateKeyJwtConfig = {
  readonly privateKeySource: { readonly kmsKeySource: { readonly kmsKeyArn: string } }
  readonly signingAlgorithm: "RS256" | "PS256" | "ES256"
  readonly additionalHeaderClaims?: { readonly [name: string]: string } | undefined
  readonly additionalPayloadClaims?: { readonly [name: string]: string } | undefined
}

type CustomConfig<PrivateKeyJwt> =
  & {
    readonly oauthDiscovery: typeof Discovery.Type
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

type CustomOauth2Config = CustomConfig<{
  /**
   * How the client signs its JWTs for `PRIVATE_KEY_JWT`: with a key in KMS.
   *
   * Header and payload take up to 10 additional claims each. Names have 1 to 255 characters, values up to 2048. The
   * service sets `alg` and `typ` of the header, and `iss`, `sub`, `jti`, `exp`, `iat` and `nbf` of the payload.
   */
  readonly privateKeyJwtConfig: PrivateKeyJwtConfig
}>

type CustomOauth2ConfigUpdate = CustomConfig<{
  /** Changes only the members that it has. A map of claims is replaced as a whole. */
  readonly privateKeyJwtConfig?: typeof PrivateKeyJwtUpdate.Type | undefined
}>

const secretMembers = Resource.secretRequest("clientSecret", Constraint.secret(0, 2048))

const checkSecret = (config: Schema.Struct.Type<typeof secretMembers>): ReadonlyArray<Issue> =>
  Constraint.required(config, [config.clientSecretSource === "EXTERNAL" ? "clientSecretConfig" : "clientSecret"])

const clientMembers = { clientId: Constraint.string(1, 256), ...secretMembers }

const Oauth2Client = Constraint.exact<Oauth2ClientConfig>()(Schema.Struct(clientMembers), checkSecret)

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

const CustomClient = Constraint.exact<CustomOauth2Config>()(
  Schema.Struct({ ...customMembers, privateKeyJwtConfig: Constraint.optional(PrivateKeyJwt) }),
  checkClient("clientId", "privateKeyJwtConfig")
)

const CustomClientUpdate = Constraint.exact<CustomOauth2ConfigUpdate>()(
  Schema.Struct(customMembers),
  checkClient("clientId")
)

type Endpoints = {
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
}

type Oauth2VendorConfig<V extends Oauth2Vendor> = V extends "MicrosoftOauth2"
  ? Oauth2ClientConfig & { readonly tenantId?: string | undefined }
  : V extends Oauth2VendorWithEndpoints ? Oauth2ClientConfig & Endpoints
  : Oauth2ConfigMember<V> extends "includedOauth2ProviderConfig"
    ? Oauth2ClientConfig & { readonly [K in keyof Endpoints]?: Endpoints[K] | undefined }
  : Oauth2ClientConfig

const makeMembers = <A, I>(custom: Schema.Codec<A, I>) => ({
  name: Constraint.ProviderName,
  credentialProviderVendor: Schema.Literals(Record.keys(vendors)),
  oauth2ProviderConfigInput: Constraint.union({
    customOauth2ProviderConfig: custom,
    googleOauth2ProviderConfig: Oauth2Client,
    githubOauth2ProviderConfig: Oauth2Client,
    slackOauth2ProviderConfig: Oauth2Client,
    salesforceOauth2ProviderConfig: Oauth2Client,
    microsoftOauth2ProviderConfig: Constraint.exact<Oauth2VendorConfig<"MicrosoftOauth2">>()(
      Schema.Struct({ ...clientMembers, tenantId: Constraint.optional(Constraint.string(1, 2048)) }),
      checkSecret
    ),
    atlassianOauth2ProviderConfig: Oauth2Client,
    linkedinOauth2ProviderConfig: Oauth2Client,
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

const oauth2Members = makeMembers(CustomClient)

const oauth2UpdateMembers = makeMembers(CustomClientUpdate)

const checkOauth2Vendor = (
  { credentialProviderVendor, oauth2ProviderConfigInput }: Schema.Struct.Type<typeof oauth2UpdateMembers>
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
  Schema.Struct(oauth2UpdateMembers),
  checkOauth2Vendor
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
 * The configuration follows the vendor. `CustomOauth2` is for any authorization server. Of the 24 other vendors, seven
 * have their own member. The rest share `includedOauth2ProviderConfig`, which takes the endpoints if the service
 * does not know them.
 *
 * @since 0.2.0
 * @category requests
 */
export const CreateOauth2CredentialProviderRequest = Constraint.exact<CreateOauth2CredentialProviderRequest>()(
  Schema.Struct({ ...oauth2Members, tags: Constraint.optional(Resource.Tags) }),
  checkOauth2Vendor
)

/** A status that AWS adds later is kept. */
type CredentialProviderStatus =
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

const Oauth2ClientOutput = Schema.Struct({
  oauthDiscovery: Constraint.optional(DiscoveryOutput),
  clientId: Constraint.optional(Schema.String)
})

const CustomClientOutput = Schema.Struct({
  ...Oauth2ClientOutput.fields,
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
  customOauth2ProviderConfig: Constraint.optional(CustomClientOutput),
  googleOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  githubOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  slackOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  salesforceOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  microsoftOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  atlassianOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  linkedinOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput),
  includedOauth2ProviderConfig: Constraint.optional(Oauth2ClientOutput)
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

// -----------------------------------------------------------------------------
// API-key credential providers
// -----------------------------------------------------------------------------

/** The key itself: the service stores it (`MANAGED`). */
type ManagedApiKey = {
  /** The key. */
  readonly apiKey: Redacted.Redacted
  /** The service stores the key. */
  readonly apiKeySecretSource?: "MANAGED" | undefined
}

/** A key that stays in Secrets Manager (`EXTERNAL`). */
type ExternalApiKey = {
  /** The location of the key. */
  readonly apiKeySecretConfig: {
    /** Name or ARN of the secret. */
    readonly secretId: string
    /** The member of the secret's JSON object. */
    readonly jsonKey: string
  }
  /** The key stays in Secrets Manager. */
  readonly apiKeySecretSource: "EXTERNAL"
}

const apiKey = {
  apiKey: Constraint.optional(Constraint.secret(0, 65536)),
  apiKeySecretConfig: Constraint.optional(Resource.SecretReference),
  apiKeySecretSource: Constraint.optional(Resource.SecretSource)
}

const checkApiKeySource = (value: Schema.Struct.Type<typeof apiKey>) =>
  Constraint.required(value, [value.apiKeySecretSource === "EXTERNAL" ? "apiKeySecretConfig" : "apiKey"])

/**
 * The key itself (`MANAGED`), or its location in Secrets Manager (`EXTERNAL`).
 *
 * @since 0.2.0
 * @category requests
 */
export type CreateApiKeyCredentialProviderRequest = UpdateApiKeyCredentialProviderRequest & {
  /** Tags of the provider. */
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * @since 0.2.0
 * @category requests
 */
export const CreateApiKeyCredentialProviderRequest = Constraint.exact<CreateApiKeyCredentialProviderRequest>()(
  Schema.Struct({ name: Constraint.ProviderName, ...apiKey, tags: Constraint.optional(Resource.Tags) }),
  checkApiKeySource
)

/**
 * @since 0.2.0
 * @category responses
 */
export class CreateApiKeyCredentialProviderResponse
  extends Schema.Opaque<CreateApiKeyCredentialProviderResponse>()(Schema.Struct({
    ...Resource.secretResponse("apiKeySecret"),
    apiKeySecretArn: Resource.SecretArn,
    name: Schema.String,
    credentialProviderArn: Schema.String
  }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetApiKeyCredentialProviderRequest
  extends Schema.Opaque<GetApiKeyCredentialProviderRequest>()(Schema.Struct({ name: Constraint.ProviderName }))
{}

/**
 * Also the response to an update.
 *
 * @since 0.2.0
 * @category responses
 */
export class GetApiKeyCredentialProviderResponse
  extends Schema.Opaque<GetApiKeyCredentialProviderResponse>()(Schema.Struct({
    ...CreateApiKeyCredentialProviderResponse.fields,
    ...Resource.times
  }))
{}

/**
 * Replaces the key.
 *
 * @since 0.2.0
 * @category requests
 */
export type UpdateApiKeyCredentialProviderRequest =
  & {
    /** The name of the provider, which requests for credentials give. */
    readonly name: string
  }
  & (ManagedApiKey | ExternalApiKey)

/**
 * @since 0.2.0
 * @category requests
 */
export const UpdateApiKeyCredentialProviderRequest = Constraint.exact<UpdateApiKeyCredentialProviderRequest>()(
  Schema.Struct({ name: Constraint.ProviderName, ...apiKey }),
  checkApiKeySource
)

/**
 * A page has 1 to 100 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListApiKeyCredentialProvidersRequest
  extends Schema.Opaque<ListApiKeyCredentialProvidersRequest>()(Resource.pageRequest(100))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class ApiKeyCredentialProviderSummary extends Schema.Opaque<ApiKeyCredentialProviderSummary>()(Schema.Struct({
  name: Schema.String,
  credentialProviderArn: Schema.String,
  ...Resource.times
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListApiKeyCredentialProvidersResponse
  extends Schema.Opaque<ListApiKeyCredentialProvidersResponse>()(Schema.Struct({
    credentialProviders: Schema.Array(ApiKeyCredentialProviderSummary),
    ...Resource.page
  }))
{}

// -----------------------------------------------------------------------------
// Payment credential providers
// -----------------------------------------------------------------------------

const PaymentId = Constraint.string(1, 512, String.raw`[a-zA-Z0-9\-_]+`)
const PaymentSecret = Constraint.secret(0, 2048, String.raw`[a-zA-Z0-9+/=\-_\s]*`)
const PaymentKey = Constraint.secret(0, 2048, String.raw`(wallet-auth:)?[a-zA-Z0-9+/=\-_\s]*`)

const CoinbaseCdpConfiguration = Schema.Struct({
  /** The id of the API key at Coinbase CDP. */
  apiKeyId: PaymentId,
  ...Resource.secretRequest("apiKeySecret", PaymentSecret),
  ...Resource.secretRequest("walletSecret", PaymentSecret)
})

const StripePrivyConfiguration = Schema.Struct({
  /** The id of the app at Privy. */
  appId: PaymentId,
  ...Resource.secretRequest("appSecret", PaymentSecret),
  ...Resource.secretRequest("authorizationPrivateKey", PaymentKey),
  /** The id of the authorization key at Privy. */
  authorizationId: PaymentId
})

/** A vendor and its configuration. */
type PaymentVendorConfiguration =
  | {
    /** The vendor. */
    readonly credentialProviderVendor: "CoinbaseCDP"
    /** The configuration, under the vendor's own member. */
    readonly providerConfigurationInput: {
      /** An API key of Coinbase CDP. */
      readonly coinbaseCdpConfiguration: typeof CoinbaseCdpConfiguration.Type
    }
  }
  | {
    /** The vendor. */
    readonly credentialProviderVendor: "StripePrivy"
    /** The configuration, under the vendor's own member. */
    readonly providerConfigurationInput: {
      /** An app of Stripe's Privy. */
      readonly stripePrivyConfiguration: typeof StripePrivyConfiguration.Type
    }
  }

const paymentMembers = {
  name: Constraint.ProviderName,
  credentialProviderVendor: Schema.Literals(["CoinbaseCDP", "StripePrivy"]),
  providerConfigurationInput: Constraint.union({
    coinbaseCdpConfiguration: CoinbaseCdpConfiguration,
    stripePrivyConfiguration: StripePrivyConfiguration
  })
}

const checkPaymentVendor = (
  { credentialProviderVendor, providerConfigurationInput }: Schema.Struct.Type<typeof paymentMembers>
): ReadonlyArray<Issue> =>
  Constraint.required(providerConfigurationInput, [
    credentialProviderVendor === "CoinbaseCDP" ? "coinbaseCdpConfiguration" : "stripePrivyConfiguration"
  ], ["providerConfigurationInput"])

/**
 * The service stores each secret, or reads it from Secrets Manager (`…Config` with the source `EXTERNAL`).
 *
 * @since 0.2.0
 * @category requests
 */
export type CreatePaymentCredentialProviderRequest = UpdatePaymentCredentialProviderRequest & {
  /** Tags of the provider. */
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * @since 0.2.0
 * @category requests
 */
export const CreatePaymentCredentialProviderRequest = Constraint.exact<CreatePaymentCredentialProviderRequest>()(
  Schema.Struct({ ...paymentMembers, tags: Constraint.optional(Resource.Tags) }),
  checkPaymentVendor
)

/**
 * A configuration in a response. It has one member and no secret. A member that AWS adds later is ignored.
 *
 * @since 0.2.0
 * @category models
 */
export class PaymentProviderConfigurationOutput
  extends Schema.Opaque<PaymentProviderConfigurationOutput>()(Schema.Struct({
    coinbaseCdpConfiguration: Constraint.optional(Schema.Struct({
      apiKeyId: Constraint.optional(Schema.String),
      ...Resource.secretResponse("apiKeySecret"),
      ...Resource.secretResponse("walletSecret")
    })),
    stripePrivyConfiguration: Constraint.optional(Schema.Struct({
      appId: Constraint.optional(Schema.String),
      ...Resource.secretResponse("appSecret"),
      ...Resource.secretResponse("authorizationPrivateKey"),
      authorizationId: Constraint.optional(Schema.String)
    }))
  }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class CreatePaymentCredentialProviderResponse
  extends Schema.Opaque<CreatePaymentCredentialProviderResponse>()(Schema.Struct({
    name: Schema.String,
    credentialProviderVendor: Constraint.openEnum<"CoinbaseCDP" | "StripePrivy">(),
    credentialProviderArn: Schema.String,
    providerConfigurationOutput: PaymentProviderConfigurationOutput
  }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetPaymentCredentialProviderRequest
  extends Schema.Opaque<GetPaymentCredentialProviderRequest>()(Schema.Struct({ name: Constraint.ProviderName }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class UpdatePaymentCredentialProviderResponse
  extends Schema.Opaque<UpdatePaymentCredentialProviderResponse>()(Schema.Struct({
    ...CreatePaymentCredentialProviderResponse.fields,
    ...Resource.times
  }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class GetPaymentCredentialProviderResponse
  extends Schema.Opaque<GetPaymentCredentialProviderResponse>()(Schema.Struct({
    ...UpdatePaymentCredentialProviderResponse.fields,
    tags: Constraint.optional(Resource.AnyTags)
  }))
{}

/**
 * Replaces the whole configuration, secrets included.
 *
 * @since 0.2.0
 * @category requests
 */
export type UpdatePaymentCredentialProviderRequest = {
  /** The name of the provider, which requests for credentials give. */
  readonly name: string
} & PaymentVendorConfiguration

/**
 * @since 0.2.0
 * @category requests
 */
export const UpdatePaymentCredentialProviderRequest = Constraint.exact<UpdatePaymentCredentialProviderRequest>()(
  Schema.Struct(paymentMembers),
  checkPaymentVendor
)

/**
 * A page has 1 to 20 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListPaymentCredentialProvidersRequest
  extends Schema.Opaque<ListPaymentCredentialProvidersRequest>()(Resource.pageRequest(20))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class PaymentCredentialProviderSummary extends Schema.Opaque<PaymentCredentialProviderSummary>()(Schema.Struct({
  name: Schema.String,
  credentialProviderVendor: Constraint.openEnum<"CoinbaseCDP" | "StripePrivy">(),
  credentialProviderArn: Schema.String,
  ...Resource.times
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListPaymentCredentialProvidersResponse
  extends Schema.Opaque<ListPaymentCredentialProvidersResponse>()(Schema.Struct({
    credentialProviders: Schema.Array(PaymentCredentialProviderSummary),
    ...Resource.page
  }))
{}

// -----------------------------------------------------------------------------
// The token vault
// -----------------------------------------------------------------------------

const TokenVaultId = Constraint.string(1, 64, String.raw`[a-zA-Z0-9\-_]+`)

/**
 * The default of `tokenVaultId` is `default`.
 *
 * @since 0.2.0
 * @category requests
 */
export class GetTokenVaultRequest
  extends Schema.Opaque<GetTokenVaultRequest>()(Schema.Struct({ tokenVaultId: Constraint.optional(TokenVaultId) }))
{}

/**
 * The response to `GetTokenVault` and `SetTokenVaultCMK`.
 *
 * @since 0.2.0
 * @category responses
 */
export class TokenVaultResponse extends Schema.Opaque<TokenVaultResponse>()(Schema.Struct({
  tokenVaultId: Schema.String,
  kmsConfiguration: Schema.Struct({
    keyType: Constraint.openEnum<"CustomerManagedKey" | "ServiceManagedKey">(),
    kmsKeyArn: Constraint.optional(Schema.String)
  }),
  lastModifiedDate: Resource.timestamp
})) {}

type KmsConfiguration =
  | { readonly keyType: "CustomerManagedKey"; readonly kmsKeyArn: string }
  | { readonly keyType: "ServiceManagedKey" }

const KmsConfiguration = Constraint.exact<KmsConfiguration>()(
  Schema.Struct({
    keyType: Schema.Literals(["CustomerManagedKey", "ServiceManagedKey"]),
    kmsKeyArn: Constraint.optional(Resource.KmsKeyArn)
  }),
  (value) => value.keyType === "CustomerManagedKey" ? Constraint.required(value, ["kmsKeyArn"]) : []
)

/**
 * @since 0.2.0
 * @category requests
 */
export class SetTokenVaultCmkRequest extends Schema.Opaque<SetTokenVaultCmkRequest>()(Schema.Struct({
  tokenVaultId: Constraint.optional(TokenVaultId),
  /** The key that encrypts the vault: the customer's, or the service's own. */
  kmsConfiguration: KmsConfiguration
})) {}

// -----------------------------------------------------------------------------
// Tags
// -----------------------------------------------------------------------------

// The model has no digits in the kinds of resources, but live ARNs do: `oauth2credentialprovider`.
const ResourceArn = Constraint.string(20, 1011, {
  model: "arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z-]+/[^/]+)*",
  check: /^arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\/[^/]+)(?:\/[a-z0-9-]+\/[^/]+)*$/
})

/**
 * At most 50 tags: keys have 1 to 128 characters, values at most 256.
 *
 * @since 0.2.0
 * @category requests
 */
export class TagResourceRequest
  extends Schema.Opaque<TagResourceRequest>()(Schema.Struct({ resourceArn: ResourceArn, tags: Resource.Tags }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class UntagResourceRequest extends Schema.Opaque<UntagResourceRequest>()(Schema.Struct({
  resourceArn: ResourceArn,
  tagKeys: Constraint.items(Resource.TagKey, 0, 200)
})) {}

/**
 * @since 0.2.0
 * @category requests
 */
export class ListTagsForResourceRequest
  extends Schema.Opaque<ListTagsForResourceRequest>()(Schema.Struct({ resourceArn: ResourceArn }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListTagsForResourceResponse extends Schema.Opaque<ListTagsForResourceResponse>()(Schema.Struct({
  tags: Constraint.optional(Resource.AnyTags)
})) {}

// -----------------------------------------------------------------------------
// Consent portals: pages where the users of a gateway give consent ahead of time. Limits: the API reference of AWS
// -----------------------------------------------------------------------------

const RoleArn = Constraint.matching(String.raw`arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@\-_/]+`)

const ProviderArn = Constraint.matching(
  "arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):bedrock-agentcore:[a-z0-9-]{1,32}:[0-9]{12}:token-vault/[a-zA-Z0-9_-]{1,64}/oauth2credentialprovider/[a-zA-Z0-9_-]{1,128}"
)

const GatewayIdentifier = Constraint.matching(
  "(([0-9a-z][-]?){1,100}-[0-9a-z]{10}|arn:aws(-[a-z-]+)?:bedrock-agentcore:[a-z0-9-]{1,20}:[0-9]{12}:gateway/([0-9a-z][-]?){1,48}-[a-z0-9]{10})"
)

// The pattern of the API reference matches only ids. Its description allows ARNs too, which end in the id.
const PortalIdentifier = Constraint.matching(
  String.raw`(arn:aws[^:]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:consent-portal/)?[a-zA-Z0-9\-_]{1,50}-[A-Za-z0-9]{10}`
)

const PortalDescription = Constraint.optional(Constraint.string(0, 512))

const PortalIdpConfig = Schema.Struct({
  /** The ARN of the OAuth2 credential provider that signs users in. It has to issue JWTs. */
  credentialProviderArn: ProviderArn,
  /** The scopes of the sign-in. OpenID Connect needs `openid`. */
  scopes: Constraint.items(Constraint.string(1, 255, String.raw`[\x21\x23-\x5B\x5D-\x7E]+`), 1),
  /** The audience of token requests, if the identity provider requires one. */
  audience: Constraint.optional(Schema.String)
})

const PortalSource = Schema.Struct({
  /** The id or ARN of the gateway. */
  identifier: GatewayIdentifier,
  /** The kind of the source. AWS has one. */
  type: Schema.Literals(["agentcore-gateway"])
})

const PortalSourceOutput = Schema.Struct({
  identifier: Schema.String,
  type: Constraint.openEnum<"agentcore-gateway">()
})

/** A status that AWS adds later is kept. */
type ConsentPortalStatus =
  | "CREATING"
  | "ACTIVE"
  | "UPDATING"
  | "UPDATE_FAILED"
  | "DELETING"
  | "FAILED"
  | (string & {})

const portalMembers = {
  /** The name of the portal, 1 to 50 letters, digits, hyphens and underscores. */
  name: Constraint.string(1, 50, "[a-zA-Z0-9_-]+"),
  /** The ARN of the IAM role that the portal assumes to read its sources. */
  executionRoleArn: RoleArn,
  /** How users sign in. */
  idpConfig: PortalIdpConfig,
  /** The source of the consents: exactly one gateway. */
  sources: Constraint.items(PortalSource, 1, 1),
  /** A description, up to 512 characters. */
  description: PortalDescription,
  /** Tags of the portal. */
  tags: Constraint.optional(Resource.Tags)
}

/** AWS documents it. The AWS SDK for JavaScript would drop it, so the type of the request has none. */
const clientToken = Constraint.optional(Constraint.string(1, 256))

/**
 * A portal has exactly one source.
 *
 * @since 0.2.0
 * @category requests
 */
export class CreateConsentPortalRequest extends Schema.Opaque<CreateConsentPortalRequest>()(
  Schema.Struct({ ...portalMembers, clientToken }) as unknown as Schema.Struct<typeof portalMembers>
) {}

/**
 * @since 0.2.0
 * @category models
 */
export class ConsentPortalSummary extends Schema.Opaque<ConsentPortalSummary>()(Schema.Struct({
  consentPortalId: Schema.String,
  consentPortalArn: Schema.String,
  name: Schema.String,
  description: Constraint.optional(Schema.String),
  sources: Schema.Array(PortalSourceOutput),
  status: Constraint.openEnum<ConsentPortalStatus>(),
  /** The URL of the portal. AWS returns it once the portal is `ACTIVE`. */
  portalUrl: Schema.optional(Schema.NullOr(Schema.String)),
  createdAt: Resource.timestamp,
  updatedAt: Resource.timestamp
})) {}

/**
 * The response to `CreateConsentPortal`, `GetConsentPortal` and `UpdateConsentPortal`.
 *
 * @since 0.2.0
 * @category responses
 */
export class ConsentPortalResponse extends Schema.Opaque<ConsentPortalResponse>()(Schema.Struct({
  ...ConsentPortalSummary.fields,
  executionRoleArn: Schema.String,
  idpConfig: Schema.Struct({
    credentialProviderArn: Schema.String,
    scopes: Schema.Array(Schema.String),
    audience: Constraint.optional(Schema.String)
  }),
  statusReason: Constraint.optional(Schema.NullOr(Schema.String))
})) {}

/**
 * Takes an id or an ARN.
 *
 * @since 0.2.0
 * @category requests
 */
export class GetConsentPortalRequest
  extends Schema.Opaque<GetConsentPortalRequest>()(Schema.Struct({ consentPortalIdentifier: PortalIdentifier }))
{}

/**
 * An absent member is not changed.
 *
 * @since 0.2.0
 * @category requests
 */
export class UpdateConsentPortalRequest extends Schema.Opaque<UpdateConsentPortalRequest>()(Schema.Struct({
  consentPortalIdentifier: PortalIdentifier,
  /** The ARN of the IAM role that the portal assumes to read its sources. */
  executionRoleArn: Constraint.optional(RoleArn),
  /** How users sign in. */
  idpConfig: Constraint.optional(PortalIdpConfig),
  /** A description, up to 512 characters. */
  description: PortalDescription
})) {}

/**
 * A page has 1 to 100 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListConsentPortalsRequest extends Schema.Opaque<ListConsentPortalsRequest>()(Resource.pageRequest(100)) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListConsentPortalsResponse extends Schema.Opaque<ListConsentPortalsResponse>()(Schema.Struct({
  consentPortals: Schema.Array(ConsentPortalSummary),
  ...Resource.page
})) {}
