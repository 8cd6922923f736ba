/**
 * Credentials for an HTTP client: each request gets its caller's own, only the origins that it is meant for ever see it, and one
 * that is rejected is renewed.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type AccessTokenError, type AccessTokenRequest, type ApiKeyError, Identity } from "../Identity.js"
import type { CredentialRejected, InsufficientScope, RequiresUserConsent } from "../IdentityError.js"
import * as Exchange from "./internal/authenticatedRequest.js"
import * as Origins from "../internal/origins.js"
import type { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import { inject } from "../internal/credentialHeader.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * Where a credential may go.
 *
 * @since 0.1.0
 * @category models
 */
export interface OriginOptions {
  /**
   * Scheme, host and port, as in `https://api.example.com`. Requests to any other origin go out as they are, those of a redirect
   * too. An entry that is no origin is thrown as an `IllegalArgumentException` when the client is wrapped.
   */
  readonly origins: Arr.NonEmptyReadonlyArray<string>
  /** Lets credentials travel over http, in clear, to hosts that are not loopback ones. Default: false. */
  readonly allowInsecureOrigins?: boolean | undefined
}

/**
 * An access token for a client. (To force the authentication of every request would ask the user at every request.)
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessTokenOptions<out E = RequiresUserConsent, out R = never>
  extends Omit<AccessTokenRequest<E, R>, "forceAuthentication">, OriginOptions
{
  /**
   * When a token was rejected and the service gives the same one again, asks with `forceAuthentication`. It drops what the vault
   * holds, and needs the user's consent again. The way out for tokens that their authorization server has revoked, which AgentCore
   * does not notice. Without `CredentialCache`, which lets them share one, requests that are rejected at the same time ask the user one
   * by one. Default: false, and the request fails with `CredentialRejected`.
   */
  readonly reauthenticate?: boolean | undefined
  /**
   * When the resource asks for scopes that the token lacks, asks once for these too, which may need the user's consent, and
   * repeats the request; where these are not to be had, the request fails with `InsufficientScope` after all. It knows nothing of this at the next request: scopes that are always needed belong into `scopes`.
   * Default: false, and the request fails with `InsufficientScope`.
   */
  readonly stepUp?: boolean | undefined
}

/**
 * An API key for a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyOptions extends OriginOptions {
  /** The name of the API-key credential provider. */
  readonly provider: string
  /**
   * The header that carries the key, as in `x-api-key`. Anything but the name of a header is thrown as an
   * `IllegalArgumentException` when the client is wrapped.
   */
  readonly header: string
  /** What stands in front of the key, with its space where there is one, as in `"Token "`. Default: nothing. */
  readonly prefix?: string | undefined
}

/**
 * What a client with a credential can fail with, besides its own errors and those of obtaining the credential. A `RequestError`
 * (`Encode`) is a credential that no header can carry, an API key with a line break for instance.
 *
 * @since 0.1.0
 * @category errors
 */
export type CredentialError = CredentialRejected | HttpClientError.RequestError

// -----------------------------------------------------------------------------
// Combinators
// -----------------------------------------------------------------------------

/**
 * Puts an access token on the requests of a client, as `Authorization: Bearer`: obtained at each request for the caller of that
 * request, in the place of what the request has there. (Put `CredentialCache` under `Identity` to save calls.)
 *
 * - 401, or the error code `invalid_token`: the token is obtained again, and the request repeated once. When that does not help, the
 *   request fails with `CredentialRejected`. A body that is a stream is not sent twice
 * - `insufficient_scope`: the request fails with `InsufficientScope`, or steps up
 *
 * Everything else is the caller's to read. The header is in no response, error or span that comes out of the client.
 *
 * Redirects are not followed by `fetch` itself, which would take the header along: wrap the result in
 * `HttpClient.followRedirects`, and each hop is judged by its own origin. Inside it would take the header along:
 * a redirect to a foreign origin is a defect then, and is not followed (without tracing, `Effect.withTracerEnabled(false)`, it is
 * noticed only afterwards). `HttpClient.mapRequest`, `filterStatusOk` and `retry` work
 * inside and outside; `HttpClient.withScope` belongs inside. A `RequestInit` of `fetch` counts when it is provided around the request,
 * not when it was provided to the layer of the client.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as HttpClient from "@effect/platform/HttpClient"
 * import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
 * import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const client = (yield* HttpClient.HttpClient).pipe(
 *     HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.github.com")),
 *     HttpClientCredentials.withAccessToken({
 *       provider: "github",
 *       flow: "USER_FEDERATION",
 *       scopes: ["repo"],
 *       origins: ["https://api.github.com"]
 *     }),
 *     HttpClient.followRedirects()
 *   )
 *   const response = yield* client.get("/user/repos")
 *   return yield* response.json
 * })
 */
export const withAccessToken: {
  <E1 = RequiresUserConsent, R1 = never>(
    options: AccessTokenOptions<E1, R1>
  ): <E, R>(
    self: HttpClient.HttpClient.With<E, R>
  ) => HttpClient.HttpClient.With<
    E | E1 | AccessTokenError | CredentialError | InsufficientScope,
    R | R1 | Identity | WorkloadAccessToken
  >
  <E, R, E1 = RequiresUserConsent, R1 = never>(
    self: HttpClient.HttpClient.With<E, R>,
    options: AccessTokenOptions<E1, R1>
  ): HttpClient.HttpClient.With<
    E | E1 | AccessTokenError | CredentialError | InsufficientScope,
    R | R1 | Identity | WorkloadAccessToken
  >
} = dual(
  2,
  <E, R, E1 = RequiresUserConsent, R1 = never>(
    self: HttpClient.HttpClient.With<E, R>,
    options: AccessTokenOptions<E1, R1>
  ): HttpClient.HttpClient.With<
    E | E1 | AccessTokenError | CredentialError | InsufficientScope,
    R | R1 | Identity | WorkloadAccessToken
  > => {
    const { allowInsecureOrigins, origins, reauthenticate = false, scopes = [], stepUp = false, ...request } = options
    return inject(self, {
      header: "authorization",
      allows: Origins.allowList(origins, allowInsecureOrigins === true),
      hop: Exchange.withAccessToken(
        { provider: request.provider, prefix: "Bearer ", scopes, reauthenticate, stepUp },
        (scopes) => (forceAuthentication) =>
          Effect.flatMap(
            Identity,
            (identity) => identity.getAccessToken({ ...request, scopes, forceAuthentication })
          )
      )
    })
  }
)

/**
 * Puts an API key on the requests of a client, in a header of one's choice: fetched at each request, for the origins that it is
 * meant for. On 401 it is fetched again, and the request repeated once if the key has changed; else the request fails with
 * `CredentialRejected`. For redirects, and for what else to put inside and outside, see {@link withAccessToken}.
 *
 * A 401 does not say which credential it means, and the inner one takes it for its own: for a resource that wants a token too, put
 * the token inside, which is the one that expires.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as HttpClient from "@effect/platform/HttpClient"
 * import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
 * import * as Effect from "effect/Effect"
 *
 * const forecast = Effect.gen(function*() {
 *   const client = HttpClientCredentials.withApiKey(yield* HttpClient.HttpClient, {
 *     provider: "weather",
 *     origins: ["https://api.weather.example.com"],
 *     header: "x-api-key"
 *   })
 *   const response = yield* client.get("https://api.weather.example.com/v1/forecast")
 *   return yield* response.json
 * })
 */
export const withApiKey: {
  (
    options: ApiKeyOptions
  ): <E, R>(
    self: HttpClient.HttpClient.With<E, R>
  ) => HttpClient.HttpClient.With<E | ApiKeyError | CredentialError, R | Identity | WorkloadAccessToken>
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    options: ApiKeyOptions
  ): HttpClient.HttpClient.With<E | ApiKeyError | CredentialError, R | Identity | WorkloadAccessToken>
} = dual(
  2,
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    { allowInsecureOrigins, header, origins, prefix = "", provider }: ApiKeyOptions
  ): HttpClient.HttpClient.With<E | ApiKeyError | CredentialError, R | Identity | WorkloadAccessToken> =>
    inject(self, {
      header,
      allows: Origins.allowList(origins, allowInsecureOrigins === true),
      hop: Exchange.withApiKey(
        { provider, prefix, reauthenticate: false },
        () => Effect.flatMap(Identity, (identity) => identity.getApiKey({ provider }))
      )
    })
)
