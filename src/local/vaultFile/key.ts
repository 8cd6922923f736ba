/** The key of a vault file: given as an option, or in the file `<path>.key` that only its owner may read. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import * as Sealing from "../../internal/sealing.js"
import * as SafeFile from "../internal/safeFile.js"
import { type VaultFileError, vaultFileError } from "./error.js"

const parse = (path: string, text: string, name: string): Effect.Effect<Uint8Array, VaultFileError> =>
  Effect.mapError(
    Effect.fromResult(Sealing.parseSecret(text, name)),
    (detail) => vaultFileError(path, "InvalidKey", detail)
  )

/** Reads the key of the options. `path` is the path of the vault. */
export const fromOptions = (path: string, key: Redacted.Redacted): Effect.Effect<Uint8Array, VaultFileError> =>
  parse(path, Redacted.value(key), "The key")

const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.tryPromise({ try: action, catch: codeOf })

/** Undefined where there is no key file. */
const read = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Uint8Array | undefined, VaultFileError> {
  const keyPath = `${path}.key`
  // A link may lead to the key, as in a volume of secrets.
  const found = yield* SafeFile.read(keyPath, { follow: true }).pipe(
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined)),
    Effect.mapError(({ message }) =>
      vaultFileError(path, "InvalidKey", `The key file ${keyPath} cannot be read: ${message}`)
    )
  )
  if (found === undefined) return undefined
  // Windows has no permission bits.
  const mode = Number(found.stats.mode) & 0o777
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    return yield* vaultFileError(
      path,
      "InvalidKey",
      `The key file ${keyPath} is open to other users (mode ${mode.toString(8)}): chmod 600 it`
    )
  }
  return yield* parse(path, found.bytes.toString("utf8"), `The key in ${keyPath}`)
})

/** Creates the file under a temporary name and links it: readers see a whole key, and an existing key is never replaced. */
const create = Effect.fnUntraced(function*(
  path: string,
  undo: (action: () => Promise<unknown>) => Effect.Effect<void>
): Effect.fn.Return<void, VaultFileError> {
  const keyPath = `${path}.key`
  const temporary = `${keyPath}.${randomBytes(6).toString("hex")}`
  yield* attempt(async () => {
    const file = await Fs.open(temporary, "wx", 0o600)
    try {
      await file.writeFile(`${randomBytes(Sealing.secretSize).toString("base64url")}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await Fs.link(temporary, keyPath)
    // Without this a power failure can lose the name of the file, and the vault with it. Windows does not open directories.
    if (process.platform !== "win32") {
      const directory = await Fs.open(dirname(keyPath), "r")
      try {
        await directory.sync()
      } finally {
        await directory.close()
      }
    }
  }).pipe(
    Effect.ensuring(Effect.ignore(attempt(() => Fs.unlink(temporary)))),
    Effect.andThen(undo(() => Fs.unlink(keyPath))),
    Effect.uninterruptible,
    // A user was faster: that key is used.
    Effect.catchIf((code) => code === "EEXIST", () => Effect.void),
    Effect.mapError((code) => vaultFileError(path, "Unusable", `The key file ${keyPath} cannot be written: ${code}`))
  )
})

/** Reads the key file of a vault, and creates it for a new vault only. `undo` takes the removal of a created file. */
export const load = Effect.fnUntraced(function*(
  path: string,
  isNew: boolean,
  undo: (action: () => Promise<unknown>) => Effect.Effect<void>
): Effect.fn.Return<Uint8Array, VaultFileError> {
  const found = yield* read(path)
  if (found !== undefined) return found
  if (!isNew) {
    return yield* vaultFileError(
      path,
      "WrongKey",
      `The vault exists, but its key file ${path}.key does not: restore the file, or give the key`
    )
  }
  yield* create(path, undo)
  return (yield* read(path))
    ?? (yield* vaultFileError(path, "Unusable", `The key file ${path}.key disappeared right after it was created`))
})
