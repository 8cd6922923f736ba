/** Reads response bodies as a whole, up to a size. When a body exceeds it, the connection is closed. */
import * as Data from "effect/Data"
import { withTimeLimit } from "./timeLimit.js"

/** The body is larger than `maxBytes`. */
export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly maxBytes: number }> {
  override get message(): string {
    return `The body has more than ${this.maxBytes} bytes`
  }
}

/** Collects the chunks of a body. */
export const makeCollector = (maxBytes: number) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    /** Whether the body is small enough so far. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.byteLength
      if (size > maxBytes) return false
      chunks.push(chunk)
      return true
    },
    body: () => {
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
  maxBytes: number
): Promise<Uint8Array<ArrayBuffer>> => {
  const { add, body } = makeCollector(maxBytes)
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (!add(next.value)) throw new BodyTooLarge({ maxBytes })
  }
  return body()
}

/** The used part of a readable stream of Node. */
export interface NodeStream extends Pick<NodeJS.EventEmitter, "on"> {
  readonly destroy: () => unknown
}

/**
 * Reads a stream of Node by its events, which are faster than its iterator. Destroys the stream if the body is too
 * large. May call `done` several times: only the first call counts.
 */
export const fromNode = (
  stream: NodeStream,
  maxBytes: number,
  done: (error: unknown, body?: Uint8Array<ArrayBuffer>) => void
): void => {
  const { add, body } = makeCollector(maxBytes)
  let hasEnded = false
  stream.on("data", (chunk: Uint8Array | string) => {
    if (add(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk)) return
    done(new BodyTooLarge({ maxBytes }))
    stream.destroy()
  })
  stream.on("end", () => {
    hasEnded = true
    done(undefined, body())
  })
  stream.on("error", (error: unknown) => done(error))
  stream.on("close", () => {
    // If the stream was destroyed without an error, this is its only event. Without the check, each response would make
    // an error, which takes 20 µs.
    if (!hasEnded) done(Object.assign(new Error("aborted"), { code: "ECONNRESET" }))
  })
}

/**
 * - `timeout`: milliseconds from the start of the request to the end of the body
 * - `maxBytes`: the size of the body after decompression. Default: 1 MB
 * - `signal`: ends the request, and closes its connection
 */
export interface Limits {
  readonly timeout: number
  readonly maxBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The body is decoded, so the headers that describe its transfer no longer apply. */
const toResponse = ({ headers, status, statusText }: Response, body: Uint8Array<ArrayBuffer> | null): Response => {
  const remaining = new Headers(headers)
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) remaining.delete(name)
  return new Response(body, { headers: remaining, status, statusText })
}

/**
 * `fetch` with a time limit and a size limit. Resolves with a response whose body has arrived. Ignores the signal of
 * `init`. Rejects as `withTimeLimit` does, with `BodyTooLarge`, or with the `TypeError` of `fetch`. In all these cases
 * it closes the connection.
 */
export const boundedFetch = (
  url: string | URL,
  init: RequestInit,
  { maxBytes = 1_000_000, signal: caller, timeout }: Limits
): Promise<Response> =>
  withTimeLimit(timeout, caller, async (signal) => {
    const response = await fetch(url, { ...init, signal })
    if (response.body === null) return toResponse(response, null)
    const reader = response.body.getReader()
    // `fetch` holds its signal weakly. The stream of the body always reaches the connection.
    const close = (): void => void reader.cancel(signal.reason).catch(() => {})
    signal.addEventListener("abort", close)
    if (signal.aborted) close()
    if (Number(response.headers.get("content-length")) > maxBytes) throw new BodyTooLarge({ maxBytes })
    return toResponse(response, await fromReader(reader, maxBytes))
  })
