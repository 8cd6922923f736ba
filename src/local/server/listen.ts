/** Starts the local server on a port: checks the options, and loads the optional packages that they need. */
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import { hasProperty } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { installCommand, loadPackage, type PackageNotLoaded } from "../../internal/loadPackage.js"
import { toAuthority } from "../../internal/ownHost.js"
import { isLoopback } from "../../models/internal/loopback.js"
import * as Node from "./node.js"
import { type Credentials, LocalServerError, type Signatures } from "./options.js"
import * as Signature from "./signature.js"

interface Options {
  readonly host: string
  readonly port: number
  readonly allowRemote: boolean
  readonly signatures: Signatures
  readonly credentials: ReadonlyArray<Credentials>
}

export interface Listening {
  readonly node: Node.Node
  readonly server: HttpServer.HttpServer["Service"]
  /** The URL of the server on this machine, without a trailing slash. */
  readonly url: string
}

/** A server may listen on any name under `.localhost`: the name decides the address here, and no secret travels to it. */
const isLocal = (host: string): boolean => isLoopback(host) || /.\.localhost$/i.test(host)

const loadOrExplain = <A>(
  load: Effect.Effect<A, PackageNotLoaded>,
  message: string
): Effect.Effect<A, LocalServerError> =>
  Effect.mapError(load, () => new LocalServerError({ reason: "MissingPackage", message }))

const check = (options: Options): Effect.Effect<unknown, LocalServerError> => {
  if (!options.allowRemote && !isLocal(options.host)) {
    return new LocalServerError({
      reason: "RemoteHost",
      message: `On ${options.host}, other machines can reach the local server and every credential in it. `
        + "Set allowRemote to allow that."
    })
  }
  if (options.signatures !== "verify") return Effect.void
  return options.credentials.length === 0
    ? new LocalServerError({
      reason: "MissingCredentials",
      message: "The server cannot verify signatures without credentials. Set the option credentials."
    })
    : loadOrExplain(
      Signature.load,
      `The package '@smithy/signature-v4' is needed to verify signatures: ${installCommand("@smithy/signature-v4")}`
    )
}

export const listen = (options: Options): Effect.Effect<Listening, LocalServerError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* check(options)
    const { host, port } = options
    const { make } = yield* loadOrExplain(
      loadPackage("@effect/platform-node", "make", () => import("@effect/platform-node/NodeHttpServer")),
      `The local server needs the package '@effect/platform-node': ${
        installCommand("@effect/platform-node", "--save-dev")
      }`
    )
    const node = yield* Node.make
    const server = yield* Effect.mapError(make(() => node.server, { host, port }), ({ cause }) =>
      new LocalServerError({
        reason: "Listen",
        message: `Cannot listen on ${host}:${port}${hasProperty(cause, "code") ? `: ${String(cause.code)}` : ""}`
      }))
    // Runs before the server closes: closing waits for every connection.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.server.closeAllConnections()))
    if (!isLocal(host)) {
      yield* Effect.logWarning(
        `The local server listens on ${host}. Every machine that reaches it can get every credential it has.`
      )
    }
    const { address } = server
    return { node, server, url: `http://${toAuthority(host)}:${"port" in address ? address.port : port}` }
  })
