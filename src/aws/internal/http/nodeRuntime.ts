/** The runtime of the adapter in Node: HTTP client, hash, AWS profile, and the credentials of the machine. */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type { Duplex } from "node:stream"
import { fromNode } from "../../../internal/boundedBody.js"
import { nodeSha256 } from "../../../internal/signature.js"
import type { HttpOptions } from "../../AwsPlanes.js"
import { maxBytes, NoResponse } from "../failure.js"
import { loadSdk } from "../operationCall.js"
import * as Settings from "../planeSettings.js"
import { makeDataPlane as makeHttpDataPlane, noProfile, type Profile, type Runtime } from "./httpPlane.js"
import {
  connectionClosed,
  type Lost,
  type Request,
  type Response,
  timedOut,
  toLost,
  type Transport
} from "./httpTransport.js"
import * as NodeCredentials from "./nodeCredentials.js"

type Env = NodeCredentials.Machine["env"]

/**
 * The modules of Node. They are not imported, because a bundler for an edge runtime could not find them, and because on
 * Node 22 and 24 an import of `node:http` also loads Node's `fetch`.
 */
const findModules = Effect.suspend(() => {
  const getModule = globalThis.process?.getBuiltinModule
  return getModule === undefined
    ? Effect.fail(
      Settings.invalidConfig(
        "process",
        "layerHttpNode needs the modules of Node.js. In another runtime use layerHttp, over an HttpClient"
      )
    )
    : Effect.succeed({
      crypto: getModule("node:crypto"),
      fs: getModule("node:fs"),
      http: getModule("node:http"),
      // Read at the first call over https.
      get https() {
        return getModule("node:https")
      },
      os: getModule("node:os"),
      path: getModule("node:path")
    })
})

type Modules = Effect.Success<typeof findModules>

// -----------------------------------------------------------------------------
// HTTP client
// -----------------------------------------------------------------------------

/** Only the header `set-cookie` has several values in Node. */
const flatten = (headers: Http.IncomingHttpHeaders): Response["headers"] =>
  // The type of Node allows lists for all names.
  headers as Response["headers"]

/** Node takes an IPv6 address without brackets. */
const unbracket = (hostname: string): string => hostname.replace(/^\[|\]$/g, "")

/** Milliseconds. Node runs a longer timer at once. */
const maxTimer = 2 ** 31 - 1

const decoder = new TextDecoder()

const receive = (message: Http.IncomingMessage, end: (result: Effect.Effect<Response, Lost>) => void): void => {
  const received = { status: message.statusCode ?? 0, headers: flatten(message.headers) }
  fromNode(message, maxBytes, (error, body) =>
    body === undefined
      ? end(Effect.fail(toLost(error, received)))
      // During this event the connection is not free yet. A call that follows at once would open another one.
      : queueMicrotask(() => end(Effect.succeed({ ...received, body: decoder.decode(body) }))))
}

const send = (
  node: Modules,
  { body, headers, method, path }: Request,
  { agent, hostname, port, scheme }: Route,
  timeout: number
): Effect.Effect<Response, Lost> =>
  Effect.callback<Response, Lost>((resume) => {
    const request = node[scheme].request({ hostname, port, path, method, agent })
    let hasResponse = false
    const timer = timeout <= maxTimer
      // oxlint-disable-next-line no-restricted-globals -- A network needs real time, also under a `TestClock`.
      ? setTimeout(() => {
        resume(Effect.fail(timedOut))
        request.destroy()
      }, timeout)
      : undefined
    const end = (result: Effect.Effect<Response, Lost>): void => {
      clearTimeout(timer)
      resume(result)
    }
    const fail = (error: unknown, response?: Lost["response"]): void => end(Effect.fail(toLost(error, response)))
    request.on("response", (message) => {
      hasResponse = true
      receive(message, end)
    })
    request.on("error", (error: TunnelError) => fail(error, error.response))
    // Node closes a response that changes the protocol (101), and reports no error.
    request.on("close", () => {
      if (!hasResponse) end(Effect.fail(connectionClosed()))
    })
    try {
      // Set here, because Node prints the options with `NODE_DEBUG`.
      for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
      request.end(body)
    } catch (error) {
      // Node rejects a header such as a session token with a line break.
      fail(error)
      request.destroy()
    }
    return Effect.sync(() => {
      clearTimeout(timer)
      request.destroy()
    })
  })

type Scheme = "http" | "https"

const schemeOf = ({ protocol }: URL): Scheme => protocol === "https:" ? "https" : "http"

/** The time limit of a tunnel, in milliseconds. It includes the connection to the proxy, and its response. */
const tunnelTimeout = 10_000

/** The error of a proxy that opens no tunnel. */
interface TunnelError extends Error {
  readonly response?: Lost["response"]
}

const tunnelError = (code: string, response?: Lost["response"]): TunnelError =>
  Object.assign(new Error("The proxy opened no tunnel"), { code, response })

/**
 * An agent whose connections to an origin are tunnels through a proxy, also for http: the proxy does not see requests.
 * Node's own agent for proxies has no time limit for a tunnel, and does not close one that is not open yet.
 */
const makeTunnelAgent = (node: Modules, options: Http.AgentOptions, proxy: URL, origin: URL): Http.Agent => {
  const scheme = schemeOf(origin)
  const agent = new node[scheme].Agent(options)
  const secure = agent.createConnection.bind(agent)
  const destroy = agent.destroy.bind(agent)
  const opening = new Set<Http.ClientRequest>()
  const path = `${origin.hostname}:${origin.port || (scheme === "https" ? 443 : 80)}`
  const headers = { host: path, "proxy-connection": "keep-alive" }
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return Object.assign(agent, {
    createConnection: (
      options: Http.ClientRequestArgs,
      callback: (error: TunnelError | null, socket?: Duplex | null) => void
    ) => {
      const { hostname, port } = proxy
      const request = node[schemeOf(proxy)]
        .request({ hostname: unbracket(hostname), port, method: "CONNECT", path, headers, agent: false })
        .on("close", () => opening.delete(request))
        .on("error", callback)
        .on("connect", ({ headers, statusCode: status = 0 }, socket, head) => {
          if (status === 200) {
            // The first bytes from the origin can come with the proxy's response.
            if (head.length > 0) socket.unshift(head)
            callback(null, scheme === "https" ? secure(Object.assign({ socket }, options)) : socket)
          } else {
            socket.destroy()
            callback(tunnelError("ERR_PROXY_TUNNEL", { status, headers: flatten(headers) }))
          }
        })
      // Set here, because Node prints the options with `NODE_DEBUG`.
      if (user !== ":") request.setHeader("proxy-authorization", `Basic ${Buffer.from(user).toString("base64")}`)
      opening.add(request.end())
      AbortSignal.timeout(tunnelTimeout).onabort = () => request.destroy(tunnelError("ETIMEDOUT"))
      return undefined
    },
    destroy: () => {
      for (const request of opening) request.destroy()
      destroy()
    }
  })
}

/** The connections to an origin. */
interface Route {
  readonly scheme: Scheme
  readonly hostname: string
  readonly port: string
  readonly agent: Http.Agent
}

/** The routes of one layer. Each is made at its first use. Without a proxy variable no package is loaded. */
const makeRoutes = (node: Modules, env: Env, maxSockets: number) => {
  // Node's own default keeps 256 free connections, and closes the others after each burst.
  const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets }
  const routes = new Map<string, Route>()
  const isProxied = Object.keys(env).some((name) => /^(https?|all)_proxy$/i.test(name) && env[name] !== "")
  const keep = (origin: string, proxy = ""): Route => {
    const url = new URL(origin)
    const scheme = schemeOf(url)
    const agent = proxy === ""
      ? new node[scheme].Agent(options)
      : makeTunnelAgent(node, options, new URL(proxy), url)
    const route = { scheme, hostname: unbracket(url.hostname), port: url.port, agent }
    routes.set(origin, route)
    return route
  }
  const find = (origin: string): Effect.Effect<Route, NoResponse> =>
    Effect.flatMap(
      loadSdk("proxy-from-env", "getProxyForUrl", () => import("proxy-from-env")),
      ({ getProxyForUrl }) =>
        Effect.try({
          // Another call may have made the route meanwhile.
          try: () => routes.get(origin) ?? keep(origin, getProxyForUrl(origin)),
          // The error can contain the password of the proxy.
          catch: () => new NoResponse({ kind: "connection", code: "ERR_INVALID_URL" })
        })
    )
  return {
    to: (origin: string): Effect.Effect<Route, NoResponse> => {
      const route = routes.get(origin) ?? (isProxied ? undefined : keep(origin))
      return route === undefined ? find(origin) : Effect.succeed(route)
    },
    destroy: () => {
      for (const { agent } of routes.values()) agent.destroy()
    }
  }
}

/** Sends requests through the proxies of the environment. Connections are kept, and closed with the scope. */
const makeTransport = (node: Modules, env: Env, maxSockets: number): Effect.Effect<Transport, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => makeRoutes(node, env, maxSockets)), ({ destroy }) => Effect.sync(destroy)),
    (routes) => (request, timeout) =>
      Effect.flatMap(routes.to(request.origin), (route) => send(node, request, route, timeout))
  )

// -----------------------------------------------------------------------------
// Profile
// -----------------------------------------------------------------------------

const filesOf = ({ os, path }: Modules, env: Env): NodeCredentials.Files => ({
  configFilepath: env["AWS_CONFIG_FILE"] || path.join(os.homedir(), ".aws", "config"),
  filepath: env["AWS_SHARED_CREDENTIALS_FILE"] || path.join(os.homedir(), ".aws", "credentials")
})

const readProfile = (env: Env, files: NodeCredentials.Files): Effect.Effect<Profile> =>
  Effect.gen(function*() {
    const { loadSharedConfigFiles } = yield* loadSdk("@smithy/core", "loadSharedConfigFiles", () =>
      import("./sdk/config.js"))
    const { configFile, credentialsFile } = yield* Effect.tryPromise(() =>
      loadSharedConfigFiles({ ...files })
    )
    const name = env["AWS_PROFILE"] || "default"
    const profile = { ...configFile[name], ...credentialsFile[name] }
    const services = profile["services"] === undefined ? {} : configFile[`services.${profile["services"]}`] ?? {}
    return {
      maxAttempts: profile["max_attempts"],
      useFips: profile["use_fips_endpoint"],
      useDualStack: profile["use_dualstack_endpoint"],
      endpoint: (service: string) => services[`${service.replaceAll("-", "_")}.endpoint_url`] ?? profile["endpoint_url"]
    }
  }).pipe(
    // Like the AWS SDK, ignore a file that cannot be read. The chain reports it when it needs credentials.
    Effect.orElseSucceed(() => noProfile)
  )

/** The search of the AWS SDK for a region: the profile, then the instance. */
const searchRegion = (files: NodeCredentials.Files): Effect.Effect<Option.Option<string>> =>
  loadSdk("@smithy/core", "loadConfig", () => import("./sdk/config.js")).pipe(
    Effect.flatMap(({ NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS, loadConfig }) =>
      Effect.tryPromise(loadConfig(NODE_REGION_CONFIG_OPTIONS, { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...files }))
    ),
    Effect.option
  )

const defaultMaxSockets = 256

export const runtime = (options: HttpOptions): Effect.Effect<Runtime, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const found = yield* findModules
    const maxSockets = yield* Settings.checkCount("maxSockets", options.maxSockets ?? defaultMaxSockets)
    const { env } = globalThis.process
    const files = filesOf(found, env)
    // Lambda and containers have no files, so no package is loaded.
    const hasProfiles = Object.values(files).some((file) => found.fs.existsSync(file))
    const transport = yield* makeTransport(found, env, maxSockets)
    const direct = yield* makeTransport(found, {}, maxSockets)
    const region = yield* Effect.cached(searchRegion(files))
    return {
      transport,
      sha256: nodeSha256(found.crypto),
      profile: hasProfiles ? yield* readProfile(env, files) : noProfile,
      region,
      credentials: Effect.gen(function*() {
        return yield* NodeCredentials.find({ env, fs: found.fs, files, hasProfiles, transport, direct }, {
          region: yield* Settings.region(options.region, region),
          endpoint: yield* Settings.endpoint({ option: undefined, allowInsecure: false, ...Settings.stsVariables })
        })
      })
    }
  })

export const makeDataPlane = (options: HttpOptions) =>
  Effect.flatMap(runtime(options), (runtime) => makeHttpDataPlane(options, runtime))
