/**
 * A page on this machine that redirects once: it passes a URL to a browser, because other users can read the arguments
 * of a process.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"

const headers = {
  "cache-control": "no-store",
  "content-type": "text/plain",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  connection: "close"
}

const notFound = "This address works once. Use the URL that the program has printed.\n"

/** Node's modules are not imported, because a bundler for an edge runtime could not find them. */
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

/** Serves the page at a random path until the scope ends. A second request, and every other request, gets 404. */
export const make = (target: URL) =>
  Effect.gen(function*() {
    const { crypto, http } = yield* modules
    const visited = yield* Deferred.make<void>()
    const path = `/${crypto.randomBytes(32).toString("base64url")}`
    let isUsed = false
    const server = http.createServer((request, response) => {
      // A browser may load a page ahead of time, and drop it.
      const isPrefetch = String(request.headers["sec-purpose"]).startsWith("prefetch")
      if (isUsed || request.method !== "GET" || request.url !== path || isPrefetch) {
        response.writeHead(404, headers).end(notFound)
        return
      }
      isUsed = true
      response.once("close", () => Deferred.doneUnsafe(visited, Effect.void))
      response.writeHead(302, { ...headers, location: target.href }).end()
    })
    const { port } = yield* listen(server)
    return {
      url: `http://127.0.0.1:${port}${path}`,
      visited: Deferred.await(visited)
    }
  })

/** Succeeds when the process fails. Some browsers have opened the page even then: `explorer.exe` always fails. */
const failure = (browser: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    browser.on("error", () => resume(Effect.void))
    browser.on("exit", (code) => {
      if (code !== 0) resume(Effect.void)
    })
    if (browser.exitCode !== null && browser.exitCode !== 0) resume(Effect.void)
  })

/**
 * Opens a URL in the default browser of this machine. Returns whether the browser has requested it. It waits up to 30
 * seconds, or 5 seconds after the browser failed to start.
 */
export const open = (target: URL): Effect.Effect<boolean, Cause.UnknownError> =>
  Effect.gen(function*() {
    const { open } = yield* Effect.tryPromise(() => import("./open.js"))
    const page = yield* make(target)
    const browser = yield* Effect.tryPromise(() => open(page.url))
    return yield* Effect.raceFirst(
      Effect.as(page.visited, true),
      Effect.as(Effect.andThen(failure(browser), Effect.sleep("5 seconds")), false)
    )
  }).pipe(Effect.scoped, Effect.timeoutOption("30 seconds"), Effect.map(Option.getOrElse(() => false)))
