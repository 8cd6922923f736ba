/** Reads a file that a user names. It can be a pipe, such as `<(command)` in a shell. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { closeSync, constants, fstatSync, openSync, readFile } from "node:fs"
import { Socket } from "node:net"
import { text } from "node:stream/consumers"
import { promisify } from "node:util"
import { codeOf } from "../../internal/messages.js"

export class CannotReadFile extends Data.TaggedError("CannotReadFile")<{ readonly message: string }> {}

/** Does not use `node:fs`: it would wait for the writer in a thread, and the thread would keep the process running. */
const readPipe = async (descriptor: number, signal: AbortSignal): Promise<string> => {
  // The socket closes the descriptor.
  const socket = new Socket({ fd: descriptor, readable: true, writable: false })
  const end = () => socket.destroy()
  signal.addEventListener("abort", end, { once: true })
  return text(socket).finally(end)
}

const read = (file: string, signal: AbortSignal): Promise<string> => {
  // Without this flag, opening a pipe waits for its writer.
  const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  const stats = fstatSync(descriptor)
  if (stats.isFIFO()) return readPipe(descriptor, signal)
  const content = stats.isFile() || stats.isDirectory()
    ? promisify(readFile)(descriptor, "utf8")
    : Promise.reject(new CannotReadFile({ message: `Cannot read ${file}: it is neither a file nor a pipe` }))
  return content.finally(() => closeSync(descriptor))
}

export const readText = (file: string): Effect.Effect<string, CannotReadFile> =>
  Effect.tryPromise({
    try: async (signal) => read(file, signal),
    catch: (error) =>
      error instanceof CannotReadFile ? error : new CannotReadFile({ message: `Cannot read ${file}: ${codeOf(error)}` })
  })
