/** Starts the local server on a port: checks the options, and loads the optional packages that they need. */
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"
import { isLoopback } from "../../internal/models/urls.js"
import { describeListenError, toAuthority } from "../../internal/ownHost.js"
import * as NodeServer from "./nodeServer.js"
import { LocalServerError, type SignatureOptions } from "./serverModels.js"

type NodeApplication = Effect.Success<typeof makeNode>

/** Makes a server of Node. It responds with 503 while it serves no application. */
const makeNode = Effect.sync(() => {
  const server = NodeServer.createServer({
    // Milliseconds.
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 1000,
    // `Dispatch.respondToAll` checks it.
    requireHostHeader: false
  })
  // A client that does not read its response holds a file descriptor.
  server.timeout = 120_000
  let serving = false
  server.on("request", (_: Http.IncomingMessage, response: Http.ServerResponse) => {
    // Without an application, nothing else responds.
    if (!serving) response.writeHead(503).end()
  })
  return {
    server,
    /** Serves an application until the end of the scope. */
    serve: (
      httpServer: HttpServer.HttpServer["Service"],
      application: Effect.Effect<
        HttpServerResponse.HttpServerResponse,
        never,
        HttpServerRequest.HttpServerRequest | Scope.Scope
      >
    ) =>
      Effect.gen(function*() {
        yield* httpServer.serve(application)
        // There are no WebSockets here. Without a listener Node treats an upgrade request like any other; some clients
        // offer HTTP/2 with one.
        server.removeAllListeners("upgrade")
        // Node sends "100 Continue" itself, and passes such a request to all listeners of "request".
        server.removeAllListeners("checkContinue")
        serving = true
        yield* Effect.addFinalizer(() => Effect.sync(() => void (serving = false)))
      })
  }
})

interface ListenOptions {
  readonly host: string
  readonly port: number | undefined
  readonly allowRemote: boolean | undefined
  readonly signatures: SignatureOptions["signatures"]
  readonly credentials: SignatureOptions["credentials"]
}

interface Listening {
  readonly node: NodeApplication
  readonly server: HttpServer.HttpServer["Service"]
  /** The URL of the server on this machine, without a trailing slash. */
  readonly url: string
}

/** Any name under `.localhost` counts as local: here the name only selects the address to listen on. */
const isLocal = (host: string): boolean => isLoopback(host) || /.\.localhost$/i.test(host)

const check = (
  { allowRemote = false, credentials = [], host, signatures }: ListenOptions
): Effect.Effect<void, LocalServerError> => {
  if (!allowRemote && !isLocal(host)) {
    return new LocalServerError({
      reason: "RemoteHost",
      message: `On ${host}, other machines can reach the local server and every credential in it. `
        + "Set allowRemote to allow that."
    })
  }
  if (signatures !== "verify") return Effect.void
  // Anyone could sign with an empty secret, which a variable that is not set results in.
  const isEmpty = ({ accessKeyId, secretAccessKey }: NonNullable<SignatureOptions["credentials"]>[number]) =>
    !accessKeyId || !Redacted.value(secretAccessKey)
  return credentials.length === 0 || credentials.some(isEmpty)
    ? new LocalServerError({
      reason: "MissingCredentials",
      message: "The server cannot verify signatures without credentials, each with an access key id and a secret. "
        + "Set the option credentials."
    })
    : Effect.void
}

export const listen = (options: ListenOptions): Effect.Effect<Listening, LocalServerError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* check(options)
    const { host, port = 0 } = options
    const { make } = yield* Effect.mapError(
      loadPackage("@effect/platform-node", "make", () => import("@effect/platform-node/NodeHttpServer")),
      () =>
        new LocalServerError({
          reason: "MissingPackage",
          message: `The local server needs the package '@effect/platform-node': ${
            installCommand("@effect/platform-node", "--save-dev")
          }`
        })
    )
    const node = yield* makeNode
    const server = yield* Effect.mapError(make(() => node.server, { host, port }), ({ cause }) => {
      const code = hasProperty(cause, "code") ? String(cause.code) : undefined
      return new LocalServerError({ reason: "Listen", message: describeListenError(host, port, code), code })
    })
    // Runs before the server closes, because closing waits for every connection.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.server.closeAllConnections()))
    if (!isLocal(host)) {
      yield* Effect.logWarning(
        `The local server listens on ${host}. Every machine that reaches it can get all its credentials.`
      )
    }
    const { address } = server
    return { node, server, url: `http://${toAuthority(host)}:${"port" in address ? address.port : port}` }
  })
