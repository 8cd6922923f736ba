/**
 * Credentials that are kept for as long as they are good, so that a program does not ask AgentCore for each request that it makes.
 * Off unless its layer is there: a decorator of the data plane, and of the security token service.
 *
 * Kept are issued access tokens and API keys; nothing else is, and no failure. A credential belongs to the request that obtained it:
 * to its workload access token, provider, flow, scopes, resources, audiences and custom parameters. A workload access token is opaque:
 * with another one of the same user it is obtained anew. Callers who ask for the same credential at the same time share one call; one
 * who is interrupted stops none of the others.
 *
 * AgentCore tells no expiry. A JWT is kept until its `exp` less a skew; an opaque token is not kept unless it is given a time to live.
 * A revocation goes unnoticed until then: `invalidate` what a resource has rejected.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { DataPlane } from "./DataPlane.js"
import * as Cacheables from "./internal/credentialCache/cacheables.js"
import * as Engine from "./internal/credentialCache/engine.js"
import * as SafeStore from "./internal/credentialCache/safeStore.js"
import { SecurityTokenService } from "./SecurityTokenService.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-agentcore-identity/CredentialCache")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A token is not given out when less than this is left of its life, by its `exp` or its expiration. Default: 1 minute. */
  readonly skew?: Duration.DurationInput | undefined
  /** How long an access token is kept that is not a JWT with an `exp`. Default: it is not. */
  readonly opaqueTimeToLive?: Duration.DurationInput | undefined
  /** How long an API key is kept: a key that was changed in AgentCore is used for so long. Default: 5 minutes. */
  readonly apiKeyTimeToLive?: Duration.DurationInput | undefined
  /** How many credentials are in memory at most; the oldest goes first. Default: 10,000. */
  readonly capacity?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface StoreOptions extends Options {
  /** A store that takes longer is passed over, for this one time. Default: 100 milliseconds. */
  readonly storeTimeout?: Duration.DurationInput | undefined
}

/**
 * What a {@link Store} holds. `usableUntil` is in milliseconds since the epoch, the skew taken off.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredCredential {
  readonly credential: Redacted.Redacted
  readonly usableUntil: number
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * A store could not do what it was asked. No program fails with it: the cache goes on as if the store were empty. `reason` is logged,
 * as a warning once a minute at most, and else for who debugs: nothing secret may be in it.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoreError extends Schema.TaggedError<StoreError>("effect-agentcore-identity/CredentialCache/StoreError")(
  "StoreError",
  { reason: Schema.String }
) {
  override get message(): string {
    return `The store of credentials failed: ${this.reason}`
  }
}

// -----------------------------------------------------------------------------
// Services
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly [TypeId]: Engine.Engine
  /**
   * A resource has rejected this credential: it is dropped from memory, and from the store what was in memory here. Other processes
   * give it out until they learn of it themselves.
   *
   * `HttpClientCredentials` and `AccessToken.use` need no help: they tell the cache themselves.
   */
  readonly invalidate: (credential: Redacted.Redacted) => Effect.Effect<void>
}

/**
 * @since 0.1.0
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
export class CredentialCache
  extends Context.Tag("effect-agentcore-identity/CredentialCache")<CredentialCache, Service>()
{}

/**
 * A place that several processes share. Keys are digests; values are secrets, so that a store encrypts them.
 *
 * @since 0.1.0
 * @category services
 */
export interface StoreService {
  readonly get: (key: string) => Effect.Effect<Option.Option<StoredCredential>, StoreError>
  /** Kept until `usableUntil` at the latest. */
  readonly set: (key: string, credential: StoredCredential) => Effect.Effect<void, StoreError>
  readonly remove: (key: string) => Effect.Effect<void, StoreError>
}

/**
 * The store behind the memory, for {@link layerStore}. `persistence/CredentialStore` is one.
 *
 * @since 0.1.0
 * @category services
 */
export class Store extends Context.Tag("effect-agentcore-identity/CredentialCache/Store")<Store, StoreService>() {}

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

const counter = (name: string, description: string): Metric.Metric.Counter<number> =>
  Metric.counter(`agentcore.credential_cache.${name}`, { description, incremental: true })

/**
 * `agentcore.credential_cache.hits`: requests that were answered by what is kept, in memory or in the store. Label: `agentcore.operation`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const hits: Metric.Metric.Counter<number> = counter("hits", "Requests answered by a credential that is kept")

/**
 * `agentcore.credential_cache.misses`: requests that were sent to the service, because nothing is kept that answers them. Polls and forced
 * authentications are not among them. Label: `agentcore.operation`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const misses: Metric.Metric.Counter<number> = counter("misses", "Requests for which no credential is kept")

/**
 * `agentcore.credential_cache.shared`: requests that were answered by the call that another caller had begun. Label: `agentcore.operation`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const shared: Metric.Metric.Counter<number> = counter("shared", "Requests that joined a call in flight")

/**
 * `agentcore.credential_cache.store_failures`: a store failed, or took too long. Label: `agentcore.operation` (`get`, `set`, `remove`).
 *
 * @since 0.1.0
 * @category metrics
 */
export const storeFailures: Metric.Metric.Counter<number> = counter(
  "store_failures",
  "Operations of the store that failed or took too long"
)

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

const defaults = {
  skew: "1 minute",
  opaqueTimeToLive: 0,
  apiKeyTimeToLive: "5 minutes",
  capacity: 10_000,
  storeTimeout: "100 millis"
} as const

const make = (
  options: Options,
  store: SafeStore.SafeStore
): Effect.Effect<Context.Context<DataPlane | CredentialCache>, never, DataPlane> =>
  Effect.gen(function*() {
    const dataPlane = yield* DataPlane
    const { decodeJwt } = yield* Effect.promise(() => import("jose"))
    const engine = Engine.make({
      capacity: options.capacity ?? defaults.capacity,
      skew: Duration.toMillis(options.skew ?? defaults.skew),
      counters: { hits, misses, shared },
      store
    })
    return Context.make(
      DataPlane,
      DataPlane.of({
        ...dataPlane,
        getResourceOauth2Token: engine.cached(
          Cacheables.accessToken(
            Duration.toMillis(options.opaqueTimeToLive ?? defaults.opaqueTimeToLive),
            decodeJwt
          ),
          dataPlane.getResourceOauth2Token
        ),
        getResourceApiKey: engine.cached(
          Cacheables.apiKey(Duration.toMillis(options.apiKeyTimeToLive ?? defaults.apiKeyTimeToLive)),
          dataPlane.getResourceApiKey
        )
      })
    ).pipe(Context.add(CredentialCache, { [TypeId]: engine, invalidate: engine.invalidate }))
  })

/**
 * Keeps the credentials of the data plane in context, in memory. Put it under `Identity.layer`.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 *
 * const live = Identity.layer.pipe(
 *   Layer.provideMerge(CredentialCache.layer({ opaqueTimeToLive: "10 minutes" })),
 *   Layer.provide(AwsDataPlane.layer({ region: "us-west-2" }))
 * )
 */
export const layer = (options: Options = {}): Layer.Layer<DataPlane | CredentialCache, never, DataPlane> =>
  Layer.effectContext(make(options, SafeStore.none))

/**
 * The same with a store behind the memory, so that the processes of a fleet share what one of them has obtained.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * const store = CredentialStore.layerRedisConfig({ key: Config.redacted("CREDENTIAL_STORE_KEY") })
 *
 * const live = Identity.layer.pipe(
 *   Layer.provide(CredentialCache.layerStore()),
 *   Layer.provide(store),
 *   Layer.provide(AwsDataPlane.layer({ region: "us-west-2" }))
 * )
 */
export const layerStore = (
  options: StoreOptions = {}
): Layer.Layer<DataPlane | CredentialCache, never, DataPlane | Store> =>
  Layer.effectContext(
    Effect.flatMap(
      Store,
      (store) => make(options, SafeStore.make(store, options.storeTimeout ?? defaults.storeTimeout, storeFailures))
    )
  )

/**
 * Keeps the tokens of the security token service in context, until their expiration less the skew of the cache. They stay in memory,
 * also with a store: a request does not say which IAM identity it is for.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Layer from "effect/Layer"
 *
 * const live = CredentialCache.layerSecurityTokenService.pipe(
 *   Layer.provideMerge(CredentialCache.layer()),
 *   Layer.provideMerge(AwsPlanes.layer({ region: "us-west-2" }))
 * )
 */
export const layerSecurityTokenService: Layer.Layer<
  SecurityTokenService,
  never,
  SecurityTokenService | CredentialCache
> = Layer.effect(
  SecurityTokenService,
  Effect.gen(function*() {
    const service = yield* SecurityTokenService
    const { [TypeId]: engine } = yield* CredentialCache
    return SecurityTokenService.of({
      getWebIdentityToken: engine.cached(Cacheables.webIdentityToken(randomUUID()), service.getWebIdentityToken)
    })
  })
)
