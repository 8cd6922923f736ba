/**
 * An API key for an effect. {@link Tag} declares the key once, as a tag with its request. The effect requires the tag,
 * and a combinator provides the key in each run.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import { type ApiKeyCredential, type ApiKeyError, Identity } from "./Identity.js"
import * as Declared from "./internal/identity/declared.js"
import * as Renewal from "./internal/identity/renewal.js"
import * as Requests from "./internal/identity/requests.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The API key in context, which {@link withApiKey} provides for an inline request. A program with two keys declares
 * each with {@link Tag}.
 *
 * @since 0.2.0
 * @category services
 */
export class ApiKey extends Context.Service<ApiKey, Redacted.Redacted>()("effect-agentcore-identity/ApiKey") {}

const kind = Declared.makeKind(Requests.apiKey, ApiKey)

type Request = ApiKeyCredential["request"]

type Credential<Id> = ApiKeyCredential & Context.Key<Id, Redacted.Redacted>

type Options<Id> = Request & {
  /** The tag for the key. Default: {@link ApiKey}. */
  readonly into?: Context.Key<Id, Redacted.Redacted> | undefined
}

/**
 * The class that {@link Tag} returns.
 *
 * @since 0.2.0
 * @category models
 */
export interface TagClass<in out Self, out Id extends string>
  extends Context.ServiceClass<Self, Id, Redacted.Redacted>, ApiKeyCredential
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: Id
}

/**
 * Declares an API key: a tag that carries its request. Throws a `ValidationException` if the request is invalid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const Tag = <Self = never>(): <const Id extends string>(
  id: Id,
  request: Request
) => [Self] extends [never] ? "Name the class: class Self extends ApiKey.Tag<Self>()(...)" : TagClass<Self, Id> =>
  kind.declare

/** `Needs` is what it adds to the requirements of the effect. */
type Combinator<Needs> = {
  /** The data-last form of {@link withApiKey}. */
  <Id = ApiKey>(
    request: Credential<Id> | Options<Id>
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | Needs>
}

/**
 * Provides an API key to an effect, as `AccessToken.withAccessToken` provides a token: under the tag of a declared
 * credential, or under the tag `into` of a request (default: {@link ApiKey}). Each run obtains the key.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}
 *
 * declare const forecast: (key: Redacted.Redacted) => Effect.Effect<string>
 *
 * const program = Effect.flatMap(Weather, forecast).pipe(ApiKey.withApiKey(Weather))
 */
export const withApiKey: Combinator<Identity | WorkloadAccessToken> & {
  /** The data-first form. */
  <A, E, R, Id = ApiKey>(
    self: Effect.Effect<A, E, R>,
    request: Credential<Id> | Options<Id>
  ): Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | Identity | WorkloadAccessToken>
} = dual(
  2,
  <A, E, R, Id>(self: Effect.Effect<A, E, R>, subject: Credential<Id> | Options<Id>) => kind.provide(self, subject, get)
)

/**
 * {@link withApiKey} over the `Identity` in context. The wrapped effect does not require `Identity`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const makeWithApiKey: Effect.Effect<Combinator<WorkloadAccessToken>, never, Identity> = Effect.map(
  Identity,
  (identity) => <Id>(subject: Credential<Id> | Options<Id>) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
    kind.provide(self, subject, (request) => identity.getApiKey(request))
)

/**
 * Returns the current API key. Programs that run for hours call it right before each use, because a rotation
 * invalidates the key of {@link withApiKey}.
 *
 * @since 0.2.0
 * @category accessors
 */
export const get = (
  request: ApiKeyCredential | Request
): Effect.Effect<Redacted.Redacted, ApiKeyError, Identity | WorkloadAccessToken> =>
  Effect.flatMap(Identity, (identity) => identity.getApiKey(request))

/**
 * Uses an API key with any client, as `AccessToken.use` does: if the resource rejects the key, `f` runs once more with
 * the new one.
 *
 * @since 0.2.0
 * @category combinators
 */
export const use = <A, E, R>(
  request: ApiKeyCredential | Request,
  f: (key: Redacted.Redacted) => Effect.Effect<A, E, R>,
  options: {
    /** Whether a failure means that the resource rejected the key, as a 401 does. */
    readonly rejected: (error: NoInfer<E>) => boolean
  }
): Effect.Effect<A, E | ApiKeyError, R | Identity | WorkloadAccessToken> =>
  Renewal.useCredential(get(request), () => get(request), f, options)
