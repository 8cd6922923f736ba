/**
 * The server of Node under the wire protocol: also what it turns away by itself gets an answer in the form of AWS.
 *
 * @since 0.1.0
 */
import type * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import type * as Http from "node:http"
import * as WireLog from "./accessLog.js"
import * as WireErrors from "./errors.js"
import type { WireError } from "./errors.js"
import * as NodeServer from "./nodeServer.js"

const refusals: { readonly [Refusal in NodeServer.Refusal]: WireError } = {
  Malformed: WireErrors.malformed,
  HeadersTooLarge: WireErrors.headersTooLarge,
  TooSlow: WireErrors.tooSlow,
  Expectation: WireErrors.expectationFailed,
  Connect: WireErrors.wrongMethod("POST")
}

const serving = new WeakSet<Http.Server>()

/**
 * A server that says 503 while it has no application. `limits` are those of Node's server; by default a request has 30 seconds
 * to arrive, its headers 10.
 *
 * @internal
 */
export const makeWith = (limits: Http.ServerOptions): Effect.Effect<Http.Server> =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const encode = (error: WireError): NodeServer.Answer => {
      const requestId = randomUUID()
      Runtime.runFork(runtime)(WireLog.line("unknown", error.status, requestId))
      return WireErrors.encode(error, requestId)
    }
    const server = NodeServer.createServer({
      ...limits,
      // Node's own answer has no body.
      requireHostHeader: false,
      refuse: (refusal) => encode(refusals[refusal])
    })
    server.on("request", (_: Http.IncomingMessage, response: Http.ServerResponse) => {
      // No client waits for an answer that never comes.
      if (!serving.has(server)) {
        NodeServer.send(response, encode(WireErrors.unavailable))
      }
    })
    return server
  })

/** @internal */
export const make: Effect.Effect<Http.Server> = makeWith({
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1000
})

/**
 * The application of a server, until the end of the scope.
 *
 * @internal
 */
export const serve = (
  node: Http.Server,
  server: HttpServer.HttpServer,
  application: Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    never,
    HttpServerRequest.HttpServerRequest | Scope.Scope
  >
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    yield* server.serve(application)
    // There are no WebSockets here. With nobody to upgrade it, such a request is one like the others: some clients offer HTTP/2.
    node.removeAllListeners("upgrade")
    yield* Effect.acquireRelease(
      Effect.sync(() => serving.add(node)),
      () => Effect.sync(() => serving.delete(node))
    )
  })
