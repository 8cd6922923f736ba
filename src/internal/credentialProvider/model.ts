/**
 * The models of `CredentialProvider`. The public module exports all of them.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import type {
  ApiKeyCredentialProviderSummary,
  CreateApiKeyCredentialProviderRequest,
  GetApiKeyCredentialProviderResponse
} from "../../models/ApiKeyCredentialProvider.js"
import type {
  CreateOauth2CredentialProviderRequest,
  GetOauth2CredentialProviderResponse,
  Oauth2CredentialProviderSummary,
  OnBehalfOfTokenExchangeConfig,
  PrivateEndpoint,
  PrivateEndpointOverride
} from "../../models/Oauth2CredentialProvider.js"
import type {
  CreatePaymentCredentialProviderRequest,
  GetPaymentCredentialProviderResponse,
  PaymentCredentialProviderSummary
} from "../../models/PaymentCredentialProvider.js"

// -----------------------------------------------------------------------------
// Definitions
// -----------------------------------------------------------------------------

/**
 * A secret in Secrets Manager (`EXTERNAL`). The service reads it with the caller's permissions.
 *
 * @since 0.1.0
 * @category models
 */
export interface SecretReference {
  /** Name or ARN of the secret. */
  readonly secretId: string
  /** The member of the secret's JSON object. */
  readonly jsonKey: string
}

/**
 * A secret that the service stores (`MANAGED`), or a reference to one in Secrets Manager (`EXTERNAL`).
 *
 * @since 0.1.0
 * @category models
 */
export type Secret = Redacted.Redacted | SecretReference

/**
 * Scopes and parameters that make the vendor issue a refresh token. Add them to the scopes and parameters of an access token
 * request.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthorizationParameters {
  readonly scopes: ReadonlyArray<string>
  readonly customParameters: { readonly [name: string]: string }
}

/**
 * An OAuth2 credential provider as it should be.
 *
 * @since 0.1.0
 * @category models
 */
export interface Oauth2Definition {
  readonly kind: "oauth2"
  readonly name: string
  readonly request: CreateOauth2CredentialProviderRequest
  /** Empty unless the definition was made with `offlineAccess`. */
  readonly authorizationParameters: AuthorizationParameters
}

/**
 * An API key credential provider as it should be.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyDefinition {
  readonly kind: "apiKey"
  readonly name: string
  readonly request: CreateApiKeyCredentialProviderRequest
}

/**
 * A payment credential provider as it should be.
 *
 * @since 0.1.0
 * @category models
 */
export interface PaymentDefinition {
  readonly kind: "payment"
  readonly name: string
  readonly request: CreatePaymentCredentialProviderRequest
}

/**
 * A credential provider as it should be.
 *
 * @since 0.1.0
 * @category models
 */
export type Definition = Oauth2Definition | ApiKeyDefinition | PaymentDefinition

/**
 * The kinds of credential providers.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = Definition["kind"]

// -----------------------------------------------------------------------------
// Providers
// -----------------------------------------------------------------------------

/**
 * An existing credential provider: a definition, or kind and name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target<K extends Kind = Kind> {
  readonly kind: K
  readonly name: string
}

/**
 * What the service returns for a credential provider, by kind.
 *
 * @since 0.1.0
 * @category models
 */
export interface Providers {
  readonly oauth2: GetOauth2CredentialProviderResponse
  readonly apiKey: GetApiKeyCredentialProviderResponse
  readonly payment: GetPaymentCredentialProviderResponse
}

/**
 * One entry of a list, by kind.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summaries {
  readonly oauth2: Oauth2CredentialProviderSummary
  readonly apiKey: ApiKeyCredentialProviderSummary
  readonly payment: PaymentCredentialProviderSummary
}

/**
 * The result of `ensure`. `changes` names the members that differed. `notComparable` names the members that the service does not
 * return, such as secrets: they may differ.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ensured {
  readonly outcome: "Created" | "Updated" | "Unchanged"
  readonly changes: ReadonlyArray<string>
  readonly notComparable: ReadonlyArray<string>
}

/**
 * What an update changes, by kind. Omitted members stay as they are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Changes {
  readonly oauth2: {
    readonly clientId?: string | undefined
    readonly clientSecret?: Secret | undefined
    readonly discovery?: string | undefined
    readonly metadata?: EndpointOptions | undefined
    readonly tenantId?: string | undefined
    readonly clientAuthenticationMethod?: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | undefined
    readonly onBehalfOf?: OnBehalfOfTokenExchangeConfig | undefined
  }
  readonly apiKey: { readonly apiKey: Secret }
  readonly payment: {
    readonly apiKeyId?: string | undefined
    readonly apiKeySecret?: Secret | undefined
    readonly walletSecret?: Secret | undefined
    readonly appId?: string | undefined
    readonly appSecret?: Secret | undefined
    readonly authorizationId?: string | undefined
    readonly authorizationPrivateKey?: Secret | undefined
  }
}

// -----------------------------------------------------------------------------
// Options of the constructors
// -----------------------------------------------------------------------------

/**
 * Every provider has a name. `tags` are set when it is created.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderOptions {
  readonly name: string
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * For all vendors: the client that is registered at the vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions extends ProviderOptions {
  readonly clientId: string
  readonly clientSecret: Secret
}

/**
 * For vendors that issue refresh tokens on request.
 *
 * @since 0.1.0
 * @category models
 */
export interface OfflineOptions {
  /** Fills `authorizationParameters`, so that the vendor issues a refresh token. Default: false. */
  readonly offlineAccess?: boolean | undefined
}

/**
 * For vendors whose endpoints differ from customer to customer.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointOptions {
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
}

/**
 * How the client authenticates at a custom authorization server: with a secret, with a JWT signed by a key in KMS, or with an
 * AWS-signed JWT. A secret is sent in the Authorization header by default (`CLIENT_SECRET_BASIC`).
 *
 * @since 0.1.0
 * @category models
 */
export type CustomClient =
  | {
    readonly clientId: string
    readonly clientSecret: Secret
    readonly clientAuthenticationMethod?: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST" | undefined
  }
  | {
    readonly clientId: string
    readonly privateKeyJwt: {
      readonly kmsKeyArn: string
      readonly signingAlgorithm: "RS256" | "PS256" | "ES256"
      readonly additionalHeaderClaims?: { readonly [name: string]: string } | undefined
      readonly additionalPayloadClaims?: { readonly [name: string]: string } | undefined
    }
  }
  | { readonly clientId?: string | undefined; readonly awsIamIdTokenJwt: true }

/**
 * A custom authorization server, by its discovery URL or by its metadata.
 *
 * @since 0.1.0
 * @category models
 */
export type CustomOptions =
  & ProviderOptions
  & CustomClient
  & OfflineOptions
  & {
    readonly onBehalfOf?: OnBehalfOfTokenExchangeConfig | undefined
    readonly privateEndpoint?: PrivateEndpoint | undefined
    readonly privateEndpointOverrides?: ReadonlyArray<PrivateEndpointOverride> | undefined
  }
  & (
    | { readonly discovery: string }
    | {
      readonly metadata: EndpointOptions & {
        readonly responseTypes?: ReadonlyArray<string> | undefined
        readonly tokenEndpointAuthMethods?: ReadonlyArray<string> | undefined
      }
    }
  )

/**
 * An API key.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyOptions extends ProviderOptions {
  readonly apiKey: Secret
}

/**
 * An API key of Coinbase CDP.
 *
 * @since 0.1.0
 * @category models
 */
export interface CoinbaseOptions extends ProviderOptions {
  readonly apiKeyId: string
  readonly apiKeySecret: Secret
  /** For requests that a wallet must sign. */
  readonly walletSecret?: Secret | undefined
}

/**
 * An app of Stripe's Privy.
 *
 * @since 0.1.0
 * @category models
 */
export interface StripePrivyOptions extends ProviderOptions {
  readonly appId: string
  readonly appSecret: Secret
  readonly authorizationId: string
  /** For requests that must be signed. */
  readonly authorizationPrivateKey?: Secret | undefined
}
