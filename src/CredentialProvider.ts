/**
 * Credential providers, which supply an agent's tokens and keys. There is one constructor for each vendor. The
 * operations make the service match a definition. They check the definition first, and fail with `ValidationException`
 * if it is invalid.
 *
 * @since 0.2.0
 */
import * as Constructors from "./internal/credentialProvider/constructors.js"
import type { Definition, Options } from "./internal/credentialProvider/definitions.js"
import * as Operations from "./internal/credentialProvider/providerOperations.js"

export type {
  /** @since 0.2.0 */
  Definition,
  /** @since 0.2.0 */
  Options
} from "./internal/credentialProvider/definitions.js"

// The documentation of each vendor says what makes it issue refresh tokens.

type Constructor<O = Options.Client> = (options: O) => Definition<"oauth2">

/**
 * Defines a provider for Google. `offlineAccess` sends `access_type=offline`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const google: Constructor<Options.Client & Options.Offline> = Constructors.makeVendor("GoogleOauth2", {
  customParameters: { access_type: "offline" }
})

/**
 * Defines a provider for GitHub. Enable refresh tokens in the settings of the GitHub App.
 *
 * @since 0.2.0
 * @category constructors
 */
export const github: Constructor = Constructors.makeVendor("GithubOauth2")

/**
 * Defines a provider for Slack. Enable refresh tokens in the settings of the app (token rotation).
 *
 * @since 0.2.0
 * @category constructors
 */
export const slack: Constructor = Constructors.makeVendor("SlackOauth2")

/**
 * Defines a provider for Salesforce. `offlineAccess` requests the scope `refresh_token`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const salesforce: Constructor<Options.Client & Options.Offline> = Constructors.makeVendor("SalesforceOauth2", {
  scopes: ["refresh_token"]
})

/**
 * Defines a provider for Microsoft Entra ID, for one tenant or for any. `offlineAccess` requests the scope
 * `offline_access`, to get refresh tokens. The service does not return the tenant.
 *
 * @since 0.2.0
 * @category constructors
 */
export const microsoft: Constructor<
  Options.Client & Options.Offline & {
    /** The id of the tenant. Default: users of any tenant. */
    readonly tenantId?: string | undefined
  }
> = Constructors.makeVendor("MicrosoftOauth2", { scopes: ["offline_access"] })

/**
 * Defines a provider for Atlassian. `offlineAccess` requests the scope `offline_access`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const atlassian: Constructor<Options.Client & Options.Offline> = Constructors.makeVendor("AtlassianOauth2", {
  scopes: ["offline_access"]
})

/**
 * Defines a provider for LinkedIn. Only approved partners can enable refresh tokens, in the settings of the app.
 *
 * @since 0.2.0
 * @category constructors
 */
export const linkedin: Constructor = Constructors.makeVendor("LinkedinOauth2")

/**
 * Defines a provider for Okta. `offlineAccess` requests the scope `offline_access`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const okta: Constructor<Options.Client & Options.Endpoints & Options.Offline> = Constructors.makeVendor(
  "OktaOauth2",
  { scopes: ["offline_access"] }
)

/**
 * Defines a provider for Auth0. `offlineAccess` requests the scope `offline_access`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const auth0: Constructor<Options.Client & Options.Endpoints & Options.Offline> = Constructors.makeVendor(
  "Auth0Oauth2",
  { scopes: ["offline_access"] }
)

/**
 * Defines a provider for Amazon Cognito. It always issues refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const cognito: Constructor<Options.Client & Options.Endpoints> = Constructors.makeVendor("CognitoOauth2")

/**
 * Defines a provider for OneLogin. Enable refresh tokens in the settings of the app.
 *
 * @since 0.2.0
 * @category constructors
 */
export const oneLogin: Constructor<Options.Client & Options.Endpoints> = Constructors.makeVendor("OneLoginOauth2")

/**
 * Defines a provider for PingOne. Enable refresh tokens in the grant types of the application.
 *
 * @since 0.2.0
 * @category constructors
 */
export const pingOne: Constructor<Options.Client & Options.Endpoints> = Constructors.makeVendor("PingOneOauth2")

/**
 * Defines a provider for CyberArk. Enable refresh tokens in the settings of the app.
 *
 * @since 0.2.0
 * @category constructors
 */
export const cyberArk: Constructor<Options.Client & Options.Endpoints> = Constructors.makeVendor("CyberArkOauth2")

/**
 * Defines a provider for FusionAuth. `offlineAccess` requests the scope `offline_access`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const fusionAuth: Constructor<Options.Client & Options.Endpoints & Options.Offline> = Constructors.makeVendor(
  "FusionAuthOauth2",
  { scopes: ["offline_access"] }
)

/**
 * Defines a provider for X. `offlineAccess` requests the scope `offline.access`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const x: Constructor<Options.Client & Options.Offline> = Constructors.makeVendor("XOauth2", {
  scopes: ["offline.access"]
})

/**
 * Defines a provider for Dropbox. `offlineAccess` sends `token_access_type=offline`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const dropbox: Constructor<Options.Client & Options.Offline> = Constructors.makeVendor("DropboxOauth2", {
  customParameters: { token_access_type: "offline" }
})

/**
 * Defines a provider for Reddit. `offlineAccess` sends `duration=permanent`, to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const reddit: Constructor<Options.Client & Options.Offline> = Constructors.makeVendor("RedditOauth2", {
  customParameters: { duration: "permanent" }
})

/**
 * Defines a provider for Facebook. It issues no refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const facebook: Constructor = Constructors.makeVendor("FacebookOauth2")

/**
 * Defines a provider for HubSpot. It always issues refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const hubspot: Constructor = Constructors.makeVendor("HubspotOauth2")

/**
 * Defines a provider for Notion. Its tokens do not expire.
 *
 * @since 0.2.0
 * @category constructors
 */
export const notion: Constructor = Constructors.makeVendor("NotionOauth2")

/**
 * Defines a provider for Spotify. It always issues refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const spotify: Constructor = Constructors.makeVendor("SpotifyOauth2")

/**
 * Defines a provider for Twitch. It always issues refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const twitch: Constructor = Constructors.makeVendor("TwitchOauth2")

/**
 * Defines a provider for Yandex. It always issues refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const yandex: Constructor = Constructors.makeVendor("YandexOauth2")

/**
 * Defines a provider for Zoom. It always issues refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const zoom: Constructor = Constructors.makeVendor("ZoomOauth2")

/**
 * Defines a provider for any authorization server. `offlineAccess` requests the scope `offline_access` (OpenID
 * Connect), to get refresh tokens.
 *
 * @since 0.2.0
 * @category constructors
 */
export const custom: Constructor<Options.Custom> = Constructors.custom

/**
 * Defines a provider of an API key.
 *
 * @since 0.2.0
 * @category constructors
 */
export const apiKey: (options: Options.ApiKey) => Definition<"apiKey"> = Constructors.apiKey

/**
 * Defines a provider of payment tokens for Coinbase CDP.
 *
 * @since 0.2.0
 * @category constructors
 */
export const coinbase: (options: Options.Coinbase) => Definition<"payment"> = Constructors.coinbase

/**
 * Defines a provider of payment tokens for Stripe's Privy.
 *
 * @since 0.2.0
 * @category constructors
 */
export const stripePrivy: (options: Options.StripePrivy) => Definition<"payment"> = Constructors.stripePrivy

/**
 * Creates a provider, or updates it if it differs from its definition. It is safe to repeat. {@link awaitReady} waits
 * until the provider can be used.
 *
 * The service does not return some members, such as secrets. They are not compared: with `rotateSecrets`, secrets are
 * always sent. `tags` are set only when the provider is created.
 *
 * @since 0.2.0
 * @category operations
 * @example
 * import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
 * import * as Config from "effect/Config"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = Effect.gen(function*() {
 *   const calendar = CredentialProvider.google({
 *     name: "calendar",
 *     clientId: "my-agent.apps.googleusercontent.com",
 *     clientSecret: yield* Config.Redacted("GOOGLE_CLIENT_SECRET"),
 *     offlineAccess: true
 *   })
 *   const { outcome } = yield* CredentialProvider.ensure(calendar)
 *   yield* Effect.log(`calendar: ${outcome}`) // Created, Updated or Unchanged
 *   // Add these to the request of an access token.
 *   return calendar.authorizationParameters
 * })
 */
export const ensure: typeof Operations.ensure = Operations.ensure

export {
  /** @since 0.2.0 */
  awaitReady,
  /** @since 0.2.0 */
  CredentialProviderFailed,
  /** @since 0.2.0 */
  CredentialProviderTimedOut
} from "./internal/credentialProvider/providerOperations.js"
export {
  /** @since 0.2.0 */
  SecretSourceSwitch
} from "./internal/credentialProvider/view.js"
