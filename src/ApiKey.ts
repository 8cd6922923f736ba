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
import { type ApiKeyError, Identity } from "./Identity.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The default tag. A program with two API keys declares a tag for each.
 *
 * @since 0.1.0
 * @category services
 */
export class ApiKey extends Context.Tag("effect-agentcore-identity/ApiKey")<ApiKey, Redacted.Redacted>() {}

/**
 * A request, and the tag for the key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Id = ApiKey> {
  /** The name of the API-key credential provider. */
  readonly provider: string
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
    { into, provider }: Options<Id>
  ): Effect.Effect<A, E | ApiKeyError, Exclude<R, Id> | Identity | WorkloadAccessToken> =>
    Effect.provideServiceEffect(
      self,
      tagOf(into),
      Effect.flatMap(Identity, (identity) => identity.getApiKey({ provider }))
    )
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
  (identity) => ({ into, provider }) => (self) =>
    Effect.provideServiceEffect(self, tagOf(into), identity.getApiKey({ provider }))
)

/**
 * One API key for everything above the layer, obtained when the layer is built. It is for the edge of a short program
 * with one caller. Elsewhere use {@link withApiKey}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id = ApiKey>(
  { into, provider }: Options<Id>
): Layer.Layer<Id, ApiKeyError, Identity | WorkloadAccessToken> =>
  Layer.effect(tagOf(into), Effect.flatMap(Identity, (identity) => identity.getApiKey({ provider })))
