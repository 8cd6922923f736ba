/**
 * An API key for an effect. The effect requires a tag, and a combinator provides the key at every run.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { type ApiKeyCredential, type ApiKeyError, type ApiKeyRequest, Identity } from "./Identity.js"
import * as CredentialTag from "./internal/credentialTag.js"
import * as Request from "./internal/identityRequest.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The default tag. A program with two API keys declares a tag for each.
 *
 * @since 0.1.0
 * @category services
 */
export class ApiKey extends Context.Tag("effect-agentcore-identity/ApiKey")<ApiKey, Redacted.Redacted>() {}

// -----------------------------------------------------------------------------
// Declared credentials
// -----------------------------------------------------------------------------

/**
 * A declared API key: a tag whose service is the key, with the request that obtains it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential<in out Id> extends Context.Tag<Id, Redacted.Redacted>, ApiKeyCredential {
  /** The name of the declaration. It is unique in a program. */
  readonly key: string
}

/**
 * The class that {@link Tag} makes.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagClass<in out Self, out Id extends string>
  extends Context.TagClass<Self, Id, Redacted.Redacted>, ApiKeyCredential
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: Id
}

/**
 * Declares an API key once: a tag that has the request with it. Every function that takes a request takes the declared
 * credential in its place.
 *
 * Throws a `ValidationException` that names the member if the request cannot be right.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 *
 * class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}
 */
export const Tag = <Self>(): <const Id extends string>(id: Id, request: ApiKeyRequest) => TagClass<Self, Id> => {
  const declare = <const Id extends string>(id: Id, request: ApiKeyRequest): TagClass<Self, Id> =>
    CredentialTag.make<TagClass<Self, Id>>({
      id,
      kind: "ApiKey",
      request,
      refuse: Request.refuseApiKeyRequest,
      caller: declare
    })
  return declare
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/**
 * A request, and the tag for the key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Id = ApiKey> extends ApiKeyRequest {
  /** The tag for the key. Default: {@link ApiKey}. */
  readonly into?: Context.Tag<Id, Redacted.Redacted> | undefined
}

const tagOf = <Id>(into: Context.Tag<Id, Redacted.Redacted> | undefined): Context.Tag<Id, Redacted.Redacted> =>
  // Without `into`, Id is the identifier of the default tag.
  into ?? ApiKey as Context.Tag<unknown, Redacted.Redacted> as Context.Tag<Id, Redacted.Redacted>

/**
 * Provides an API key to an effect. Each run obtains the key. (Put `CredentialCache` under `Identity` to cache keys.)
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * declare const forecast: (key: Redacted.Redacted) => Effect.Effect<string>
 *
 * const program = Effect.flatMap(ApiKey.ApiKey, forecast).pipe(ApiKey.withApiKey({ provider: "weather" }))
 */
export const withApiKey: {
  /** Provides an API key to an effect, under the tag `into` (default: `ApiKey`). Each run obtains the key for its own caller. */
  <Id = ApiKey>(
    options: Options<Id>
  ): <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | Identity | WorkloadAccessToken>
  /** Provides an API key to an effect, under the tag `into` (default: `ApiKey`). Each run obtains the key for its own caller. */
  <A, E, R, Id = ApiKey>(
    self: Effect.Effect<A, E, R>,
    options: Options<Id>
  ): Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | Identity | WorkloadAccessToken>
} = dual(
  2,
  <A, E, R, Id = ApiKey>(
    self: Effect.Effect<A, E, R>,
    options: Options<Id>
  ): Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | Identity | WorkloadAccessToken> => {
    const refused = Request.refuseApiKeyOptions(options)
    if (refused !== undefined) return Effect.fail(refused)
    const { into, provider } = options
    return Effect.provideServiceEffect(
      self,
      tagOf(into),
      Effect.flatMap(Identity, (identity) => identity.getApiKey({ provider }))
    )
  }
)

/**
 * {@link withApiKey} over the `Identity` in context. The wrapped effect does not require `Identity`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const makeWithApiKey: Effect.Effect<
  <Id = ApiKey>(
    options: Options<Id>
  ) => <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | WorkloadAccessToken>,
  never,
  Identity
> = Effect.map(
  Identity,
  (identity) => (options) => (self) => {
    const refused = Request.refuseApiKeyOptions(options)
    if (refused !== undefined) return Effect.fail(refused)
    const { into, provider } = options
    return Effect.provideServiceEffect(self, tagOf(into), identity.getApiKey({ provider }))
  }
)

/**
 * One API key for everything above the layer, obtained when the layer is built. It is for the edge of a short program
 * with one caller. Elsewhere use {@link withApiKey}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id = ApiKey>(
  options: Options<Id>
): Layer.Layer<Id, ApiKeyError, Identity | WorkloadAccessToken> => {
  const refused = Request.refuseApiKeyOptions(options)
  if (refused !== undefined) return Layer.fail(refused)
  const { into, provider } = options
  return Layer.effect(tagOf(into), Effect.flatMap(Identity, (identity) => identity.getApiKey({ provider })))
}
