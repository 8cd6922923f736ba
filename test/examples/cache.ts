import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as Config from "effect/Config"
import * as Layer from "effect/Layer"

// In memory, over `AwsDataPlane.layer()` for instance. A JWT is kept until it expires, an opaque token only for as long as
// you say.
export const inMemory = <E, R>(planes: Layer.Layer<DataPlane.DataPlane, E, R>) =>
  Identity.layer.pipe(
    Layer.provide(CredentialCache.layer({ opaqueTimeToLive: "10 minutes" })),
    Layer.provide(planes)
  )

// For a fleet: encrypted in Redis, memory in front. A Redis that is slow or gone is a miss, never an error.
export const inRedis = <E, R>(planes: Layer.Layer<DataPlane.DataPlane, E, R>) =>
  Identity.layer.pipe(
    Layer.provide(CredentialCache.layerStore()),
    Layer.provide(CredentialStore.layerRedisConfig({
      url: Config.redacted("REDIS_URL"),
      // 32 random bytes in base64url, the same for the whole fleet.
      key: Config.redacted("CREDENTIAL_STORE_KEY")
    })),
    Layer.provide(planes)
  )
