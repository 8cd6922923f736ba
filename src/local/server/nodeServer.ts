/** An HTTP server of Node that stops in time and answers every request, also one that Node rejects. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"

/** Why Node rejected a request before any handler ran. */
export type Refusal = "Malformed" | "HeadersTooLarge" | "TooSlow" | "Expectation" | "Connect"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Options extends Http.ServerOptions {
  /** Replaces Node's own answers, which have no body. */
  readonly refuse?: ((refusal: Refusal) => Answer) | undefined
  /**
   * How long a connection may carry nothing, in milliseconds: a client that does not read its answer holds a
   * descriptor. Default: forever.
   */
  readonly idleTimeout?: number | undefined
}

const toRefusal = (error: Error & { readonly code?: string }): Refusal =>
  error.code === "HPE_HEADER_OVERFLOW" || error.code === "HPE_CHUNK_EXTENSIONS_OVERFLOW"
    ? "HeadersTooLarge"
    : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? "TooSlow"
    : "Malformed"

const toText = ({ body, headers, status }: Answer): string =>
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

export const send = (response: Http.ServerResponse, { body, headers, status }: Answer): void => {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body)
}

/**
 * Errors of one rejected request that are read before its connection is cut. A client reads no answer while it sends.
 */
const drainLimit = 256

/** How long a client may take to read the answer to a refused request. */
const closeDelay = "2 seconds"

/**
 * Ends a connection. A client that does not end its half would hold the connection, and its descriptor, for as long as
 * it likes.
 */
const close = (socket: Duplex, text?: string): void => {
  if (socket.writable) socket.end(text)
  const timer = Effect.runFork(Effect.delay(Effect.sync(() => socket.destroy()), closeDelay))
  socket.once("close", () => timer.interruptUnsafe())
}

const answerRefused = (server: Http.Server, refuse: (refusal: Refusal) => Answer) => {
  const open = new WeakMap<Duplex, Map<Http.ServerResponse, Http.IncomingMessage>>()
  const errorCounts = new WeakMap<Duplex, number>()

  const end = (socket: Duplex, refusal: Refusal) => close(socket, socket.writable ? toText(refuse(refusal)) : undefined)

  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const exchanges = open.get(request.socket) ?? new Map<Http.ServerResponse, Http.IncomingMessage>()
    open.set(request.socket, exchanges.set(response, request))
    response.once("close", () => exchanges.delete(response))
    // Node 20 emits no `clientError` on a connection whose upgrade was not accepted. A bad request would wait for its
    // answer until the connection is dropped.
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
    const refusal = toRefusal(error)
    const count = errorCounts.get(socket) ?? 0
    errorCounts.set(socket, count + 1)
    if (count > 0) {
      // Node reports each further piece of the same request.
      if (refusal === "TooSlow" || count > drainLimit) socket.destroy()
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
    // With pipelining, the answers to earlier requests come first.
    const earlier = exchanges.filter(([, request]) => request.complete).map(([response]) => response)
    if (earlier.length === 0) {
      end(socket, refusal)
      return
    }
    let left = earlier.length
    for (const response of earlier) {
      response.once("close", () => {
        left -= 1
        if (left === 0) end(socket, refusal)
      })
    }
  })

  server.on(
    "checkExpectation",
    (_: Http.IncomingMessage, response: Http.ServerResponse) => send(response, refuse("Expectation"))
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
 * at once, and the latter with their answer. It still waits for answers that have begun.
 */
export const createServer = ({ idleTimeout = 0, refuse, ...options }: Options = {}): Http.Server => {
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
  if (refuse !== undefined) answerRefused(server, refuse)
  const stopListening = server.close.bind(server)
  server.close = (callback) => {
    stopListening(callback)
    for (const socket of unused) socket.destroy()
    return server
  }
  return server
}

/** Accepts no more requests, and waits for the answers to earlier ones. After five seconds it cuts the connections. */
export const stop = (server: Http.Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (server.listening) server.close(() => resume(Effect.void))
    else resume(Effect.void)
  }).pipe(
    Effect.interruptible,
    Effect.raceFirst(Effect.interruptible(Effect.sleep("5 seconds"))),
    Effect.andThen(Effect.sync(() => server.closeAllConnections()))
  )
