/**
 * The vault file: checked, then opened, read once as a whole, and written through.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { RootDatabase } from "lmdb"
import * as Fs from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"
import { VaultStoreError } from "../VaultStore.js"
import { type VaultFileError, vaultFileError } from "./error.js"
import * as Key from "./key.js"
import * as Probe from "./probe.js"
import * as Sealing from "./sealing.js"

/** @internal */
export interface VaultFile {
  /** The entries that were in the file when it was opened. */
  readonly entries: ReadonlyArray<Sealing.Entry>
  /** The entry is on the disk when it succeeds. */
  readonly put: (entry: Sealing.Entry) => Effect.Effect<void, VaultStoreError>
  readonly remove: (collection: string, key: string) => Effect.Effect<void, VaultStoreError>
}

const load = (
  path: string
): Effect.Effect<{ readonly lmdb: typeof import("lmdb"); readonly location: string }, VaultFileError> =>
  loadPackage("lmdb", "open", () => import("lmdb")).pipe(
    Effect.flatMap((lmdb) => Effect.try(() => ({ lmdb, location: createRequire(import.meta.url).resolve("lmdb") }))),
    Effect.mapError(() =>
      vaultFileError(
        path,
        "MissingPackage",
        `it needs the package 'lmdb', which cannot be loaded. Install it with: ${installCommand("lmdb")}`
      )
    )
  )

/** Creates the file if it is missing, and returns whether it is empty. LMDB would make it readable for all users. */
const touch = (path: string, file: string): Effect.Effect<boolean, VaultFileError> =>
  Effect.tryPromise({
    try: async () => {
      const handle = await Fs.open(file, "a+", 0o600)
      try {
        const stats = await handle.stat()
        return { isFile: stats.isFile(), isEmpty: stats.size === 0 }
      } finally {
        await handle.close()
      }
    },
    catch: (error) => {
      const code = codeOf(error)
      return vaultFileError(
        path,
        "Unusable",
        code === "EISDIR"
          ? `${file} is a directory, and has to be a file`
          : code === "ENOENT"
          ? `the directory ${dirname(file)} does not exist`
          : `${file} cannot be opened for writing: ${code}`
      )
    }
  }).pipe(
    Effect.flatMap(({ isEmpty, isFile }) =>
      isFile ? Effect.succeed(isEmpty) : vaultFileError(path, "Unusable", `${file} has to be a regular file`)
    )
  )

const openDatabase = (
  lmdb: typeof import("lmdb"),
  path: string
): Effect.Effect<RootDatabase<string, string>, VaultFileError> =>
  Effect.try({
    // Without `overlappingSync` the promise of a put is fulfilled when the entry is on the disk.
    try: () => lmdb.open({ path, noSubdir: true, encoding: "string", overlappingSync: false, maxDbs: 1 }),
    catch: (error) => vaultFileError(path, "Unusable", `LMDB does not open it: ${codeOf(error)}`)
  })

const write = <A>(action: () => Promise<A>): Effect.Effect<A, VaultStoreError> =>
  Effect.tryPromise({
    try: action,
    catch: (error) => new VaultStoreError({ message: `the vault file cannot be written: ${codeOf(error)}` })
  })

const damaged = (path: string): VaultFileError =>
  vaultFileError(path, "Damaged", "another program changed an entry. The vault was not changed")

const formatKey = "format"

/** The layout of names and values in `sealing.ts`. */
const format = 1

/** A sealed value of the format record. It opens under the right key only. */
const check: Sealing.Entry = { collection: "format", key: "check", value: "effect-agentcore-identity" }

const decodeFormat = Schema.decodeOption(
  Schema.parseJson(Schema.Struct({ version: Schema.Unknown, check: Schema.String }))
)

/** Checks the format record. It writes the record into an empty database. */
const checkFormat = Effect.fnUntraced(function*(
  path: string,
  db: RootDatabase<string, string>,
  sealing: Sealing.EntrySealing
): Effect.fn.Return<void, VaultFileError> {
  const text = db.get(formatKey)
  if (text === undefined) {
    if (db.getKeysCount() > 0) return yield* vaultFileError(path, "Damaged", "it is not a vault of the local backend")
    const record = JSON.stringify({ version: format, check: yield* sealing.seal(check) })
    yield* Effect.mapError(
      write(() => db.put(formatKey, record)),
      ({ message }) => vaultFileError(path, "Unusable", message)
    )
    return
  }
  const record = Option.getOrUndefined(decodeFormat(text))
  if (record === undefined) return yield* damaged(path)
  if (record.version !== format) {
    const version = typeof record.version === "number" ? record.version : "unknown"
    return yield* vaultFileError(
      path,
      "UnknownFormat",
      `its format is ${version}, and this program knows ${format}: another version of the package wrote it`
    )
  }
  yield* Effect.mapError(
    sealing.open(sealing.nameOf(check.collection, check.key), record.check),
    () => vaultFileError(path, "WrongKey", "it was written under another key")
  )
})

const readAll = (
  path: string,
  db: RootDatabase<string, string>,
  sealing: Sealing.EntrySealing
): Effect.Effect<ReadonlyArray<Sealing.Entry>, VaultFileError> =>
  Effect.forEach(
    [...db.getRange()].filter(({ key }) => key !== formatKey),
    ({ key, value }) => sealing.open(key, value),
    { concurrency: 64 }
  ).pipe(Effect.mapError(() => damaged(path)))

/**
 * Opens a vault file, or creates it. It writes nothing before everything in the file is checked.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(
  path: string,
  key: Redacted.Redacted | undefined
): Effect.fn.Return<VaultFile, VaultFileError, Scope.Scope> {
  // The package is loaded first: without it no file is created.
  const { lmdb, location } = yield* load(path)
  const givenKey = key === undefined ? undefined : yield* Key.fromOptions(path, key)
  const isNew = yield* touch(path, path)
  // LMDB ends the process if it cannot open its lock file.
  yield* touch(path, `${path}-lock`)
  if (!isNew) yield* Probe.run(location, path)
  const sealing = yield* Sealing.make(givenKey ?? (yield* Key.load(path, isNew)))
  const db = yield* Effect.acquireRelease(openDatabase(lmdb, path), (db) => Effect.promise(() => db.close()))
  yield* checkFormat(path, db, sealing)
  const entries = yield* readAll(path, db, sealing)
  return {
    entries,
    put: (entry) =>
      Effect.flatMap(
        sealing.seal(entry),
        (sealed) => Effect.asVoid(write(() => db.put(sealing.nameOf(entry.collection, entry.key), sealed)))
      ),
    remove: (collection, key) => Effect.asVoid(write(() => db.remove(sealing.nameOf(collection, key))))
  }
})
