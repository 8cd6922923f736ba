/**
 * Requests and answers of the operations on OAuth2 credential providers. Limits: the AWS service model.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import { ProviderName, SecretArn, SecretReference, SecretSource, Tags } from "./internal/names.js"
import { page, pageRequest, times } from "./internal/pagination.js"

const ClientId = Constraint.text(1, 256)
const Url = Constraint.text(1, 2048)

/**
 * A client secret is sent once and kept by the service (`MANAGED`), or stays in Secrets Manager (`EXTERNAL`).
 */
const clientSecrets = {
  managed: {
    clientSecret: Constraint.secret(0, 2048),
    clientSecretSource: Constraint.optional(Schema.Literal("MANAGED"))
  },
  external: {
    clientSecretConfig: SecretReference,
    clientSecretSource: Schema.Literal("EXTERNAL")
  }
}

const withClientSecret = <const F extends Schema.Struct.Fields>(fields: F) =>
  Schema.Union(
    Schema.Struct({ ...clientSecrets.managed, ...fields }),
    Schema.Struct({ ...clientSecrets.external, ...fields })
  )

const Basic = withClientSecret({ clientId: ClientId })

const own = <const V extends string, const M extends string, S extends Schema.Schema.Any>(
  vendor: V,
  member: M,
  config: S
) =>
  ({
    credentialProviderVendor: Schema.Literal(vendor),
    // A computed key widens to `string`: the type keeps the member's name.
    oauth2ProviderConfigInput: Schema.Struct({ [member]: config } as { readonly [K in M]: S })
  }) as const

const Discovery = Schema.Union(
  Schema.Struct({
    discoveryUrl: Constraint.text(
      1,
      2048,
      /^.+\/\.well-known\/(openid-configuration|oauth-authorization-server)$/
    )
  }),
  Schema.Struct({
    authorizationServerMetadata: Schema.Struct({
      issuer: Url,
      authorizationEndpoint: Url,
      tokenEndpoint: Url,
      responseTypes: Constraint.optional(Schema.Array(Schema.String)),
      tokenEndpointAuthMethods: Constraint.optional(Schema.Array(Schema.String))
    })
  })
)

/**
 * How the service reaches an authorization server in a private network.
 *
 * @since 0.1.0
 * @category models
 */
export const PrivateEndpoint = Schema.Union(
  Schema.Struct({ selfManagedLatticeResource: Schema.Struct({ resourceConfigurationIdentifier: Schema.String }) }),
  Schema.Struct({
    managedVpcResource: Schema.Struct({
      vpcIdentifier: Schema.String,
      subnetIds: Schema.Array(Schema.String),
      endpointIpAddressType: Schema.Literal("IPV4", "IPV6"),
      securityGroupIds: Constraint.optional(Schema.Array(Schema.String)),
      tags: Constraint.optional(Schema.Record({ key: Schema.String, value: Schema.String })),
      routingDomain: Constraint.optional(Schema.String)
    })
  })
)

/**
 * @since 0.1.0
 * @category models
 */
export type PrivateEndpoint = typeof PrivateEndpoint.Type

/**
 * How a user's token is exchanged: by token exchange (RFC 8693), or as an authorization grant (RFC 7523).
 *
 * @since 0.1.0
 * @category models
 */
export const OnBehalfOfTokenExchangeConfig = Schema.Struct({
  grantType: Constraint.oneOf("TOKEN_EXCHANGE", "JWT_AUTHORIZATION_GRANT"),
  tokenExchangeGrantTypeConfig: Constraint.optional(Schema.Struct({
    actorTokenContent: Constraint.oneOf("NONE", "M2M", "AWS_IAM_ID_TOKEN_JWT"),
    actorTokenScopes: Constraint.optional(Schema.Array(Constraint.text(1, 128)))
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type OnBehalfOfTokenExchangeConfig = typeof OnBehalfOfTokenExchangeConfig.Type

/**
 * A private endpoint for one host name of the authorization server.
 *
 * @since 0.1.0
 * @category models
 */
export const PrivateEndpointOverride = Schema.Struct({ domain: Schema.String, privateEndpoint: PrivateEndpoint })

/**
 * @since 0.1.0
 * @category models
 */
export type PrivateEndpointOverride = typeof PrivateEndpointOverride.Type

const PrivateKeyJwtConfig = Schema.Struct({
  privateKeySource: Schema.Struct({ kmsKeySource: Schema.Struct({ kmsKeyArn: Constraint.text(1, 2048) }) }),
  signingAlgorithm: Constraint.oneOf("RS256", "PS256", "ES256"),
  additionalHeaderClaims: Constraint.optional(Constraint.textMap(Schema.String, Schema.String)),
  additionalPayloadClaims: Constraint.optional(Constraint.textMap(Schema.String, Schema.String))
})

const customFields = {
  oauthDiscovery: Discovery,
  onBehalfOfTokenExchangeConfig: Constraint.optional(OnBehalfOfTokenExchangeConfig),
  privateEndpoint: Constraint.optional(PrivateEndpoint),
  privateEndpointOverrides: Constraint.optional(Constraint.items(
    PrivateEndpointOverride,
    0,
    5
  ))
}

const Custom = Schema.Union(
  withClientSecret({
    ...customFields,
    clientId: ClientId,
    clientAuthenticationMethod: Constraint.optional(Schema.Literal("CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST"))
  }),
  Schema.Struct({
    ...customFields,
    clientId: ClientId,
    clientAuthenticationMethod: Schema.Literal("PRIVATE_KEY_JWT"),
    privateKeyJwtConfig: PrivateKeyJwtConfig
  }),
  Schema.Struct({
    ...customFields,
    clientId: Constraint.optional(ClientId),
    clientAuthenticationMethod: Schema.Literal("AWS_IAM_ID_TOKEN_JWT")
  })
)

/** The configuration follows the vendor. */
const requestOf = <const C extends Schema.Struct.Fields>(common: C) =>
  Schema.Union(
    Schema.Struct({ ...common, ...own("CustomOauth2", "customOauth2ProviderConfig", Custom) }),
    Schema.Struct({ ...common, ...own("GoogleOauth2", "googleOauth2ProviderConfig", Basic) }),
    Schema.Struct({ ...common, ...own("GithubOauth2", "githubOauth2ProviderConfig", Basic) }),
    Schema.Struct({ ...common, ...own("SlackOauth2", "slackOauth2ProviderConfig", Basic) }),
    Schema.Struct({ ...common, ...own("SalesforceOauth2", "salesforceOauth2ProviderConfig", Basic) }),
    Schema.Struct({ ...common, ...own("AtlassianOauth2", "atlassianOauth2ProviderConfig", Basic) }),
    Schema.Struct({ ...common, ...own("LinkedinOauth2", "linkedinOauth2ProviderConfig", Basic) }),
    Schema.Struct({
      ...common,
      ...own(
        "MicrosoftOauth2",
        "microsoftOauth2ProviderConfig",
        withClientSecret({ clientId: ClientId, tenantId: Constraint.optional(Constraint.text(1, 2048)) })
      )
    }),
    Schema.Struct({
      ...common,
      credentialProviderVendor: Schema.Literal(
        "OktaOauth2",
        "CognitoOauth2",
        "Auth0Oauth2",
        "CyberArkOauth2",
        "FusionAuthOauth2",
        "OneLoginOauth2",
        "PingOneOauth2"
      ),
      oauth2ProviderConfigInput: Schema.Struct({
        includedOauth2ProviderConfig: withClientSecret({
          clientId: ClientId,
          issuer: Url,
          authorizationEndpoint: Url,
          tokenEndpoint: Url
        })
      })
    }),
    Schema.Struct({
      ...common,
      credentialProviderVendor: Schema.Literal(
        "XOauth2",
        "DropboxOauth2",
        "FacebookOauth2",
        "HubspotOauth2",
        "NotionOauth2",
        "RedditOauth2",
        "SpotifyOauth2",
        "TwitchOauth2",
        "YandexOauth2",
        "ZoomOauth2"
      ),
      oauth2ProviderConfigInput: Schema.Struct({
        includedOauth2ProviderConfig: withClientSecret({
          clientId: ClientId,
          issuer: Constraint.optional(Url),
          authorizationEndpoint: Constraint.optional(Url),
          tokenEndpoint: Constraint.optional(Url)
        })
      })
    })
  )

/**
 * Who runs the authorization server: `CustomOauth2` for any, or one of 24 vendors. The configuration follows: an own member for
 * seven of them, `customOauth2ProviderConfig` for `CustomOauth2`, `includedOauth2ProviderConfig` for the rest, with the endpoints
 * where the service does not know them.
 *
 * A client secret is given (`clientSecret`), or stays in Secrets Manager (`clientSecretConfig` with the source `EXTERNAL`).
 *
 * @since 0.1.0
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
export const CreateOauth2CredentialProviderRequest = requestOf({ name: ProviderName, tags: Constraint.optional(Tags) })

/**
 * @since 0.1.0
 * @category requests
 */
export type CreateOauth2CredentialProviderRequest = typeof CreateOauth2CredentialProviderRequest.Type

/**
 * The 25 vendors.
 *
 * @since 0.1.0
 * @category models
 */
export type Oauth2Vendor = CreateOauth2CredentialProviderRequest["credentialProviderVendor"]

/**
 * A status that AWS adds later is kept as it is.
 *
 * @since 0.1.0
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

const BasicOutput = Schema.Struct({ oauthDiscovery: Discovery, clientId: Constraint.optional(Schema.String) })

/**
 * What the service tells of a configuration: exactly one member, and no secret. A member that AWS adds later is left
 * out.
 *
 * @since 0.1.0
 * @category models
 */
export const Oauth2ProviderConfigOutput = Schema.Struct({
  customOauth2ProviderConfig: Constraint.optional(Schema.Struct({
    oauthDiscovery: Discovery,
    clientId: Constraint.optional(Schema.String),
    clientAuthenticationMethod: Constraint.optional(
      Constraint.openEnum<"CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | "PRIVATE_KEY_JWT" | "AWS_IAM_ID_TOKEN_JWT">()
    ),
    onBehalfOfTokenExchangeConfig: Constraint.optional(OnBehalfOfTokenExchangeConfig),
    privateKeyJwtConfig: Constraint.optional(PrivateKeyJwtConfig),
    privateEndpoint: Constraint.optional(PrivateEndpoint),
    privateEndpointOverrides: Constraint.optional(Schema.Array(PrivateEndpointOverride))
  })),
  googleOauth2ProviderConfig: Constraint.optional(BasicOutput),
  githubOauth2ProviderConfig: Constraint.optional(BasicOutput),
  slackOauth2ProviderConfig: Constraint.optional(BasicOutput),
  salesforceOauth2ProviderConfig: Constraint.optional(BasicOutput),
  microsoftOauth2ProviderConfig: Constraint.optional(BasicOutput),
  atlassianOauth2ProviderConfig: Constraint.optional(BasicOutput),
  linkedinOauth2ProviderConfig: Constraint.optional(BasicOutput),
  includedOauth2ProviderConfig: Constraint.optional(BasicOutput)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Oauth2ProviderConfigOutput = typeof Oauth2ProviderConfigOutput.Type

/**
 * `callbackUrl` is what has to be registered as redirect URI at the authorization server.
 *
 * @since 0.1.0
 * @category answers
 */
export const CreateOauth2CredentialProviderResponse = Schema.Struct({
  clientSecretArn: Constraint.optional(SecretArn),
  clientSecretJsonKey: Constraint.optional(Schema.String),
  clientSecretSource: Constraint.optional(SecretSource),
  name: Schema.String,
  credentialProviderArn: Schema.String,
  callbackUrl: Constraint.optional(Schema.String),
  oauth2ProviderConfigOutput: Constraint.optional(Oauth2ProviderConfigOutput),
  status: Constraint.optional(Constraint.openEnum<CredentialProviderStatus>())
})

/**
 * @since 0.1.0
 * @category answers
 */
export type CreateOauth2CredentialProviderResponse = typeof CreateOauth2CredentialProviderResponse.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetOauth2CredentialProviderRequest = Schema.Struct({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type GetOauth2CredentialProviderRequest = typeof GetOauth2CredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const UpdateOauth2CredentialProviderResponse = Schema.Struct({
  ...CreateOauth2CredentialProviderResponse.fields,
  ...times,
  credentialProviderVendor: Constraint.openEnum<Oauth2Vendor>()
})

/**
 * @since 0.1.0
 * @category answers
 */
export type UpdateOauth2CredentialProviderResponse = typeof UpdateOauth2CredentialProviderResponse.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const GetOauth2CredentialProviderResponse = Schema.Struct({
  ...UpdateOauth2CredentialProviderResponse.fields,
  failureReason: Constraint.optional(Schema.String)
})

/**
 * @since 0.1.0
 * @category answers
 */
export type GetOauth2CredentialProviderResponse = typeof GetOauth2CredentialProviderResponse.Type

/**
 * Replaces the configuration as a whole, the secret too: a `MANAGED` one has to be sent again.
 *
 * @since 0.1.0
 * @category requests
 */
export const UpdateOauth2CredentialProviderRequest = requestOf({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type UpdateOauth2CredentialProviderRequest = typeof UpdateOauth2CredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const DeleteOauth2CredentialProviderRequest = Schema.Struct({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type DeleteOauth2CredentialProviderRequest = typeof DeleteOauth2CredentialProviderRequest.Type

/**
 * Pages of 1 to 20.
 *
 * @since 0.1.0
 * @category requests
 */
export const ListOauth2CredentialProvidersRequest = pageRequest(20)

/**
 * @since 0.1.0
 * @category requests
 */
export type ListOauth2CredentialProvidersRequest = typeof ListOauth2CredentialProvidersRequest.Type

/**
 * @since 0.1.0
 * @category models
 */
export const Oauth2CredentialProviderSummary = Schema.Struct({
  name: Schema.String,
  credentialProviderVendor: Constraint.openEnum<Oauth2Vendor>(),
  credentialProviderArn: Schema.String,
  ...times
})

/**
 * @since 0.1.0
 * @category models
 */
export type Oauth2CredentialProviderSummary = typeof Oauth2CredentialProviderSummary.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const ListOauth2CredentialProvidersResponse = Schema.Struct({
  credentialProviders: Schema.Array(Oauth2CredentialProviderSummary),
  ...page
})

/**
 * @since 0.1.0
 * @category answers
 */
export type ListOauth2CredentialProvidersResponse = typeof ListOauth2CredentialProvidersResponse.Type
