/**
 * The configuration of OAuth2 credential providers, as the service model has it: one union member by vendor.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./constraint.js"
import { ProviderName, Tags } from "./names.js"

/** @internal */
export const SecretReference = Schema.Struct({
  secretId: Constraint.text(1, 2048),
  jsonKey: Constraint.text(1, 64)
})

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

/** @internal */
export const Discovery = Schema.Union(
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

const PrivateEndpoint = Schema.Union(
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

/** @internal */
export const OnBehalfOfTokenExchangeConfig = Schema.Struct({
  grantType: Constraint.oneOf("TOKEN_EXCHANGE", "JWT_AUTHORIZATION_GRANT"),
  tokenExchangeGrantTypeConfig: Constraint.optional(Schema.Struct({
    actorTokenContent: Constraint.oneOf("NONE", "M2M", "AWS_IAM_ID_TOKEN_JWT"),
    actorTokenScopes: Constraint.optional(Schema.Array(Constraint.text(1, 128)))
  }))
})

const customFields = {
  oauthDiscovery: Discovery,
  onBehalfOfTokenExchangeConfig: Constraint.optional(OnBehalfOfTokenExchangeConfig),
  privateEndpoint: Constraint.optional(PrivateEndpoint),
  privateEndpointOverrides: Constraint.optional(Constraint.items(
    Schema.Struct({ domain: Schema.String, privateEndpoint: PrivateEndpoint }),
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
    privateKeyJwtConfig: Schema.Struct({
      privateKeySource: Schema.Struct({ kmsKeySource: Schema.Struct({ kmsKeyArn: Constraint.text(1, 2048) }) }),
      signingAlgorithm: Constraint.oneOf("RS256", "PS256", "ES256"),
      additionalHeaderClaims: Constraint.optional(Constraint.textMap(Schema.String, Schema.String)),
      additionalPayloadClaims: Constraint.optional(Constraint.textMap(Schema.String, Schema.String))
    })
  }),
  Schema.Struct({
    ...customFields,
    clientId: Constraint.optional(ClientId),
    clientAuthenticationMethod: Schema.Literal("AWS_IAM_ID_TOKEN_JWT")
  })
)

const common = { name: ProviderName, tags: Constraint.optional(Tags) }

/** @internal */
export const CreateRequest = Schema.Union(
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

const BasicOutput = Schema.Struct({ oauthDiscovery: Discovery, clientId: Constraint.optional(Schema.String) })

/**
 * An answer's configuration: exactly one member at AWS. A member of a vendor that AWS adds tomorrow is dropped, not a failure.
 *
 * @internal
 */
export const ConfigOutput = Schema.Struct({
  customOauth2ProviderConfig: Constraint.optional(Schema.Struct({
    oauthDiscovery: Discovery,
    clientId: Constraint.optional(Schema.String),
    clientAuthenticationMethod: Constraint.optional(
      Constraint.openEnum<"CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | "PRIVATE_KEY_JWT" | "AWS_IAM_ID_TOKEN_JWT">()
    ),
    onBehalfOfTokenExchangeConfig: Constraint.optional(OnBehalfOfTokenExchangeConfig)
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
