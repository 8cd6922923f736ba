/**
 * The log of a vault: a header, then one line for each write to the disk. Lines are sealed with AES-256-GCM, and the
 * number of a line is authenticated with it, so no line can be changed, moved or removed between others.
 *
 * | line | content |
 * | --- | --- |
 * | `effect-agentcore-identity vault 1 <id> <sealed>` | the format, a random id, how many lines were written with it |
 * | `<sealed>`, number 1 | the changes of one write |
 * | `<sealed>`, number 2 | the changes of the next write |
 *
 * A sealed value is the nonce, the encrypted JSON and the tag, in base64url.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import { codeOf } from "../../internal/messages.js"
import * as Sealing from "../../internal/sealing.js"

/** `value` is JSON. A change without a value removes the entry. */
export type Change = readonly [collection: string, key: string, value?: unknown]

/** A log that is open for appending. */
export interface Log {
  readonly file: Fs.FileHandle
  readonly key: KeyObject
  /** The number of lines after the header. */
  lines: number
  /** In bytes. */
  size: number
  /** Whether bytes of an unfinished write can follow the last line. The next write removes them. */
  isTorn: boolean
}

/** Fails with the code of the error. It is uninterruptible, so that the file that it opens is always closed. */
export const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.uninterruptible(Effect.tryPromise({ try: action, catch: codeOf }))

const version = "1"
const algorithm = "aes-256-gcm"
// In bytes.
const [nonceSize, tagSize] = [12, 16]

/** Derives the key of one file. It does not open a line of another file, or of an earlier state of the vault. */
const makeKey = (secret: Uint8Array, id: string): KeyObject =>
  createSecretKey(Sealing.deriveKey(secret, `vault ${version} ${id}`))

/** The header has the number 0. */
const seal = (key: KeyObject, number: number, value: unknown): string => {
  const nonce = randomBytes(nonceSize)
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(String(number)))
  const parts = [nonce, cipher.update(JSON.stringify(value)), cipher.final()]
  return Buffer.concat([...parts, cipher.getAuthTag()]).toString("base64url")
}

/** Returns undefined for a line that `seal` did not make with this key and number. */
const open = (key: KeyObject, number: number, sealed: string): unknown =>
  Result.getOrUndefined(Result.try(() => {
    const bytes = Buffer.from(sealed, "base64url")
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceSize), { authTagLength: tagSize })
      .setAAD(Buffer.from(String(number))).setAuthTag(bytes.subarray(-tagSize))
    const text = Buffer.concat([decipher.update(bytes.subarray(nonceSize, -tagSize)), decipher.final()])
    return JSON.parse(text.toString())
  }))

/** The part of a change of its line, in bytes. Base64 needs four characters for three bytes. */
export const sizeOf = (change: Change): number => Buffer.byteLength(JSON.stringify(change)) * 4 / 3

/** Appends the changes as one line. They are on the disk when it succeeds. */
export const append = (log: Log, changes: ReadonlyArray<Change>): Effect.Effect<void, string> =>
  attempt(async () => {
    const line = `${seal(log.key, log.lines + 1, changes)}\n`
    if (log.isTorn) await log.file.truncate(log.size)
    log.isTorn = true
    try {
      await log.file.appendFile(line)
      await log.file.datasync()
    } catch (error) {
      // A full disk can contain a part of the line.
      await log.file.truncate(log.size).catch(() => undefined)
      throw error
    }
    log.isTorn = false
    log.lines += 1
    log.size += line.length
  })

export const close = ({ file }: Log): Effect.Effect<void> => Effect.ignore(attempt(() => file.close()))

/** Changes, so that sealing a line does not delay other work. */
const maxChanges = 500

/** Appends many changes as several lines. */
export const appendAll = (log: Log, changes: ReadonlyArray<Change>): Effect.Effect<void, string> =>
  Effect.forEach(Arr.chunksOf(changes, maxChanges), (part) => append(log, part), { discard: true })

/** Writes the changes into a new file, and publishes it when they are on the disk. If this fails, there is no file. */
export const create = Effect.fnUntraced(function*(
  path: string,
  secret: Uint8Array,
  changes: ReadonlyArray<Change>,
  publish: (log: Log) => Effect.Effect<unknown, string>
) {
  const id = randomBytes(16).toString("base64url")
  const key = makeKey(secret, id)
  const count = Math.ceil(changes.length / maxChanges)
  const header = `effect-agentcore-identity vault ${version} ${id} ${seal(key, 0, count)}\n`
  const file = yield* attempt(async () => {
    await Fs.rm(path, { force: true })
    return Fs.open(path, "ax", 0o600)
  })
  const log: Log = { file, key, lines: 0, size: header.length, isTorn: false }
  return yield* Effect.gen(function*() {
    yield* attempt(() => file.appendFile(header))
    yield* attempt(() => file.datasync())
    yield* appendAll(log, changes)
    yield* publish(log)
    return log
  }).pipe(Effect.onError(() => Effect.andThen(close(log), Effect.ignore(attempt(() => Fs.rm(path, { force: true }))))))
}, Effect.uninterruptible)

/** Why a file cannot be read, and a sentence without its subject. */
export type Problem = readonly [reason: "UnknownFormat" | "Damaged" | "WrongKey", detail: string]

const fail = (...problem: Problem): Result.Result<never, Problem> => Result.fail(problem)

/** In bytes. A header has about 110 bytes. */
const maxHeaderSize = 512

interface Header {
  readonly id: string
  /** Sealed. */
  readonly count: string
  /** In bytes. */
  readonly size: number
}

export const readHeader = (bytes: Buffer): Result.Result<Header, Problem> => {
  const text = bytes.toString("latin1", 0, maxHeaderSize)
  const [header, found, id, count] = /^effect-agentcore-identity vault (\S+)(?: ([\w-]+) (\S+)\n)?/.exec(text) ?? []
  if (header !== undefined && found !== version) {
    const detail = `its format is ${found}, and this program knows ${version}: another version of the package wrote it`
    return fail("UnknownFormat", detail)
  }
  return header === undefined || id === undefined || count === undefined
    ? fail("Damaged", `it is ${text === "" ? "empty" : "not a vault of the local backend"}. It was not changed`)
    : Result.succeed({ id, count, size: header.length })
}

/**
 * Reads the lines after the header. `apply` gets the changes of each line. An unfinished last line is dropped, because
 * its write was not acknowledged.
 */
export const read = (
  { bytes, file, secret }: { readonly bytes: Buffer; readonly file: Fs.FileHandle; readonly secret: Uint8Array },
  header: Header,
  apply: (changes: ReadonlyArray<Change>) => void
): Result.Result<Log, Problem> => {
  const log: Log = { file, key: makeKey(secret, header.id), lines: 0, size: header.size, isTorn: false }
  const damaged = () => fail("Damaged", "a part of it is missing or was changed. The vault was not changed")
  const count = open(log.key, 0, header.count)
  if (typeof count !== "number") return fail("WrongKey", "it was written under another key")
  for (let end = bytes.indexOf("\n", log.size); end >= 0; end = bytes.indexOf("\n", log.size)) {
    const changes = open(log.key, log.lines + 1, bytes.toString("latin1", log.size, end))
    if (changes === undefined) return damaged()
    // `seal` made the line.
    apply(changes as ReadonlyArray<Change>)
    log.lines += 1
    log.size = end + 1
  }
  // If the last byte is a damaged line break, the line was finished. A power failure can leave zeros.
  const rest = bytes.toString("latin1", log.size, bytes.length - 1)
  const isFinished = bytes.at(-1) !== 0 && open(log.key, log.lines + 1, rest) !== undefined
  if (isFinished || log.lines < count) return damaged()
  log.isTorn = log.size < bytes.length
  return Result.succeed(log)
}
