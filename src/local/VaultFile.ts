/**
 * A vault of the local backend on disk: workload identities, providers, users' tokens, consent sessions and the key of workload
 * access tokens survive the process, `kill -9` included: what was acknowledged is on the disk. Needs the package `lmdb`.
 *
 * One file, LMDB. Names are `<collection>/<HMAC>`: which kinds of things are in it, how many and how large, can be seen without
 * the key, and nothing else. Values are JWEs (`dir`, `A256GCM`). The key is 32 random bytes, given or in a file beside the vault,
 * `<path>.key`, which is made with the vault and has to be closed to others (mode 600). LMDB keeps its locks in `<path>-lock`.
 *
 * A vault is for one process at a time: a second one would not see what the first one writes.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as KeyedLock from "../internal/keyedLock.js"
import * as File from "./vaultFile/file.js"
import * as VaultStore from "./VaultStore.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * - `path`: the file. Its directory has to be there.
 * - `key`: 32 bytes in base64url. Default: the one in the file `<path>.key`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly path: string
  readonly key?: Redacted.Redacted | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * Why a vault was not opened. Nothing in it was changed.
 *
 * - `MissingPackage`: `lmdb` is not installed
 * - `Unusable`: the path is not one of a file that can be written
 * - `InvalidKey`: the key is not 32 bytes in base64url, or its file is open to others or cannot be read
 * - `WrongKey`: it was written under another key, or its key file is gone
 * - `UnknownFormat`: it was written by another version of the package
 * - `Damaged`: it is not a vault, or parts of it are missing or were changed
 *
 * @since 0.1.0
 * @category errors
 */
export class VaultFileError extends Schema.TaggedError<VaultFileError>(
  "effect-agentcore-identity/local/VaultFileError"
)("VaultFileError", {
  reason: Schema.Literal("MissingPackage", "Unusable", "InvalidKey", "WrongKey", "UnknownFormat", "Damaged"),
  path: Schema.String,
  message: Schema.String
}) {}

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => a < b ? -1 : a > b ? 1 : 0

const collectionOf = <A, I>(
  name: string,
  schema: Schema.Schema<A, I>,
  values: Map<string, unknown>,
  file: File.VaultFile,
  lock: KeyedLock.KeyedLock
): VaultStore.Collection<A> => {
  const unreadable = new VaultStore.VaultStoreError({
    message: `an entry of '${name}' was written by another version of the package`
  })
  const decode = (value: unknown) => Effect.mapError(Schema.decodeUnknown(schema)(value), () => unreadable)
  // Disk and memory get the changes of one entry in one order; what has begun is not left half way.
  const change = (key: string, effect: Effect.Effect<void, VaultStore.VaultStoreError>) =>
    lock(JSON.stringify([name, key]), Effect.uninterruptible(effect))
  return {
    get: (key) => Effect.suspend(() => values.has(key) ? Effect.asSome(decode(values.get(key))) : Effect.succeedNone),
    put: (key, value) =>
      Effect.flatMap(
        Effect.mapError(Schema.encode(schema)(value), () =>
          new VaultStore.VaultStoreError({ message: `'${name}' cannot be encoded` })),
        (encoded) =>
          change(
            key,
            Effect.zipRight(
              file.put({ collection: name, key, value: encoded }),
              Effect.sync(() =>
                void values.set(key, encoded)
              )
            )
          )
      ),
    remove: (key) => change(key, Effect.zipRight(file.remove(name, key), Effect.sync(() => void values.delete(key)))),
    entries: Effect.suspend(() =>
      Effect.forEach(
        [...values].sort(byKey),
        ([key, value]) => Effect.map(decode(value), (decoded) => [key, decoded] as const)
      )
    )
  }
}

/**
 * Opens a vault, or makes it where there is none; the scope closes it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<VaultStore.Service, VaultFileError, Scope.Scope> =>
  Effect.gen(function*() {
    const file = yield* Effect.mapError(
      File.open(options.path, options.key),
      ({ message, reason }) =>
        new VaultFileError({
          reason,
          path: options.path,
          message: `The vault ${options.path} cannot be used: ${message}`
        })
    )
    const lock = yield* KeyedLock.make
    // As JSON: what is decoded lives as long as a request.
    const collections = new Map<string, Map<string, unknown>>()
    const valuesOf = (name: string) => {
      const values = collections.get(name) ?? new Map<string, unknown>()
      collections.set(name, values)
      return values
    }
    for (const { collection, key, value } of file.entries) valuesOf(collection).set(key, value)
    return { collection: (name, schema) => collectionOf(name, schema, valuesOf(name), file, lock) }
  })

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * The vault as a layer, for `LocalBackend.layerStore` and `LocalServer.layerStore`.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as VaultFile from "effect-agentcore-identity/local/VaultFile"
 * import * as Layer from "effect/Layer"
 *
 * const server = LocalServer.layerStore({ port: 4020 }).pipe(
 *   Layer.provide(VaultFile.layer({ path: "agentcore.vault" })),
 *   Layer.provide(OAuthClient.layer)
 * )
 */
export const layer = (options: Options): Layer.Layer<VaultStore.VaultStore, VaultFileError> =>
  Layer.scoped(VaultStore.VaultStore, make(options))

/**
 * The same, with the key from `AGENTCORE_LOCAL_VAULT_KEY` where that is set.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Omit<Options, "key">
): Layer.Layer<VaultStore.VaultStore, VaultFileError | ConfigError.ConfigError> =>
  Layer.unwrapEffect(Effect.map(
    Config.option(Config.redacted("AGENTCORE_LOCAL_VAULT_KEY")),
    (key) => layer({ ...options, key: Option.getOrUndefined(key) })
  ))
