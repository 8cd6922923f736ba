/**
 * Where the local backend keeps what it is told: collections of values by key, in memory or on disk.
 *
 * A sequence of reads and writes is serialized by the module that owns the collection; the store knows single steps only.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"

/**
 * The store could not be read or written. `reason` has no values in it.
 *
 * @internal
 */
export class StoreError extends Data.TaggedError("StoreError")<{ readonly reason: string }> {}

/**
 * Keys are ordered by code unit.
 *
 * @internal
 */
export interface Collection<A> {
  readonly get: (key: string) => Effect.Effect<Option.Option<A>, StoreError>
  /** Durable when it succeeds, as far as the store is. */
  readonly put: (key: string, value: A) => Effect.Effect<void, StoreError>
  readonly remove: (key: string) => Effect.Effect<void, StoreError>
  /** All entries, in the order of their keys. */
  readonly entries: Effect.Effect<ReadonlyArray<readonly [key: string, value: A]>, StoreError>
}

/** @internal */
export interface Service {
  /** The collection of a name; the same one at each call. `I` has to be JSON. */
  readonly collection: <A, I>(name: string, schema: Schema.Schema<A, I>) => Collection<A>
}

/** @internal */
export class Store extends Context.Tag("effect-agentcore-identity/local/Store")<Store, Service>() {}

const inMemory = <A>(values: Map<string, A>): Collection<A> => ({
  get: (key) => Effect.sync(() => Option.fromNullable(values.get(key))),
  put: (key, value) => Effect.sync(() => void values.set(key, value)),
  remove: (key) => Effect.sync(() => void values.delete(key)),
  entries: Effect.sync(() => [...values].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))
})

/**
 * Keeps the values as they are, in this process. It is synchronous: tests with a `TestClock` need no waiting.
 *
 * @internal
 */
export const layerMemory: Layer.Layer<Store> = Layer.sync(Store, () => {
  const collections = new Map<string, Map<string, unknown>>()
  return {
    collection: <A>(name: string) => {
      const values = collections.get(name) ?? new Map<string, unknown>()
      collections.set(name, values)
      // A name has one schema, so whatever is under the name is of its type.
      return inMemory(values as Map<string, A>)
    }
  }
})
