/** A place for sealed credentials. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { CacheStoreError } from "../../credentialCache/store.js"

export interface Backing {
  readonly get: (key: string) => Effect.Effect<Option.Option<unknown>, CacheStoreError>
  readonly set: (key: string, value: string, timeToLive: Duration.Duration) => Effect.Effect<void, CacheStoreError>
  readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
}
