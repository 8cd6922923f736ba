/**
 * The way from the local backend to authorization servers: client credentials, authorization code with PKCE, refresh.
 *
 * `layer` speaks OAuth 2 over HTTP. `layerScripted` is pure: it answers by itself, with numbered tokens that expire by the
 * `Clock`, for tests of whole flows without HTTP.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Answers from "./oauth/answers.js"
import * as Http from "./oauth/http.js"
import * as Scripted from "./oauth/scripted.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * How a client proves at a token endpoint who it is.
 *
 * - `CLIENT_SECRET_BASIC`, `CLIENT_SECRET_POST`: by its secret. An empty one is a public client.
 * - `PRIVATE_KEY_JWT`: by a JWT (RFC 7523, section 2.2) for the issuer, signed with `privateKey` (PEM, or a JWK as JSON).
 *   Additional claims never take the place of `alg`, `iss`, `sub`, `iat`, `nbf`, `exp` and `jti`; `aud` they may.
 * - `AWS_IAM_ID_TOKEN_JWT`: by a JWT of AWS, as `awsToken` makes it for the audience that it is given, the issuer
 *
 * @since 0.1.0
 * @category models
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
    readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted>
  }

/**
 * How a client acts on behalf of a user whose JWT it has: by token exchange (RFC 8693), with the client as the actor or
 * without, or by a JWT as the grant (RFC 7523, section 2.1).
 *
 * @since 0.1.0
 * @category models
 */
export type OnBehalfOf =
  | {
    readonly grantType: "TOKEN_EXCHANGE"
    readonly actor:
      | { readonly content: "NONE" }
      | { readonly content: "M2M"; readonly scopes: ReadonlyArray<string> }
      | {
        readonly content: "AWS_IAM_ID_TOKEN_JWT"
        readonly awsToken: (audience: string) => Effect.Effect<Redacted.Redacted>
      }
  }
  | {
    readonly grantType: "JWT_AUTHORIZATION_GRANT"
    /** For Microsoft. */
    readonly requestedTokenUse?: "on_behalf_of" | undefined
  }

/**
 * An authorization server and this client's account there, as a credential provider's configuration has them. `clientId` is
 * empty for a client that is known by the JWT of AWS alone.
 *
 * @since 0.1.0
 * @category models
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
  /** Where a server does not keep to the standards. */
  readonly quirks?: {
    /** Between scopes, in an authorization request. Default: a space. */
    readonly scopeSeparator?: "," | undefined
    /** Those that the server's page does not do without. Parameters of a request win. */
    readonly authorizationParameters?: Readonly<Record<string, string>> | undefined
    /** Whether a token may have any `token_type`, and its scopes may be a list, or have commas in between. */
    readonly unusualAnswers?: boolean | undefined
  } | undefined
}

/**
 * What a token endpoint gave. `scopes` are the granted ones, where the server said which. `expiresAt` is computed from the
 * `Clock` and `expires_in`; none for a token that does not say when it ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenSet {
  readonly accessToken: Redacted.Redacted
  readonly refreshToken: Option.Option<Redacted.Redacted>
  readonly expiresAt: Option.Option<DateTime.Utc>
  readonly scopes: Option.Option<ReadonlyArray<string>>
}

/**
 * Custom parameters never take the place of standard ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientCredentialsRequest {
  readonly scopes: ReadonlyArray<string>
  readonly resources?: ReadonlyArray<string> | undefined
  readonly audiences?: ReadonlyArray<string> | undefined
  readonly customParameters?: Readonly<Record<string, string>> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface AuthorizationUrlRequest extends ClientCredentialsRequest {
  readonly redirectUri: string
  readonly state: Redacted.Redacted
  readonly codeVerifier: Redacted.Redacted
}

/**
 * `callbackUrl` is the redirect URI with the query that the browser brought.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallbackRequest {
  readonly callbackUrl: Redacted.Redacted
  readonly state: Redacted.Redacted
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ExchangeCodeRequest extends CallbackRequest {
  readonly codeVerifier: Redacted.Redacted
  readonly resources?: ReadonlyArray<string> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RefreshRequest {
  readonly refreshToken: Redacted.Redacted
  readonly resources?: ReadonlyArray<string> | undefined
}

/**
 * RFC 8693: a user's JWT for a token of the client that acts on behalf of that user, by itself or as an actor that is told
 * apart. The actor's token is made for the issuer of the authorization server.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenExchangeRequest extends ClientCredentialsRequest {
  readonly subjectToken: Redacted.Redacted
  readonly actor?: {
    readonly token: (issuer: string) => Effect.Effect<Redacted.Redacted, OAuthError>
    readonly type: "urn:ietf:params:oauth:token-type:access_token" | "urn:ietf:params:oauth:token-type:jwt"
  } | undefined
}

/**
 * RFC 7523, section 2.1: a user's JWT as the grant.
 *
 * @since 0.1.0
 * @category models
 */
export interface JwtGrantRequest extends ClientCredentialsRequest {
  readonly assertion: Redacted.Redacted
  readonly requestedTokenUse?: "on_behalf_of" | undefined
}

/**
 * Whom a JWT names, as its issuer has it. `exp` in seconds since the epoch.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserClaims {
  readonly iss: string
  readonly sub: string
  readonly exp?: number | undefined
}

/**
 * - `issuers`: the issuers to believe. Default: every issuer that can be discovered.
 * - `signature`: whether it is checked, with the keys of the issuer. Default: true.
 *
 * @since 0.1.0
 * @category models
 */
export interface VerifyUserTokenOptions {
  readonly issuers?: ReadonlyArray<string> | undefined
  readonly signature?: boolean | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

const explanations = {
  Unreachable: "it could not be reached, or did not answer (time-out, status 429 or 5xx)",
  InvalidGrant: "the code, the refresh token or the user's token is not valid, or no longer",
  InvalidClient: "the client id, its secret, or its way to authenticate is not accepted",
  AccessDenied: "the user, or the server itself, refused",
  Rejected: "it refused the request, or its answer failed a check",
  Misconfigured: "its configuration cannot be used: endpoints are https, or http on a loopback host"
}

/**
 * Why there is no token:
 *
 * - `Unreachable`: no answer, or one of the statuses 429 and 5xx
 * - `InvalidGrant`: the code or the refresh token is dead, or the user's token is not taken
 * - `InvalidClient`: the client's credentials are refused
 * - `AccessDenied`: the user refused
 * - `Rejected`: any other refusal, or an answer that fails a check
 * - `Misconfigured`: an endpoint is missing, or is http on a host that is not loopback
 *
 * @since 0.1.0
 * @category models
 */
export type OAuthErrorReason = keyof typeof explanations

/**
 * An authorization server gave no token. Nothing of what it sent is kept, but for the error code where that is one of the
 * registered ones.
 *
 * @since 0.1.0
 * @category errors
 */
export class OAuthError extends Schema.TaggedError<OAuthError>("effect-agentcore-identity/local/OAuthError")(
  "OAuthError",
  {
    reason: Schema.Literal(
      "Unreachable",
      "InvalidGrant",
      "InvalidClient",
      "AccessDenied",
      "Rejected",
      "Misconfigured"
    ),
    code: Schema.optional(Schema.String)
  }
) {
  override get message(): string {
    return `The authorization server gave no token: ${explanations[this.reason]}`
      + (this.code === undefined ? "" : ` (${this.code})`)
  }
}

const userTokenExplanations = {
  Malformed: "it must be a JWT with the claims iss and sub",
  Expired: "it is expired, or not yet valid",
  Algorithm: "it must be signed with RS, PS or ES and 256, 384 or 512 bits, or EdDSA",
  Issuer: "its issuer is not one of those that are allowed",
  Undiscoverable:
    "its issuer has no OpenID Connect discovery document that can be used: issuers are https, or http on a loopback host",
  Unreachable: "its issuer could not be reached, or did not answer (time-out, status 429 or 5xx)",
  Signature: "its signature does not belong to a key of its issuer"
}

/**
 * Why a JWT names no user:
 *
 * - `Malformed`: it cannot be read, or lacks a claim
 * - `Expired`: by its `exp`, or its `nbf`
 * - `Algorithm`: unsigned, or signed with a shared secret
 * - `Issuer`: not an allowed one
 * - `Undiscoverable`: the issuer's metadata or keys cannot be used
 * - `Unreachable`: the issuer gave no answer, or one of the statuses 429 and 5xx
 * - `Signature`: it was not signed by its issuer
 *
 * @since 0.1.0
 * @category models
 */
export type UserTokenErrorReason = keyof typeof userTokenExplanations

/**
 * A JWT that does not tell who its user is. Nothing of the token is kept.
 *
 * @since 0.1.0
 * @category errors
 */
export class UserTokenError
  extends Schema.TaggedError<UserTokenError>("effect-agentcore-identity/local/UserTokenError")(
    "UserTokenError",
    {
      reason: Schema.Literal(
        "Malformed",
        "Expired",
        "Algorithm",
        "Issuer",
        "Undiscoverable",
        "Unreachable",
        "Signature"
      )
    }
  )
{
  override get message(): string {
    return `The user's token is not accepted: ${userTokenExplanations[this.reason]}`
  }
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /**
   * A token for the client itself.
   */
  readonly clientCredentials: (
    server: AuthorizationServer,
    request: ClientCredentialsRequest
  ) => Effect.Effect<TokenSet, OAuthError>
  /**
   * Where a user gives consent, with a PKCE challenge (S256) of the verifier.
   */
  readonly authorizationUrl: (
    server: AuthorizationServer,
    request: AuthorizationUrlRequest
  ) => Effect.Effect<Redacted.Redacted, OAuthError>
  /**
   * Whether the authorization server's answer is a code for this state: checks `state`, `iss` (RFC 9207) and `error`.
   * Nothing is sent, the code stays unused.
   */
  readonly checkCallback: (server: AuthorizationServer, request: CallbackRequest) => Effect.Effect<void, OAuthError>
  /**
   * Checks the answer once more, and exchanges its code.
   */
  readonly exchangeCode: (
    server: AuthorizationServer,
    request: ExchangeCodeRequest
  ) => Effect.Effect<TokenSet, OAuthError>
  /**
   * New tokens for a refresh token. Without a refresh token in the answer the old one stays valid.
   */
  readonly refresh: (server: AuthorizationServer, request: RefreshRequest) => Effect.Effect<TokenSet, OAuthError>
  /**
   * A token on behalf of a user, by token exchange.
   */
  readonly exchangeToken: (
    server: AuthorizationServer,
    request: TokenExchangeRequest
  ) => Effect.Effect<TokenSet, OAuthError>
  /**
   * A token on behalf of a user, by a JWT as the grant.
   */
  readonly jwtGrant: (server: AuthorizationServer, request: JwtGrantRequest) => Effect.Effect<TokenSet, OAuthError>
  /**
   * Whom a user's JWT names: its signature is checked with the keys that its issuer publishes (OpenID Connect discovery), its
   * times by the `Clock`.
   */
  readonly verifyUserToken: (
    token: Redacted.Redacted,
    options?: VerifyUserTokenOptions
  ) => Effect.Effect<UserClaims, UserTokenError>
}

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const token = Effect.gen(function*() {
 *   const client = yield* OAuthClient.OAuthClient
 *   const tokens = yield* client.clientCredentials({
 *     discovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
 *     clientId: "agent",
 *     clientSecret: Redacted.make("from your configuration"),
 *     clientAuthenticationMethod: "CLIENT_SECRET_BASIC"
 *   }, { scopes: ["read"] })
 *   return tokens.accessToken
 * })
 *
 * const program = Effect.provide(token, OAuthClient.layerScripted())
 */
export class OAuthClient extends Context.Tag("effect-agentcore-identity/local/OAuthClient")<OAuthClient, Service>() {}

// -----------------------------------------------------------------------------
// Over HTTP
// -----------------------------------------------------------------------------

const failure = (told: Answers.Refusal): OAuthError => new OAuthError(told)

const refusal = (reason: UserTokenErrorReason): UserTokenError => new UserTokenError({ reason })

/**
 * The client over HTTP. Plain http is spoken with loopback hosts only. Metadata is read once per discovery URL; a failure
 * to read it is not kept. A request for tokens ends after 30 seconds at the latest, one for the keys of an issuer after 5.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<OAuthClient> = Layer.sync(
  OAuthClient,
  () => OAuthClient.of(Http.make(failure, refusal))
)

// -----------------------------------------------------------------------------
// Scripted
// -----------------------------------------------------------------------------

/**
 * A request for tokens, as a script sees it. `number` counts the requests of this layer, from 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScriptedGrant {
  readonly type: "client_credentials" | "authorization_code" | "refresh_token" | "token_exchange" | "jwt_bearer"
  readonly clientId: string
  readonly scopes: ReadonlyArray<string>
  readonly number: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ScriptedOptions {
  /** How long an access token lives; `none` for tokens that do not say. Default: 1 hour. */
  readonly tokenLifetime?: Duration.DurationInput | "none" | undefined
  /** Whether an authorization gives a refresh token. Default: true. A refresh gives a new one, and ends the old one. */
  readonly refreshTokens?: boolean | undefined
  /** How long each request for tokens takes. Default: none. */
  readonly latency?: Duration.DurationInput | undefined
  /** The scopes that are granted, or undefined to say nothing about scopes. Default: what is asked for. */
  readonly grantedScopes?: ((asked: ReadonlyArray<string>) => ReadonlyArray<string> | undefined) | undefined
  /** The requests that fail, and why. Default: none. */
  readonly fail?: ((grant: ScriptedGrant) => OAuthErrorReason | undefined) | undefined
}

/**
 * An authorization server in a few lines, without HTTP: the same calls give the same answers. Access tokens read
 * `token-1.<client id>.<grant>.<scopes>`, where the number counts the requests for tokens and the grant is `m2m`, the
 * code of the authorization, or `obo-<subject>` on behalf of a user (`obo-<subject>-by-<actor token>` where there is one). The authorization page is `https://authorization.invalid/authorize`; any code in a callback
 * with the state of an authorization is taken, once, with the verifier of its challenge. The signature of a user's JWT is not
 * looked at, its times are.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Layer from "effect/Layer"
 *
 * // Planes for tests: access tokens that live for 5 minutes, and can be refreshed.
 * const planes = LocalBackend.layer().pipe(
 *   Layer.provide(OAuthClient.layerScripted({ tokenLifetime: "5 minutes" }))
 * )
 */
export const layerScripted = (options: ScriptedOptions = {}): Layer.Layer<OAuthClient> =>
  Layer.sync(OAuthClient, () => OAuthClient.of(Scripted.make(options, failure, refusal)))
