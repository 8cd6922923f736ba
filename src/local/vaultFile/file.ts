/**
 * The vault file: a log of sealed changes. It is read once, then changes are appended.
 *
 * | line | content |
 * | --- | --- |
 * | `effect-agentcore-identity vault 1 <id> <JWE>` | the format, a random id, the number of lines of the first write |
 * | JWE of `[1, ...changes]` | one write to the disk, and its number, so that no line can be moved or removed |
 * | JWE of `[2, ...changes]` | the next write |
 *
 * A crash can leave the last line incomplete. Its write was not acknowledged, so it is dropped. Opening a vault writes
 * its entries into `<path>.new`, which then replaces the file.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import * as Sealing from "../../internal/sealing.js"
import * as ProcessLock from "../internal/processLock.js"
import * as SafeFile from "../internal/safeFile.js"
import { VaultStoreError } from "../VaultStore.js"
import * as SortedMap from "./sortedMap.js"

/** `value` is JSON. A change without a value removes the entry. */
export type Change = readonly [collection: string, key: string, value?: unknown]

export interface VaultFile {
  /** The entries of a collection. Their values are JSON. */
  readonly entriesOf: (collection: string) => SortedMap.SortedMap<unknown>
  /** When it succeeds, the change is on the disk and among the entries. It is uninterruptible. */
  readonly write: (change: Change) => Effect.Effect<void, VaultStoreError>
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

export class VaultFileError extends Schema.TaggedError<VaultFileError>()("VaultFileError", {
  reason: Schema.Literals(["Unusable", "InUse", "InvalidKey", "WrongKey", "UnknownFormat", "Damaged"]),
  path: Schema.String,
  message: Schema.String
}) {}

/** `path` is the path of the vault, also for an error of its key file. */
const vaultFileError = (path: string, reason: VaultFileError["reason"], detail: string): VaultFileError =>
  new VaultFileError({ reason, path, message: `The vault ${path} cannot be used: ${detail}` })

/** Fails with the code of the error. It is uninterruptible, so that the file that it opens is always closed. */
const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.uninterruptible(Effect.tryPromise({ try: action, catch: codeOf }))

/** The messages name the file, because a vault consists of several files. */
const mapFileError = (path: string, file: string) => (code: string): VaultFileError =>
  vaultFileError(
    path,
    "Unusable",
    code === "EISDIR"
      ? `${file} is a directory, and has to be a file`
      : code === "ENOENT"
      ? `the directory ${dirname(file)} does not exist`
      : code === "EMLINK"
      ? `${file} has several hard links, and each of them could be opened as a separate vault: remove the others`
      : code === "EBUSY"
      ? `${path} cannot be replaced (EBUSY). If it is a mount of a container, mount its directory instead`
      : `${file} cannot be written: ${new SafeFile.SafeFileError({ code }).message}`
  )

// -----------------------------------------------------------------------------
// Lock
// -----------------------------------------------------------------------------

/** Another process would not see the writes of this one, and would overwrite them. */
const lock = (path: string) => {
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

// -----------------------------------------------------------------------------
// Key
// -----------------------------------------------------------------------------

const parseKey = (path: string, text: string, name: string): Effect.Effect<Uint8Array, VaultFileError> =>
  Effect.mapError(
    Effect.fromResult(Sealing.parseSecret(text, name)),
    (detail) => vaultFileError(path, "InvalidKey", detail)
  )

/** Returns undefined if there is no key file. */
const readKey = Effect.fnUntraced(function*(path: string) {
  const keyPath = `${path}.key`
  const toError = (problem: string) => vaultFileError(path, "InvalidKey", `The key file ${keyPath} ${problem}`)
  // A link may lead to the key, as in a volume of secrets.
  const found = yield* SafeFile.read(keyPath, { follow: true }).pipe(
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined)),
    Effect.mapError(({ message }) => toError(`cannot be read: ${message}`))
  )
  if (found === undefined) return undefined
  // Windows has no permission bits.
  const mode = Number(found.stats.mode) & 0o777
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    return yield* toError(`is open to other users (mode ${mode.toString(8)}): chmod 600 it`)
  }
  return yield* parseKey(path, found.bytes.toString("utf8"), `The key in ${keyPath}`)
})

/** Creates the key of a new vault. Its directory is synchronized later, with the name of the vault. */
const createKey = (path: string): Effect.Effect<Uint8Array, VaultFileError> => {
  const secret = randomBytes(Sealing.secretSize)
  return SafeFile.write(`${path}.key`, `${secret.toString("base64url")}\n`).pipe(
    Effect.as(secret),
    Effect.mapError(({ message }) =>
      vaultFileError(path, "Unusable", `The key file ${path}.key cannot be written: ${message}`)
    )
  )
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

const version = "1"

const headerPattern = /^effect-agentcore-identity vault (\S+)(?: ([\w-]+) (\S+)\n)?/

/** In bytes. A header has about 150 bytes. */
const maxHeaderSize = 512

/** Derives the key of one file. It does not open a line of another file, or of an earlier state of the vault. */
const makeLineKey = (secret: Uint8Array, id: string): Effect.Effect<CryptoKey> =>
  Sealing.importKey(Sealing.deriveKey(secret, `vault ${version} ${id}`))

type Header = Exclude<Effect.Success<ReturnType<typeof find>>, undefined>["header"] & {}

/** Opens the file. Returns undefined if it does not exist. Only an empty file has no header. */
const find = Effect.fnUntraced(function*(path: string) {
  const toError = mapFileError(path, path)
  const file = yield* Effect.acquireRelease(
    attempt(() => SafeFile.open(path, constants.O_RDWR)).pipe(
      Effect.catchIf((code) => code === "ENOENT", () => Effect.succeed(undefined))
    ),
    (file) => Effect.promise(async () => file?.close())
  ).pipe(Effect.mapError(toError))
  if (file === undefined) return undefined
  const { nlink, text } = yield* Effect.mapError(
    attempt(async () => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxHeaderSize), 0, maxHeaderSize, 0)
      return { nlink: (await file.stat()).nlink, text: buffer.toString("latin1", 0, bytesRead) }
    }),
    toError
  )
  // The lock is for one name. Under another name of the same file, a second process would acquire another lock.
  if (nlink > 1) return yield* toError("EMLINK")
  if (text === "") return { file, header: undefined }
  const [header, found, id, lines] = headerPattern.exec(text) ?? []
  if (header !== undefined && found !== version) {
    return yield* vaultFileError(
      path,
      "UnknownFormat",
      `its format is ${found}, and this program knows ${version}: another version of the package wrote it`
    )
  }
  if (header === undefined || id === undefined || lines === undefined) {
    return yield* vaultFileError(path, "Damaged", "it is not a vault of the local backend. It was not changed")
  }
  // `lines` is the sealed number of lines that were written with the header. `size` is in bytes.
  return { file, header: { id, lines, size: header.length } }
})

/** Reads the changes of all lines, in their order. */
const readChanges = Effect.fnUntraced(function*(
  path: string,
  file: Fs.FileHandle,
  header: Header,
  secret: Uint8Array,
  apply: (change: Change) => void
) {
  const key = yield* makeLineKey(secret, header.id)
  const written = yield* Effect.mapError(
    Sealing.open(header.lines, () => key),
    () => vaultFileError(path, "WrongKey", "it was written under another key")
  )
  const damaged = vaultFileError(path, "Damaged", "a part of it is missing or was changed. The vault was not changed")
  let [next, isTorn] = [1, false]
  yield* Stream.fromAsyncIterable(
    file.readLines({ autoClose: false, encoding: "latin1", start: header.size }),
    codeOf
  ).pipe(
    Stream.mapError(mapFileError(path, path)),
    Stream.mapEffect((line) => Effect.option(Sealing.open(line, () => key)), { concurrency: 16 }),
    Stream.runForEach((content) => {
      if (isTorn) return damaged
      const line = Option.getOrUndefined(content)
      if (Array.isArray(line) && line[0] === next) {
        // Every line that opens under the key was written by `makeLog`.
        for (const change of line.slice(1) as Array<Change>) apply(change)
        next++
      } else {
        isTorn = true
      }
      return Effect.void
    })
  )
  if (next <= Number(written)) return yield* damaged
  if (isTorn) yield* Effect.logWarning(`The last write to the vault ${path} is incomplete and was dropped`)
})

// -----------------------------------------------------------------------------
// Writing
// -----------------------------------------------------------------------------

type Log = ReturnType<typeof makeLog>

const makeLog = (file: Fs.FileHandle, key: CryptoKey, lines: number, start: number) => {
  let [next, size, isTorn] = [lines, start, false]
  const append = async (line: string): Promise<void> => {
    try {
      if (isTorn) await file.truncate(size)
      isTorn = true
      await file.appendFile(line)
      await file.datasync()
      isTorn = false
    } catch (error) {
      // A full disk can contain a part of the line.
      await file.truncate(size).catch(() => undefined)
      throw error
    }
    next++
    size += line.length
  }
  return {
    /** Seals the changes as the next line. They are on the disk when it succeeds. */
    append: (changes: ReadonlyArray<Change>) =>
      Effect.flatMap(Sealing.seal([next, ...changes], key), (sealed) => attempt(() => append(`${sealed}\n`))),
    /** In bytes. */
    size: () => size,
    close: Effect.promise(() => file.close())
  }
}

const changesPerLine = 500

/** Writes a new file, which then replaces the old one. After a crash the vault is one of the two. */
const replace = (path: string, secret: Uint8Array, changes: ReadonlyArray<Change>) =>
  Effect.uninterruptible(Effect.gen(function*() {
    const id = randomBytes(16).toString("base64url")
    const key = yield* makeLineKey(secret, id)
    const temporary = `${path}.new`
    const file = yield* attempt(async () => {
      await Fs.rm(temporary, { force: true })
      return Fs.open(temporary, "ax", 0o600)
    })
    const lines = Math.ceil(changes.length / changesPerLine)
    return yield* Effect.gen(function*() {
      let size = 0
      const write = (line: string) => {
        size += line.length
        return attempt(() => file.appendFile(line))
      }
      yield* write(`effect-agentcore-identity vault ${version} ${id} ${yield* Sealing.seal(lines, key)}\n`)
      for (let line = 0; line < lines; line++) {
        const part = changes.slice(line * changesPerLine, (line + 1) * changesPerLine)
        yield* write(`${yield* Sealing.seal([line + 1, ...part], key)}\n`)
      }
      yield* attempt(async () => {
        await file.sync()
        await Fs.rename(temporary, path)
      })
      return makeLog(file, key, lines + 1, size)
    }).pipe(Effect.onError(() =>
      Effect.promise(async () => {
        await file.close()
        await Fs.rm(temporary, { force: true })
      })
    ))
  }))

/** Synchronizes the names of the files, which a power failure could lose. Windows does not open directories. */
const syncDirectory = (path: string): Effect.Effect<void, string> =>
  attempt(async () => {
    if (process.platform === "win32") return
    await SafeFile.use(await Fs.open(dirname(path), "r"), (directory) => directory.sync())
  })

// -----------------------------------------------------------------------------
// Entries
// -----------------------------------------------------------------------------

const makeEntries = () => {
  const collections = new Map<string, SortedMap.SortedMap<unknown>>()
  const of = (collection: string) => {
    const entries = collections.get(collection) ?? SortedMap.make<unknown>()
    collections.set(collection, entries)
    return entries
  }
  return {
    of,
    apply: ([collection, key, ...value]: Change) =>
      value.length === 0 ? of(collection).delete(key) : of(collection).set(key, value[0]),
    /** Returns the changes that create all entries. */
    changes: () =>
      [...collections].flatMap(([collection, entries]) =>
        Array.from(entries.all(), ([key, value]): Change => [collection, key, value])
      )
  }
}

// -----------------------------------------------------------------------------
// Vault
// -----------------------------------------------------------------------------

/** The size, in bytes, at which the log of an open vault is rewritten without outdated changes. */
const maxSizeOf = (log: Log): number => Math.max(16 * 1024 * 1024, 4 * log.size())

/** Commits one batch at a time. The changes of all fibers that wait are the next batch. */
const makeWrite = (
  semaphore: Semaphore.Semaphore,
  commit: (changes: ReadonlyArray<Change>) => Effect.Effect<void, VaultStoreError>
): VaultFile["write"] => {
  let next: { readonly changes: Array<Change>; readonly done: Deferred.Deferred<void, VaultStoreError> } | undefined
  return (change) =>
    Effect.uninterruptible(Effect.suspend(() => {
      if (next !== undefined) {
        next.changes.push(change)
        return Deferred.await(next.done)
      }
      const { changes, done } = next = { changes: [change], done: Deferred.makeUnsafe<void, VaultStoreError>() }
      return semaphore.withPermits(1)(Effect.suspend(() => {
        next = undefined
        return commit(changes)
      })).pipe(Effect.onExit((exit) => Deferred.done(done, exit)))
    }))
}

/**
 * Opens a vault file, or creates it. It writes nothing until the whole file is checked. If it fails or is interrupted,
 * it removes the files that it created.
 */
export const open = Effect.fnUntraced(function*(
  path: string,
  key: Redacted.Redacted | undefined
): Effect.fn.Return<VaultFile, VaultFileError, Scope.Scope> {
  const givenSecret = key === undefined ? undefined : yield* parseKey(path, Redacted.value(key), "The key")
  const { isHeld } = yield* lock(path)
  const undo: Array<() => Promise<unknown>> = []
  yield* Effect.addFinalizer(() => Effect.forEach(undo, (action) => Effect.ignore(attempt(action)), { discard: true }))
  const create = <A, E>(effect: Effect.Effect<A, E>, remove: () => Promise<unknown>): Effect.Effect<A, E> =>
    Effect.uninterruptible(Effect.tap(effect, () => Effect.sync(() => undo.unshift(remove))))

  const entries = makeEntries()
  const { found, secret } = yield* Effect.scoped(Effect.gen(function*() {
    const found = yield* find(path)
    const stored = givenSecret ?? (yield* readKey(path))
    if (found?.header === undefined) {
      // If the process is killed after this, it leaves a key without a vault. The next process uses the key.
      return { found, secret: stored ?? (yield* create(createKey(path), () => Fs.unlink(`${path}.key`))) }
    }
    if (stored === undefined) {
      return yield* vaultFileError(
        path,
        "WrongKey",
        `The vault exists, but its key file ${path}.key does not: restore the file, or give the key`
      )
    }
    yield* readChanges(path, found.file, found.header, stored, entries.apply)
    return { found, secret: stored }
  }))

  const rewrite = Effect.suspend(() => replace(path, secret, entries.changes()))
  const semaphore = Semaphore.makeUnsafe(1)
  const current = yield* Effect.acquireRelease(
    Effect.map(
      found === undefined
        ? create(rewrite, () => Fs.unlink(path))
        : found.header === undefined
        ? create(rewrite, () => Fs.truncate(path))
        : rewrite,
      (log) => ({ log, maxSize: maxSizeOf(log) })
    ),
    (current) =>
      semaphore.withPermits(1)(Effect.suspend(() => {
        // A later write fails, and must not replace the file.
        current.maxSize = Infinity
        return current.log.close
      }))
  ).pipe(Effect.tap(() => syncDirectory(path)), Effect.mapError(mapFileError(path, `${path}.new`)))
  undo.length = 0

  // Whether the name of the file refers to the current log after a power failure.
  let isNamed = true
  const compact = Effect.gen(function*() {
    const { log } = current
    current.log = yield* rewrite
    isNamed = false
    yield* log.close
  })
  const toStoreError = (code: string) => new VaultStoreError({ message: `the vault file cannot be written: ${code}` })
  const commit = Effect.fnUntraced(function*(changes: ReadonlyArray<Change>) {
    if (!isHeld()) {
      return yield* new VaultStoreError({
        message: "the vault file is no longer written, because its lock file is gone"
      })
    }
    if (current.log.size() > current.maxSize) {
      // If the disk has no space for it, the log continues to grow.
      yield* Effect.ignore(compact)
      current.maxSize = maxSizeOf(current.log)
    }
    if (!isNamed) {
      yield* Effect.mapError(syncDirectory(path), toStoreError)
      isNamed = true
    }
    yield* Effect.mapError(current.log.append(changes), toStoreError)
    changes.forEach(entries.apply)
  })
  return { entriesOf: entries.of, write: makeWrite(semaphore, commit) }
})
