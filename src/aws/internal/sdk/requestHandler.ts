/**
 * The request handler of a client of the SDK, with a limit for the size of responses. Without a limit the SDK buffers
 * gigabytes, and then throws in an event listener, which ends the process.
 */
import { hasProperty, isFunction } from "effect/Predicate"
import { fromReader, type NodeStream, readNode } from "../../../internal/boundedBody.js"
import * as Failure from "../failure.js"

interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | undefined>>
  body?: unknown
}

/** The parts of a request handler that clients of the SDK use. */
export interface RequestHandler {
  readonly metadata?: unknown
  // The types of the SDK's handlers differ in their requests and options.
  readonly handle: (request: never, options?: never) => Promise<{ readonly response: unknown }>
  readonly destroy?: () => void
  readonly updateHttpClientConfig?: (key: never, value: never) => void
  readonly httpHandlerConfigs?: () => object
}

const isNodeStream = (body: unknown): body is NodeStream =>
  hasProperty(body, "on") && isFunction(body.on) && hasProperty(body, "destroy") && isFunction(body.destroy)

const isWebStream = (body: unknown): body is ReadableStream<Uint8Array> =>
  hasProperty(body, "getReader") && isFunction(body.getReader)

const readWebStream = async (body: ReadableStream<Uint8Array>): Promise<Uint8Array> => {
  const reader = body.getReader()
  try {
    return await fromReader(reader, Failure.maxBytes)
  } catch (error) {
    // Closes the connection.
    reader.cancel(error).catch(() => {})
    throw error
  }
}

/** A program's handler may return a body that is not a stream. The SDK reads it. */
const read = async (body: unknown): Promise<unknown> =>
  isNodeStream(body)
    ? await readNode(body, Failure.maxBytes)
    : isWebStream(body)
    ? await readWebStream(body)
    : body

/** Reads the body of a response, with the metadata that the SDK gives the errors of responses. */
const collect = async (response: Response): Promise<void> => {
  try {
    response.body = await read(response.body)
  } catch (error) {
    throw Object.assign(error instanceof Error ? error : new Error("aborted"), {
      $metadata: { httpStatusCode: response.statusCode, requestId: Failure.requestIdOf(response.headers) }
    })
  }
}

/** The SDK has no type for it. */
const isNodeHandler = (handler: object): boolean => "socketWarningTimestamp" in handler && "externalAgent" in handler

/**
 * Rejects when the connection is closed. Node closes a response that changes the protocol (101) without an error, and
 * the SDK's handler for Node would wait forever. When a request is closed, it removes its listener from the signal.
 */
const failWhenClosed = <A>(send: () => Promise<A>, signal: AbortSignal): Promise<A> =>
  new Promise((resolve, reject) => {
    let isSettled = false
    const onClosed = (): void => {
      // Without the check, each response would make an error, which takes 20 µs.
      if (!isSettled) reject(Object.assign(new Error("The connection was closed"), { code: "ECONNRESET" }))
    }
    signal.removeEventListener = (...parameters: Parameters<AbortSignal["removeEventListener"]>) => {
      AbortSignal.prototype.removeEventListener.apply(signal, parameters)
      // A response or an error of the request comes first.
      setImmediate(onClosed)
    }
    void send().then(resolve, reject).finally(() => isSettled = true)
  })

/** A handler with the limit, over that of the SDK or of the program. */
export const limit = <Handler extends RequestHandler>(handler: Handler): Handler => {
  const send = (request: never, options: { readonly abortSignal?: unknown }) => {
    const { abortSignal = new AbortController().signal } = options
    // The options are the handler's own.
    const sendOnce = () => handler.handle(request, { ...options, abortSignal } as never)
    return isNodeHandler(handler) && abortSignal instanceof AbortSignal
      ? failWhenClosed(sendOnce, abortSignal)
      : sendOnce()
  }
  const limited: RequestHandler = {
    metadata: handler.metadata,
    handle: async (request, options = {} as never) => {
      const result = await send(request, options)
      // The SDK's own type for it is `any`.
      await collect(result.response as Response)
      return result
    },
    destroy: () => handler.destroy?.(),
    updateHttpClientConfig: (key, value) => handler.updateHttpClientConfig?.(key, value),
    httpHandlerConfigs: () => handler.httpHandlerConfigs?.() ?? {}
  }
  // Clients use no other parts.
  return limited as Handler
}
