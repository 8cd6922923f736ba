/** The vendors of OAuth2 credential providers, in the order of the AWS service model. */

const own = <const M extends string>(config: M) => ({ config, needsEndpoints: false }) as const

const included = { config: "includedOauth2ProviderConfig", needsEndpoints: false } as const

const selfHosted = { ...included, needsEndpoints: true } as const

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
  XOauth2: included,
  OktaOauth2: selfHosted,
  OneLoginOauth2: selfHosted,
  PingOneOauth2: selfHosted,
  FacebookOauth2: included,
  YandexOauth2: included,
  RedditOauth2: included,
  ZoomOauth2: included,
  TwitchOauth2: included,
  SpotifyOauth2: included,
  DropboxOauth2: included,
  NotionOauth2: included,
  HubspotOauth2: included,
  CyberArkOauth2: selfHosted,
  FusionAuthOauth2: selfHosted,
  Auth0Oauth2: selfHosted,
  CognitoOauth2: selfHosted
} as const

/** The 25 vendors. */
export type Oauth2Vendor = keyof typeof vendors

export type Oauth2VendorWithEndpoints = {
  [V in Oauth2Vendor]: (typeof vendors)[V]["needsEndpoints"] extends true ? V : never
}[Oauth2Vendor]

export type Oauth2ConfigMember<V extends Oauth2Vendor = Oauth2Vendor> = (typeof vendors)[V]["config"]
