/** `fetch`, whose responses have a size limit. When a body exceeds it, the connection is closed. */
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
