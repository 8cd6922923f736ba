/** The clients and users of the development authorization server, without types of `oidc-provider`. */
import type * as Redacted from "effect/Redacted"
import type { JWK } from "jose"

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
  readonly grants?:
    | ReadonlyArray<
      | "client_credentials"
      | "authorization_code"
      | "refresh_token"
      | "urn:ietf:params:oauth:grant-type:token-exchange"
      | "urn:ietf:params:oauth:grant-type:jwt-bearer"
    >
    | undefined
  /** Default: `client_secret_basic`. */
  readonly authenticationMethod?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | undefined
}

export type GrantType = NonNullable<Client["grants"]>[number]

export type UserClaims = Readonly<Record<string, unknown>>

export interface HeadlessConsent {
  /** The name of the user who signs in. */
  readonly user: string
  /** `allow` redirects with a code, `deny` with the error `access_denied`. */
  readonly decision: "allow" | "deny"
}

export const defaultResource = "urn:effect-agentcore-identity:api"
