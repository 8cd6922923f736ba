/** Opens the file of a vault: its lock, its key and its content. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Sealing from "../../internal/sealing.js"
import * as ProcessLock from "../internal/processLock.js"
import * as SafeFile from "../internal/safeFile.js"
import * as Log from "./log.js"
import * as Writer from "./writer.js"

/**
 * The vault was not opened. Nothing in it was changed, and no file was created.
 *
 * - `Unusable`: the path is not a file that can be written, or the disk is full
 * - `InUse`: another process uses the vault. The message names it.
 * - `InvalidKey`: the key is not 32 bytes in base64 or hex, or its file is open to other users or cannot be read
 * - `WrongKey`: the vault was written under another key, or its key file is missing
 * - `UnknownFormat`: another version of the package wrote the vault
 * - `Damaged`: the file is empty or not a vault, or parts of it are missing or changed
 */
export class VaultFileError extends Schema.TaggedError<VaultFileError>()("VaultFileError", {
  reason: Schema.Literals(["Unusable", "InUse", "InvalidKey", "WrongKey", "UnknownFormat", "Damaged"]),
  path: Schema.String,
  message: Schema.String
}) {}

/** `path` is the path of the vault, also for an error of its key file. */
const vaultFileError = (path: string, reason: VaultFileError["reason"], detail: string): VaultFileError =>
  new VaultFileError({ reason, path, message: `The vault ${path} cannot be used: ${detail}` })

/** The messages name the file, because a vault consists of several files. */
const mapFileError = (path: string, file: string) => (code: string): VaultFileError =>
  vaultFileError(path, "Unusable", `${file} cannot be written: ${new SafeFile.SafeFileError({ code }).message}`)

/** Another process would not see the writes of this one, and would overwrite them. */
const lock = (path: string) => {
  const file = `${path}.pid`
  return Effect.mapError(ProcessLock.acquire(file), ({ code, holder = "another process" }) =>
    code === "EEXIST"
      ? vaultFileError(
        path,
        "InUse",
        `${holder} uses it. If no such process runs, remove ${file}, and ${file}.recovery if it exists`
      )
      : mapFileError(path, file)(code))
}

const parseKey = (path: string, text: string, name: string): Effect.Effect<Uint8Array, VaultFileError> =>
  Effect.mapError(
    Effect.fromResult(Sealing.parseSecret(Redacted.make(text), name)),
    (detail) => vaultFileError(path, "InvalidKey", detail)
  )

/** Returns undefined if there is no key file. */
const readKey = Effect.fnUntraced(function*(path: string) {
  const keyPath = `${path}.key`
  const toError = (problem: string) => vaultFileError(path, "InvalidKey", `The key file ${keyPath} ${problem}`)
  // A link may lead to the key, as in a volume of secrets.
  const found = yield* SafeFile.read(keyPath, { follow: true }).pipe(
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.undefined),
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

/** Creates the key of a new vault. The first write synchronizes its directory. */
const createKey = (path: string) => {
  const secret = randomBytes(Sealing.secretSize)
  return SafeFile.write(`${path}.key`, `${secret.toString("base64url")}\n`).pipe(
    Effect.as(secret),
    Effect.mapError(({ code }) => mapFileError(path, `The key file ${path}.key`)(code))
  )
}

/** Opens and reads the file until the scope closes. Returns undefined if it does not exist. */
const find = Effect.fnUntraced(function*(path: string) {
  const file = yield* Effect.acquireRelease(
    Log.attempt(() => SafeFile.open(path, constants.O_RDWR | constants.O_APPEND)),
    (file) => Effect.promise(() => file.close())
  ).pipe(Effect.catchIf((code) => code === "ENOENT", () => Effect.undefined))
  return file && (yield* Log.attempt(async () => ({
    file,
    bytes: await file.readFile(),
    links: (await file.stat()).nlink
  })))
}, (effect, path) => Effect.mapError(effect, mapFileError(path, path)))

/** Copies a file whose last line is unfinished, before that line is dropped. */
const copyTorn = Effect.fnUntraced(function*(path: string, bytes: Buffer) {
  const copy = `${path}.torn`
  yield* Effect.mapError(SafeFile.write(copy, bytes), ({ code }) => mapFileError(path, copy)(code))
  yield* Effect.logWarning(`The last write to the vault ${path} is incomplete and was dropped. ${copy} still has it`)
})

const openExisting = Effect.fnUntraced(function*(
  path: string,
  { bytes, file, links }: Exclude<Effect.Success<ReturnType<typeof find>>, undefined>,
  givenSecret: Uint8Array | undefined,
  entries: Writer.Entries
) {
  // The lock is for one name. Under another name of the same file, a second process would acquire another lock.
  if (links > 1) {
    const detail =
      `${path} has several hard links, and each of them could be opened as a separate vault: remove the others`
    return yield* vaultFileError(path, "Unusable", detail)
  }
  const toError = ([reason, detail]: Log.Problem) => vaultFileError(path, reason, detail)
  const header = yield* Effect.fromResult(Result.mapError(Log.readHeader(bytes), toError))
  const secret = givenSecret ?? (yield* readKey(path))
  if (secret === undefined) {
    const detail = `The vault exists, but its key file ${path}.key does not: restore the file, or give the key`
    return yield* vaultFileError(path, "WrongKey", detail)
  }
  const read = Log.read({ bytes, file, secret }, header, entries.apply)
  const log = yield* Effect.fromResult(Result.mapError(read, toError))
  if (log.isTorn) yield* copyTorn(path, bytes)
  return { secret, log }
})

/** Creates the file, and its key if there is none. If it fails, there is neither. */
const create = Effect.fnUntraced(function*(path: string, givenSecret: Uint8Array | undefined) {
  const temporary = `${path}.new`
  const stored = givenSecret ?? (yield* readKey(path))
  // If the process is killed after this, it leaves a key without a vault. The next process uses the key.
  const secret = stored ?? (yield* createKey(path))
  const log = yield* Log.create(temporary, secret, [], () => Log.attempt(() => Fs.rename(temporary, path))).pipe(
    Effect.mapError(mapFileError(path, temporary)),
    Effect.onError(() => Effect.promise(async () => stored ?? Fs.rm(`${path}.key`)))
  )
  return { secret, log }
}, Effect.uninterruptible)

/** Opens a vault file, or creates it. It writes nothing until the whole file is checked. */
export const open = Effect.fnUntraced(function*(
  path: string,
  key: Redacted.Redacted | undefined
): Effect.fn.Return<Writer.VaultFile, VaultFileError, Scope.Scope> {
  const givenSecret = key === undefined ? undefined : yield* parseKey(path, Redacted.value(key), "The key")
  const { isHeld } = yield* lock(path)
  const entries = Writer.makeEntries()
  const found = yield* find(path)
  const { log, secret } = found === undefined
    ? yield* Effect.acquireRelease(create(path, givenSecret), ({ log }) => Log.close(log))
    : yield* openExisting(path, found, givenSecret, entries)
  return yield* Writer.make({ path, secret, log, entries, isHeld })
})
