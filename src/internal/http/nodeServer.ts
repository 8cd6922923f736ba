/**
 * An HTTP server of Node that stops when it is told to.
 *
 * @since 0.1.0
 */
import * as Http from "node:http"
import type { Socket } from "node:net"

/**
 * `close` of Node's own server waits for connections on which a browser has not sent anything yet, for a minute, and for those that
 * are kept alive after their last answer. Here `close` ends the former at once, and the latter with their answer; answers on their
 * way are finished.
 *
 * @internal
 */
export const createServer = (): Http.Server => {
  const unused = new Set<Socket>()
  const server = Http.createServer()
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
