/**
 * A vault of the local backend on disk. Workload identities, credential providers, users' tokens, consent sessions and the key of workload
 * access tokens survive the process. An acknowledged write survives `kill -9` too. It needs the package `lmdb`.
 *
 * The vault is one file, written by LMDB. Names are `<collection>/<HMAC>`: without the key, a reader of the file sees the collections, and
 * the number and size of their entries. Values are JWEs (`dir`, `A256GCM`). The key is 32 random bytes. It is given as an option, or it is
 * in the file `<path>.key`, which is created with the vault and has to be closed to other users (mode 600). LMDB keeps its locks in
 * `<path>-lock`.
 *
 * All of them are regular files. A symbolic link, a pipe and a vault with several hard links are rejected: the lock is for one name. Only
 * the key file may be a link.
 *
 * One process at a time uses a vault: a second one would not see the writes of the first one. The file `<path>.pid` names that process. A
 * second process fails with `InUse`. The file of a process that was killed is replaced. If that process ran in another container or on
 * another host, the next one waits for 15 seconds first.
 *
 * On a full disk, writes fail with a `VaultStoreError`, and reads go on. The file ends with up to 400 kB of zeros, which the next writes
 * use.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { readVariable } from "../internal/environment.js"
import * as KeyedLock from "../internal/keyedLock.js"
import { VaultFileError } from "./vaultFile/error.js"
import * as File from "./vaultFile/file.js"
import * as SortedMap from "./vaultFile/sortedMap.js"
import * as VaultStore from "./VaultStore.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * The file, and its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The file. Its directory has to exist. */
  readonly path: string
  /** 32 bytes in base64url. Default: the key in the file `<path>.key`. */
  readonly key?: Redacted.Redacted | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

export {
  /**
   * A vault was not opened. Nothing in it was changed, and no file was created.
   *
   * - `MissingPackage`: `lmdb` is not installed
   * - `Unusable`: the path is not the path of a file that can be written, or the disk is full
   * - `InUse`: another process uses the vault. The message names it.
   * - `InvalidKey`: the key is not 32 bytes in base64url, or its file is open to other users or cannot be read
   * - `WrongKey`: the vault was written under another key, or its key file is missing
   * - `UnknownFormat`: another version of the package wrote the vault
   * - `Damaged`: the file is not a vault, or parts of it are missing or changed
   *
   * @since 0.1.0
   * @category errors
   */
  VaultFileError
}

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

const makeCollection = <A, I>(
  name: string,
  schema: Schema.Codec<A, I>,
  values: SortedMap.SortedMap<unknown>,
  file: File.VaultFile,
  lock: KeyedLock.KeyedLock
): VaultStore.Collection<A> => {
  const decodeValue = Schema.decodeUnknownEffect(schema)
  const encodeValue = Schema.encodeEffect(schema)
  const decode = (value: unknown) =>
    Effect.mapError(
      decodeValue(value),
      () => new VaultStore.VaultStoreError({ message: `another version of the package wrote an entry of '${name}'` })
    )
  const encode = (value: A) =>
    Effect.mapError(
      encodeValue(value),
      () => new VaultStore.VaultStoreError({ message: `'${name}' cannot be encoded` })
    )
  // File and memory get the changes of an entry in the same order. A change that has begun is finished.
  const change = (key: string, effect: Effect.Effect<void, VaultStore.VaultStoreError>) =>
    lock(JSON.stringify([name, key]), Effect.uninterruptible(effect))
  const readPage = (after: string | undefined, limit: number) =>
    Effect.suspend(() =>
      Effect.forEach(
        values.page(after, limit),
        ([key, value]) => Effect.map(decode(value), (decoded) => [key, decoded] as const)
      )
    )
  return {
    get: (key) => Effect.suspend(() => values.has(key) ? Effect.asSome(decode(values.get(key))) : Effect.succeedNone),
    put: (key, value) =>
      Effect.flatMap(encode(value), (encoded) =>
        change(
          key,
          Effect.map(file.put({ collection: name, key, value: encoded }), () => void values.set(key, encoded))
        )),
    remove: (key) => change(key, Effect.map(file.remove(name, key), () => void values.delete(key))),
    entries: readPage(undefined, Infinity),
    page: ({ after, limit }) => readPage(after, limit)
  }
}

/**
 * Opens a vault, or creates it if it is missing. The scope closes it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<VaultStore.Service, VaultFileError, Scope.Scope> =>
  Effect.gen(function*() {
    const file = yield* File.open(options.path, options.key)
    const lock = yield* KeyedLock.make
    // As JSON: a decoded value lives as long as a request.
    const collections = new Map<string, SortedMap.SortedMap<unknown>>()
    const valuesOf = (name: string) => {
      const values = collections.get(name) ?? SortedMap.make<unknown>()
      collections.set(name, values)
      return values
    }
    for (const { collection, key, value } of file.entries) valuesOf(collection).set(key, value)
    return { collection: (name, schema) => makeCollection(name, schema, valuesOf(name), file, lock) }
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
  Layer.effect(VaultStore.VaultStore, make(options))

/**
 * The same, with the key from `AGENTCORE_LOCAL_VAULT_KEY` if that is set.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Omit<Options, "key">
): Layer.Layer<VaultStore.VaultStore, VaultFileError | Config.ConfigError> =>
  Layer.unwrap(Effect.map(
    readVariable(Config.Redacted, "AGENTCORE_LOCAL_VAULT_KEY"),
    (key) => layer({ ...options, key: Option.getOrUndefined(key) })
  ))
