/**
 * Reads the body of a response as a whole, up to a size. A larger body is neither kept nor read on: its connection is closed.
 */
import * as Data from "effect/Data"

/** The body is larger than `maxBytes`. */
export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly maxBytes: number }> {
  override get message(): string {
    return `The body has more than ${this.maxBytes} bytes`
  }
}

/** The chunks of a body. */
export interface Collector {
  /** Whether the body is small enough so far. */
  readonly add: (chunk: Uint8Array) => boolean
  readonly body: () => Uint8Array<ArrayBuffer>
}

export const collector = (maxBytes: number): Collector => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    add: (chunk) => {
      size += chunk.byteLength
      if (size > maxBytes) return false
      chunks.push(chunk)
      return true
    },
    body: () => {
      const body = new Uint8Array(size)
      let offset = 0
      for (const chunk of chunks) {
        body.set(chunk, offset)
        offset += chunk.byteLength
      }
      return body
    }
  }
}

/** Reads a web stream. The caller cancels the reader after a rejection. */
export const fromReader = async (
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number
): Promise<Uint8Array<ArrayBuffer>> => {
  const { add, body } = collector(maxBytes)
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (!add(next.value)) throw new BodyTooLarge({ maxBytes })
  }
  return body()
}

/** What is needed of a readable stream of Node. */
export interface NodeStream extends Pick<NodeJS.EventEmitter, "on"> {
  readonly destroy: () => unknown
}

/**
 * Reads a stream of Node, by its events, which take less time than its iterator. Destroys the stream if the body is too large. Calls `done` at
 * least once: only the first call counts.
 */
export const fromNode = (
  stream: NodeStream,
  maxBytes: number,
  done: (error: unknown, body?: Uint8Array<ArrayBuffer>) => void
): void => {
  const { add, body } = collector(maxBytes)
  stream.on("data", (chunk: Uint8Array | string) => {
    if (add(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk)) return
    done(new BodyTooLarge({ maxBytes }))
    stream.destroy()
  })
  stream.on("end", () => done(undefined, body()))
  stream.on("error", (error: unknown) => done(error))
  // A stream that was destroyed without an error has no other event.
  stream.on("close", () => done(Object.assign(new Error("aborted"), { code: "ECONNRESET" })))
}
