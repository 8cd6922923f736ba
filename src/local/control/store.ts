/**
 * The store of the backend, which can be emptied, copied and replaced while it is used. Each backend has a generation of
 * it. When the generation ends, the last writes of its backend fail.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as VaultStore from "../VaultStore.js"

/** The entries of each collection, encoded. */
export const Content = Schema.Record(Schema.String, Schema.Array(Schema.Tuple([Schema.String, Schema.Unknown])))

export type Content = typeof Content.Type

export interface Generation {
  readonly store: VaultStore.Service
  /** Waits for the writes that have begun. */
  readonly end: Effect.Effect<void>
}

export interface ControlledStore {
  readonly generation: Effect.Effect<Generation>
  /** Copies all entries between two writes. */
  readonly save: Effect.Effect<Content, VaultStore.VaultStoreError>
  /** Decodes all entries. The inner effect writes them in place of all others. No generation writes meanwhile. */
  readonly load: (
    content: Content
  ) => Effect.Effect<Effect.Effect<void, VaultStore.VaultStoreError>, VaultStore.VaultStoreError>
}

const failure = (message: string) => new VaultStore.VaultStoreError({ message })

interface Collection {
  readonly save: Effect.Effect<Content[string], VaultStore.VaultStoreError>
  /** Decodes the entries. The inner effect writes them in place of all others. */
  readonly load: (
    entries: Content[string]
  ) => Effect.Effect<Effect.Effect<void, VaultStore.VaultStoreError>, VaultStore.VaultStoreError>
}

const makeCollection = <A, I>(
  name: string,
  schema: Schema.Codec<A, I>,
  collection: VaultStore.Collection<A>
): Collection => {
  const encode = Schema.encodeEffect(schema)
  const decode = Schema.decodeUnknownEffect(schema)
  return {
    save: Effect.flatMap(collection.entries, (entries) =>
      Effect.forEach(entries, ([key, value]) =>
        Effect.map(
          Effect.mapError(encode(value), () => failure(`an entry of '${name}' cannot be encoded`)),
          (encoded) => [key, encoded] as const
        ))),
    load: (entries) =>
      Effect.map(
        Effect.forEach(entries, ([key, value]) =>
          Effect.map(
            Effect.mapError(decode(value), () => failure(`an entry of '${name}' is not one of this version`)),
            (decoded) => [key, decoded] as const
          )),
        (decoded) =>
          Effect.gen(function*() {
            const kept = new Set(decoded.map(([key]) => key))
            for (const [key] of yield* collection.entries) {
              if (!kept.has(key)) yield* collection.remove(key)
            }
            yield* Effect.forEach(decoded, ([key, value]) => collection.put(key, value), { discard: true })
          })
      )
  }
}

/** More writes than run at one time. */
const allPermits = 1_000_000

export const make = (inner: VaultStore.Service): Effect.Effect<ControlledStore> =>
  Effect.map(Semaphore.make(allPermits), (gate) => {
    const collections = new Map<string, Collection>()
    const exclusive = gate.withPermits(allPermits)
    const writing = gate.withPermits(1)
    return {
      generation: Effect.sync((): Generation => {
        let ended = false
        const write = (effect: Effect.Effect<void, VaultStore.VaultStoreError>) =>
          writing(Effect.suspend(() => ended ? failure("the content of the backend was replaced") : effect))
        return {
          store: {
            collection: (name, schema) => {
              const collection = inner.collection(name, schema)
              collections.set(name, makeCollection(name, schema, collection))
              return {
                get: collection.get,
                entries: collection.entries,
                page: collection.page,
                put: (key, value) => write(collection.put(key, value)),
                remove: (key) => write(collection.remove(key))
              }
            }
          },
          end: exclusive(Effect.sync(() => {
            ended = true
          }))
        }
      }),
      save: exclusive(Effect.suspend(() =>
        Effect.map(
          Effect.forEach(collections, ([name, { save }]) => Effect.map(save, (entries) => [name, entries] as const)),
          (all) => Object.fromEntries(all)
        )
      )),
      load: (content) =>
        Effect.suspend(() =>
          Effect.map(
            Effect.forEach(collections, ([name, { load }]) => load(content[name] ?? [])),
            (writes) => exclusive(Effect.all(writes, { discard: true }))
          )
        )
    }
  })
