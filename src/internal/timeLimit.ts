/**
 * A time limit for a promise, in real time, because networks do not follow Effect's `Clock`.
 *
 * Node 20 holds the signals of `AbortSignal.timeout` and `AbortSignal.any` weakly. The garbage collector drops them,
 * and a request that depends on them never ends. Here the timer and the caller's signal hold the controller.
 */

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
