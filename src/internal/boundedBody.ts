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

/** The used part of a readable stream of Node. */
export interface NodeStream extends Pick<NodeJS.EventEmitter, "on"> {
  readonly destroy: () => unknown
}

/**
 * Reads a stream of Node by its events, which are faster than its iterator. Destroys the stream when the rest must not
 * be read. May call `done` several times: only the first call counts.
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
    // If the stream was destroyed without an error, this is its only event. Without the check, each response would make
    // an error, which takes 20 µs.
    if (!hasEnded) done(Object.assign(new Error("aborted"), { code: "ECONNRESET" }))
  })
}

/** Reads a stream of Node. Rejects with `BodyTooLarge`, or with the error of the stream. */
export const readNode = (stream: NodeStream, limit: number, extra?: number): Promise<Uint8Array<ArrayBuffer>> =>
  new Promise((resolve, reject) =>
    fromNode(stream, limit, (error, body) => body === undefined ? reject(error) : resolve(body), extra)
  )

// -----------------------------------------------------------------------------
// `fetch`, whose responses have a size limit
// -----------------------------------------------------------------------------

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
    if (Number(response.headers.get("content-length")) > maxBytes) throw new BodyTooLarge({ limit: maxBytes })
    return toResponse(response, await fromReader(reader, maxBytes))
  })

// -----------------------------------------------------------------------------
// A time limit for promises, in real time, because networks do not follow the `Clock` of Effect
// -----------------------------------------------------------------------------

// `AbortSignal.timeout` and `AbortSignal.any` would do the same. But they take 20 µs a call instead of 5, and hold 4 KB
// of each call that has ended until its time limit is over.

/** Milliseconds. Node runs a longer timer at once. */
const maxTimer = 2 ** 31 - 1

/**
 * Runs with a signal that is aborted after the time limit, with the caller's signal, and after a failure. The caller
 * does not wait until `run` reacts. Rejects with a `DOMException` named `TimeoutError`, with the reason of the caller's
 * signal, or as `run` does. `timeout` is in milliseconds.
 */
export const withTimeLimit = async <A>(
  timeout: number,
  caller: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<A>
): Promise<A> => {
  caller?.throwIfAborted()
  const controller = new AbortController()
  // The first listener of the signal, so that its reason wins over the failure that the abort causes in `run`.
  const aborted = new Promise<never>((_, reject) =>
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason))
  )
  // If `run` throws, nothing else handles this promise.
  aborted.catch(() => {})
  const onAbort = (): void => controller.abort(caller?.reason)
  caller?.addEventListener("abort", onAbort)
  const timer = timeout <= maxTimer
    // oxlint-disable-next-line no-restricted-globals -- The time of a network is real, also where `Clock` is not.
    ? setTimeout(() => controller.abort(new DOMException("The time limit was exceeded", "TimeoutError")), timeout)
    : undefined
  try {
    return await Promise.race([run(controller.signal), aborted])
  } catch (cause) {
    controller.abort(cause)
    throw cause
  } finally {
    clearTimeout(timer)
    caller?.removeEventListener("abort", onAbort)
  }
}
