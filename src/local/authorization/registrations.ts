/** The clients, users and trusted issuers of the development authorization server, without types of `oidc-provider`. */
import type * as Redacted from "effect/Redacted"
import type { JWK } from "jose"

export type GrantType =
  | "client_credentials"
  | "authorization_code"
  | "refresh_token"
  | "urn:ietf:params:oauth:grant-type:token-exchange"
  | "urn:ietf:params:oauth:grant-type:jwt-bearer"

/** A client of the server. */
export interface Client {
  /** The client id. */
  readonly clientId: string
  /** Required unless the client uses `private_key_jwt`. */
  readonly clientSecret?: Redacted.Redacted | undefined
  /** JWKs that verify the assertions of `private_key_jwt` (RFC 7523). */
  readonly publicKeys?: ReadonlyArray<JWK> | undefined
  /** The name on the pages. Default: `clientId`. */
  readonly name?: string | undefined
  /**
   * Compared exactly. A URI that ends in `/*` allows every URI with one more path segment in that place, as in
   * `http://127.0.0.1:4020/identities/oauth2/callback/*`: AgentCore assigns the callback URL of a provider when it
   * creates the provider.
   */
  readonly redirectUris?: ReadonlyArray<string> | undefined
  /** The scopes that the client may request. Users' requests may add `openid` and `offline_access`. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** Default: `client_credentials`, and with redirect URIs also `authorization_code` and `refresh_token`. */
  readonly grants?: ReadonlyArray<GrantType> | undefined
  /** Default: `client_secret_basic`. */
  readonly authenticationMethod?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | undefined
}

/**
 * The claims of a user. All access tokens of the user contain them. ID tokens and the responses of the userinfo
 * endpoint contain the claims that are not standard. They contain standard claims with their scope (OpenID Connect Core
 * 1.0, section 5.4): `email` with the scope `email`, `name` with `profile`.
 */
export type UserClaims = Readonly<Record<string, unknown>>

/**
 * An issuer whose JWTs are accepted: its identifier, or the identifier and the URL of its key set. Without the URL, the
 * keys are found by OpenID Connect Discovery or RFC 8414.
 */
export type TrustedIssuer = string | {
  /** The issuer identifier, as in the claim `iss`. */
  readonly issuer: string
  /** The URL of its key set. */
  readonly jwksUri: string
}

/** The decision of a user about every authorization request, without pages. */
export interface HeadlessConsent {
  /** The name of the user who signs in. */
  readonly user: string
  /** `allow` redirects with a code, `deny` with the error `access_denied`. */
  readonly decision: "allow" | "deny"
}
