/** The vendors of OAuth2 credential providers, in the order of the AWS service model. */

const own = <const M extends string>(config: M) => ({ config, needsEndpoints: false }) as const

const included = <const B extends boolean>(needsEndpoints: B) =>
  ({ config: "includedOauth2ProviderConfig", needsEndpoints }) as const

/**
 * - `config`: the member of `oauth2ProviderConfigInput` that the vendor takes
 * - `needsEndpoints`: customers run the authorization server, so a request names its endpoints
 */
export const vendors = {
  GoogleOauth2: own("googleOauth2ProviderConfig"),
  GithubOauth2: own("githubOauth2ProviderConfig"),
  SlackOauth2: own("slackOauth2ProviderConfig"),
  SalesforceOauth2: own("salesforceOauth2ProviderConfig"),
  MicrosoftOauth2: own("microsoftOauth2ProviderConfig"),
  CustomOauth2: own("customOauth2ProviderConfig"),
  AtlassianOauth2: own("atlassianOauth2ProviderConfig"),
  LinkedinOauth2: own("linkedinOauth2ProviderConfig"),
  XOauth2: included(false),
  OktaOauth2: included(true),
  OneLoginOauth2: included(true),
  PingOneOauth2: included(true),
  FacebookOauth2: included(false),
  YandexOauth2: included(false),
  RedditOauth2: included(false),
  ZoomOauth2: included(false),
  TwitchOauth2: included(false),
  SpotifyOauth2: included(false),
  DropboxOauth2: included(false),
  NotionOauth2: included(false),
  HubspotOauth2: included(false),
  CyberArkOauth2: included(true),
  FusionAuthOauth2: included(true),
  Auth0Oauth2: included(true),
  CognitoOauth2: included(true)
} as const

/** The 25 vendors. */
export type Oauth2Vendor = keyof typeof vendors

/** The vendors whose authorization servers customers run: a request names the endpoints. */
export type Oauth2VendorWithEndpoints = {
  [V in Oauth2Vendor]: (typeof vendors)[V]["needsEndpoints"] extends true ? V : never
}[Oauth2Vendor]

/** The member of `oauth2ProviderConfigInput` that a vendor takes. */
export type Oauth2ConfigMember<V extends Oauth2Vendor = Oauth2Vendor> = (typeof vendors)[V]["config"]
