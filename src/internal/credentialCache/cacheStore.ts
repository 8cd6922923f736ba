/** The store behind the memory of the cache. A broken or slow store behaves like an empty one. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Deadline from "../deadline.js"

export interface StoredCredential {
  readonly credential: Redacted.Redacted
  /** In milliseconds since the epoch, less the skew of the cache. */
  readonly usableUntil: number
}

/**
 * An operation of the store failed. A program never fails with this error: the cache behaves as if the store were
 * empty. The cache logs `reason`, as a warning once per minute and otherwise at level debug. `reason` must not
 * contain secrets.
 */
export class CacheStoreError
  extends Schema.TaggedError<CacheStoreError>()("CacheStoreError", { reason: Schema.String })
{
  override get message(): string {
    return `The credential store failed: ${this.reason}`
  }
}

/** The store behind the memory, for `CredentialCache.layerStore`. `persistence/CredentialStore` has implementations. */
export class Store extends Context.Service<Store, {
  readonly get: (key: string) => Effect.Effect<Option.Option<StoredCredential>, CacheStoreError>
  /** The store drops the credential at `usableUntil`, or earlier. */
  readonly set: (key: string, credential: StoredCredential) => Effect.Effect<void, CacheStoreError>
  readonly remove: (key: string) => Effect.Effect<void, CacheStoreError>
}>()("effect-agentcore-identity/CredentialCache/Store") {}

export interface SafeStore {
  readonly get: (key: string) => Effect.Effect<Option.Option<StoredCredential>>
  readonly set: (key: string, entry: StoredCredential) => Effect.Effect<void>
  readonly remove: (key: string) => Effect.Effect<void>
}

export const none: SafeStore = { get: () => Effect.succeedNone, set: () => Effect.void, remove: () => Effect.void }

export const storeFailures: Metric.Counter<number> = Metric.counter("agentcore.credential_cache.store_failures", {
  description: "Operations of the store that failed or took too long",
  incremental: true
})

/** In milliseconds. A store without a connection fails at each request, so it is reported at most once in this time. */
const warningInterval = 60_000

/** Logs and counts failures, and interrupts an operation that takes longer than `timeout`. */
export const makeSafe = (
  store: Store["Service"],
  timeout: Duration.Input
): SafeStore => {
  let nextWarning = 0
  const report = (operation: keyof Store["Service"], reason: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const log = now < nextWarning ? Effect.logDebug : Effect.logWarning
      if (now >= nextWarning) nextWarning = now + warningInterval
      return Effect.andThen(
        log(`The credential store failed to ${operation}: ${reason}`),
        Metric.update(Metric.withAttributes(storeFailures, { "agentcore.operation": operation }), 1)
      )
    })
  const safely = <A>(operation: keyof Store["Service"], run: () => Effect.Effect<A, CacheStoreError>, fallback: A) =>
    Effect.suspend(run).pipe(
      Effect.mapError((error) => error.reason),
      // The message of a defect may contain a secret.
      Effect.catchDefect(() => Effect.fail("it has a defect")),
      Deadline.withDeadline({ duration: timeout, onTimeout: () => "it took too long" }),
      Effect.catch((reason) => Effect.as(report(operation, reason), fallback))
    )
  return {
    get: (key) => safely("get", () => store.get(key), Option.none()),
    set: (key, entry) => safely("set", () => store.set(key, entry), undefined),
    remove: (key) => safely("remove", () => store.remove(key), undefined)
  }
}
