/**
 * AgentCore Identity over HTTP: the wire protocol of both planes (REST-JSON 1, one port), and the pages that a user's browser
 * goes through for a consent. Any AWS SDK can be pointed at it.
 *
 * A request has to carry an AWS signature for the service `bedrock-agentcore`; that it is there is all that is checked, unless
 * `signatures` says otherwise. The server answers to its own host names only, and sends no CORS headers, so that pages of other
 * sites cannot use it. It is for development: never put it where strangers reach it.
 *
 * {@link layer} has more than the protocol: `GET /` shows what the server holds (names and states, no secrets), `GET /health` says
 * that it runs, and every request is one line of the log, at the level Info, with operation, status, duration and request id.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import * as ServerSpans from "../internal/serverSpans.js"
import * as SecurityTokenService from "../SecurityTokenService.js"
import * as Store from "./backend/store.js"
import * as LocalBackend from "./LocalBackend.js"
import type { OAuthClient } from "./OAuthClient.js"
import * as WireLog from "./server/accessLog.js"
import * as WireBrowser from "./server/consentPages.js"
import * as WireDispatch from "./server/dispatch.js"
import * as WireNode from "./server/node.js"
import * as NodeServer from "./server/nodeServer.js"
import * as WireOperations from "./server/operations.js"
import * as WireSignature from "./server/signature.js"
import * as WireStatus from "./server/statusPage.js"
import * as StsRoute from "./server/sts.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * A key that requests may be signed with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted
  /** Of temporary credentials: requests have to send it along. */
  readonly sessionToken?: Redacted.Redacted | undefined
}

/**
 * What is demanded of the signature of a request (AWS Signature Version 4) for an operation:
 *
 * - `presence`: that one is there, for the service `bedrock-agentcore` (`sts` at `POST /`); whose it is, and whether it is right, is
 *   not looked at. It keeps out the pages of other sites, which cannot set the header.
 * - `verify`: that it is right, of one of the `credentials`, and no more than five minutes old
 * - `off`: nothing
 *
 * @since 0.1.0
 * @category models
 */
export type Signatures = "presence" | "verify" | "off"

/**
 * @since 0.1.0
 * @category models
 */
export interface RouteOptions {
  /** Default: `presence`. */
  readonly signatures?: Signatures | undefined
  /** Whom `verify` knows. Default: nobody. */
  readonly credentials?: ReadonlyArray<Credentials> | undefined
  /**
   * Host names that the server is reached by, beside `localhost` and IP addresses: `identity` in a network of containers, for
   * instance. Requests for other names are refused (DNS rebinding).
   */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
}

/**
 * `publicUrl` is by default the address that the server is bound to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends LocalBackend.Options, RouteOptions {
  /** A name or address of this machine. Default: `127.0.0.1`. Any but its loopback ones needs `allowRemote`. */
  readonly host?: string | undefined
  /** Lets other machines reach the server, whoever they belong to. Default: false. */
  readonly allowRemote?: boolean | undefined
  /** Default: a free one. */
  readonly port?: number | undefined
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * Why the server did not start:
 *
 * - `MissingPackage`: a package that it needs is not installed: `@effect/platform-node`, or `@smithy/signature-v4` to verify signatures
 * - `Listen`: the port is taken, or the host is not one of this machine
 * - `RemoteHost`: other machines would reach it, and `allowRemote` is not set
 * - `MissingCredentials`: `signatures` is `verify`, and there are no `credentials`
 * - `Store`: what the store has in it cannot be used
 *
 * @since 0.1.0
 * @category errors
 */
export class LocalServerError extends Schema.TaggedError<LocalServerError>(
  "effect-agentcore-identity/local/LocalServerError"
)("LocalServerError", {
  reason: Schema.Literal("MissingPackage", "Listen", "RemoteHost", "MissingCredentials", "Store"),
  message: Schema.String
}) {}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /** Where the server is reached from this machine, without a slash at the end. */
  readonly url: string
  /**
   * Environment variables that point AWS SDKs, the AWS CLI, and the AgentCore SDKs for Python and TypeScript at the server:
   * endpoints, region, and credentials that stand for none (not with `verify`: those are the caller's own).
   */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * @since 0.1.0
 * @category services
 */
export class LocalServer extends Context.Tag("effect-agentcore-identity/local/LocalServer")<LocalServer, Service>() {}

// -----------------------------------------------------------------------------
// Routes
// -----------------------------------------------------------------------------

const settingsOf = (options: RouteOptions, access: WireDispatch.Settings["access"]): WireDispatch.Settings => ({
  allowedHosts: options.allowedHosts ?? [],
  signatures: WireSignature.make(options.signatures ?? "presence", options.credentials ?? []),
  access
})

const addProtocol = (
  router: HttpLayerRouter.HttpRouter,
  settings: WireDispatch.Settings
): Effect.Effect<void, never, DataPlane.DataPlane | ControlPlane.ControlPlane> =>
  Effect.gen(function*() {
    const dataPlane = yield* DataPlane.DataPlane
    const controlPlane = yield* ControlPlane.ControlPlane
    for (const [path, rows] of WireOperations.dataPlane) {
      yield* router.add("*", path, WireDispatch.handler(rows, dataPlane, settings))
    }
    for (const [path, rows] of WireOperations.controlPlane) {
      yield* router.add("*", path, WireDispatch.handler(rows, controlPlane, settings))
    }
  })

const addBrowser = (
  router: HttpLayerRouter.HttpRouter,
  settings: WireDispatch.Settings
): Effect.Effect<void, never, LocalBackend.LocalBackend> =>
  Effect.gen(function*() {
    const backend = yield* LocalBackend.LocalBackend
    yield* router.add(
      "*",
      "/identities/oauth2/authorize",
      WireBrowser.handler("authorize", settings, () =>
        Effect.flatMap(HttpServerRequest.ParsedSearchParams, ({ request_uri: uri }) =>
          Effect.map(
            typeof uri === "string"
              ? backend.authorize(Redacted.make(uri))
              : Effect.succeed(LocalBackend.BrowserAnswer.Unknown()),
            WireBrowser.respond
          )))
    )
    yield* router.add(
      "*",
      "/identities/oauth2/callback/:id",
      WireBrowser.handler("callback", settings, (request) =>
        Effect.flatMap(HttpLayerRouter.params, ({ id = "" }) =>
          Effect.map(backend.callback(id, Redacted.make(request.url)), WireBrowser.respond)))
    )
  })

const addSts = (
  router: HttpLayerRouter.HttpRouter,
  settings: WireDispatch.Settings
): Effect.Effect<void, never, SecurityTokenService.SecurityTokenService | LocalBackend.LocalBackend> =>
  Effect.gen(function*() {
    const sts = yield* SecurityTokenService.SecurityTokenService
    const { issuer } = yield* LocalBackend.LocalBackend
    yield* StsRoute.add(router, settings, sts, issuer)
  })

/**
 * The wire protocol over the planes in context, whatever implements them, as routes of an application's own server.
 *
 * @since 0.1.0
 * @category layers
 */
export const routesProtocol = (
  options: RouteOptions = {}
): Layer.Layer<never, never, HttpLayerRouter.HttpRouter | DataPlane.DataPlane | ControlPlane.ControlPlane> =>
  HttpLayerRouter.use((router) => addProtocol(router, settingsOf(options, WireLog.noAccess)))

/**
 * The wire protocol, the pages for browsers and STS (`GetWebIdentityToken`) over a `LocalBackend`, as routes of an application's own server. The backend's
 * `publicUrl` has to be that server's; put {@link layerRedaction} around it.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
 * import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
 * import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
 * import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Layer from "effect/Layer"
 * import { createServer } from "node:http"
 *
 * // Beside the routes of an application, on its port.
 * const server = HttpLayerRouter.serve(LocalServer.routes()).pipe(
 *   Layer.provide(LocalServer.layerRedaction),
 *   Layer.provide(LocalBackend.layer({ publicUrl: "http://127.0.0.1:3000" })),
 *   Layer.provide(OAuthClient.layer),
 *   Layer.provide(NodeHttpServer.layer(createServer, { port: 3000 }))
 * )
 */
export const routes = (
  options: RouteOptions = {}
): Layer.Layer<
  never,
  never,
  HttpLayerRouter.HttpRouter | LocalBackend.Planes | LocalBackend.LocalBackend
> =>
  HttpLayerRouter.use((router) => {
    const settings = settingsOf(options, WireLog.noAccess)
    return Effect.all([addProtocol(router, settings), addBrowser(router, settings), addSts(router, settings)], {
      discard: true
    })
  })

/** Beside those that platform redacts: `authorization`, `cookie`, `set-cookie`, `x-api-key`. */
const secretHeaders = [/token/i, /secret/i, /-wat$/i, "proxy-authorization"]

/**
 * Keeps secrets out of the spans of the HTTP server: the addresses of the pages for browsers, and the headers that carry
 * tokens. Provide it to the layer that serves; {@link layer} has it already.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedaction: Layer.Layer<never> = Layer.merge(
  ServerSpans.layerUntraced((request) => WireOperations.isConfidential(request.url)),
  Layer.scopedDiscard(Effect.locallyScopedWith(Headers.currentRedactedNames, (names) => [...names, ...secretHeaders]))
)

// -----------------------------------------------------------------------------
// Server
// -----------------------------------------------------------------------------

const isLoopback = (host: string): boolean => /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)

const authority = (host: string): string => {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return name.includes(":") ? `[${name}]` : name
}

const checkOptions = (options: Options, host: string): Effect.Effect<unknown, LocalServerError> =>
  options.allowRemote !== true && !isLoopback(host)
    ? new LocalServerError({
      reason: "RemoteHost",
      message:
        `On ${host} other machines reach the local server, and every credential in it: set allowRemote if they may`
    })
    : options.signatures !== "verify"
    ? Effect.void
    : (options.credentials ?? []).length === 0
    ? new LocalServerError({
      reason: "MissingCredentials",
      message: "Signatures cannot be verified without credentials: set the option credentials"
    })
    : Effect.tryPromise({
      try: () => WireSignature.load(),
      catch: () =>
        new LocalServerError({
          reason: "MissingPackage",
          message: "To verify signatures takes the package '@smithy/signature-v4': npm install @smithy/signature-v4"
        })
    })

interface Listening {
  readonly node: Http.Server
  readonly server: HttpServer.HttpServer
  readonly url: string
}

const listen = (host: string, port: number): Effect.Effect<Listening, LocalServerError, Scope.Scope> =>
  Effect.gen(function*() {
    const { make } = yield* Effect.tryPromise({
      try: () => import("@effect/platform-node/NodeHttpServer"),
      catch: () =>
        new LocalServerError({
          reason: "MissingPackage",
          message:
            "The local server needs the package '@effect/platform-node': npm install --save-dev @effect/platform-node@0.108"
        })
    })
    const node = yield* WireNode.make
    const server = yield* Effect.mapError(make(() => node, { host, port }), ({ cause }) =>
      new LocalServerError({
        reason: "Listen",
        message: `Cannot listen on ${host}:${port}${hasProperty(cause, "code") ? `: ${String(cause.code)}` : ""}`
      }))
    // Runs before the server is closed, which waits for every connection.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    const { address } = server
    const url = `http://${authority(host)}:${address._tag === "TcpAddress" ? address.port : port}`
    if (!isLoopback(host)) {
      yield* Effect.logWarning(
        `The local server listens on ${host}: whoever reaches this machine can ask it for every credential it has`
      )
    }
    return { node, server, url }
  })

const serve = (
  { node, server }: Listening,
  settings: WireDispatch.Settings,
  self: Service
): Effect.Effect<
  void,
  never,
  LocalBackend.Planes | LocalBackend.LocalBackend | Scope.Scope
> =>
  Effect.gen(function*() {
    // A router of its own: the one of `HttpLayerRouter.layer` would be shared with other servers of the program.
    const router = yield* HttpLayerRouter.make
    yield* addProtocol(router, settings)
    yield* addBrowser(router, settings)
    yield* addSts(router, settings)
    yield* WireStatus.add(router, settings, self)
    yield* WireNode.serve(node, server, WireDispatch.total(router.asHttpEffect(), settings))
    // Before the backend goes: what has been asked is answered.
    yield* Effect.addFinalizer(() => NodeServer.stop(node))
  })

const environment = (url: string, region: string, signatures: Signatures | undefined): Service["environment"] => ({
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: url,
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: url,
  AWS_ENDPOINT_URL_STS: url,
  BEDROCK_AGENTCORE_DP_ENDPOINT: url,
  BEDROCK_AGENTCORE_CP_ENDPOINT: url,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  ...signatures === "verify" ? undefined : { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" },
  AWS_EC2_METADATA_DISABLED: "true"
})

/**
 * A server on a port of this machine, with a backend of its own behind it: also the planes, in process, and the `LocalBackend`.
 * Needs the package `@effect/platform-node`, which is loaded when the layer is built.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const server = yield* LocalServer.LocalServer
 *   yield* Effect.log(`AgentCore Identity runs at ${server.url}`)
 *   return yield* Effect.never
 * })
 *
 * const runnable = program.pipe(
 *   Effect.provide(LocalServer.layer({ port: 4020 }).pipe(Layer.provide(OAuthClient.layer)))
 * )
 */
export const layer = (options: Options = {}): Layer.Layer<
  LocalServer | LocalBackend.LocalBackend | LocalBackend.Planes,
  LocalServerError,
  OAuthClient
> => Layer.provide(layerStore(options), Store.layerMemory)

/**
 * The same over the store in context: `VaultFile.layer`, from which the server goes on where the last one ended.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStore = (options: Options = {}): Layer.Layer<
  LocalServer | LocalBackend.LocalBackend | LocalBackend.Planes,
  LocalServerError,
  OAuthClient | Store.Store
> =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const host = options.host ?? "127.0.0.1"
    yield* checkOptions(options, host)
    const listening = yield* listen(host, options.port ?? 0)
    const { url } = listening
    const publicUrl = options.publicUrl ?? url
    const settings = settingsOf({
      ...options,
      allowedHosts: [
        host,
        ...URL.canParse(publicUrl) ? [new URL(publicUrl).hostname] : [],
        ...options.allowedHosts ?? []
      ]
    }, WireLog.access)
    const self = { url, environment: environment(url, options.region ?? "us-west-2", options.signatures) }
    return Layer.scoped(LocalServer, Effect.as(serve(listening, settings, self), self)).pipe(
      Layer.provide(layerRedaction),
      Layer.provideMerge(LocalBackend.layerStore({ ...options, publicUrl })),
      Layer.mapError(({ reason }) => new LocalServerError({ reason: "Store", message: reason }))
    )
  }))
