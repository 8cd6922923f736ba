/**
 * Credential providers: where an agent's tokens and keys come from, one constructor for each vendor, and the operations that
 * bring the service in line with a definition.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import type {
  ControlPlane,
  CreateCredentialProviderError,
  DeleteOauth2CredentialProviderError,
  GetCredentialProviderError,
  ListError,
  StreamOptions,
  UpdateCredentialProviderError
} from "./ControlPlane.js"
import type {
  CredentialProviderFailed,
  CredentialProviderTimedOut,
  MustBeGivenAgain,
  SecretSourceSwitch
} from "./CredentialProviderError.js"
import * as Define from "./internal/credentialProvider/definitions.js"
import * as Operations from "./internal/credentialProvider/operations.js"
import type {
  ApiKeyCredentialProviderSummary,
  CreateApiKeyCredentialProviderRequest,
  GetApiKeyCredentialProviderResponse
} from "./models/ApiKeyCredentialProvider.js"
import type {
  CreateOauth2CredentialProviderRequest,
  GetOauth2CredentialProviderResponse,
  Oauth2CredentialProviderSummary,
  OnBehalfOfTokenExchangeConfig,
  PrivateEndpoint,
  PrivateEndpointOverride
} from "./models/Oauth2CredentialProvider.js"
import type {
  CreatePaymentCredentialProviderRequest,
  GetPaymentCredentialProviderResponse,
  PaymentCredentialProviderSummary
} from "./models/PaymentCredentialProvider.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * A secret in Secrets Manager: the service reads it there, with the caller's rights (`EXTERNAL`).
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
 * A secret that the service is given (`MANAGED`), or one by reference (`EXTERNAL`).
 *
 * @since 0.1.0
 * @category models
 */
export type Secret = Redacted.Redacted | SecretReference

/**
 * What to ask for, beside one's own scopes, so that the vendor gives a refresh token: to be spread into an access token request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ask {
  readonly scopes: ReadonlyArray<string>
  readonly customParameters: { readonly [name: string]: string }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Oauth2Definition {
  readonly kind: "oauth2"
  readonly name: string
  readonly request: CreateOauth2CredentialProviderRequest
  /** Empty, unless the definition was made with `offlineAccess`. */
  readonly ask: Ask
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyDefinition {
  readonly kind: "apiKey"
  readonly name: string
  readonly request: CreateApiKeyCredentialProviderRequest
}

/**
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
 * @since 0.1.0
 * @category models
 */
export type Kind = Definition["kind"]

/**
 * A credential provider that is there: a definition, or kind and name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target<K extends Kind = Kind> {
  readonly kind: K
  readonly name: string
}

/**
 * What the service tells of a credential provider, by kind.
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
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  readonly name: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * Of vendors that give refresh tokens when they are asked for them.
 *
 * @since 0.1.0
 * @category models
 */
export interface OfflineOptions {
  /** Fills `ask` with what makes the vendor give a refresh token. Default: false. */
  readonly offlineAccess?: boolean | undefined
}

/**
 * Of vendors whose endpoints are the customer's own.
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
 * How a client of one's own authorization server proves who it is: by a secret (in the Authorization header, unless
 * `clientAuthenticationMethod` says otherwise), by a JWT signed with a key in KMS, or by an AWS-signed JWT.
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
 * An authorization server of one's own: by its discovery URL, or by its metadata.
 *
 * @since 0.1.0
 * @category models
 */
export type CustomOptions =
  & CustomClient
  & OfflineOptions
  & {
    readonly name: string
    readonly tags?: { readonly [key: string]: string } | undefined
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

// -----------------------------------------------------------------------------
// Constructors. What makes a vendor give refresh tokens: the vendors' own documentation.
// -----------------------------------------------------------------------------

/**
 * Google. `offlineAccess` asks by `access_type=offline`.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
 * import * as Config from "effect/Config"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = Effect.gen(function*() {
 *   const calendar = CredentialProvider.google({
 *     name: "calendar",
 *     clientId: "my-agent.apps.googleusercontent.com",
 *     clientSecret: yield* Config.redacted("GOOGLE_CLIENT_SECRET"),
 *     offlineAccess: true
 *   })
 *   const { outcome } = yield* CredentialProvider.ensure(calendar)
 *   yield* Effect.log(`calendar: ${outcome}`)
 *   return calendar.ask // to be spread into the request of an access token
 * })
 */
export const google: (options: ClientOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "GoogleOauth2",
  "googleOauth2ProviderConfig",
  { scopes: [], customParameters: { access_type: "offline" } }
)

/**
 * GitHub. Refresh tokens are switched on in the GitHub App's settings.
 *
 * @since 0.1.0
 * @category constructors
 */
export const github: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "GithubOauth2",
  "githubOauth2ProviderConfig"
)

/**
 * Slack. Refresh tokens are switched on in the app's settings (token rotation).
 *
 * @since 0.1.0
 * @category constructors
 */
export const slack: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "SlackOauth2",
  "slackOauth2ProviderConfig"
)

/**
 * Salesforce. `offlineAccess` asks by the scope `refresh_token`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const salesforce: (options: ClientOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "SalesforceOauth2",
  "salesforceOauth2ProviderConfig",
  { scopes: ["refresh_token"], customParameters: {} }
)

/**
 * Microsoft Entra ID, of any tenant or of one. `offlineAccess` asks by the scope `offline_access`. The service does
 * not tell the tenant afterwards.
 *
 * @since 0.1.0
 * @category constructors
 */
export const microsoft: (
  options: ClientOptions & OfflineOptions & { readonly tenantId?: string | undefined }
) => Oauth2Definition = Define.vendor("MicrosoftOauth2", "microsoftOauth2ProviderConfig", {
  scopes: ["offline_access"],
  customParameters: {}
})

/**
 * Atlassian. `offlineAccess` asks by the scope `offline_access`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atlassian: (options: ClientOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "AtlassianOauth2",
  "atlassianOauth2ProviderConfig",
  { scopes: ["offline_access"], customParameters: {} }
)

/**
 * LinkedIn. Refresh tokens are for approved partners, by the app's settings.
 *
 * @since 0.1.0
 * @category constructors
 */
export const linkedin: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "LinkedinOauth2",
  "linkedinOauth2ProviderConfig"
)

/**
 * Okta. `offlineAccess` asks by the scope `offline_access`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const okta: (options: ClientOptions & EndpointOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "OktaOauth2",
  "includedOauth2ProviderConfig",
  { scopes: ["offline_access"], customParameters: {} }
)

/**
 * Auth0. `offlineAccess` asks by the scope `offline_access`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const auth0: (options: ClientOptions & EndpointOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "Auth0Oauth2",
  "includedOauth2ProviderConfig",
  { scopes: ["offline_access"], customParameters: {} }
)

/**
 * Amazon Cognito: gives refresh tokens unasked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cognito: (options: ClientOptions & EndpointOptions) => Oauth2Definition = Define.vendor(
  "CognitoOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * OneLogin. Refresh tokens are switched on in the app's settings.
 *
 * @since 0.1.0
 * @category constructors
 */
export const oneLogin: (options: ClientOptions & EndpointOptions) => Oauth2Definition = Define.vendor(
  "OneLoginOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * PingOne. Refresh tokens are switched on in the application's grant types.
 *
 * @since 0.1.0
 * @category constructors
 */
export const pingOne: (options: ClientOptions & EndpointOptions) => Oauth2Definition = Define.vendor(
  "PingOneOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * CyberArk. Refresh tokens are switched on in the app's settings.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cyberArk: (options: ClientOptions & EndpointOptions) => Oauth2Definition = Define.vendor(
  "CyberArkOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * FusionAuth. `offlineAccess` asks by the scope `offline_access`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fusionAuth: (options: ClientOptions & EndpointOptions & OfflineOptions) => Oauth2Definition = Define
  .vendor("FusionAuthOauth2", "includedOauth2ProviderConfig", { scopes: ["offline_access"], customParameters: {} })

/**
 * X. `offlineAccess` asks by the scope `offline.access`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const x: (options: ClientOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "XOauth2",
  "includedOauth2ProviderConfig",
  { scopes: ["offline.access"], customParameters: {} }
)

/**
 * Dropbox. `offlineAccess` asks by `token_access_type=offline`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dropbox: (options: ClientOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "DropboxOauth2",
  "includedOauth2ProviderConfig",
  { scopes: [], customParameters: { token_access_type: "offline" } }
)

/**
 * Reddit. `offlineAccess` asks by `duration=permanent`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const reddit: (options: ClientOptions & OfflineOptions) => Oauth2Definition = Define.vendor(
  "RedditOauth2",
  "includedOauth2ProviderConfig",
  { scopes: [], customParameters: { duration: "permanent" } }
)

/**
 * Facebook, which has no refresh tokens.
 *
 * @since 0.1.0
 * @category constructors
 */
export const facebook: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "FacebookOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * HubSpot: gives refresh tokens unasked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hubspot: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "HubspotOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * Notion, whose tokens do not expire.
 *
 * @since 0.1.0
 * @category constructors
 */
export const notion: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "NotionOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * Spotify: gives refresh tokens unasked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const spotify: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "SpotifyOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * Twitch: gives refresh tokens unasked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const twitch: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "TwitchOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * Yandex: gives refresh tokens unasked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const yandex: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "YandexOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * Zoom: gives refresh tokens unasked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const zoom: (options: ClientOptions) => Oauth2Definition = Define.vendor(
  "ZoomOauth2",
  "includedOauth2ProviderConfig"
)

/**
 * Any authorization server. `offlineAccess` asks by the scope `offline_access` (OpenID Connect).
 *
 * @since 0.1.0
 * @category constructors
 */
export const custom = (options: CustomOptions): Oauth2Definition => Define.custom(options)

/**
 * An API key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const apiKey = (options: {
  readonly name: string
  readonly apiKey: Secret
  readonly tags?: { readonly [key: string]: string } | undefined
}): ApiKeyDefinition => Define.apiKey(options)

/**
 * Payments by Coinbase CDP. The wallet secret is for requests that a wallet has to sign.
 *
 * @since 0.1.0
 * @category constructors
 */
export const coinbase = (options: {
  readonly name: string
  readonly apiKeyId: string
  readonly apiKeySecret: Secret
  readonly walletSecret?: Secret | undefined
  readonly tags?: { readonly [key: string]: string } | undefined
}): PaymentDefinition => Define.coinbase(options)

/**
 * Payments by Privy, of Stripe. The authorization key is for requests that have to be signed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stripePrivy = (options: {
  readonly name: string
  readonly appId: string
  readonly appSecret: Secret
  readonly authorizationId: string
  readonly authorizationPrivateKey?: Secret | undefined
  readonly tags?: { readonly [key: string]: string } | undefined
}): PaymentDefinition => Define.stripePrivy(options)

// -----------------------------------------------------------------------------
// Operations
// -----------------------------------------------------------------------------

/**
 * Reads a provider.
 *
 * @since 0.1.0
 * @category operations
 */
export const get = <K extends Kind>(
  target: Target<K>
): Effect.Effect<Providers[K], GetCredentialProviderError, ControlPlane> => Operations.get(target)

/**
 * All providers of a kind.
 *
 * @since 0.1.0
 * @category operations
 */
export const stream = <K extends Kind>(
  kind: K,
  options?: StreamOptions
): Stream.Stream<Summaries[K], ListError, ControlPlane> => Operations.stream(kind, options)

const delete_ = (target: Target): Effect.Effect<void, DeleteOauth2CredentialProviderError, ControlPlane> =>
  Operations.remove(target)

export {
  /**
   * Deletes a provider.
   *
   * @since 0.1.0
   * @category operations
   */
  delete_ as delete
}

/**
 * What `ensure` did. `changes` names the members that differed; `notComparable` those that the service does not tell, secrets
 * above all, so that nobody knows whether they differ.
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
 * How a provider differs from its definition: `Missing`, or by these members. Changes nothing.
 *
 * @since 0.1.0
 * @category operations
 */
export const compare = (
  definition: Definition
): Effect.Effect<
  "Missing" | Omit<Ensured, "outcome">,
  GetCredentialProviderError | SecretSourceSwitch,
  ControlPlane
> => Operations.compare(definition)

/**
 * Creates a provider, or brings it up to date. Members that the service does not tell are not compared; `rotateSecrets` sends them
 * whatever they were. `tags` are set when the provider is created. It can be called as often as you like.
 *
 * @since 0.1.0
 * @category operations
 */
export const ensure = (
  definition: Definition,
  options?: { readonly rotateSecrets?: boolean | undefined }
): Effect.Effect<
  Ensured,
  CreateCredentialProviderError | UpdateCredentialProviderError | SecretSourceSwitch,
  ControlPlane
> => Operations.ensure(definition, options)

/**
 * What an update changes. Members that are left out stay as they are.
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

/**
 * Changes some members of a provider, though the service knows replacement only: reads it, puts the changes in, and replaces it.
 * What the service does not tell has to be given again: a `MANAGED` secret, and the tenant of Microsoft, which is otherwise lost.
 *
 * @since 0.1.0
 * @category operations
 */
export const update = <K extends Kind>(
  target: Target<K>,
  changes: Changes[K]
): Effect.Effect<
  void,
  GetCredentialProviderError | UpdateCredentialProviderError | SecretSourceSwitch | MustBeGivenAgain,
  ControlPlane
> => Operations.update(target, changes)

/**
 * Every second, for 2 minutes.
 *
 * @since 0.1.0
 * @category schedules
 */
export const defaultSchedule: Schedule.Schedule<unknown> = Schedule.spaced("1 second").pipe(
  Schedule.upTo("2 minutes")
)

/**
 * Waits until a provider is `READY`. `CREATE_FAILED`, `UPDATE_FAILED` and `DELETE_FAILED` end the wait with the service's reason.
 * Providers that have no status (API keys and payments, and OAuth2 providers of older accounts) are ready.
 *
 * @since 0.1.0
 * @category operations
 */
export const awaitReady = <K extends Kind>(
  target: Target<K>,
  schedule: Schedule.Schedule<unknown> = defaultSchedule
): Effect.Effect<
  Providers[K],
  GetCredentialProviderError | CredentialProviderFailed | CredentialProviderTimedOut,
  ControlPlane
> => Operations.awaitReady(target, schedule)
