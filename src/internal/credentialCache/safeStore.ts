/**
 * A store of credentials that does no harm: failing or slow, it is as if nothing were in it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
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

/** A store that is gone fails at each request: of its warnings, there is one in this many milliseconds. */
const quiet = 60_000

/** @internal */
export const make = (
  store: StoreService,
  timeout: Duration.DurationInput,
  failures: Metric.Metric.Counter<number>
): SafeStore => {
  let quietUntil = 0
  const failed = (operation: keyof StoreService, reason: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const log = now < quietUntil ? Effect.logDebug : Effect.logWarning
      if (now >= quietUntil) quietUntil = now + quiet
      return log(`The store of credentials failed to ${operation}: ${reason}`)
    })
  const safely = <A>(operation: keyof StoreService, run: () => Effect.Effect<A, StoreError>, otherwise: A) =>
    Effect.suspend(run).pipe(
      Effect.mapError((error) => error.reason),
      // What it says may hold a secret.
      Effect.catchAllDefect(() => Effect.fail("it has a defect")),
      // Also where nothing is interrupted, and a store that does not let itself be interrupted is not waited for either.
      Effect.disconnect,
      Effect.interruptible,
      Effect.timeoutFail({ duration: timeout, onTimeout: () => "it took too long" }),
      Effect.catchAll((reason) =>
        failed(operation, reason).pipe(
          Effect.zipRight(Metric.increment(Metric.tagged(failures, "agentcore.operation", operation))),
          Effect.as(otherwise)
        )
      )
    )
  return {
    get: (key) => safely("get", () => store.get(key), Option.none()),
    set: (key, entry) => safely("set", () => store.set(key, entry), undefined),
    remove: (key) => safely("remove", () => store.remove(key), undefined)
  }
}
