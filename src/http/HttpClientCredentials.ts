/**
 * Credentials for an HTTP client. Each request gets the credential of its caller, only the allowed origins receive it,
 * and a rejected credential is renewed.
 *
 * @since 0.2.0
 */
import type * as Arr from "effect/Array"
import { dual } from "effect/Function"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { Flow } from "../ConsentSession.js"
import * as IamAccessToken from "../IamAccessToken.js"
import type {
  AccessTokenCredential,
  AccessTokenError,
  ApiKeyCredential,
  ApiKeyError,
  ConsentOptions,
  Identity
} from "../Identity.js"
import type { CredentialRejected, InsufficientScope, RequiresUserConsent } from "../IdentityError.js"
import { inject } from "../internal/credentialHeader.js"
import * as Origins from "../internal/origins.js"
import type { SecurityTokenService, SecurityTokenServiceError } from "../SecurityTokenService.js"
import type { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import { sendWithAccessToken, sendWithCredential } from "./httpClientCredentials/authenticatedRequest.js"
import { tokenOptions } from "./internal/rejection.js"

/**
 * The origins that may receive a credential.
 *
 * @since 0.2.0
 * @category models
 */
export interface OriginOptions {
  /**
   * Scheme, host and port, as in `https://api.example.com`. Requests to any other origin stay as they are, also after a
   * redirect. An invalid entry throws an `IllegalArgumentError` when the client is wrapped.
   */
  readonly origins: Arr.NonEmptyReadonlyArray<string>
  /** Allows plain http to hosts other than loopback. Credentials are then readable on the network. Default: false. */
  readonly allowInsecureOrigins?: boolean | undefined
}

/**
 * Options of {@link withAccessToken}.
 *
 * @since 0.2.0
 * @category models
 */
export interface AccessTokenOptions<out E = RequiresUserConsent, out R = never>
  extends ConsentOptions<E, R>, OriginOptions
{
  /**
   * If a token was rejected and the service returns it again, requests one with `forceAuthentication`. This drops the
   * token in the vault, and needs the user's consent again. Use it for tokens that their authorization server may
   * revoke, because AgentCore does not notice that. With `CredentialCache`, concurrent rejected requests share one
   * re-authentication; without it each one asks the user. Default: false.
   */
  readonly reauthenticate?: boolean | undefined
  /**
   * If the resource requires scopes that the token lacks, obtains a token with these too, once, and repeats the
   * request. This may need the user's consent. If these scopes are not available, or `maxScopes` omits one of them, the
   * request fails with `InsufficientScope`. The next request starts with `scopes` again, so put scopes that are always
   * needed there. Default: false, and the request fails with `InsufficientScope`.
   */
  readonly stepUp?: boolean | undefined
  /**
   * The scopes that `stepUp` may add to `scopes`. The resource names the missing scopes, so without a limit it decides
   * what the token allows. Default: none for `M2M`, where no user consents; all for the other flows.
   */
  readonly maxScopes?: ReadonlyArray<string> | undefined
}

/**
 * Options of {@link withApiKey}.
 *
 * @since 0.2.0
 * @category models
 */
export interface ApiKeyOptions extends OriginOptions {
  /**
   * The header of the key, as in `x-api-key`. An invalid header name throws an `IllegalArgumentError` when the client
   * is wrapped.
   */
  readonly header: string
  /** The prefix of the key in the header, including a space, as in `"Token "`. Default: none. */
  readonly prefix?: string | undefined
}

/**
 * The errors that a credential adds to a client, besides the errors of obtaining it. If no header can carry the
 * credential, for example an API key with a line break, the reason of the `HttpClientError` is an `EncodeError`.
 */
type CredentialError = CredentialRejected | HttpClientError.HttpClientError

type TokenError<F extends Flow = Flow> = AccessTokenError<F> | CredentialError | InsufficientScope

/** Wraps a client. `E1` and `R1` are the errors and the requirements that the credential adds. */
type Wrap<E1, R1> = <E, R>(self: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E | E1, R | R1>

type Combinator<Credential, Options extends OriginOptions, E1, R1> = {
  /** Puts a declared credential on the requests of a client, for the allowed `origins` only. */
  (credential: Credential, options: Options): Wrap<E1, R1>
  /** Puts a declared credential on the requests of a client, for the allowed `origins` only. */
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    credential: Credential,
    options: Options
  ): HttpClient.HttpClient.With<E | E1, R | R1>
}

/**
 * Puts a declared access token on the requests of a client, as `Authorization: Bearer`. Each request obtains the token
 * of its own caller, and replaces an existing `Authorization` header. To cache tokens, put `CredentialCache` under
 * `Identity`.
 *
 * - 401, or the error code `invalid_token`: the client obtains the token again and repeats the request once. If that
 *   does not help, the request fails with `CredentialRejected`. A stream body is not sent twice
 * - `insufficient_scope`: the request fails with `InsufficientScope`, or steps up within `maxScopes`
 *
 * All other responses go to the caller. No response, error or span of the client contains the header. Invalid `origins`
 * throw at once.
 *
 * Redirects: wrap the result in `HttpClient.followRedirects`. Then the origin of each hop decides whether it gets the
 * credential. With an inner `followRedirects`, a redirect to another origin is a defect, and the credential is not sent
 * there. `fetch` and undici do not follow redirects themselves: they would send most headers to the next origin. Do not
 * use an interceptor of undici that ignores `maxRedirections: 0`: its requests are not checked.
 *
 * The origin of each request is checked right before it is sent. Until then, the request carries a random mark instead
 * of the credential. If an inner client turns tracing off, for example with `HttpClient.TracerDisabledWhen`, each of
 * its requests is sent with the mark, and is a defect. Turn tracing off around the client instead. Then no inner client
 * may turn it off too and follow redirects: such a hop is not checked.
 *
 * `HttpClient.mapRequest`, `filterStatusOk` and `retry` work inside and outside; `HttpClient.withScope` belongs inside.
 * Provide a `RequestInit` of `fetch` around the request. One provided to the layer of the client is ignored. One that
 * an inner client provides needs `redirect: "manual"` or `"error"`; otherwise each request is a defect, and is not
 * sent. The same holds for `UndiciOptions` and `maxRedirections: 0`.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
 * import * as Effect from "effect/Effect"
 * import * as HttpClient from "effect/http/HttpClient"
 * import * as HttpClientRequest from "effect/http/HttpClientRequest"
 *
 * class Github extends AccessToken.Tag<Github>()("app/Github", {
 *   provider: "github",
 *   flow: "USER_FEDERATION",
 *   scopes: ["repo"]
 * }) {}
 *
 * const program = Effect.gen(function*() {
 *   const client = (yield* HttpClient.HttpClient).pipe(
 *     HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.github.com")),
 *     HttpClientCredentials.withAccessToken(Github, { origins: ["https://api.github.com"] }),
 *     HttpClient.followRedirects()
 *   )
 *   const response = yield* client.get("/user/repos")
 *   return yield* response.json
 * })
 */
export const withAccessToken: {
  /** Puts a declared access token on the requests of a client, for the allowed `origins` only. */
  <F extends Flow = Flow, E1 = "USER_FEDERATION" extends F ? RequiresUserConsent : never, R1 = never>(
    credential: AccessTokenCredential<F>,
    options: AccessTokenOptions<E1, R1>
  ): Wrap<E1 | TokenError<F>, R1 | Identity | WorkloadAccessToken>
  /** Puts a declared access token on the requests of a client, for the allowed `origins` only. */
  <E, R, F extends Flow = Flow, E1 = "USER_FEDERATION" extends F ? RequiresUserConsent : never, R1 = never>(
    self: HttpClient.HttpClient.With<E, R>,
    credential: AccessTokenCredential<F>,
    options: AccessTokenOptions<E1, R1>
  ): HttpClient.HttpClient.With<E | E1 | TokenError<F>, R | R1 | Identity | WorkloadAccessToken>
} = dual(3, <E, R, E1, R1, F extends Flow>(
  self: HttpClient.HttpClient.With<E, R>,
  { request }: AccessTokenCredential<F>,
  { allowInsecureOrigins, maxScopes, origins, reauthenticate, stepUp, ...options }: AccessTokenOptions<E1, R1>
) =>
  inject(self, {
    header: "authorization",
    allows: Origins.allowList(origins, allowInsecureOrigins),
    hop: sendWithAccessToken(
      tokenOptions(request, { maxScopes, reauthenticate, stepUp }),
      (scopes) => (forceAuthentication) => AccessToken.get({ ...request, ...options, scopes, forceAuthentication })
    )
  }))

/**
 * Puts a declared API key on the requests of a client, in the header of your choice. Each request obtains the key, for
 * the allowed origins only. After a 401 the client obtains the key again. If the key has changed, it repeats the
 * request once; otherwise the request fails with `CredentialRejected`. For redirects and the order of combinators see
 * {@link withAccessToken}.
 *
 * A 401 does not name the rejected credential, and the inner combinator handles it first. If the resource needs a token
 * too, put the token inside, because tokens expire.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withApiKey: Combinator<
  ApiKeyCredential,
  ApiKeyOptions,
  ApiKeyError | CredentialError,
  Identity | WorkloadAccessToken
> = dual(3, <E, R>(
  self: HttpClient.HttpClient.With<E, R>,
  credential: ApiKeyCredential,
  { allowInsecureOrigins, header, origins, prefix = "" }: ApiKeyOptions
) =>
  inject(self, {
    header,
    allows: Origins.allowList(origins, allowInsecureOrigins),
    hop: sendWithCredential(credential.request.provider, prefix, () => ApiKey.get(credential))
  }))

/**
 * Puts a declared AWS-signed JWT on the requests of a client, as `Authorization: Bearer`. Each request obtains the
 * token, for the allowed origins only. To cache tokens, provide `CredentialCache.layerSecurityTokenService`. After a
 * 401 the client obtains another token and repeats the request once. If that does not help, the request fails with
 * `CredentialRejected`, whose `provider` is `sts:GetWebIdentityToken`. For redirects and the order of
 * combinators see {@link withAccessToken}.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withIamAccessToken: Combinator<
  IamAccessToken.IamAccessTokenCredential,
  OriginOptions,
  SecurityTokenServiceError | CredentialError,
  SecurityTokenService
> = dual(3, <E, R>(
  self: HttpClient.HttpClient.With<E, R>,
  credential: IamAccessToken.IamAccessTokenCredential,
  { allowInsecureOrigins, origins }: OriginOptions
) =>
  inject(self, {
    header: "authorization",
    allows: Origins.allowList(origins, allowInsecureOrigins),
    hop: sendWithCredential("sts:GetWebIdentityToken", "Bearer ", () => IamAccessToken.get(credential))
  }))
