import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as Config from "effect/Config"
import * as Layer from "effect/Layer"

// In memory, for example over `AwsDataPlane.layer()`. A JWT is cached until it expires, an opaque token for
// `opaqueTimeToLive`. `provideMerge`: the layer of the caller uses this data plane, too.
export const inMemory = <E, R>(planes: Layer.Layer<DataPlane.DataPlane, E, R>) =>
  Identity.layer.pipe(
    Layer.provideMerge(CredentialCache.layer({ opaqueTimeToLive: "10 minutes" })),
    Layer.provide(planes)
  )

// For several processes: encrypted in Redis, behind a cache in memory. A slow or unreachable Redis is a cache miss,
// never an error.
export const inRedis = <E, R>(planes: Layer.Layer<DataPlane.DataPlane, E, R>) =>
  Identity.layer.pipe(
    Layer.provideMerge(CredentialCache.layerStore()),
    Layer.provide(CredentialStore.layerRedisConfig({
      url: Config.Redacted("REDIS_URL"),
      // The output of `openssl rand -base64 32`. All processes share it.
      key: Config.Redacted("CREDENTIAL_STORE_KEY")
    })),
    Layer.provide(planes)
  )
