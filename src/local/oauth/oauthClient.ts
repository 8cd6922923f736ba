/**
 * The local backend's client of authorization servers. `http.ts` speaks OAuth 2. `scripted.ts` is pure, so that tests
 * of whole flows need no HTTP.
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

// -----------------------------------------------------------------------------
// Authorization servers
// -----------------------------------------------------------------------------

/**
 * How a client authenticates at a token endpoint.
 *
 * - `CLIENT_SECRET_BASIC`, `CLIENT_SECRET_POST`: with a secret. A client with an empty secret is a public client.
 * - `PRIVATE_KEY_JWT`: with a JWT (RFC 7523, section 2.2) for the token endpoint, signed with `privateKey` (PEM, or a
 *   JWK as JSON). Additional claims never replace `alg`, `typ`, `iss`, `sub`, `iat`, `nbf`, `exp` and `jti`. They can
 *   replace `aud`.
 * - `AWS_IAM_ID_TOKEN_JWT`: with a JWT of AWS. `awsToken` makes it for an audience, the token endpoint. It fails with a
 *   `denial`.
 */
export type ClientAuthentication =
  | {
    readonly clientAuthenticationMethod: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST"
    readonly clientSecret: Redacted.Redacted
  }
  | {
    readonly clientAuthenticationMethod: "PRIVATE_KEY_JWT"
    readonly privateKey: Redacted.Redacted
    readonly signingAlgorithm: "RS256" | "PS256" | "ES256"
    readonly additionalHeaderClaims?: Readonly<Record<string, string>> | undefined
    readonly additionalPayloadClaims?: Readonly<Record<string, string>> | undefined
  }
  | {
    readonly clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT"
    readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted, OAuthError>
  }

/** How a client acts on behalf of a user: by token exchange (RFC 8693), or with the JWT as the grant (RFC 7523). */
export type OnBehalfOf =
  | {
    readonly grantType: "TOKEN_EXCHANGE"
    readonly actor:
      | { readonly content: "NONE" }
      | { readonly content: "M2M"; readonly scopes: ReadonlyArray<string> }
      | {
        readonly content: "AWS_IAM_ID_TOKEN_JWT"
        readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted, OAuthError>
      }
  }
  | {
    readonly grantType: "JWT_AUTHORIZATION_GRANT"
    /** For Microsoft. */
    readonly requestedTokenUse?: "on_behalf_of" | undefined
  }

/** How an authorization server differs from the standards. */
export interface Deviations {
  /** Separates scopes in an authorization request. Default: a space. */
  readonly scopeSeparator?: "," | undefined
  /** Parameters that the authorization page requires. Parameters of a request replace them. */
  readonly authorizationParameters?: Readonly<Record<string, string>> | undefined
  /** Accepts any `token_type`, and scopes as a list or separated by commas. */
  readonly nonstandardResponses?: boolean | undefined
}

/**
 * An authorization server and its client, from the configuration of a credential provider. `clientId` is empty for a
 * client that authenticates only with a JWT of AWS.
 */
export type AuthorizationServer = ClientAuthentication & {
  readonly discovery:
    | { readonly discoveryUrl: string }
    | {
      readonly authorizationServerMetadata: {
        readonly issuer: string
        readonly authorizationEndpoint: string
        readonly tokenEndpoint: string
        readonly responseTypes?: ReadonlyArray<string> | undefined
      }
    }
  readonly clientId: string
  readonly onBehalfOf?: OnBehalfOf | undefined
  readonly deviations?: Deviations | undefined
  /** The name of the credential provider, for the log. */
  readonly provider?: string | undefined
}

// -----------------------------------------------------------------------------
// Requests and responses
// -----------------------------------------------------------------------------

/** The response of a token endpoint. `expiresAt` is none if the server reports no lifetime. */
export interface TokenSet {
  readonly accessToken: Redacted.Redacted
  readonly refreshToken: Option.Option<Redacted.Redacted>
  readonly expiresAt: Option.Option<DateTime.Utc>
}

/** Custom parameters never replace standard ones. */
export interface ClientCredentialsRequest {
  readonly scopes: ReadonlyArray<string>
  readonly resources?: ReadonlyArray<string> | undefined
  readonly audiences?: ReadonlyArray<string> | undefined
  readonly customParameters?: Readonly<Record<string, string>> | undefined
}

interface AuthorizationUrlRequest extends ClientCredentialsRequest {
  readonly redirectUri: string
  readonly state: Redacted.Redacted
  readonly codeVerifier: Redacted.Redacted
}

/** `callbackUrl` is the redirect URI with the query of the browser's request. */
export interface CallbackRequest {
  readonly callbackUrl: Redacted.Redacted
  readonly state: Redacted.Redacted
}

interface ExchangeCodeRequest extends CallbackRequest {
  readonly codeVerifier: Redacted.Redacted
  readonly resources?: ReadonlyArray<string> | undefined
}

interface RefreshRequest {
  readonly refreshToken: Redacted.Redacted
  readonly resources?: ReadonlyArray<string> | undefined
}

interface RevocationRequest {
  readonly token: Redacted.Redacted
  readonly type: "access_token" | "refresh_token"
}

/**
 * Token exchange (RFC 8693): the client exchanges a user's JWT for a token, and acts on behalf of that user. The actor
 * token names the client as the actor. Its audience is the token endpoint.
 *
 * The custom parameter `subject_token_type` replaces the default, `urn:ietf:params:oauth:token-type:jwt`.
 */
export interface TokenExchangeRequest extends ClientCredentialsRequest {
  readonly subjectToken: Redacted.Redacted
  readonly actor?: {
    readonly token: (audience: string) => Effect.Effect<Redacted.Redacted, OAuthError>
    readonly type: "urn:ietf:params:oauth:token-type:access_token" | "urn:ietf:params:oauth:token-type:jwt"
  } | undefined
}

/**
 * A user's JWT as the grant (RFC 7523, section 2.1). The custom parameter `requested_token_use` replaces
 * `requestedTokenUse`.
 */
interface JwtGrantRequest extends ClientCredentialsRequest {
  readonly assertion: Redacted.Redacted
  readonly requestedTokenUse?: "on_behalf_of" | undefined
}

/** The claims of a JWT that name its user. `exp` in seconds since the epoch. */
export interface UserClaims {
  readonly iss: string
  readonly sub: string
  readonly exp?: number | undefined
}

/**
 * - `issuers`: the trusted issuers. Default: every issuer with a discovery document.
 * - `signature`: whether to check the signature with the keys of the issuer. Default: true.
 * - `standIn`: returns the issuer whose keys verify the tokens of another one, if one does. Default: none.
 */
export interface VerifyUserTokenOptions {
  readonly issuers?: ReadonlyArray<string> | undefined
  readonly signature?: boolean | undefined
  readonly standIn?: ((issuer: string) => string | undefined) | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

const explanations = {
  Unreachable: "it could not be reached, or did not respond (time-out, status 429 or 5xx)",
  InvalidGrant: "it rejected the code, the refresh token or the user's token, which may have expired",
  InvalidClient: "it rejected the client id, its secret, or its authentication method",
  AccessDenied: "the user, or the server itself, denied access",
  Rejected: "it rejected the request, or its response failed a check",
  Misconfigured:
    "its configuration cannot be used: endpoints are https URLs, or http URLs of a loopback host, without user information and fragment, and a discovery URL has no query"
}

/**
 * - `Unreachable`: the server does not respond, or with status 429 or 5xx
 * - `InvalidGrant`: it rejects the code, the refresh token or the user's token
 * - `InvalidClient`: it rejects the client's credentials
 * - `AccessDenied`: the user denies access
 * - `Rejected`: it sends any other error, or its response fails a check
 * - `Misconfigured`: its configuration cannot be used
 */
export type OAuthErrorReason = OAuthError["reason"]

/**
 * An authorization server issued no token.
 *
 * - `status`: the HTTP status of the response of the endpoint, if it is not a success
 * - `code`: the `error` of the response, or a code of `openid-client`
 * - `description`: the `error_description` of the response, or another detail of the failure, such as a status
 * - `discoveryUrl`: the discovery URL, if its document cannot be used
 * - `unresolvedHost`: the host of the endpoint, if it has no address in DNS
 * - `denial`: why the caller may not get the client's JWT of AWS, if so
 *
 * Tokens, secrets, codes and custom parameters of the request are removed from `code` and `description`. A description
 * may quote the client id, the redirect URI, scopes, resources and audiences.
 */
export class OAuthError extends Schema.TaggedError<OAuthError>()(
  "OAuthError",
  {
    reason: Schema.Literals(Struct.keys(explanations)),
    status: Schema.optional(Schema.Number),
    code: Schema.optional(Schema.String),
    description: Schema.optional(Schema.String),
    discoveryUrl: Schema.optional(Schema.String),
    unresolvedHost: Schema.optional(Schema.String),
    denial: Schema.optional(Schema.String)
  }
) {
  override get message(): string {
    if (this.denial !== undefined) return this.denial
    const details = [this.code, this.description].filter((detail) => detail !== undefined).join(": ")
    return `The authorization server issued no token: ${explanations[this.reason]}`
      + (details === "" ? "" : ` (${details})`)
  }
}

const userTokenExplanations = {
  Malformed: "it must be a JWT with the claims iss and sub",
  Expired: "it is expired, or not yet valid",
  Algorithm: "it must be signed with RS, PS or ES and 256, 384 or 512 bits, or EdDSA",
  Issuer: "its issuer is not one of the allowed issuers",
  Undiscoverable:
    "its issuer has no usable discovery document (OpenID Connect, RFC 8414): issuers are https URLs, or http URLs of a loopback host, without user information, query and fragment",
  Unreachable: "its issuer could not be reached, or did not respond (time-out, status 429 or 5xx)",
  Signature: "its signature does not match a key of its issuer"
}

export type UserTokenErrorReason = UserTokenError["reason"]

/** A JWT that does not name a user. The error contains no part of the token. */
export class UserTokenError extends Schema.TaggedError<UserTokenError>()(
  "UserTokenError",
  { reason: Schema.Literals(Struct.keys(userTokenExplanations)) }
) {
  override get message(): string {
    return `The user's token is not accepted: ${userTokenExplanations[this.reason]}`
  }
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

type Method<Request, A> = (server: AuthorizationServer, request: Request) => Effect.Effect<A, OAuthError>

export class OAuthClient extends Context.Service<OAuthClient, {
  /**
   * Reads the discovery document of an authorization server, unless it is known. With `again` it is read in any case.
   * Sends nothing if the metadata is given.
   */
  readonly discover: (
    server: Pick<AuthorizationServer, "discovery" | "provider">,
    options?: { readonly again?: boolean | undefined }
  ) => Effect.Effect<void, OAuthError>
  /** Requests a token for the client itself. */
  readonly clientCredentials: Method<ClientCredentialsRequest, TokenSet>
  /** Makes the URL of the consent page, with a PKCE challenge (S256) of the verifier. */
  readonly authorizationUrl: Method<AuthorizationUrlRequest, Redacted.Redacted>
  /**
   * Checks that the authorization response contains a code for this state: its `state`, `iss` (RFC 9207) and `error`.
   * Sends nothing, and leaves the code unused.
   */
  readonly checkCallback: Method<CallbackRequest, void>
  /** Checks the authorization response again, and exchanges its code. */
  readonly exchangeCode: Method<ExchangeCodeRequest, TokenSet>
  /** Requests new tokens for a refresh token. If the response has no refresh token, the old one stays valid. */
  readonly refresh: Method<RefreshRequest, TokenSet>
  /** Revokes a token (RFC 7009). `Misconfigured` if the server publishes no revocation endpoint. */
  readonly revoke: Method<RevocationRequest, void>
  /** Requests a token on behalf of a user, by token exchange. */
  readonly exchangeToken: Method<TokenExchangeRequest, TokenSet>
  /** Requests a token on behalf of a user, with a JWT as the grant. */
  readonly jwtGrant: Method<JwtGrantRequest, TokenSet>
  /**
   * Returns the user of a JWT. Checks its signature with the keys that its issuer publishes (OpenID Connect discovery,
   * or RFC 8414), and its times by the `Clock`.
   */
  readonly verifyUserToken: (
    token: Redacted.Redacted,
    options?: VerifyUserTokenOptions
  ) => Effect.Effect<UserClaims, UserTokenError>
}>()("effect-agentcore-identity/local/OAuthClient") {}

export type Service = OAuthClient["Service"]
