/**
 * What is registered at the development authorization server: clients, users and trusted issuers. The declarations do
 * not need the types of `oidc-provider`.
 */
import type * as Redacted from "effect/Redacted"
import type { JWK } from "jose"

export type GrantType =
  | "client_credentials"
  | "authorization_code"
  | "refresh_token"
  | "urn:ietf:params:oauth:grant-type:token-exchange"
  | "urn:ietf:params:oauth:grant-type:jwt-bearer"

export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange" satisfies GrantType

export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" satisfies GrantType

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
 * The claims of a user. They are in the user's access tokens. Claims that are not standard are in ID tokens and the
 * answers of the userinfo endpoint, too, and standard claims with their scope (OpenID Connect Core 1.0, section 5.4):
 * `email` with the scope `email`, `name` with `profile`.
 */
export type UserClaims = Readonly<Record<string, unknown>>

/**
 * An issuer whose JWTs are accepted: its identifier, whose keys are found by OpenID Connect Discovery or RFC 8414, or
 * the identifier together with the URL of its key set.
 */
export type TrustedIssuer = string | {
  /** The issuer identifier, as in the claim `iss`. */
  readonly issuer: string
  /** The URL of its key set. */
  readonly jwksUri: string
}

/** The answer that the server gives to every authorization request by itself, without pages. */
export interface HeadlessConsent {
  /** The name of the user who signs in. */
  readonly user: string
  /** `allow` redirects with a code, `deny` with the error `access_denied`. */
  readonly decision: "allow" | "deny"
}
