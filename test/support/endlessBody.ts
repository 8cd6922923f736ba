/** A request whose body never ends. */
import * as Effect from "effect/Effect"
import { connect } from "node:net"

/** Sends the body until the server closes the connection. Returns the number of bytes. */
const send = (url: URL, headers: ReadonlyArray<string>) =>
  Effect.callback<number>((resume) => {
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`
    const socket = connect(Number(url.port), "127.0.0.1", () => {
      const next = () => {
        if (socket.writable) socket.write(chunk, next)
      }
      socket.write([`POST ${url.pathname} HTTP/1.1`, `host: ${url.host}`, ...headers, "", ""].join("\r\n"), next)
    })
    socket.on("error", () => {}).on("close", () => resume(Effect.succeed(socket.bytesWritten))).resume()
    return Effect.sync(() => socket.destroy())
  })

/** The bytes that a server accepts of a body without a length, and of one of a terabyte. */
export const accepted = (url: string, headers: ReadonlyArray<string>) =>
  Effect.forEach(
    ["transfer-encoding: chunked", `content-length: ${2 ** 40}`],
    (length) => send(new URL(url), [...headers, length])
  ).pipe(Effect.map((sizes) => Math.max(...sizes)), Effect.timeout("30 seconds"), Effect.orDie)

/** More than a server reads, with what the buffers of both sides hold. */
export const limit = 64 * 1024 * 1024
