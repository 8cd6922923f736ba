/** Responses that never end, or are too large. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import { createGzip } from "node:zlib"
import * as Server from "./server.js"

export type Fault = "silent" | "dripping" | "dripping headers" | "large" | "larger than it says" | "bomb" | "upgrade"

export const endless: ReadonlyArray<Fault> = ["silent", "dripping", "dripping headers"]
export const oversized: ReadonlyArray<Fault> = ["large", "larger than it says", "bomb"]

const json = { "content-type": "application/json" }

const zeros = Buffer.alloc(64 * 1024, "0")

const repeat = (socket: NodeJS.EventEmitter, action: () => void): void => {
  const timer = setInterval(action, 20)
  socket.on("close", () => clearInterval(timer))
}

/** Writes zeros as fast as the reader takes them, a thousand times more than it should. */
const flood = (target: NodeJS.WritableStream, socket: NodeJS.EventEmitter): void => {
  let left = 16_000
  const write = (): void => {
    while (left-- > 0) {
      if (!target.write(zeros)) {
        target.once("drain", write)
        return
      }
    }
    target.end()
  }
  socket.on("close", () => {
    left = 0
  })
  write()
}

export const fail = (fault: Fault, response: Http.ServerResponse): void => {
  const { socket } = response
  if (socket === null) return
  switch (fault) {
    case "silent":
      return
    case "dripping":
      response.writeHead(200, json)
      return repeat(socket, () => response.write(" "))
    case "dripping headers":
      socket.write("HTTP/1.1 200 OK\r\n")
      return repeat(socket, () => socket.write("x"))
    case "upgrade":
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
      return
    case "large":
      response.writeHead(200, { ...json, "content-length": zeros.length * 16_000 })
      return flood(response, socket)
    case "larger than it says":
      response.writeHead(200, json)
      return flood(response, socket)
    case "bomb": {
      response.writeHead(200, { ...json, "content-encoding": "gzip" })
      const gzip = createGzip()
      gzip.pipe(response)
      return flood(gzip, socket)
    }
  }
}

interface FaultyServer {
  readonly url: string
  /** The requests so far. */
  readonly paths: Array<string>
  /** Waits until this number of requests has arrived. */
  readonly arrived: (count: number) => Effect.Effect<void>
  /** Waits until the connection of every faulty response is closed. A client reuses the other connections. */
  readonly idle: Effect.Effect<void>
}

/** A server on loopback. `respond` may send a response. Otherwise it returns the fault for the request. */
export const start = (
  respond: (path: string, response: Http.ServerResponse, url: string) => Fault | undefined
): Effect.Effect<FaultyServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const paths: Array<string> = []
    const open = new Set<unknown>()
    const url: string = yield* Server.serve((request, response) => {
      paths.push(request.url ?? "")
      request.resume()
      const fault = respond(request.url ?? "", response, url)
      if (fault === undefined) return
      open.add(request.socket)
      request.socket.on("close", () => open.delete(request.socket))
      fail(fault, response)
    })
    const until = (isReached: () => boolean): Effect.Effect<void> =>
      Effect.asVoid(Effect.repeat(Effect.sleep("5 millis"), { until: isReached }))
    return { url, paths, arrived: (count) => until(() => paths.length >= count), idle: until(() => open.size === 0) }
  })

/**
 * A proxy that loses the first response of a path, after the server has handled the request: it closes the connection
 * instead. Returns its URL.
 */
export const losing = (url: string, path: string): Effect.Effect<string, never, Scope.Scope> => {
  let isLost = false
  return Server.serve((request, response) => {
    const { headers, method = "GET", url: target = "" } = request
    const forwarded = Http.request(new URL(target, url), { method, headers, agent: false }, (received) => {
      if (target === path && !isLost) {
        isLost = true
        received.resume().on("end", () => request.socket.destroy())
      } else {
        response.writeHead(received.statusCode ?? 500, received.headers)
        received.pipe(response)
      }
    })
    request.pipe(forwarded)
  })
}
