/** An HTTP server of Node that stops in time and responds to every request, also to one that Node rejects. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"

/** Why Node rejected a request before any handler ran. */
export type Rejection = "Malformed" | "HeadersTooLarge" | "TooSlow" | "Expectation" | "Connect"

export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Options extends Http.ServerOptions {
  /** Replaces Node's own responses, which have no body. */
  readonly reject?: ((rejection: Rejection) => RawResponse) | undefined
  /**
   * How long a connection may carry nothing, in milliseconds: a client that does not read its response holds a file
   * descriptor. Default: no limit.
   */
  readonly idleTimeout?: number | undefined
}

const toRejection = (error: Error & { readonly code?: string }): Rejection =>
  error.code === "HPE_HEADER_OVERFLOW" || error.code === "HPE_CHUNK_EXTENSIONS_OVERFLOW"
    ? "HeadersTooLarge"
    : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? "TooSlow"
    : "Malformed"

const toHttp = ({ body, headers, status }: RawResponse): string =>
  [
    `HTTP/1.1 ${status} ${Http.STATUS_CODES[status] ?? ""}`,
    ...Object.entries({
      ...headers,
      "content-length": Buffer.byteLength(body),
      connection: "close"
    }).map(([name, value]) => `${name}: ${value}`),
    "",
    body
  ].join("\r\n")

export const send = (response: Http.ServerResponse, { body, headers, status }: RawResponse): void => {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body)
}

/**
 * Maximum errors of one rejected request before its connection is cut. Until then its bytes are read, because a client
 * reads no response while it sends.
 */
const drainLimit = 256

/** How long a client may take to read the response to a rejected request. */
const closeDelay = "2 seconds"

/**
 * Ends a connection, and cuts it after a delay. Otherwise a client that does not end its half would hold the connection
 * and its file descriptor.
 */
const close = (socket: Duplex, response?: string): void => {
  if (socket.writable) socket.end(response)
  const timer = Effect.runFork(Effect.delay(Effect.sync(() => socket.destroy()), closeDelay))
  socket.once("close", () => timer.interruptUnsafe())
}

const respondToRejected = (server: Http.Server, reject: (rejection: Rejection) => RawResponse) => {
  const open = new WeakMap<Duplex, Map<Http.ServerResponse, Http.IncomingMessage>>()
  const errorCounts = new WeakMap<Duplex, number>()

  const end = (socket: Duplex, rejection: Rejection) =>
    close(socket, socket.writable ? toHttp(reject(rejection)) : undefined)

  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const exchanges = open.get(request.socket) ?? new Map<Http.ServerResponse, Http.IncomingMessage>()
    open.set(request.socket, exchanges.set(response, request))
    response.once("close", () => exchanges.delete(response))
    // Node emits no `clientError` on a connection whose upgrade was not accepted. A malformed request would wait for
    // its response until the connection is dropped.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
    // A response sent before the end of a body of unknown length closes the connection, and has to announce it.
    if (request.headers["transfer-encoding"] !== undefined && response.shouldKeepAlive) {
      response.shouldKeepAlive = false
      request.once("end", () => {
        response.shouldKeepAlive = true
      })
    }
  })

  server.on("clientError", (error: Error & { readonly code?: string }, socket: Duplex) => {
    const rejection = toRejection(error)
    const count = errorCounts.get(socket) ?? 0
    errorCounts.set(socket, count + 1)
    if (count > 0) {
      // Node reports each further piece of the same request.
      if (rejection === "TooSlow" || count > drainLimit) socket.destroy()
      return
    }
    if (error.code === "ECONNRESET") {
      socket.destroy()
      return
    }
    const exchanges = [...open.get(socket) ?? []]
    if (exchanges.some(([response, request]) => !request.complete && response.headersSent)) {
      close(socket)
      return
    }
    // With pipelining, the responses to earlier requests are sent first.
    const earlier = exchanges.filter(([, request]) => request.complete).map(([response]) => response)
    if (earlier.length === 0) {
      end(socket, rejection)
      return
    }
    let left = earlier.length
    for (const response of earlier) {
      response.once("close", () => {
        left -= 1
        if (left === 0) end(socket, rejection)
      })
    }
  })

  server.on(
    "checkExpectation",
    (_: Http.IncomingMessage, response: Http.ServerResponse) => send(response, reject("Expectation"))
  )
  server.on("connect", (_: Http.IncomingMessage, socket: Duplex) => {
    // Node has removed its own listeners. An error without a listener would end the process.
    socket.on("error", () => socket.destroy()).resume()
    end(socket, "Connect")
  })
}

/**
 * Creates a server whose `close` does not wait for idle connections. Node's own waits for connections on which a
 * browser has sent nothing yet, up to a minute, and for connections that are kept alive. Here `close` ends the former
 * at once, and the latter with their response. It still waits for responses that have started.
 */
export const createServer = ({ idleTimeout = 0, reject, ...options }: Options = {}): Http.Server => {
  const unused = new Set<Socket>()
  const server = Http.createServer(options)
  server.on("connection", (socket: Socket) => {
    unused.add(socket)
    socket.once("close", () => unused.delete(socket))
  })
  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    unused.delete(request.socket)
    response.once("close", () => {
      if (!server.listening) request.socket.end()
    })
  })
  server.timeout = idleTimeout
  if (reject !== undefined) respondToRejected(server, reject)
  const stopListening = server.close.bind(server)
  server.close = (callback) => {
    stopListening(callback)
    for (const socket of unused) socket.destroy()
    return server
  }
  return server
}

/** Accepts no more requests, and waits for the responses to earlier ones. Cuts the connections after five seconds. */
export const stop = (server: Http.Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (server.listening) server.close(() => resume(Effect.void))
    else resume(Effect.void)
  }).pipe(
    Effect.interruptible,
    Effect.raceFirst(Effect.interruptible(Effect.sleep("5 seconds"))),
    Effect.andThen(Effect.sync(() => server.closeAllConnections()))
  )
