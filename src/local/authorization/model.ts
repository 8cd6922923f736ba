/**
 * Public types of the development authorization server. Their declarations do not need the types of `oidc-provider`.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import type { JWK } from "jose"

/**
 * @since 0.1.0
 * @category models
 */
export type GrantType =
  | "client_credentials"
  | "authorization_code"
  | "refresh_token"
  | "urn:ietf:params:oauth:grant-type:token-exchange"
  | "urn:ietf:params:oauth:grant-type:jwt-bearer"

/** @internal */
export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange" satisfies GrantType

/** @internal */
export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" satisfies GrantType

/**
 * - `clientId`
 * - `clientSecret`: required unless the client uses `private_key_jwt`
 * - `publicKeys`: JWKs that verify the assertions of `private_key_jwt` (RFC 7523)
 * - `name`: shown on the pages, default `clientId`
 * - `redirectUris`: compared exactly. A URI that ends in `/*` allows every URI with one more path segment in that
 *   place, as in `http://127.0.0.1:4020/identities/oauth2/callback/*`: AgentCore assigns the callback URL of a provider
 *   when it creates the provider.
 * - `scopes`: the scopes that the client may request. Users' requests may add `openid` and `offline_access`.
 * - `grants`: default `client_credentials`, and with redirect URIs also `authorization_code` and `refresh_token`
 * - `authenticationMethod`: default `client_secret_basic`
 *
 * @since 0.1.0
 * @category models
 */
export interface Client {
  readonly clientId: string
  readonly clientSecret?: Redacted.Redacted | undefined
  readonly publicKeys?: ReadonlyArray<JWK> | undefined
  readonly name?: string | undefined
  readonly redirectUris?: ReadonlyArray<string> | undefined
  readonly scopes?: ReadonlyArray<string> | undefined
  readonly grants?: ReadonlyArray<GrantType> | undefined
  readonly authenticationMethod?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | undefined
}

/**
 * The answer that the server gives to every authorization request by itself, without pages:
 *
 * - `user`: the name of the user who signs in
 * - `decision`: `allow` redirects with a code, `deny` with the error `access_denied`
 *
 * @since 0.1.0
 * @category models
 */
export interface HeadlessConsent {
  readonly user: string
  readonly decision: "allow" | "deny"
}
