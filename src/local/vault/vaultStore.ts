/**
 * The storage of the local backend. `layerMemory` keeps everything in this process, `vaultFile.ts` in a file. One
 * backend uses a store at a time. It keeps consent sessions in memory, so a second one would overwrite its changes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SortedMap from "./sortedMap.js"

/** The store could not be read or written. `message` contains no keys and no values. */
export class VaultStoreError extends Schema.TaggedError<VaultStoreError>()("VaultStoreError", {
  message: Schema.String
}) {}

/** Values of one type by key. */
export interface Collection<A> {
  readonly get: (key: string) => Effect.Effect<Option.Option<A>, VaultStoreError>
  /** When it succeeds, the value is durable. */
  readonly put: (key: string, value: A) => Effect.Effect<void, VaultStoreError>
  /** Succeeds if there is no such key. */
  readonly remove: (key: string) => Effect.Effect<void, VaultStoreError>
  /** All entries, ordered by the code units of their keys. */
  readonly entries: Effect.Effect<ReadonlyArray<readonly [key: string, value: A]>, VaultStoreError>
  /** Returns the entries after a key, in the same order. */
  readonly page: (options: {
    /** The last key of the previous page. Undefined for the first page. */
    readonly after: string | undefined
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<readonly [key: string, value: A]>, VaultStoreError>
}

export class VaultStore extends Context.Service<VaultStore, {
  /** Returns the collection with a name. Each call with the same name returns the same entries. `I` is JSON. */
  readonly collection: <A, I>(name: string, schema: Schema.Codec<A, I>) => Collection<A>
}>()("effect-agentcore-identity/local/VaultStore") {}

const inMemory = <A>(values: SortedMap.SortedMap<A>): Collection<A> => ({
  get: (key) => Effect.sync(() => Option.fromNullishOr(values.get(key))),
  put: (key, value) => Effect.sync(() => void values.set(key, value)),
  remove: (key) => Effect.sync(() => void values.delete(key)),
  entries: Effect.sync(() => values.page(undefined, Infinity)),
  page: ({ after, limit }) => Effect.sync(() => values.page(after, limit))
})

/** Keeps the values in this process, without encoding them. It is synchronous, for tests with a `TestClock`. */
export const layerMemory: Layer.Layer<VaultStore> = Layer.sync(VaultStore, () => {
  const collections = new Map<string, SortedMap.SortedMap<never>>()
  return {
    collection: <A>(name: string) => {
      const values = collections.get(name) ?? SortedMap.make<never>()
      collections.set(name, values)
      // A name has one schema, so all values under the name have its type.
      return inMemory(values as unknown as SortedMap.SortedMap<A>)
    }
  }
})
