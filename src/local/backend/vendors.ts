/** The well-known endpoints and the quirks of vendors, from their public documentation. */
import type { Endpoints, LocalSettings, Vendor } from "../../identitySetup/localSettings.js"
import type { Oauth2Vendor } from "../../models/internal/vendors.js"
import type { OnBehalfOf, Quirks } from "../oauth/service.js"

export interface KnownVendor extends Endpoints {
  readonly clientAuthenticationMethod: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST"
  readonly quirks?: Quirks | undefined
}

const basic = "CLIENT_SECRET_BASIC"
const post = "CLIENT_SECRET_POST"

/** The endpoints are relative to the issuer. */
const define = (
  issuer: string,
  authorizationEndpoint: string,
  tokenEndpoint: string,
  clientAuthenticationMethod: KnownVendor["clientAuthenticationMethod"],
  quirks?: Quirks
): KnownVendor => ({
  issuer,
  authorizationEndpoint: new URL(authorizationEndpoint, issuer).href,
  tokenEndpoint: new URL(tokenEndpoint, issuer).href,
  clientAuthenticationMethod,
  quirks
})

/** Microsoft has endpoints per tenant. */
export const makeMicrosoft = (tenantId: string): KnownVendor => {
  const tenant = `https://login.microsoftonline.com/${encodeURIComponent(tenantId)}`
  return define(`${tenant}/v2.0`, `${tenant}/oauth2/v2.0/authorize`, `${tenant}/oauth2/v2.0/token`, post)
}

export const known: Readonly<Record<Vendor, KnownVendor>> = {
  AtlassianOauth2: define("https://auth.atlassian.com", "/authorize", "/oauth/token", post, {
    authorizationParameters: { audience: "api.atlassian.com", prompt: "consent" }
  }),
  DropboxOauth2: define(
    "https://www.dropbox.com",
    "/oauth2/authorize",
    "https://api.dropboxapi.com/oauth2/token",
    post
  ),
  FacebookOauth2: define(
    "https://www.facebook.com",
    "/dialog/oauth",
    "https://graph.facebook.com/oauth/access_token",
    post
  ),
  GithubOauth2: define("https://github.com/login/oauth", "/login/oauth/authorize", "/login/oauth/access_token", post, {
    unusualAnswers: true
  }),
  GoogleOauth2: define("https://accounts.google.com", "/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token", post),
  HubspotOauth2: define("https://app.hubspot.com", "/oauth/authorize", "https://api.hubapi.com/oauth/v1/token", post),
  LinkedinOauth2: define("https://www.linkedin.com/oauth", "/oauth/v2/authorization", "/oauth/v2/accessToken", post),
  MicrosoftOauth2: makeMicrosoft("common"),
  NotionOauth2: define("https://api.notion.com", "/v1/oauth/authorize", "/v1/oauth/token", basic, {
    authorizationParameters: { owner: "user" }
  }),
  RedditOauth2: define("https://www.reddit.com", "/api/v1/authorize", "/api/v1/access_token", basic),
  SalesforceOauth2: define(
    "https://login.salesforce.com",
    "/services/oauth2/authorize",
    "/services/oauth2/token",
    post
  ),
  SlackOauth2: define("https://slack.com", "/oauth/v2/authorize", "/api/oauth.v2.access", basic, {
    scopeSeparator: ",",
    unusualAnswers: true
  }),
  SpotifyOauth2: define("https://accounts.spotify.com", "/authorize", "/api/token", basic),
  TwitchOauth2: define("https://id.twitch.tv/oauth2", "/oauth2/authorize", "/oauth2/token", post, {
    unusualAnswers: true
  }),
  XOauth2: define("https://x.com", "/i/oauth2/authorize", "https://api.x.com/2/oauth2/token", basic),
  YandexOauth2: define("https://oauth.yandex.com", "/authorize", "/token", basic),
  ZoomOauth2: define("https://zoom.us", "/oauth/authorize", "/oauth/token", basic)
}

/** Whether the URL has the scheme and host of another one, and begins with the segments of its path. */
const beginsWith = (url: URL, start: URL): boolean =>
  url.protocol === start.protocol && url.host === start.host
  && `${url.pathname}/`.startsWith(start.pathname.replace(/\/?$/, "/"))

/** The issuer that the settings have in place of this one. The longest beginning of its URL decides. */
export const findIssuer = (
  issuer: string,
  { vendorIssuers = {} }: Pick<LocalSettings, "vendorIssuers">
): string | undefined => {
  if (!URL.canParse(issuer)) return undefined
  const url = new URL(issuer)
  const [found] = Object.entries(vendorIssuers)
    .filter(([start]) => URL.canParse(start) && beginsWith(url, new URL(start)))
    .sort(([one], [other]) => other.length - one.length)
  return found?.[1]
}

/**
 * How a vendor acts on behalf of a user. AWS documents it for Microsoft, and for `CustomOauth2`, whose configuration
 * has it. The settings add vendors for which the sources differ, with a token exchange as that of Okta (RFC 8693).
 */
export const findOnBehalfOf = (
  vendor: Oauth2Vendor,
  { onBehalfOfVendors = [] }: Pick<LocalSettings, "onBehalfOfVendors">
): OnBehalfOf | undefined =>
  vendor === "MicrosoftOauth2"
    ? { grantType: "JWT_AUTHORIZATION_GRANT", requestedTokenUse: "on_behalf_of" }
    : onBehalfOfVendors.some((name) => name === vendor)
    ? { grantType: "TOKEN_EXCHANGE", actor: { content: "NONE" } }
    : undefined
