/**
 * A vault of the local backend on disk. An acknowledged write survives `kill -9`.
 *
 * | file | content |
 * | --- | --- |
 * | `<path>` | the log of the writes (`log.ts`). Without the key, only their number and size can be read. |
 * | `<path>.key` | the key, unless it is an option. It may be a symbolic link, other files may not. |
 * | `<path>.new` | the entries while they replace a log that has grown. Writes wait meanwhile, reads do not. |
 * | `<path>.pid` | the lock of the process that uses the vault (`processLock.ts`) |
 * | `<path>.torn` | a copy of a vault whose last write was incomplete, which is dropped with a warning |
 *
 * On a full disk, writes fail, and reads still work. All damage is an error, except that a file that was cut off after
 * a write looks like an earlier state of the vault, because nothing outside the file counts its writes.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { readVariable } from "../../internal/environment.js"
import * as File from "./openVault.js"
import type { VaultFileError } from "./openVault.js"
import * as VaultStore from "./vaultStore.js"
import type { VaultFile } from "./writer.js"

export interface Options {
  /** The file, which is created if it is missing. Its directory has to exist. */
  readonly path: string
  /**
   * 32 random bytes in base64 or hex, such as the output of `openssl rand -base64 32`. Default: the key in the file
   * `<path>.key`, which is created with the vault.
   */
  readonly key?: Redacted.Redacted | undefined
}

const makeCollection = <A, I>(
  name: string,
  schema: Schema.Codec<A, I>,
  file: VaultFile
): VaultStore.Collection<A> => {
  const entries = file.entriesOf(name)
  const decodeValue = Schema.decodeUnknownEffect(schema)
  const encodeValue = Schema.encodeEffect(schema)
  const fail = (message: string) => () => new VaultStore.VaultStoreError({ message })
  const decode = (value: unknown) =>
    Effect.mapError(decodeValue(value), fail(`another version of the package wrote an entry of '${name}'`))
  const encode = (value: A) => Effect.mapError(encodeValue(value), fail(`'${name}' cannot be encoded`))
  const readPage = (after: string | undefined, limit: number) =>
    Effect.suspend(() =>
      Effect.forEach(
        entries.page(after, limit),
        ([key, { value }]) => Effect.map(decode(value), (decoded) => [key, decoded] as const)
      )
    )
  return {
    get: (key) =>
      Effect.suspend(() => {
        const entry = entries.get(key)
        return entry === undefined ? Effect.succeedNone : Effect.asSome(decode(entry.value))
      }),
    put: (key, value) => Effect.flatMap(encode(value), (encoded) => file.write([name, key, encoded])),
    remove: (key) => file.write([name, key]),
    entries: readPage(undefined, Infinity),
    page: ({ after, limit }) => readPage(after, limit)
  }
}

/** Opens a vault, or creates it if it is missing. The scope closes it. */
export const make = (options: Options): Effect.Effect<VaultStore.VaultStore["Service"], VaultFileError, Scope.Scope> =>
  Effect.map(File.open(options.path, options.key), (file) => ({
    collection: (name, schema) => makeCollection(name, schema, file)
  }))

export const layer = (options: Options): Layer.Layer<VaultStore.VaultStore, VaultFileError> =>
  Layer.effect(VaultStore.VaultStore, make(options))

/** The vault as a layer. If `AGENTCORE_LOCAL_VAULT_KEY` is set, it is the key. */
export const layerConfig = (
  options: Omit<Options, "key">
): Layer.Layer<VaultStore.VaultStore, VaultFileError | Config.ConfigError> =>
  Layer.unwrap(Effect.map(
    readVariable(Config.Redacted, "AGENTCORE_LOCAL_VAULT_KEY"),
    (key) => layer({ ...options, key: Option.getOrUndefined(key) })
  ))
