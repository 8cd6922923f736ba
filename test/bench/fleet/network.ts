/** Lines of TCP between the processes of the fleet and their servers, which can be cut. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net"

export interface Line {
  readonly port: number
  /** Packets are lost, and nobody is told. */
  readonly cut: () => void
  /** TCP sends the lost packets again. */
  readonly mend: () => void
  /** Ends all connections, as when the address gets another server. */
  readonly reset: () => void
}

/** A line to the server that `target` returns, for each connection anew. */
export const make = (target: () => NetConnectOpts): Effect.Effect<Line, never, Scope.Scope> =>
  Effect.gen(function*() {
    const open = new Set<Socket>()
    let isCut = false
    const held = new Set<() => void>()
    const join = (from: Socket) => {
      const to = connect(target())
      for (const [one, other] of [[from, to], [to, from]] as const) {
        open.add(one)
        one.setNoDelay(true)
        one.on("error", () => other.destroy())
        one.on("close", () => {
          open.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    }
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer({ pauseOnConnect: true }, (socket) => {
          socket.on("error", () => {})
          if (isCut) held.add(() => join(socket))
          else join(socket)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          for (const socket of open) socket.destroy()
        })
    )
    return {
      port: (server.address() as AddressInfo).port,
      cut: () => {
        isCut = true
        for (const socket of open) socket.pause()
      },
      mend: () => {
        isCut = false
        for (const socket of open) socket.resume()
        for (const joinNow of held) joinNow()
        held.clear()
      },
      reset: () => {
        for (const socket of open) socket.destroy()
      }
    }
  })
