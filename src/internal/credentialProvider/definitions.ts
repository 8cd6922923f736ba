/** Definitions of credential providers, and the options of their constructors. `CredentialProvider` exports both. */
import type * as Redacted from "effect/Redacted"
import type {
  CreateApiKeyCredentialProviderRequest,
  CreateOauth2CredentialProviderRequest,
  CreatePaymentCredentialProviderRequest,
  OnBehalfOfTokenExchangeConfig,
  PrivateEndpoint,
  PrivateEndpointOverride
} from "../../Models.js"

type Requests = {
  readonly oauth2: CreateOauth2CredentialProviderRequest
  readonly apiKey: CreateApiKeyCredentialProviderRequest
  readonly payment: CreatePaymentCredentialProviderRequest
}

/** The definition of a credential provider. */
export interface Definition<Kind extends keyof Requests = keyof Requests> {
  /** The kind of the provider. */
  readonly kind: Kind
  /** The name of the provider in requests for credentials. */
  readonly name: string
  /** The request that creates the provider. */
  readonly request: Requests[Kind]
  /**
   * Scopes and parameters that make the vendor issue a refresh token: add them to the request of an access token. Empty
   * unless the definition was made with `offlineAccess`.
   */
  readonly authorizationParameters: {
    /** The scopes to add. */
    readonly scopes: ReadonlyArray<string>
    /** The parameters to add. */
    readonly customParameters: { readonly [name: string]: string }
  }
}

/** The options of the constructors. */
export declare namespace Options {
  /** A secret in Secrets Manager (`EXTERNAL`). The service reads it with the caller's permissions. */
  export interface SecretReference {
    /** Name or ARN of the secret. */
    readonly secretId: string
    /** The member of the secret's JSON object. */
    readonly jsonKey: string
  }

  /** A secret that the service stores (`MANAGED`), or a reference to one in Secrets Manager (`EXTERNAL`). */
  export type Secret = Redacted.Redacted | SecretReference

  /** The options of every provider. */
  export interface Provider {
    /** The name of the provider in requests for credentials. */
    readonly name: string
    /** Tags of the provider. They are set when it is created. */
    readonly tags?: { readonly [key: string]: string } | undefined
  }

  /** The client that is registered at the vendor. */
  export interface Client extends Provider {
    /** The client id, as the vendor or the authorization server issued it. */
    readonly clientId: string
    /**
     * `Redacted.make(secret)`, which AWS stores, or a reference to a secret in Secrets Manager. A plain string is
     * rejected. An editor shows these types, and not their alias, in its error.
     */
    readonly clientSecret: Redacted.Redacted | SecretReference
  }

  /** An option for vendors that issue refresh tokens on request. */
  export interface Offline {
    /** Whether to fill `authorizationParameters`, so that the vendor issues a refresh token. Default: false. */
    readonly offlineAccess?: boolean | undefined
  }

  /** The endpoints of a vendor that has different ones for each customer. */
  export interface Endpoints {
    /** The issuer, as in the claim `iss` of the server's tokens. */
    readonly issuer: string
    /** The URL where users consent. */
    readonly authorizationEndpoint: string
    /** The URL where codes are exchanged for tokens. */
    readonly tokenEndpoint: string
  }

  /** A client of a custom authorization server that authenticates with a secret. */
  export interface SecretClient extends Pick<Client, "clientId" | "clientSecret"> {
    /**
     * How the secret is sent. `CLIENT_SECRET_BASIC` uses the Authorization header, `CLIENT_SECRET_POST` the body.
     * Default: `CLIENT_SECRET_BASIC`.
     */
    readonly clientAuthenticationMethod?: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | undefined
    /** Only a client without a secret has one. */
    readonly privateKeyJwt?: undefined
    /** Only a client without a secret has one. */
    readonly awsIamIdTokenJwt?: undefined
  }

  /** A client of a custom authorization server that authenticates with a JWT, signed by a key in KMS. */
  export interface PrivateKeyJwtClient extends Pick<Client, "clientId"> {
    /** The key that signs the JWT. */
    readonly privateKeyJwt: {
      /** The ARN of the key in KMS. */
      readonly kmsKeyArn: string
      /** The algorithm of the signature. The key must support it. */
      readonly signingAlgorithm: "RS256" | "PS256" | "ES256"
      /** Further claims of the JWT's header. */
      readonly additionalHeaderClaims?: { readonly [name: string]: string } | undefined
      /** Further claims of the JWT. */
      readonly additionalPayloadClaims?: { readonly [name: string]: string } | undefined
    }
    /** Only a client without a key has one. */
    readonly awsIamIdTokenJwt?: undefined
  }

  /** A client of a custom authorization server that authenticates with an AWS-signed JWT. */
  export interface AwsIamClient {
    /** The client id, if the authorization server requires one. */
    readonly clientId?: string | undefined
    /** The service gets the JWT from STS. */
    readonly awsIamIdTokenJwt: true
    /** Only a client without an AWS-signed JWT has one. */
    readonly privateKeyJwt?: undefined
  }

  /**
   * How the client authenticates at a custom authorization server: with a secret, with a JWT signed by a key in KMS, or
   * with an AWS-signed JWT. A secret is sent in the Authorization header by default (`CLIENT_SECRET_BASIC`).
   */
  // If properties are missing, TypeScript reports those of the last type of a union. Most clients have a secret, so
  // `SecretClient` is the last one.
  export type CustomClient = AwsIamClient | PrivateKeyJwtClient | SecretClient

  /** The options of every custom authorization server. */
  export interface CustomServer extends Provider, Offline {
    /** How tokens are exchanged on behalf of a user. Default: the provider supports no exchange. */
    readonly onBehalfOf?: OnBehalfOfTokenExchangeConfig | undefined
    /** The private endpoint of an authorization server that is not on the internet. */
    readonly privateEndpoint?: PrivateEndpoint | undefined
    /** Other private endpoints, for some of its domains. */
    readonly privateEndpointOverrides?: ReadonlyArray<PrivateEndpointOverride> | undefined
  }

  /** An authorization server with a discovery document, of OpenID Connect or of RFC 8414. */
  export interface DiscoveredServer {
    /**
     * The discovery URL, as in `https://id.example.com/.well-known/openid-configuration` or
     * `https://id.example.com/.well-known/oauth-authorization-server/tenant`.
     */
    readonly discovery: string
  }

  /** An authorization server without a discovery document. */
  export interface DescribedServer {
    /** The server's metadata, which replaces its discovery document. */
    readonly metadata: Metadata
  }

  /** The metadata of an authorization server (RFC 8414). */
  export interface Metadata extends Endpoints {
    /** The response types that the server supports. */
    readonly responseTypes?: ReadonlyArray<string> | undefined
    /** How clients may authenticate at the token endpoint. */
    readonly tokenEndpointAuthMethods?: ReadonlyArray<string> | undefined
  }

  /** A custom authorization server, by its discovery URL or by its metadata. */
  export type Custom = CustomServer & CustomClient & (DescribedServer | DiscoveredServer)

  /** An API key. */
  export interface ApiKey extends Provider {
    /** `Redacted.make(key)`, which AWS stores, or a reference to a secret in Secrets Manager. */
    readonly apiKey: Secret
  }

  /** An API key of Coinbase CDP. */
  export interface Coinbase extends Provider {
    /** The id of the API key at Coinbase CDP. */
    readonly apiKeyId: string
    /** The secret of the API key, or a reference to a secret in Secrets Manager. */
    readonly apiKeySecret: Secret
    /** The secret that signs requests of a wallet, or a reference to a secret in Secrets Manager. */
    readonly walletSecret?: Secret | undefined
  }

  /** An app of Stripe's Privy. */
  export interface StripePrivy extends Provider {
    /** The id of the app at Privy. */
    readonly appId: string
    /** The secret of the app, or a reference to a secret in Secrets Manager. */
    readonly appSecret: Secret
    /** The id of the authorization key at Privy. */
    readonly authorizationId: string
    /** The private key that signs requests, or a reference to a secret in Secrets Manager. */
    readonly authorizationPrivateKey?: Secret | undefined
  }
}
