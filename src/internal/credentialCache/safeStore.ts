/**
 * A store of credentials that does no harm: failing or slow, it is as if nothing were in it.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type { StoredCredential, StoreError, StoreService } from "../../CredentialCache.js"

/** @internal */
export interface SafeStore {
  readonly get: (key: string) => Effect.Effect<Option.Option<StoredCredential>>
  readonly set: (key: string, entry: StoredCredential) => Effect.Effect<void>
  readonly remove: (key: string) => Effect.Effect<void>
}

/** @internal */
export const none: SafeStore = {
  get: () => Effect.succeedNone,
  set: () => Effect.void,
  remove: () => Effect.void
}

/** @internal */
export const make = (
  store: StoreService,
  timeout: Duration.DurationInput,
  failures: Metric.Metric.Counter<number>
): SafeStore => {
  const safely = <A>(operation: keyof StoreService, effect: Effect.Effect<A, StoreError>, otherwise: A) =>
    // Disconnected: a store that does not let itself be interrupted is not waited for either.
    Effect.disconnect(effect).pipe(
      Effect.mapError((error) => error.reason),
      Effect.timeoutFail({ duration: timeout, onTimeout: () => "it took too long" }),
      Effect.catchAll((reason) =>
        Effect.logDebug(`The store of credentials failed to ${operation}: ${reason}`).pipe(
          Effect.zipRight(Metric.increment(Metric.tagged(failures, "agentcore.operation", operation))),
          Effect.as(otherwise)
        )
      )
    )
  return {
    get: (key) => safely("get", store.get(key), Option.none()),
    set: (key, entry) => safely("set", store.set(key, entry), undefined),
    remove: (key) => safely("remove", store.remove(key), undefined)
  }
}
