/** The well-known endpoints and the quirks of vendors, from their public documentation. */
import type { Endpoints, LocalSettings, Vendor } from "../../identitySetup/localSettings.js"
import type { Oauth2Vendor } from "../../models/internal/vendors.js"
import type { OnBehalfOf, Quirks } from "../oauth/contract.js"

export interface KnownVendor extends Endpoints {
  readonly clientAuthenticationMethod: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST"
  readonly quirks?: Quirks | undefined
}

const basic = "CLIENT_SECRET_BASIC"
const post = "CLIENT_SECRET_POST"

/** Microsoft has endpoints per tenant. */
export const makeMicrosoft = (tenantId: string): KnownVendor => {
  const tenant = `https://login.microsoftonline.com/${encodeURIComponent(tenantId)}`
  return {
    issuer: `${tenant}/v2.0`,
    authorizationEndpoint: `${tenant}/oauth2/v2.0/authorize`,
    tokenEndpoint: `${tenant}/oauth2/v2.0/token`,
    clientAuthenticationMethod: post
  }
}

export const known: Readonly<Record<Vendor, KnownVendor>> = {
  AtlassianOauth2: {
    issuer: "https://auth.atlassian.com",
    authorizationEndpoint: "https://auth.atlassian.com/authorize",
    tokenEndpoint: "https://auth.atlassian.com/oauth/token",
    clientAuthenticationMethod: post,
    quirks: { authorizationParameters: { audience: "api.atlassian.com", prompt: "consent" } }
  },
  DropboxOauth2: {
    issuer: "https://www.dropbox.com",
    authorizationEndpoint: "https://www.dropbox.com/oauth2/authorize",
    tokenEndpoint: "https://api.dropboxapi.com/oauth2/token",
    clientAuthenticationMethod: post
  },
  FacebookOauth2: {
    issuer: "https://www.facebook.com",
    authorizationEndpoint: "https://www.facebook.com/dialog/oauth",
    tokenEndpoint: "https://graph.facebook.com/oauth/access_token",
    clientAuthenticationMethod: post
  },
  GithubOauth2: {
    issuer: "https://github.com/login/oauth",
    authorizationEndpoint: "https://github.com/login/oauth/authorize",
    tokenEndpoint: "https://github.com/login/oauth/access_token",
    clientAuthenticationMethod: post,
    quirks: { unusualAnswers: true }
  },
  GoogleOauth2: {
    issuer: "https://accounts.google.com",
    authorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenEndpoint: "https://oauth2.googleapis.com/token",
    clientAuthenticationMethod: post
  },
  HubspotOauth2: {
    issuer: "https://app.hubspot.com",
    authorizationEndpoint: "https://app.hubspot.com/oauth/authorize",
    tokenEndpoint: "https://api.hubapi.com/oauth/v1/token",
    clientAuthenticationMethod: post
  },
  LinkedinOauth2: {
    issuer: "https://www.linkedin.com/oauth",
    authorizationEndpoint: "https://www.linkedin.com/oauth/v2/authorization",
    tokenEndpoint: "https://www.linkedin.com/oauth/v2/accessToken",
    clientAuthenticationMethod: post
  },
  MicrosoftOauth2: makeMicrosoft("common"),
  NotionOauth2: {
    issuer: "https://api.notion.com",
    authorizationEndpoint: "https://api.notion.com/v1/oauth/authorize",
    tokenEndpoint: "https://api.notion.com/v1/oauth/token",
    clientAuthenticationMethod: basic,
    quirks: { authorizationParameters: { owner: "user" } }
  },
  RedditOauth2: {
    issuer: "https://www.reddit.com",
    authorizationEndpoint: "https://www.reddit.com/api/v1/authorize",
    tokenEndpoint: "https://www.reddit.com/api/v1/access_token",
    clientAuthenticationMethod: basic
  },
  SalesforceOauth2: {
    issuer: "https://login.salesforce.com",
    authorizationEndpoint: "https://login.salesforce.com/services/oauth2/authorize",
    tokenEndpoint: "https://login.salesforce.com/services/oauth2/token",
    clientAuthenticationMethod: post
  },
  SlackOauth2: {
    issuer: "https://slack.com",
    authorizationEndpoint: "https://slack.com/oauth/v2/authorize",
    tokenEndpoint: "https://slack.com/api/oauth.v2.access",
    clientAuthenticationMethod: basic,
    quirks: { scopeSeparator: ",", unusualAnswers: true }
  },
  SpotifyOauth2: {
    issuer: "https://accounts.spotify.com",
    authorizationEndpoint: "https://accounts.spotify.com/authorize",
    tokenEndpoint: "https://accounts.spotify.com/api/token",
    clientAuthenticationMethod: basic
  },
  TwitchOauth2: {
    issuer: "https://id.twitch.tv/oauth2",
    authorizationEndpoint: "https://id.twitch.tv/oauth2/authorize",
    tokenEndpoint: "https://id.twitch.tv/oauth2/token",
    clientAuthenticationMethod: post,
    quirks: { unusualAnswers: true }
  },
  XOauth2: {
    issuer: "https://x.com",
    authorizationEndpoint: "https://x.com/i/oauth2/authorize",
    tokenEndpoint: "https://api.x.com/2/oauth2/token",
    clientAuthenticationMethod: basic
  },
  YandexOauth2: {
    issuer: "https://oauth.yandex.com",
    authorizationEndpoint: "https://oauth.yandex.com/authorize",
    tokenEndpoint: "https://oauth.yandex.com/token",
    clientAuthenticationMethod: basic
  },
  ZoomOauth2: {
    issuer: "https://zoom.us",
    authorizationEndpoint: "https://zoom.us/oauth/authorize",
    tokenEndpoint: "https://zoom.us/oauth/token",
    clientAuthenticationMethod: basic
  }
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
 * How a vendor acts on behalf of a user. AWS documents it for Microsoft, and for `CustomOauth2`, whose configuration has
 * it. The settings add vendors for which the sources differ, with a token exchange as that of Okta (RFC 8693).
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
