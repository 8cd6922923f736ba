/**
 * Reads and writes regular files only. Another program may have created a symbolic link or a pipe under the name. A
 * link would lead a secret elsewhere. A pipe would block a thread, so that the process does not end.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { type BigIntStats, closeSync, constants, createReadStream, fstatSync, openSync, type Stats } from "node:fs"
import * as Fs from "node:fs/promises"
import { Socket } from "node:net"
import { codeOf } from "../../internal/messages.js"

const notAFile = "EFTYPE"

const reasons: Readonly<Record<string, string>> = {
  EISDIR: "it is a directory (EISDIR)",
  ELOOP: "it is a symbolic link",
  EFBIG: "it has more than 4 MiB",
  ENOENT: "it or its directory does not exist (ENOENT)",
  [notAFile]: "it is not a regular file"
}

/** `code` is the code of the operating system, or `EFTYPE` for a pipe, a socket or a device. */
export class SafeFileError extends Data.TaggedError("SafeFileError")<{ readonly code: string }> {
  override get message(): string {
    return reasons[this.code] ?? this.code
  }
}

const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, SafeFileError> =>
  // Uninterruptible, so that the file is always closed.
  Effect.uninterruptible(
    Effect.tryPromise({
      try: action,
      catch: (error) => error instanceof SafeFileError ? error : new SafeFileError({ code: codeOf(error) })
    })
  )

/** Windows does not have these flags. */
const flag = (name: "O_NOFOLLOW" | "O_NONBLOCK"): number => constants[name] ?? 0

const check = (stats: Stats | BigIntStats): void => {
  if (stats.isFile()) return
  throw new SafeFileError({ code: stats.isSymbolicLink() ? "ELOOP" : stats.isDirectory() ? "EISDIR" : notAFile })
}

/**
 * Opens a regular file that exists. `flags` are those of `node:fs` constants. Rejects a symbolic link unless `follow`
 * is set.
 */
export const open = async (path: string, flags: number, follow = false): Promise<Fs.FileHandle> => {
  const file = await Fs.open(path, flags | flag("O_NONBLOCK") | (follow ? 0 : flag("O_NOFOLLOW")))
  try {
    check(await file.stat())
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Closes the file after its use. */
export const use = async <A>(file: Fs.FileHandle, f: (file: Fs.FileHandle) => Promise<A>): Promise<A> => {
  try {
    return await f(file)
  } finally {
    await file.close()
  }
}

/** In bytes. Settings, keys and certificates are far smaller. */
const limit = { end: 4 * 1024 * 1024, autoClose: false }

/** Not by the size of the file: those of `/proc` have none, and another program may still write it. */
const readBytes = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > limit.end) throw new SafeFileError({ code: "EFBIG" })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Reads a regular file of at most 4 MiB. Rejects a symbolic link unless `follow` is set. */
export const read = (path: string, options?: { readonly follow?: boolean }) =>
  attempt(async () =>
    use(await open(path, constants.O_RDONLY, options?.follow), async (file) => ({
      stats: await file.stat({ bigint: true }),
      bytes: await readBytes(file.createReadStream(limit))
    }))
  )

/** Rejects a path that exists and is not a regular file, or that the user may not write. */
const checkWritable = async (path: string): Promise<void> => {
  const stats = await Fs.lstat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  })
  if (stats === undefined) return
  check(stats)
  await Fs.access(path, constants.W_OK)
}

/**
 * Creates or replaces a file. By default, only its user can read it. Readers see the old content or the new content,
 * also after a crash.
 */
export const write = (
  path: string,
  content: string | Uint8Array,
  options?: { readonly mode?: number | undefined }
): Effect.Effect<void, SafeFileError> =>
  attempt(async () => {
    // The check is only for its message, because a rename replaces a link and does not follow it.
    await checkWritable(path)
    const temporary = `${path}.${randomBytes(6).toString("hex")}`
    try {
      await use(await Fs.open(temporary, "wx", 0o600), async (file) => {
        if (options?.mode !== undefined) await file.chmod(options.mode)
        await file.writeFile(content)
        await file.sync()
      })
      await Fs.rename(temporary, path)
    } catch (error) {
      await Fs.rm(temporary, { force: true })
      throw error
    }
  })

export class CannotReadFile extends Data.TaggedError("CannotReadFile")<{ readonly message: string }> {}

/** Does not use `node:fs`: it would wait for the writer in a thread, and the thread would keep the process running. */
const readPipe = async (descriptor: number, signal: AbortSignal): Promise<string> => {
  // The socket closes the descriptor.
  const socket = new Socket({ fd: descriptor, readable: true, writable: false })
  const end = () => socket.destroy()
  signal.addEventListener("abort", end, { once: true })
  return String(await readBytes(socket).finally(end))
}

const readAny = async (file: string, signal: AbortSignal): Promise<string> => {
  // Without this flag, opening a pipe waits for its writer.
  const descriptor = openSync(file, constants.O_RDONLY | flag("O_NONBLOCK"))
  const stats = fstatSync(descriptor)
  if (stats.isFIFO()) return readPipe(descriptor, signal)
  if (!stats.isFile()) closeSync(descriptor)
  check(stats)
  // The stream closes the descriptor, also at the limit.
  return String(await readBytes(createReadStream(file, { fd: descriptor, end: limit.end })))
}

/** Reads a file that a user names, which can be a pipe, such as `<(command)` in a shell. */
export const readText = (file: string): Effect.Effect<string, CannotReadFile> =>
  Effect.tryPromise({
    try: (signal) => readAny(file, signal),
    catch: (error) => new CannotReadFile({ message: `Cannot read ${file}: ${reasons[codeOf(error)] ?? codeOf(error)}` })
  })
