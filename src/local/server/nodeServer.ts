/**
 * An HTTP server of Node that stops when it is told to, and has an answer for everybody.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"

/**
 * Why Node itself turned a request away, before any handler saw it.
 *
 * @internal
 */
export type Refusal = "Malformed" | "HeadersTooLarge" | "TooSlow" | "Expectation" | "Connect"

/** @internal */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** @internal */
export interface Options extends Http.ServerOptions {
  /** Instead of Node's own answers, which have no body. */
  readonly refuse?: ((refusal: Refusal) => Answer) | undefined
}

const refusalOf = (error: Error & { readonly code?: string }): Refusal =>
  error.code === "HPE_HEADER_OVERFLOW" || error.code === "HPE_CHUNK_EXTENSIONS_OVERFLOW"
    ? "HeadersTooLarge"
    : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? "TooSlow"
    : "Malformed"

const textOf = ({ body, headers, status }: Answer): string =>
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

/** @internal */
export const send = (response: Http.ServerResponse, { body, headers, status }: Answer): void => {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body)
}

/** How much more is read from a client that was turned away: a connection that is cut while it sends gives it no answer. */
const patience = 256

const answerRefused = (server: Http.Server, refuse: (refusal: Refusal) => Answer) => {
  const open = new WeakMap<Duplex, Map<Http.ServerResponse, Http.IncomingMessage>>()
  const refused = new WeakMap<Duplex, number>()

  const end = (socket: Duplex, refusal: Refusal) => {
    if (socket.writable) socket.end(textOf(refuse(refusal)))
  }

  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const exchanges = open.get(request.socket) ?? new Map<Http.ServerResponse, Http.IncomingMessage>()
    open.set(request.socket, exchanges.set(response, request))
    response.once("close", () => exchanges.delete(response))
    // On a connection that was not upgraded as it was asked to be, Node 20 has no `clientError` any more: a bad request would wait
    // for its answer until the connection is dropped.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
  })

  server.on("clientError", (error: Error & { readonly code?: string }, socket: Duplex) => {
    const refusal = refusalOf(error)
    const before = refused.get(socket) ?? 0
    refused.set(socket, before + 1)
    if (before > 0) {
      // Node reports each further piece of the same request.
      if (refusal === "TooSlow" || before > patience) socket.destroy()
      return
    }
    if (error.code === "ECONNRESET") {
      socket.destroy()
      return
    }
    // A client may have sent this one behind others (pipelining): their answers come first.
    const exchanges = [...open.get(socket) ?? []]
    const begun = exchanges.find(([response, request]) => !request.complete && response.headersSent)
    const earlier = exchanges.filter(([, request]) => request.complete).map(([response]) => response)
    if (begun !== undefined) {
      socket.end()
      return
    }
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
  server.on("connect", (_: Http.IncomingMessage, socket: Duplex) => end(socket, "Connect"))
}

/**
 * `close` of Node's own server waits for connections on which a browser has not sent anything yet, for a minute, and for those that
 * are kept alive after their last answer. Here `close` ends the former at once, and the latter with their answer; answers on their
 * way are finished.
 *
 * @internal
 */
export const createServer = ({ refuse, ...options }: Options = {}): Http.Server => {
  const unused = new Set<Socket>()
  const server = Http.createServer(options)
  server.on("connection", (socket: Socket) => {
    unused.add(socket)
    socket.once("close", () => unused.delete(socket))
  })
  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    unused.delete(request.socket)
    response.once("close", () => {
      if (!server.listening) {
        request.socket.end()
      }
    })
  })
  if (refuse !== undefined) answerRefused(server, refuse)
  const close = server.close.bind(server)
  server.close = (callback) => {
    close(callback)
    for (const socket of unused) {
      socket.destroy()
    }
    return server
  }
  return server
}

/**
 * Takes no more requests, and waits for the answers to those that were made; what still runs after five seconds is cut.
 *
 * @internal
 */
export const stop = (server: Http.Server): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (server.listening) server.close(() => resume(Effect.void))
    else resume(Effect.void)
  }).pipe(
    Effect.interruptible,
    Effect.raceFirst(Effect.interruptible(Effect.sleep("5 seconds"))),
    Effect.zipRight(Effect.sync(() => server.closeAllConnections()))
  )
