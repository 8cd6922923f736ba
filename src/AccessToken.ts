/**
 * An OAuth2 access token for an effect. The effect requires a tag, and a combinator provides the token at every run,
 * for the caller of that run.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Flow } from "./ConsentSession.js"
import {
  type AccessTokenCredential,
  type AccessTokenDeclaration,
  type AccessTokenError,
  type AccessTokenRequest,
  Identity
} from "./Identity.js"
import type { RequiresUserConsent } from "./IdentityError.js"
import * as CredentialTag from "./internal/credentialTag.js"
import * as Request from "./internal/identityRequest.js"
import { renewCredential } from "./internal/renewal.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The default tag. A program with two providers declares a tag for each.
 *
 * @since 0.1.0
 * @category services
 */
export class AccessToken
  extends Context.Tag("effect-agentcore-identity/AccessToken")<AccessToken, Redacted.Redacted>()
{}

// -----------------------------------------------------------------------------
// Declared credentials
// -----------------------------------------------------------------------------

/**
 * A declared access token: a tag whose service is the token, with the request that obtains it. `F` is its flow.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential<in out Id, out F extends Flow = Flow>
  extends Context.Tag<Id, Redacted.Redacted>, AccessTokenCredential<F>
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: string
}

/**
 * The class that {@link Tag} makes.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagClass<in out Self, out Id extends string, out F extends Flow>
  extends Context.TagClass<Self, Id, Redacted.Redacted>, AccessTokenCredential<F>
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: Id
}

/**
 * Declares an access token once: a tag that has the request with it. Every function that takes a request takes the
 * declared credential in its place.
 *
 * AgentCore keeps a user's grant under the whole request. A program that repeats the request can ask the user again
 * for what they have granted, because one list of scopes differs.
 *
 * A declaration has the members of the credential. Those of one use stay with the use: `consent`, `poll`,
 * `forceAuthentication` and `customState`. For the latter two make an inline request: `{ ...Calendar.request,
 * forceAuthentication: true }`.
 *
 * Throws a `ValidationException` that names the member if the request cannot be right.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"]
 * }) {}
 */
export const Tag = <Self>(): <const Id extends string, const F extends Flow>(
  id: Id,
  request: AccessTokenDeclaration<F>
) => TagClass<Self, Id, F> => {
  const declare = <const Id extends string, const F extends Flow>(
    id: Id,
    request: AccessTokenDeclaration<F>
  ): TagClass<Self, Id, F> =>
    CredentialTag.make<TagClass<Self, Id, F>>({
      id,
      kind: "AccessToken",
      request,
      refuse: Request.refuseAccessTokenDeclaration,
      caller: declare
    })
  return declare
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/**
 * A request, and the tag for the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Id = AccessToken, out E = RequiresUserConsent, out R = never>
  extends AccessTokenRequest<E, R>
{
  /** Default: {@link AccessToken}. */
  readonly into?: Context.Tag<Id, Redacted.Redacted> | undefined
}

const tagOf = <Id>(into: Context.Tag<Id, Redacted.Redacted> | undefined): Context.Tag<Id, Redacted.Redacted> =>
  // Without `into`, Id is the identifier of the default tag.
  into ?? AccessToken as Context.Tag<unknown, Redacted.Redacted> as Context.Tag<Id, Redacted.Redacted>

/**
 * Provides an access token to an effect. Each run obtains the token. (Put `CredentialCache` under `Identity` to cache
 * tokens.)
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Consent from "effect-agentcore-identity/Consent"
 * import * as Context from "effect/Context"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class GithubToken extends Context.Tag("GithubToken")<GithubToken, Redacted.Redacted>() {}
 *
 * declare const listIssues: (token: Redacted.Redacted) => Effect.Effect<ReadonlyArray<string>>
 *
 * const program = Effect.flatMap(GithubToken, listIssues).pipe(
 *   AccessToken.withAccessToken({
 *     into: GithubToken,
 *     provider: "github",
 *     flow: "USER_FEDERATION",
 *     scopes: ["repo"],
 *     consent: Consent.openBrowser
 *   })
 * )
 */
export const withAccessToken: {
  /**
   * Provides an access token to an effect, under the tag `into` (default: `AccessToken`). Each run obtains the token for its
   * own caller. Without `consent` it fails with `RequiresUserConsent` if the user has to consent.
   */
  <Id = AccessToken, E = RequiresUserConsent, R = never>(
    options: Options<Id, E, R>
  ): <A, E1, R1>(
    self: Effect.Effect<A, E1, R1>
  ) => Effect.Effect<A, E1 | E | AccessTokenError, Exclude<R1, Id> | R | Identity | WorkloadAccessToken>
  /**
   * Provides an access token to an effect, under the tag `into` (default: `AccessToken`). Each run obtains the token for its
   * own caller. Without `consent` it fails with `RequiresUserConsent` if the user has to consent.
   */
  <A, E1, R1, Id = AccessToken, E = RequiresUserConsent, R = never>(
    self: Effect.Effect<A, E1, R1>,
    options: Options<Id, E, R>
  ): Effect.Effect<A, E1 | E | AccessTokenError, Exclude<R1, Id> | R | Identity | WorkloadAccessToken>
} = dual(
  2,
  <A, E1, R1, Id = AccessToken, E = RequiresUserConsent, R = never>(
    self: Effect.Effect<A, E1, R1>,
    options: Options<Id, E, R>
  ): Effect.Effect<A, E1 | E | AccessTokenError, Exclude<R1, Id> | R | Identity | WorkloadAccessToken> => {
    const refused = Request.refuseAccessTokenOptions(options)
    if (refused !== undefined) return Effect.fail(refused)
    const { into, ...request } = options
    return Effect.provideServiceEffect(
      self,
      tagOf(into),
      Effect.flatMap(Identity, (identity) => identity.getAccessToken(request))
    )
  }
)

/**
 * {@link withAccessToken} over the `Identity` in context. The wrapped effect does not require `Identity`. It still
 * requires `WorkloadAccessToken`, which belongs to the caller of each run.
 *
 * @since 0.1.0
 * @category accessors
 */
export const makeWithAccessToken: Effect.Effect<
  <Id = AccessToken, E = RequiresUserConsent, R = never>(
    options: Options<Id, E, R>
  ) => <A, E1, R1>(
    self: Effect.Effect<A, E1, R1>
  ) => Effect.Effect<A, E1 | E | AccessTokenError, Exclude<R1, Id> | R | WorkloadAccessToken>,
  never,
  Identity
> = Effect.map(
  Identity,
  (identity) => (options) => (self) => {
    const refused = Request.refuseAccessTokenOptions(options)
    if (refused !== undefined) return Effect.fail(refused)
    const { into, ...request } = options
    return Effect.provideServiceEffect(self, tagOf(into), identity.getAccessToken(request))
  }
)

/**
 * How to recognize a rejected token, and what to do then.
 *
 * @since 0.1.0
 * @category models
 */
export interface UseOptions<in X = unknown> {
  /** Whether a failure means that the resource rejected the token: a 401, or the error code `invalid_token`. */
  readonly rejected: (error: X) => boolean
  /**
   * If the service returns the rejected token again, asks with `forceAuthentication`. It drops the token in the vault,
   * and needs the user's consent again. It is for tokens that their authorization server has revoked, because AgentCore
   * does not notice that. Default: false.
   */
  readonly reauthenticate?: boolean | undefined
}

/**
 * Uses an access token with any client. If the resource rejects the token, `use` obtains a new one and runs `f` once
 * more with it. The cache never returns the rejected token. If there is no other token, `use` fails with the first
 * error.
 *
 * For an `HttpClient` use `http/HttpClientCredentials`.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Data from "effect/Data"
 * import type * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class GithubError extends Data.TaggedError("GithubError")<{ readonly status: number }> {}
 *
 * declare const listIssues: (token: Redacted.Redacted) => Effect.Effect<ReadonlyArray<string>, GithubError>
 *
 * const program = AccessToken.use(
 *   { provider: "github", flow: "USER_FEDERATION", scopes: ["repo"] },
 *   { rejected: (error: GithubError) => error.status === 401 },
 *   listIssues
 * )
 */
export const use = <A, E extends X, R, X = unknown, E1 = RequiresUserConsent, R1 = never>(
  request: AccessTokenRequest<E1, R1>,
  options: UseOptions<X>,
  f: (token: Redacted.Redacted) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | E1 | AccessTokenError, R | R1 | Identity | WorkloadAccessToken> =>
  Effect.flatMap(
    Identity,
    (identity) =>
      Request.refuseUseOptions(options) ?? Effect.flatMap(identity.getAccessToken(request), (token) =>
        Effect.catchIf(f(token), options.rejected, (error) =>
          Effect.flatMap(
            renewCredential(
              (forceAuthentication) =>
                identity.getAccessToken({ ...request, forceAuthentication }),
              token,
              { reauthenticate: options.reauthenticate === true }
            ),
            Option.match({
              onNone: () =>
                Effect.fail(error),
              onSome: f
            })
          )))
  )

/**
 * One access token for everything above the layer, obtained when the layer is built. It is for the edge of a short
 * program with one caller: a command line tool, or one Lambda invocation. A token in a layer goes stale, and in a
 * server it would reach another user. Elsewhere use {@link withAccessToken}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id = AccessToken, E = RequiresUserConsent, R = never>(
  options: Options<Id, E, R>
): Layer.Layer<Id, AccessTokenError | E, R | Identity | WorkloadAccessToken> => {
  const refused = Request.refuseAccessTokenOptions(options)
  if (refused !== undefined) return Layer.fail(refused)
  const { into, ...request } = options
  return Layer.effect(tagOf(into), Effect.flatMap(Identity, (identity) => identity.getAccessToken(request)))
}
