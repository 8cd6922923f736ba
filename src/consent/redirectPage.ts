/**
 * A page on this machine that redirects once. It gives a URL to a browser without a process argument, which other users
 * of the machine can read.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"

export interface RedirectPage {
  readonly url: string
  /** Succeeds when the page has redirected. */
  readonly visited: Effect.Effect<void>
}

const headers = {
  "cache-control": "no-store",
  "content-type": "text/plain",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  connection: "close"
}

const otherAnswer = "This address works once. Use the URL that the program has printed.\n"

/** Not imported: a bundler for an edge runtime could not find them. There, no page can be opened. */
const modules = Effect.try(() => ({
  crypto: globalThis.process.getBuiltinModule("node:crypto"),
  http: globalThis.process.getBuiltinModule("node:http")
}))

const listen = (server: Server): Effect.Effect<AddressInfo, Cause.UnknownError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<AddressInfo, Cause.UnknownError>((resume) => {
      server.on("error", (error) => resume(Effect.fail(new Cause.UnknownError(error))))
      // The address is a string only for a pipe, and this server listens on TCP.
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server.address() as AddressInfo)))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

/**
 * Serves the page until the end of the scope, at a random path. Every other request gets 404, and so does a second one.
 */
export const make = (target: URL): Effect.Effect<RedirectPage, Cause.UnknownError, Scope.Scope> =>
  Effect.gen(function*() {
    const { crypto, http } = yield* modules
    const visited = yield* Deferred.make<void>()
    const path = `/${crypto.randomBytes(32).toString("base64url")}`
    let isUsed = false
    const server = http.createServer((request, response) => {
      // A browser may load a page ahead of time, and drop it.
      const isPrefetch = String(request.headers["sec-purpose"]).startsWith("prefetch")
      if (isUsed || request.method !== "GET" || request.url !== path || isPrefetch) {
        response.writeHead(404, headers).end(otherAnswer)
        return
      }
      isUsed = true
      response.once("close", () => Deferred.doneUnsafe(visited, Effect.void))
      response.writeHead(302, { ...headers, location: target.href }).end()
    })
    const { port } = yield* listen(server)
    return { url: `http://127.0.0.1:${port}${path}`, visited: Deferred.await(visited) }
  })
