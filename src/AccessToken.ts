/**
 * An OAuth2 access token for an effect. {@link Tag} declares the token once, as a tag with its request. The effect
 * requires the tag, and a combinator provides the token in each run, for the caller of that run.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import type { Flow } from "./ConsentSession.js"
import {
  type AccessTokenCredential,
  type AccessTokenDeclaration,
  type AccessTokenError,
  type AccessTokenRequest,
  type ConsentOptions,
  Identity
} from "./Identity.js"
import type { RequiresUserConsent } from "./IdentityError.js"
import * as Declared from "./internal/identity/declared.js"
import * as Renewal from "./internal/identity/renewal.js"
import * as Requests from "./internal/identity/requests.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The access token in context, which {@link withAccessToken} provides for an inline request. A program with two tokens
 * declares each with {@link Tag}.
 *
 * @since 0.2.0
 * @category services
 */
export class AccessToken
  extends Context.Service<AccessToken, Redacted.Redacted>()("effect-agentcore-identity/AccessToken")
{}

/** What a request without a consent handler fails with, if the user has to consent. */
type Unhandled<F extends Flow> = "USER_FEDERATION" extends F ? RequiresUserConsent : never

const kind = Declared.makeKind(Requests.accessToken, AccessToken)

/**
 * A declared access token: a tag whose service is the token, with the request that obtains it. `F` is its flow.
 *
 * @since 0.2.0
 * @category models
 */
export interface Credential<in out Id, out F extends Flow = Flow>
  extends AccessTokenCredential<F>, Context.Key<Id, Redacted.Redacted>
{}

/**
 * The class that {@link Tag} returns.
 *
 * @since 0.2.0
 * @category models
 */
export interface TagClass<in out Self, out Id extends string, out F extends Flow>
  extends Context.ServiceClass<Self, Id, Redacted.Redacted>, AccessTokenCredential<F>
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: Id
}

/**
 * Declares an access token: a tag that carries its request. Every function that takes a request also takes the declared
 * credential.
 *
 * AgentCore stores a user's grant under the whole request: if two requests of a program differ in one scope, the user
 * must consent twice.
 *
 * A declaration has no properties of a single use: `consent`, `poll`, `forceAuthentication` and `customState`. For the
 * last two, make an inline request: `{ ...Calendar.request, forceAuthentication: true }`.
 *
 * Throws a `ValidationException` that names the property if the request is invalid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const Tag = <Self = never>(): <const Id extends string, const F extends Flow>(
  id: Id,
  request: AccessTokenDeclaration<F>
) => [Self] extends [never] ? "Name the class: class Self extends AccessToken.Tag<Self>()(...)"
  : TagClass<Self, Id, F> => kind.declare

type Options<Id, E, R, F extends Flow> = AccessTokenRequest<E, R, F> & {
  /** Default: {@link AccessToken}. */
  readonly into?: Context.Key<Id, Redacted.Redacted> | undefined
}

/** `Needs` is what it adds to the requirements of the effect. */
type Combinator<Needs> = {
  /** The data-last form of {@link withAccessToken}. */
  <Id = AccessToken, F extends Flow = Flow, E = Unhandled<F>, R = never>(
    request: Credential<Id, F> | Options<Id, E, R, F>,
    options?: ConsentOptions<E, R>
  ): <A, E1, R1>(
    self: Effect.Effect<A, E1, R1>
  ) => Effect.Effect<A, E1 | E | AccessTokenError<F>, Exclude<R1, Id> | R | Needs>
}

/**
 * Provides an access token to an effect: under the tag of a declared credential, or under the tag `into` of a request
 * (default: {@link AccessToken}). Each run obtains the token for its own caller. Without `consent` it fails with
 * `RequiresUserConsent` if the user has to consent. `options` belong to a declared credential. To cache tokens, put
 * `CredentialCache` under `Identity`.
 *
 * The effect has one token for its whole run. A program that outlives its tokens uses {@link get}.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Consent from "effect-agentcore-identity/Consent"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class Github extends AccessToken.Tag<Github>()("app/Github", {
 *   provider: "github",
 *   flow: "USER_FEDERATION",
 *   scopes: ["repo"]
 * }) {}
 *
 * declare const listIssues: (token: Redacted.Redacted) => Effect.Effect<ReadonlyArray<string>>
 *
 * const program = Effect.flatMap(Github, listIssues).pipe(
 *   AccessToken.withAccessToken(Github, { consent: Consent.openBrowser })
 * )
 */
export const withAccessToken: Combinator<Identity | WorkloadAccessToken> & {
  /** The data-first form. */
  <A, E1, R1, Id = AccessToken, F extends Flow = Flow, E = Unhandled<F>, R = never>(
    self: Effect.Effect<A, E1, R1>,
    request: Credential<Id, F> | Options<Id, E, R, F>,
    options?: ConsentOptions<E, R>
  ): Effect.Effect<A, E1 | E | AccessTokenError<F>, Exclude<R1, Id> | R | Identity | WorkloadAccessToken>
} = dual(
  Declared.isDataFirst("provider"),
  <A, E1, R1, Id, E, R, F extends Flow>(
    self: Effect.Effect<A, E1, R1>,
    subject: Credential<Id, F> | Options<Id, E, R, F>,
    options?: ConsentOptions<E, R>
  ) => kind.provide(self, subject, (request) => get(request, options))
)

/**
 * {@link withAccessToken} over the `Identity` in context. The wrapped effect requires only `WorkloadAccessToken`, which
 * belongs to the caller of each run.
 *
 * @since 0.2.0
 * @category accessors
 */
export const makeWithAccessToken: Effect.Effect<Combinator<WorkloadAccessToken>, never, Identity> = Effect.map(
  Identity,
  (identity) =>
  <Id, E, R, F extends Flow>(
    subject: Credential<Id, F> | Options<Id, E, R, F>,
    options?: ConsentOptions<E, R>
  ) =>
  <A, E1, R1>(self: Effect.Effect<A, E1, R1>) =>
    kind.provide(self, subject, (request) => identity.getAccessToken(request, options))
)

/**
 * Returns the current access token of the caller of this run. Programs that run for hours, such as a worker or a
 * conversation, call it right before each use, with `CredentialCache` under `Identity`. `options` belong to a declared
 * credential. An inline request has the same properties itself.
 *
 * @since 0.2.0
 * @category accessors
 */
export const get = <F extends Flow = Flow, E = Unhandled<F>, R = never>(
  request: AccessTokenCredential<F> | AccessTokenRequest<E, R, F>,
  options?: ConsentOptions<E, R>
): Effect.Effect<Redacted.Redacted, E | AccessTokenError<F>, R | Identity | WorkloadAccessToken> =>
  Effect.flatMap(Identity, (identity) => identity.getAccessToken(request, options))

/**
 * Uses an access token with any client. If the resource rejects the token, `use` obtains a new one and runs `f` once
 * more with it. The cache never returns the rejected token. If there is no other token, `use` fails with the first
 * error. `consent` and `poll` belong to a declared credential. For an `HttpClient` use `http/HttpClientCredentials`.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Data from "effect/Data"
 * import type * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class Github extends AccessToken.Tag<Github>()("app/Github", {
 *   provider: "github",
 *   flow: "USER_FEDERATION",
 *   scopes: ["repo"]
 * }) {}
 *
 * class GithubError extends Data.TaggedError("GithubError")<{ readonly status: number }> {}
 *
 * declare const listIssues: (token: Redacted.Redacted) => Effect.Effect<ReadonlyArray<string>, GithubError>
 *
 * const program = AccessToken.use(Github, listIssues, { rejected: (error) => error.status === 401 })
 */
export const use = <A, E, R, F extends Flow = Flow, E1 = Unhandled<F>, R1 = never>(
  request: AccessTokenCredential<F> | AccessTokenRequest<E1, R1, F>,
  f: (token: Redacted.Redacted) => Effect.Effect<A, E, R>,
  options: ConsentOptions<E1, R1> & {
    /** Whether a failure means that the resource rejected the token: a 401, or the error code `invalid_token`. */
    readonly rejected: (error: NoInfer<E>) => boolean
    /**
     * Whether to request a token with `forceAuthentication` if the service returns the rejected token again. This drops
     * the token in the vault, so the user must consent again. It helps with tokens that the authorization server has
     * revoked, because AgentCore does not notice a revocation. Default: false.
     */
    readonly reauthenticate?: boolean | undefined
  }
): Effect.Effect<A, E | E1 | AccessTokenError<F>, R | R1 | Identity | WorkloadAccessToken> =>
  Effect.suspend(() => {
    const { reauthenticate: _, rejected: __, ...consent } = options
    const inline = { ...Declared.requestOf("AccessToken", request), ...consent }
    return Renewal.useCredential(
      get(request, consent),
      (forceAuthentication) => get({ ...inline, forceAuthentication }),
      f,
      options
    )
  })
