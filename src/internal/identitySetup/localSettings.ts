/**
 * What stands on this machine for the parts of AWS and of the internet that the local backend has no access to: the section
 * `local` of a configuration file, and the option `settings` of the backend.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "../../models/internal/constraint.js"

/**
 * Vendors whose authorization server is another one than the request says.
 *
 * @internal
 */
export const Vendor = Schema.Literal(
  "AtlassianOauth2",
  "Auth0Oauth2",
  "CognitoOauth2",
  "CyberArkOauth2",
  "DropboxOauth2",
  "FacebookOauth2",
  "FusionAuthOauth2",
  "GithubOauth2",
  "GoogleOauth2",
  "HubspotOauth2",
  "LinkedinOauth2",
  "MicrosoftOauth2",
  "NotionOauth2",
  "OktaOauth2",
  "OneLoginOauth2",
  "PingOneOauth2",
  "RedditOauth2",
  "SalesforceOauth2",
  "SlackOauth2",
  "SpotifyOauth2",
  "TwitchOauth2",
  "XOauth2",
  "YandexOauth2",
  "ZoomOauth2"
)

/** @internal */
export type Vendor = typeof Vendor.Type

const Url = Constraint.text(1, 2048)

/** @internal */
export const Endpoints = Schema.Struct({ issuer: Url, authorizationEndpoint: Url, tokenEndpoint: Url })

/** @internal */
export type Endpoints = typeof Endpoints.Type

/**
 * - `secrets`: in the place of Secrets Manager, for references (`EXTERNAL`): by secret id and key of its JSON
 * - `vendorEndpoints`: in the place of the vendors' own authorization servers. Clients authenticate there by
 *   CLIENT_SECRET_BASIC, and what is peculiar to the vendor is left out.
 * - `kmsKeys`: in the place of KMS, by key ARN: a private key in PEM (PKCS #8, PKCS #1 or SEC 1), or a JWK as JSON
 * - `inboundIssuers`: the issuers whose JWTs name users. Default: every issuer that can be discovered. Users of one issuer are
 *   never those of another, so that whoever runs an issuer gets at no tokens but its own users'.
 * - `inboundJwt`: `verify` (default) asks the issuer for its keys; `decode` believes every JWT that has not expired
 *
 * @internal
 */
export const LocalSettings = Schema.Struct({
  secrets: Constraint.optional(Schema.Record({
    key: Schema.String,
    value: Schema.Record({ key: Schema.String, value: Schema.Redacted(Schema.String) })
  })),
  vendorEndpoints: Constraint.optional(Schema.partial(Schema.Record({ key: Vendor, value: Endpoints }))),
  kmsKeys: Constraint.optional(Schema.Record({ key: Schema.String, value: Schema.Redacted(Schema.String) })),
  inboundIssuers: Constraint.optional(Schema.Array(Schema.String)),
  inboundJwt: Constraint.optional(Schema.Literal("verify", "decode"))
})

/** @internal */
export type LocalSettings = typeof LocalSettings.Type
