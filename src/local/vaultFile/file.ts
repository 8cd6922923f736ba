/** The vault file: locked, checked, then opened, read once as a whole, and written through. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { RootDatabase } from "lmdb"
import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"
import * as ProcessLock from "../internal/processLock.js"
import * as SafeFile from "../internal/safeFile.js"
import { VaultStoreError } from "../VaultStore.js"
import * as Space from "./diskSpace.js"
import { systemError, type VaultFileError, vaultFileError } from "./error.js"
import * as Key from "./key.js"
import * as Probe from "./probe.js"
import * as Sealing from "./sealing.js"

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

/** Undoes what the build of a layer has done, if the build fails or is interrupted. */
interface Undo {
  readonly add: (action: () => Promise<unknown>) => Effect.Effect<void>
  /** The build has succeeded. */
  readonly forget: Effect.Effect<void>
}

const makeUndo: Effect.Effect<Undo, never, Scope.Scope> = Effect.gen(function*() {
  let actions: ReadonlyArray<() => Promise<unknown>> = []
  yield* Effect.addFinalizer(() =>
    Effect.forEach(actions, (action) => Effect.ignore(Effect.tryPromise(action)), { discard: true })
  )
  return {
    add: (action) =>
      Effect.sync(() => {
        actions = [action, ...actions]
      }),
    forget: Effect.sync(() => {
      actions = []
    })
  }
})

// The name of the file is in the message, because a vault has several.
const mapFileError = (path: string, file: string) => (code: string): VaultFileError =>
  vaultFileError(
    path,
    "Unusable",
    code === "EISDIR"
      ? `${file} is a directory, and has to be a file`
      : code === "ENOENT"
      ? `the directory ${dirname(file)} does not exist`
      : code === "EMLINK"
      ? `${file} has several hard links, and each of them could be opened as a vault of its own: remove the others`
      : `${file} cannot be written: ${new SafeFile.SafeFileError({ code }).message}`
  )

/**
 * Creates the file if it is missing, and returns whether it is empty. LMDB would make it readable for all users.
 *
 * `size` is the number of bytes that an empty file needs. They are written: LMDB ends the process if there is no space for them. A file
 * that stays `empty` is truncated afterwards.
 */
const touch = (
  path: string,
  file: string,
  undo: Undo,
  { empty, size }: { readonly size: number; readonly empty: boolean }
): Effect.Effect<boolean, VaultFileError> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const attempt = <A>(action: () => Promise<A>) =>
      Effect.mapError(Effect.tryPromise({ try: action, catch: codeOf }), mapFileError(path, file))
    const isCreated = yield* attempt(async () => {
      try {
        await (await Fs.open(file, "ax", 0o600)).close()
        return true
      } catch (error) {
        if (codeOf(error) === "EEXIST") return false
        throw error
      }
    })
    if (isCreated) yield* undo.add(() => Fs.unlink(file))
    const isEmpty = yield* attempt(async () => {
      const handle = await SafeFile.open(file, constants.O_RDWR | constants.O_APPEND)
      try {
        const { nlink, size: found } = await handle.stat()
        // The lock is for a name. Under another name of the same file, a second process would take a lock of its own.
        if (nlink > 1) throw new SafeFile.SafeFileError({ code: "EMLINK" })
        if (found > 0) return false
        try {
          await handle.writeFile(Buffer.alloc(size))
        } catch (error) {
          await handle.truncate()
          throw error
        }
        if (empty) await handle.truncate()
        return true
      } finally {
        await handle.close()
      }
    })
    if (isEmpty && !isCreated) yield* undo.add(() => Fs.truncate(file))
    return isEmpty
  }))

/** Another process would not see the writes of this one, and would overwrite them. */
const lock = (path: string): Effect.Effect<ProcessLock.Lock, VaultFileError, Scope.Scope> => {
  const file = `${path}.pid`
  return Effect.mapError(ProcessLock.acquire(file), ({ code, holder }) =>
    code === "EEXIST"
      ? vaultFileError(
        path,
        "InUse",
        `${
          holder ?? "another process"
        } uses it. If no such process runs, remove ${file}, and ${file}.recovery if it exists`
      )
      : mapFileError(path, file)(code))
}

const openDatabase = (
  lmdb: typeof import("lmdb"),
  path: string
): Effect.Effect<RootDatabase<string, string>, VaultFileError> =>
  Effect.try({
    try: () =>
      lmdb.open<string, string>({
        path,
        noSubdir: true,
        encoding: "string",
        maxDbs: 1,
        // Without it the promise of a put is fulfilled when the entry is on the disk.
        overlappingSync: false,
        // With it LMDB has a promise of its own for each batch. When that is rejected, nothing handles it, and Node ends the process.
        eventTurnBatching: false
      }),
    catch: (error) => vaultFileError(path, "Unusable", `LMDB does not open it: ${codeOf(error)}`)
  })

/** The error of a put has the reason as a second promise. Unhandled, its rejection would end the process. */
const reasonOf = async (error: unknown): Promise<string> => {
  const reason = hasProperty(error, "commitError")
    ? await Promise.resolve(error.commitError).then(() => error, (reason: unknown) => reason)
    : error
  return (hasProperty(reason, "code") ? systemError(reason.code) : undefined) ?? codeOf(reason)
}

const write = (action: () => Promise<unknown>): Effect.Effect<void, VaultStoreError> =>
  Effect.tryPromise({ try: action, catch: (error) => error }).pipe(
    Effect.asVoid,
    Effect.catch((error) =>
      Effect.flatMap(
        Effect.promise(() => reasonOf(error)),
        (reason) => new VaultStoreError({ message: `the vault file cannot be written: ${reason}` })
      )
    )
  )

const damaged = (path: string): VaultFileError =>
  vaultFileError(path, "Damaged", "another program changed an entry. The vault was not changed")

const formatKey = "format"

/** The layout of names and values in `sealing.ts`. */
const format = 1

/** A sealed value of the format record. It opens under the right key only. */
const check: Sealing.Entry = { collection: "format", key: "check", value: "effect-agentcore-identity" }

const decodeFormat = Schema.decodeOption(
  Schema.fromJsonString(Schema.Struct({ version: Schema.Unknown, check: Schema.String }))
)

/** Checks the format record. It writes the record into an empty database. */
const checkFormat = Effect.fnUntraced(function*(
  path: string,
  db: RootDatabase<string, string>,
  space: Space.Space,
  sealing: Sealing.EntrySealing
): Effect.fn.Return<void, VaultFileError> {
  const text = db.get(formatKey)
  if (text === undefined) {
    if (db.getKeysCount() > 0) return yield* vaultFileError(path, "Damaged", "it is not a vault of the local backend")
    const record = JSON.stringify({ version: format, check: yield* sealing.seal(check) })
    yield* Effect.mapError(
      space.reserve(record.length, write(() => db.put(formatKey, record))),
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

/** In bytes. LMDB creates an empty database of 12 kB. */
const newVaultSize = 64 * 1024

/** In bytes. A record for each of 126 readers. */
const lmdbLockSize = 12 * 1024

/**
 * Opens a vault file, or creates it. It writes nothing before everything in the file is checked. A build that fails, or is interrupted,
 * removes the files that it created.
 */
export const open = Effect.fnUntraced(function*(
  path: string,
  key: Redacted.Redacted | undefined
): Effect.fn.Return<VaultFile, VaultFileError, Scope.Scope> {
  // The package is loaded first: without it no file is created.
  const { lmdb, location } = yield* load(path)
  const givenKey = key === undefined ? undefined : yield* Key.fromOptions(path, key)
  const { isHeld } = yield* lock(path)
  const undo = yield* makeUndo
  const isNew = yield* touch(path, path, undo, { size: newVaultSize, empty: true })
  yield* touch(path, `${path}-lock`, undo, { size: lmdbLockSize, empty: false })
  // A damaged vault is reported before a missing key. A new vault has its key before its first byte: a process that is killed in between
  // leaves a vault that opens.
  if (!isNew) yield* Probe.run(location, path, isNew)
  const secret = givenKey ?? (yield* Key.load(path, isNew, undo.add))
  if (isNew) yield* Probe.run(location, path, isNew)
  const sealing = yield* Sealing.make(secret)
  const db = yield* Effect.acquireRelease(openDatabase(lmdb, path), (db) => Effect.promise(() => db.close()))
  const space = yield* Space.make(path, db)
  yield* checkFormat(path, db, space, sealing)
  const entries = yield* readAll(path, db, sealing)
  yield* undo.forget
  const change = (size: number, action: () => Promise<unknown>): Effect.Effect<void, VaultStoreError> =>
    Effect.suspend(() =>
      isHeld()
        ? space.reserve(size, write(action))
        : new VaultStoreError({ message: "the vault file is no longer written, because its lock file is gone" })
    )
  return {
    entries,
    put: (entry) =>
      Effect.flatMap(
        sealing.seal(entry),
        (sealed) => change(sealed.length, () => db.put(sealing.nameOf(entry.collection, entry.key), sealed))
      ),
    remove: (collection, key) => change(0, () => db.remove(sealing.nameOf(collection, key)))
  }
})
