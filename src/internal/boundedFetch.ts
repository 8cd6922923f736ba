/** `fetch` with a time limit and a size limit, for answers that are read as a whole. */
import { BodyTooLarge, fromReader } from "./boundedBody.js"
import { withTimeLimit } from "./timeLimit.js"

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

const defaultMaxBytes = 1_000_000

/** A response with one of these must not have a body (Fetch standard). */
const nullBodyStatus: ReadonlySet<number> = new Set([204, 205, 304])

/** The body is decoded, so the headers that describe its transfer no longer apply. */
const toResponse = ({ headers, status, statusText }: Response, body: Uint8Array<ArrayBuffer>): Response => {
  const remaining = new Headers(headers)
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) remaining.delete(name)
  return new Response(nullBodyStatus.has(status) ? null : body, { headers: remaining, status, statusText })
}

/**
 * Resolves with a response whose body has arrived. Ignores the signal of `init`. Rejects as `withTimeLimit` does, with
 * `BodyTooLarge`, or with the `TypeError` of `fetch`. A request that did not end by itself loses its connection.
 */
export const boundedFetch = (
  url: string | URL,
  init: RequestInit,
  { maxBytes = defaultMaxBytes, signal: caller, timeout }: Limits
): Promise<Response> =>
  withTimeLimit(timeout, caller, async (signal) => {
    const response = await fetch(url, { ...init, signal })
    if (response.body === null) return toResponse(response, new Uint8Array())
    const reader = response.body.getReader()
    // `fetch` holds its signal weakly. The stream of the body always reaches the connection.
    const close = (): void => void reader.cancel(signal.reason).catch(() => {})
    signal.addEventListener("abort", close)
    if (signal.aborted) close()
    if (Number(response.headers.get("content-length")) > maxBytes) throw new BodyTooLarge({ maxBytes })
    return toResponse(response, await fromReader(reader, maxBytes))
  })
