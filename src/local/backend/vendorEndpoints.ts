/** The endpoints and deviations of vendors, from their public documentation. */
import type { Endpoints, LocalSettings, Vendor } from "../../internal/identitySetup/localSettings.js"
import { isLoopback } from "../../internal/models/urls.js"
import type { Oauth2Vendor } from "../../internal/models/vendors.js"
import type { Deviations, OnBehalfOf } from "../oauth/oauthClient.js"

export interface KnownVendor extends Endpoints {
  readonly clientAuthenticationMethod: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST"
  readonly deviations?: Deviations | undefined
}

/** The endpoints are relative to the issuer. */
const define =
  (clientAuthenticationMethod: KnownVendor["clientAuthenticationMethod"]) =>
  (issuer: string, authorizationEndpoint: string, tokenEndpoint: string, deviations?: Deviations): KnownVendor => ({
    issuer,
    authorizationEndpoint: new URL(authorizationEndpoint, issuer).href,
    tokenEndpoint: new URL(tokenEndpoint, issuer).href,
    clientAuthenticationMethod,
    deviations
  })

const basic = define("CLIENT_SECRET_BASIC")
const post = define("CLIENT_SECRET_POST")

/** Microsoft has endpoints per tenant. */
export const makeMicrosoft = (tenantId = "common"): KnownVendor => {
  const tenant = `https://login.microsoftonline.com/${encodeURIComponent(tenantId)}`
  return post(`${tenant}/v2.0`, `${tenant}/oauth2/v2.0/authorize`, `${tenant}/oauth2/v2.0/token`)
}

export const known: Readonly<Record<Vendor, KnownVendor>> = {
  AtlassianOauth2: post("https://auth.atlassian.com", "/authorize", "/oauth/token", {
    authorizationParameters: { audience: "api.atlassian.com", prompt: "consent" }
  }),
  DropboxOauth2: post("https://www.dropbox.com", "/oauth2/authorize", "https://api.dropboxapi.com/oauth2/token"),
  FacebookOauth2: post("https://www.facebook.com", "/dialog/oauth", "https://graph.facebook.com/oauth/access_token"),
  GithubOauth2: post("https://github.com/login/oauth", "/login/oauth/authorize", "/login/oauth/access_token", {
    nonstandardResponses: true
  }),
  GoogleOauth2: post("https://accounts.google.com", "/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token"),
  HubspotOauth2: post("https://app.hubspot.com", "/oauth/authorize", "https://api.hubapi.com/oauth/v1/token"),
  LinkedinOauth2: post("https://www.linkedin.com/oauth", "/oauth/v2/authorization", "/oauth/v2/accessToken"),
  MicrosoftOauth2: makeMicrosoft(),
  NotionOauth2: basic("https://api.notion.com", "/v1/oauth/authorize", "/v1/oauth/token", {
    authorizationParameters: { owner: "user" }
  }),
  RedditOauth2: basic("https://www.reddit.com", "/api/v1/authorize", "/api/v1/access_token"),
  SalesforceOauth2: post("https://login.salesforce.com", "/services/oauth2/authorize", "/services/oauth2/token"),
  SlackOauth2: basic("https://slack.com", "/oauth/v2/authorize", "/api/oauth.v2.access", {
    scopeSeparator: ",",
    nonstandardResponses: true
  }),
  SpotifyOauth2: basic("https://accounts.spotify.com", "/authorize", "/api/token"),
  TwitchOauth2: post("https://id.twitch.tv/oauth2", "/oauth2/authorize", "/oauth2/token", {
    nonstandardResponses: true
  }),
  XOauth2: basic("https://x.com", "/i/oauth2/authorize", "https://api.x.com/2/oauth2/token"),
  YandexOauth2: basic("https://oauth.yandex.com", "/authorize", "/token"),
  ZoomOauth2: basic("https://zoom.us", "/oauth/authorize", "/oauth/token")
}

/** Whether the URLs have the same scheme and host, and the path of `url` begins with the segments of the other path. */
const beginsWith = (url: URL | null, start: URL | null): boolean =>
  url !== null && start !== null && url.protocol === start.protocol && url.host === start.host
  && `${url.pathname}/`.startsWith(start.pathname.replace(/\/?$/, "/"))

/**
 * Finds the issuer that replaces another one in the settings. The longest matching URL decides. `endpoint` is where the
 * requests for the other one go.
 */
export const findIssuer = (
  issuer: string,
  { offlineIssuer, vendorIssuers = {} }: LocalSettings,
  endpoint = issuer
): string | undefined => {
  const url = URL.parse(issuer)
  const [found] = Object.entries(vendorIssuers)
    .filter(([start]) => beginsWith(url, URL.parse(start)))
    .sort(([one], [other]) => other.length - one.length)
  return found?.[1] ?? (isLoopback(URL.parse(endpoint)?.hostname ?? "") ? undefined : offlineIssuer)
}

/**
 * Returns how a vendor acts on behalf of a user. AWS documents it only for Microsoft. The settings can add vendors for
 * which the sources of AWS differ. These vendors use token exchange (RFC 8693), as Okta does.
 */
export const findOnBehalfOf = (
  vendor: Oauth2Vendor,
  { onBehalfOfVendors = [] }: LocalSettings
): OnBehalfOf | undefined =>
  vendor === "MicrosoftOauth2"
    ? { grantType: "JWT_AUTHORIZATION_GRANT", requestedTokenUse: "on_behalf_of" }
    : onBehalfOfVendors.some((name) => name === vendor)
    ? { grantType: "TOKEN_EXCHANGE", actor: { content: "NONE" } }
    : undefined
