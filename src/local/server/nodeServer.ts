/** An HTTP server of Node that stops in time. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { Socket } from "node:net"

/**
 * Creates a server whose `close` does not wait for idle connections. Node's own waits for connections on which a
 * browser has sent nothing yet, up to a minute, and for connections that are kept alive. Here `close` ends the former
 * at once, and the latter with their response. It still waits for responses that have started.
 */
export const createServer = (options: Http.ServerOptions = {}): Http.Server => {
  const unused = new Set<Socket>()
  const server = Http.createServer(options)
  server.on("connection", (socket: Socket) => {
    unused.add(socket)
    socket.once("close", () => unused.delete(socket))
  })
  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    unused.delete(request.socket)
    // Node closes the connection after a response before the end of a chunked body, and does not announce it.
    if (request.headers["transfer-encoding"] !== undefined && response.shouldKeepAlive) {
      response.shouldKeepAlive = false
      request.once("end", () => {
        response.shouldKeepAlive = true
      })
    }
    response.once("close", () => {
      if (!server.listening) request.socket.end()
    })
  })
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
