/**
 * Caches access tokens and API keys, so that a program does not call AgentCore for each of its own requests. The cache
 * is off unless its layer is provided. It decorates the data plane and the security token service, so provide it to
 * every layer that uses them: in a server also to `layerCallers` and to `Connect`, which makes its own `Identity`.
 *
 * Only issued access tokens and API keys are cached. Other responses and failures are not. The cache key is the
 * request: workload access token, provider, flow, scopes, resources, audiences and custom parameters. A workload access
 * token is opaque, so another token of the same user has its own cache entries. Concurrent requests for one credential
 * share one call. Interrupting one caller does not interrupt the others.
 *
 * AgentCore returns no expiry. A JWT is cached until its `exp` less a skew. An opaque token is cached only with
 * `opaqueTimeToLive`. The cache does not notice a revocation: call `invalidate` with a credential that a resource has
 * rejected.
 *
 * Metrics, with the label `agentcore.operation`:
 *
 * - `agentcore.credential_cache.hits`: requests with a cached credential, in memory or in the store
 * - `agentcore.credential_cache.misses`: requests that went to the service because no credential was cached. Polls and
 *   forced authentications are not counted
 * - `agentcore.credential_cache.shared`: requests that joined the call of another caller
 * - `agentcore.credential_cache.store_failures`: operations of the store (`get`, `set`, `remove`) that failed or took
 *   too long
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { JWTPayload } from "jose"
import { randomUUID } from "node:crypto"
import * as DataPlane from "./DataPlane.js"
import { CacheStoreError, makeSafe, none, type SafeStore, Store } from "./internal/credentialCache/cacheStore.js"
import * as Engine from "./internal/credentialCache/engine.js"
import * as Digest from "./internal/digest.js"
import { isGenerated } from "./internal/identity/returnState.js"
import { loadPackage } from "./internal/loadPackage.js"
import * as Constraint from "./internal/models/constraint.js"
import * as OptionType from "./internal/plane/optionType.js"
import * as Plane from "./internal/plane/plane.js"
import * as Validation from "./internal/plane/validation.js"
import type * as Operation from "./Operation.js"
import * as SecurityTokenService from "./SecurityTokenService.js"

/**
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** How long before a token expires the cache stops returning it. Default: 1 minute. */
  readonly skew?: Duration.Input | undefined
  /**
   * The longest time to cache an access token. During this time, the cache does not notice that the user has
   * disconnected in another process. Default: until the token expires.
   */
  readonly timeToLive?: Duration.Input | undefined
  /** How long to cache an access token that is not a JWT with an `exp`. Default: 0, it is not cached. */
  readonly opaqueTimeToLive?: Duration.Input | undefined
  /**
   * How long to cache an API key. During this time, the cache does not notice that the key was changed in AgentCore.
   * Default: 5 minutes.
   */
  readonly apiKeyTimeToLive?: Duration.Input | undefined
  /** The maximum number of credentials in memory. The oldest is dropped first. Default: 10,000. */
  readonly capacity?: number | undefined
}

export {
  /** @since 0.2.0 */
  CacheStoreError,
  /** @since 0.2.0 */
  Store
}

/**
 * The cache in context. A program needs it only to call `invalidate`.
 *
 * @since 0.2.0
 * @category services
 * @example
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * declare const search: (token: Redacted.Redacted) => Effect.Effect<string, "unauthorized" | "unavailable">
 *
 * const program = (token: Redacted.Redacted) =>
 *   Effect.tapError(search(token), (error) =>
 *     error === "unauthorized"
 *       ? Effect.flatMap(CredentialCache.CredentialCache, (cache) => cache.invalidate(token))
 *       : Effect.void)
 */
export class CredentialCache extends Context.Service<CredentialCache, {
  /**
   * Drops a credential that a resource has rejected: from memory, and from the store if it was in memory. Other
   * processes return it until they invalidate it too.
   *
   * `HttpClientCredentials` and `AccessToken.use` invalidate rejected credentials themselves.
   */
  readonly invalidate: (credential: Redacted.Redacted) => Effect.Effect<void>
}>()("effect-agentcore-identity/CredentialCache") {}

/**
 * Returns the `exp` of a JWT, in milliseconds since the epoch. Undefined for other tokens, and for a JWT without `exp`.
 */
const expiryOf = (token: Redacted.Redacted, decodeJwt: (token: string) => JWTPayload): number | undefined => {
  try {
    const { exp } = decodeJwt(Redacted.value(token))
    return typeof exp === "number" ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/** The times are in milliseconds. */
const cacheAccessToken = (
  timeToLive: number,
  opaqueTimeToLive: number,
  decodeJwt: (token: string) => JWTPayload
): Engine.Cacheable<
  Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>,
  DataPlane.TokenResponse
> => ({
  keyOf: (request, digestOf) =>
    Digest.ofValues([
      "getResourceOauth2Token",
      digestOf(request.workloadIdentityToken),
      request.resourceCredentialProviderName,
      request.oauth2Flow,
      Digest.setOf(request.scopes),
      Digest.setOf(request.resources),
      Digest.setOf(request.audiences),
      Digest.pairsOf(request.customParameters)
    ]),
  // These members do not change the token. They change how the user is asked for consent.
  variantOf: ({ customState, forceAuthentication, resourceOauth2ReturnUrl, sessionUri }, digestOf) => [
    forceAuthentication === true,
    resourceOauth2ReturnUrl ?? null,
    // Sessions with a generated state can be shared. The response has the state that was sent.
    customState === undefined ? null : isGenerated(customState) || digestOf(customState),
    sessionUri === undefined ? null : digestOf(sessionUri)
  ],
  bypassesRead: ({ forceAuthentication, sessionUri }) => forceAuthentication === true || sessionUri !== undefined,
  replaces: ({ forceAuthentication }) => forceAuthentication === true,
  credentialOf: (response) => response._tag === "Issued" ? response.accessToken : undefined,
  responseOf: (response, { customState }) =>
    response._tag === "ConsentRequired" && customState !== undefined
      ? new DataPlane.ConsentRequired({ customState, ...response })
      : response,
  usableUntil: (_, token, { now, skew }) => {
    const expiry = expiryOf(token, decodeJwt)
    return Math.min(now + timeToLive, expiry === undefined ? now + opaqueTimeToLive : expiry - skew)
  },
  restore: (accessToken) => new DataPlane.Issued({ accessToken })
})

const alwaysCached = {
  variantOf: () => [],
  bypassesRead: () => false,
  replaces: () => false,
  responseOf: <Response>(response: Response) => response
}

/** `timeToLive` is in milliseconds. */
const cacheApiKey = (
  timeToLive: number
): Engine.Cacheable<
  Operation.Request<typeof DataPlane.operations.getResourceApiKey>,
  Operation.Response<typeof DataPlane.operations.getResourceApiKey>
> => ({
  keyOf: ({ resourceCredentialProviderName, workloadIdentityToken }, digestOf) =>
    Digest.ofValues(["getResourceApiKey", digestOf(workloadIdentityToken), resourceCredentialProviderName]),
  ...alwaysCached,
  credentialOf: ({ apiKey }) => apiKey,
  usableUntil: (_, _key, { now }) => now + timeToLive,
  restore: (apiKey) => ({ apiKey })
})

/**
 * `service` identifies the service in the key, because the request does not contain the IAM identity. The tokens are
 * not stored, because other services share the store.
 */
const cacheWebIdentityToken = (service: string): Engine.Cacheable<
  Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>,
  Operation.Response<typeof SecurityTokenService.operations.getWebIdentityToken>
> => ({
  keyOf: ({ audience, durationSeconds, signingAlgorithm, tags }) =>
    Digest.ofValues([
      "getWebIdentityToken",
      service,
      Digest.setOf(audience),
      signingAlgorithm,
      durationSeconds ?? null,
      Digest.pairsOf(tags)
    ]),
  ...alwaysCached,
  credentialOf: ({ webIdentityToken }) => webIdentityToken,
  usableUntil: ({ expiration }, _, { skew }) => DateTime.toEpochMillis(expiration) - skew,
  restore: undefined
})

const copyRequests = <I, S extends object, E, R>(
  tag: Context.Key<I, S>,
  layer: Layer.Layer<I, E, R>
): Layer.Layer<I, E, R> => Layer.effect(tag, Effect.map(tag, Engine.copyRequests)).pipe(Layer.provide(layer))

const checkOptions = Validation.makeCheck("CredentialCache", () => ({
  skew: Constraint.optional(OptionType.DurationInput),
  timeToLive: Constraint.optional(OptionType.DurationInput),
  opaqueTimeToLive: Constraint.optional(OptionType.DurationInput),
  apiKeyTimeToLive: Constraint.optional(OptionType.DurationInput),
  capacity: Constraint.optional(OptionType.Amount),
  storeTimeout: Constraint.optional(OptionType.DurationInput)
}))

const makeLayer = (
  { apiKeyTimeToLive = "5 minutes", capacity = 10_000, opaqueTimeToLive = 0, skew = "1 minute", timeToLive = Infinity }:
    Options,
  store: SafeStore
): Layer.Layer<DataPlane.DataPlane | CredentialCache, never, DataPlane.DataPlane> =>
  Layer.unwrap(Effect.map(
    // `jose` is a dependency of this package, so it is missing only from a broken installation.
    Effect.orDie(loadPackage("jose", "decodeJwt", () => import("jose"))),
    ({ decodeJwt }) => {
      const engine = Engine.make({ capacity, skew: Duration.toMillis(skew), store })
      const dataPlane = DataPlane.decorate(engine.decorator<DataPlane.DataPlane["Service"]>({
        getResourceOauth2Token: cacheAccessToken(
          Duration.toMillis(timeToLive),
          Duration.toMillis(opaqueTimeToLive),
          decodeJwt
        ),
        getResourceApiKey: cacheApiKey(Duration.toMillis(apiKeyTimeToLive))
      }))
      return Layer.merge(copyRequests(DataPlane.DataPlane, dataPlane), Layer.succeed(CredentialCache, engine))
    }
  ))

/**
 * Caches the credentials of the data plane in context, in memory. Put it under `Identity.layer`. With invalid options,
 * the layer dies with a `ValidationException`.
 *
 * Each use of the layer is a separate cache, so that no account gets another account's credentials. `Identity.layer`
 * says how to share one.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<DataPlane.DataPlane | CredentialCache, never, DataPlane.DataPlane> =>
  Layer.fresh(Validation.makeLayer(checkOptions, options, (options) => makeLayer(options, none)))

/**
 * Caches as {@link layer} does, with a store behind the memory, so that the processes of a fleet share credentials.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * const store = CredentialStore.layerRedisConfig({ key: Config.Redacted("CREDENTIAL_STORE_KEY") })
 *
 * const live = Identity.layer.pipe(
 *   Layer.provide(CredentialCache.layerStore()),
 *   Layer.provide(store),
 *   Layer.provide(AwsDataPlane.layer({ region: "us-west-2" }))
 * )
 */
export const layerStore = (
  options: Options & {
    /** An operation of the store that takes longer counts as failed. Default: 100 milliseconds. */
    readonly storeTimeout?: Duration.Input | undefined
  } = {}
): Layer.Layer<DataPlane.DataPlane | CredentialCache, never, DataPlane.DataPlane | Store> =>
  Layer.fresh(Validation.makeLayer(checkOptions, options, (options) =>
    Layer.unwrap(Effect.map(
      Store,
      (store) => makeLayer(options, makeSafe(store, options.storeTimeout ?? "100 millis"))
    ))))

/**
 * Caches the tokens of the security token service in context until they expire, less the skew of the cache. Tokens stay
 * in memory even with a store, because a request does not contain the IAM identity.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerSecurityTokenService: Layer.Layer<
  SecurityTokenService.SecurityTokenService,
  never,
  SecurityTokenService.SecurityTokenService | CredentialCache
> = Layer.fresh(Layer.unwrap(Effect.map(CredentialCache, (cache) => {
  // Every service of this tag is the engine of `makeLayer`.
  const { decorator } = cache as Engine.Engine
  const service = Plane.layerDecorate(
    SecurityTokenService.SecurityTokenService,
    SecurityTokenService.operations,
    decorator<SecurityTokenService.SecurityTokenService["Service"]>({
      getWebIdentityToken: cacheWebIdentityToken(randomUUID())
    })
  )
  return copyRequests(SecurityTokenService.SecurityTokenService, service)
})))
