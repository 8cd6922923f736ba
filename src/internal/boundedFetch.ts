/** `fetch` with a size limit and a time limit. */
import { BodyTooLarge, fromReader } from "./boundedBody.js"

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

/** Milliseconds. Node runs a longer timer at once. */
const maxTimer = 2 ** 31 - 1

/**
 * Runs with a signal that is aborted after the time limit, with the caller's signal, and after a failure. The caller
 * does not wait until `run` reacts. Rejects with a `DOMException` named `TimeoutError`, with the reason of the caller's
 * signal, or as `run` does. `timeout` is in milliseconds of real time, because networks do not follow the `Clock`.
 * `AbortSignal.timeout` would hold the memory of each call until its time limit.
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
    // oxlint-disable-next-line no-restricted-globals -- Real time, as above.
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
