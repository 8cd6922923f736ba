/** Bodies that are read as a whole, up to a size and within a time. */
import * as Data from "effect/Data"

/** The body is larger than `limit`. */
export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly limit: number }> {
  override get message(): string {
    return `The body has more than ${this.limit} bytes`
  }
}

/**
 * Bytes. A client that is cut off while it sends reads no response, so a server reads a request that is too large, and
 * drops it, up to this size beyond the limit. Then it closes the connection.
 */
export const maxDropped = 32 * 1024 * 1024

/** Collects the chunks of a body of at most `limit` bytes. Up to `extra` more bytes are read and dropped. */
export const make = (limit: number, extra = 0) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    /** Returns false when the rest must not be read. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.byteLength
      if (size <= limit) chunks.push(chunk)
      else chunks.length = 0
      return size <= limit + extra
    },
    /** Returns `undefined` if the body is too large. */
    end: (): Uint8Array<ArrayBuffer> | undefined => {
      if (size > limit) return undefined
      const [first] = chunks
      // A stream has no shared memory, which the type of a chunk allows.
      if (first !== undefined && chunks.length === 1) return first as Uint8Array<ArrayBuffer>
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
  limit: number
): Promise<Uint8Array<ArrayBuffer>> => {
  const { add, end } = make(limit)
  let next = await reader.read()
  while (!next.done && add(next.value)) next = await reader.read()
  const body = end()
  if (body === undefined) throw new BodyTooLarge({ limit })
  return body
}

export interface NodeStream extends Pick<NodeJS.EventEmitter, "on"> {
  readonly destroy: () => unknown
}

/**
 * Reads a stream of Node by its events. Destroys the stream when the rest must not be read. May call `done` several
 * times: only the first call counts.
 */
export const fromNode = (
  stream: NodeStream,
  limit: number,
  done: (error: unknown, body?: Uint8Array<ArrayBuffer>) => void,
  extra?: number
): void => {
  const { add, end } = make(limit, extra)
  let hasEnded = false
  const finish = () => {
    const body = end()
    return body === undefined ? done(new BodyTooLarge({ limit })) : done(undefined, body)
  }
  stream.on("data", (chunk: Uint8Array | string) => {
    if (add(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk)) return
    finish()
    stream.destroy()
  })
  stream.on("end", () => {
    hasEnded = true
    finish()
  })
  stream.on("error", (error: unknown) => done(error))
  stream.on("close", () => {
    // If the stream was destroyed without an error, this is its only event.
    if (!hasEnded) done(Object.assign(new Error("aborted"), { code: "ECONNRESET" }))
  })
}

/** Reads a stream of Node. Rejects with `BodyTooLarge`, or with the error of the stream. */
export const readNode = (stream: NodeStream, limit: number, extra?: number): Promise<Uint8Array<ArrayBuffer>> =>
  new Promise((resolve, reject) =>
    fromNode(stream, limit, (error, body) => body === undefined ? reject(error) : resolve(body), extra)
  )
