/**
 * The way from the local backend to authorization servers: client credentials, authorization code with PKCE, refresh.
 *
 * `layer` speaks OAuth 2 over HTTP. `layerScripted` is pure: it answers by itself, with numbered tokens that expire by the
 * `Clock`, for tests of whole flows without HTTP.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as OpenidClient from "openid-client"
import * as AuthorizationRequest from "../internal/local/authorizationRequest.js"
import { isSecure } from "../internal/local/endpoints.js"
import * as Answers from "../internal/local/oauthAnswers.js"
import * as Scripted from "../internal/local/scriptedOAuth.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * An authorization server and this client's account there, as a credential provider's configuration has them. An empty
 * client secret is a public client.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthorizationServer {
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
  readonly clientSecret: Redacted.Redacted
  readonly clientAuthenticationMethod: "CLIENT_SECRET_BASIC" | "CLIENT_SECRET_POST"
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

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

const explanations = {
  Unreachable: "it could not be reached, or did not answer (time-out, status 429 or 5xx)",
  InvalidGrant: "the code or the refresh token is not valid, or no longer",
  InvalidClient: "the client id, its secret, or its way to authenticate is not accepted",
  AccessDenied: "the user, or the server itself, refused",
  Rejected: "it refused the request, or its answer failed a check",
  Misconfigured: "its configuration cannot be used: endpoints are https, or http on a loopback host"
}

/**
 * Why there is no token:
 *
 * - `Unreachable`: no answer, or one of the statuses 429 and 5xx
 * - `InvalidGrant`: the code or the refresh token is dead
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

const make: Effect.Effect<Service> = Effect.sync(() => {
  const discovered = new Map<string, OpenidClient.ServerMetadata>()

  const run = <A>(openid: Answers.Openid, evaluate: (fetch: OpenidClient.CustomFetch) => Promise<A>) =>
    Effect.tryPromise({
      try: (signal) =>
        evaluate((url, options) =>
          fetch(url, {
            ...options,
            signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal])
            // Their type of `body` has an `undefined` that fetch takes too.
          } as RequestInit)
        ),
      catch: (cause) => failure(Answers.refusal(openid, cause))
    })

  const metadata = Effect.fnUntraced(function*(openid: Answers.Openid, { discovery }: AuthorizationServer) {
    if ("authorizationServerMetadata" in discovery) {
      const { authorizationEndpoint, issuer, responseTypes, tokenEndpoint } = discovery.authorizationServerMetadata
      return {
        issuer,
        authorization_endpoint: authorizationEndpoint,
        token_endpoint: tokenEndpoint,
        ...(responseTypes === undefined ? {} : { response_types_supported: [...responseTypes] })
      }
    }
    const { discoveryUrl } = discovery
    const known = discovered.get(discoveryUrl)
    if (known !== undefined) return known
    if (!isSecure(discoveryUrl)) return yield* new OAuthError({ reason: "Misconfigured" })
    const found = yield* run(
      openid,
      (fetch) =>
        openid.discovery(new URL(discoveryUrl), "discovery", undefined, openid.None(), {
          [openid.customFetch]: fetch,
          execute: discoveryUrl.startsWith("https:") ? [] : [openid.allowInsecureRequests]
        })
    )
    const server = found.serverMetadata()
    discovered.set(discoveryUrl, server)
    return server
  })

  const clientAuthentication = (openid: Answers.Openid, server: AuthorizationServer): OpenidClient.ClientAuth => {
    const secret = Redacted.value(server.clientSecret)
    return secret === ""
      ? openid.None()
      : server.clientAuthenticationMethod === "CLIENT_SECRET_POST"
      ? openid.ClientSecretPost(secret)
      : openid.ClientSecretBasic(secret)
  }

  /** One call with a configuration of its own, so that interruption reaches its requests and no others. */
  const call = <A>(
    server: AuthorizationServer,
    endpoint: "authorization_endpoint" | "token_endpoint",
    evaluate: (openid: Answers.Openid, configuration: OpenidClient.Configuration) => Promise<A>
  ): Effect.Effect<A, OAuthError> =>
    Effect.gen(function*() {
      const openid = yield* Effect.promise(() => import("openid-client"))
      const as = yield* metadata(openid, server)
      const url = as[endpoint]
      if (url === undefined || !isSecure(url)) return yield* new OAuthError({ reason: "Misconfigured" })
      return yield* run(openid, (fetch) => {
        const configuration = new openid.Configuration(
          as,
          server.clientId,
          undefined,
          clientAuthentication(openid, server)
        )
        configuration[openid.customFetch] = fetch
        if (!url.startsWith("https:")) openid.allowInsecureRequests(configuration)
        return evaluate(openid, configuration)
      })
    })

  const tokens = (
    server: AuthorizationServer,
    evaluate: (
      openid: Answers.Openid,
      configuration: OpenidClient.Configuration
    ) => Promise<OpenidClient.TokenEndpointResponse>
  ): Effect.Effect<TokenSet, OAuthError> =>
    // The clock is read before the request: a token never seems to live longer than it does.
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.map(call(server, "token_endpoint", evaluate), (response) => Answers.tokenSet(now, response)))

  const span = (method: string) => Effect.withSpan(`OAuthClient.${method}`, { captureStackTrace: false })

  return OAuthClient.of({
    clientCredentials: (server, request) =>
      tokens(
        server,
        (openid, configuration) =>
          openid.clientCredentialsGrant(configuration, AuthorizationRequest.parameters(request))
      )
        .pipe(span("clientCredentials")),

    authorizationUrl: (server, request) =>
      call(server, "authorization_endpoint", async (openid, configuration) => {
        const challenge = await openid.calculatePKCECodeChallenge(Redacted.value(request.codeVerifier))
        const url = openid.buildAuthorizationUrl(
          configuration,
          AuthorizationRequest.parameters(request, {
            redirect_uri: request.redirectUri,
            state: Redacted.value(request.state),
            code_challenge: challenge,
            code_challenge_method: "S256"
          })
        )
        return Redacted.make(url.href)
      }).pipe(span("authorizationUrl")),

    checkCallback: (server, request) =>
      call(server, "token_endpoint", async (openid, configuration) => {
        // openid-client checks and exchanges in one go. Cut off where it turns to the token endpoint, its own checks are
        // all that has happened.
        let passed = false
        configuration[openid.customFetch] = () => {
          passed = true
          return Promise.reject(new TypeError("not sent"))
        }
        await openid.authorizationCodeGrant(configuration, new URL(Redacted.value(request.callbackUrl)), {
          expectedState: Redacted.value(request.state),
          pkceCodeVerifier: "unused"
        }).catch((cause: unknown) => {
          if (!passed) throw cause
        })
      }).pipe(span("checkCallback")),

    exchangeCode: (server, request) =>
      tokens(server, (openid, configuration) =>
        openid.authorizationCodeGrant(
          configuration,
          new URL(Redacted.value(request.callbackUrl)),
          {
            expectedState: Redacted.value(request.state),
            pkceCodeVerifier: Redacted.value(request.codeVerifier)
          },
          AuthorizationRequest.parameters({ resources: request.resources })
        ))
        .pipe(span("exchangeCode")),

    refresh: (server, request) =>
      tokens(server, (openid, configuration) =>
        openid.refreshTokenGrant(
          configuration,
          Redacted.value(request.refreshToken),
          AuthorizationRequest.parameters({ resources: request.resources })
        ))
        .pipe(span("refresh"))
  })
})

/**
 * The client over HTTP. Plain http is spoken with loopback hosts only. Metadata is read once per discovery URL; a failure
 * to read it is not kept. A request ends after 30 seconds at the latest.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<OAuthClient> = Layer.effect(OAuthClient, make)

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
  readonly type: "client_credentials" | "authorization_code" | "refresh_token"
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
 * `token-1.<client id>.<grant>.<scopes>`, where the number counts the requests for tokens and the grant is `m2m` or the
 * code of the authorization. The authorization page is `https://authorization.invalid/authorize`; any code in a callback
 * with the state of an authorization is taken, once, with the verifier of its challenge.
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
  Layer.sync(OAuthClient, () => OAuthClient.of(Scripted.make(options, failure)))
