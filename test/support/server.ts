/** Servers on free ports of this machine. Closing the scope stops them. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomInt } from "node:crypto"
import * as Http from "node:http"
import type * as Https from "node:https"
import type * as Net from "node:net"

/** Starts a server, and returns its port. */
export const listen = (server: Net.Server | Http.Server | Https.Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      // A server that listens on a port has an address of this kind.
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as Net.AddressInfo).port)))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        if ("closeAllConnections" in server) server.closeAllConnections()
        // A server of TCP waits for its clients, whose scopes may end later.
        else resume(Effect.void)
      })
  )

/** Serves HTTP, and returns the origin. */
export const serve = (listener: Http.RequestListener) =>
  Effect.map(listen(Http.createServer(listener)), (port) => `http://127.0.0.1:${port}`)

const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const server = Http.createServer().once("error", () => resume(Effect.succeed(false)))
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

/** A port that is free at the moment. Connections and servers on the port 0 get none of these, from 32768 on. */
export const freePort: Effect.Effect<number> = Effect.suspend(() => {
  const port = randomInt(10_000, 32_768)
  return Effect.flatMap(isFree(port), (free) => free ? Effect.succeed(port) : freePort)
})
