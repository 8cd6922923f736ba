/**
 * A vault of the local backend on disk. Workload identities, credential providers, users' tokens, consent sessions, the
 * key of workload access tokens and the keys of STS survive the process. An acknowledged write survives `kill -9` too.
 *
 * The vault is one file, a log with one line for each write to the disk, sealed with AES-256-GCM. Without the key, a
 * reader of the file sees only the number and size of the writes. The key is 32 random bytes. It is an option, or the
 * content of the file `<path>.key`. That file is created with the vault. Other users must not be able to read it (mode
 * 600).
 *
 * When the vault is opened, and when its file has grown to four times the size of its entries, they are written into
 * `<path>.new`, which then replaces the file. Writes wait meanwhile, reads do not. So the directory has to be writable,
 * and needs space for a second file.
 *
 * All of them are regular files. A symbolic link, a pipe and a vault with several hard links are rejected, because the
 * lock is for one name. Only the key file may be a link.
 *
 * Only one process at a time uses a vault, because a second process would not see the writes of the first one. The file
 * `<path>.pid` names the process that uses it. A second process fails with `InUse`. The file of a killed process is
 * replaced. If that process ran in another container or on another host, the next process waits for 15 seconds first.
 *
 * On a full disk, writes fail with a `VaultStoreError`, and reads still work. A last write that is incomplete after a
 * crash was never acknowledged. It is dropped with a warning, and `<path>.torn` is a copy of the file before. All other
 * damage is an error, with one exception: a file that was cut off behind a write looks like an earlier state of the
 * vault, because nothing outside the file counts its writes.
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

/** The file, and its key. */
export interface Options {
  /** The file. Its directory has to exist. */
  readonly path: string
  /**
   * 32 random bytes in base64 or hex, such as the output of `openssl rand -base64 32`. Default: the key in the file
   * `<path>.key`.
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
