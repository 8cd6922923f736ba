/** The Node server under the wire protocol. Requests that Node rejects get an answer in the form of AWS, too. */
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import type * as Http from "node:http"
import * as AccessLog from "./accessLog.js"
import * as Errors from "./errors.js"
import type { WireError } from "./errors.js"
import * as NodeServer from "./nodeServer.js"

export interface Node {
  /** Answers 503 while it serves no application. */
  readonly server: Http.Server
  /** Serves an application until the end of the scope. */
  readonly serve: (
    server: HttpServer.HttpServer["Service"],
    application: Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      never,
      HttpServerRequest.HttpServerRequest | Scope.Scope
    >
  ) => Effect.Effect<void, never, Scope.Scope>
}

const refusals: { readonly [Refusal in NodeServer.Refusal]: WireError } = {
  Malformed: Errors.malformed,
  HeadersTooLarge: Errors.headersTooLarge,
  TooSlow: Errors.tooSlow,
  Expectation: Errors.expectationFailed,
  Connect: Errors.wrongMethod("POST")
}

/** Makes a server with limits of Node's own. */
export const makeWith = (limits: Omit<NodeServer.Options, "refuse">): Effect.Effect<Node> =>
  Effect.map(Effect.context<never>(), (runtime) => {
    const encode = (error: WireError): NodeServer.Answer => {
      const requestId = randomUUID()
      Effect.runForkWith(runtime)(AccessLog.writeLine("unknown", error.status, requestId))
      return Errors.encode(error, requestId)
    }
    const server = NodeServer.createServer({
      ...limits,
      // Node's own answer to a request without this header has no body.
      requireHostHeader: false,
      refuse: (refusal) => encode(refusals[refusal])
    })
    let serving = false
    server.on("request", (_: Http.IncomingMessage, response: Http.ServerResponse) => {
      // Without an application, nothing else answers the request.
      if (!serving) NodeServer.send(response, encode(Errors.unavailable))
    })
    const setServing = (value: boolean) => Effect.sync(() => void (serving = value))
    return {
      server,
      serve: (httpServer, application) =>
        Effect.gen(function*() {
          yield* httpServer.serve(application)
          // There are no WebSockets here. Without a listener Node treats an upgrade request like any other; some
          // clients offer HTTP/2 with one.
          server.removeAllListeners("upgrade")
          // Node sends "100 Continue" itself, and such a request is one for all listeners.
          server.removeAllListeners("checkContinue")
          yield* Effect.acquireRelease(setServing(true), () => setServing(false))
        })
    }
  })

/**
 * Makes a server that gives a request 30 seconds to arrive, and its headers 10 seconds. A connection may be silent for two minutes.
 */
export const make: Effect.Effect<Node> = makeWith({
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  idleTimeout: 120_000
})
