/**
 * The runtime of the adapter in Node: HTTP client, hash, the files of the AWS profile, and the credentials of the
 * machine.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type { Duplex } from "node:stream"
import { TransportError } from "../../../IdentityError.js"
import { fromNode } from "../../../internal/boundedFetch.js"
import { loadSdk } from "../adapter.js"
import { maxBytes } from "../failure.js"
import * as Settings from "../settings.js"
import { noProfile, type Profile, type Runtime } from "./adapter.js"
import { nodeHash } from "./hash.js"
import * as NodeCredentials from "./nodeCredentials.js"
import {
  connectionClosed,
  type Lost,
  type Request,
  type Response,
  timedOut,
  toLost,
  type Transport
} from "./transport.js"

type Env = NodeCredentials.Machine["env"]

/**
 * The modules of Node. They are not imported, because a bundler for an edge runtime could not find them. On Node 22 and
 * 24 an import of `node:http` also loads Node's `fetch`, which takes 20 ms.
 */
const findModules = Effect.suspend(() => {
  const getModule = globalThis.process?.getBuiltinModule
  return getModule === undefined
    ? Effect.fail(
      Settings.invalidConfig(
        "process",
        "layerNode needs Node.js from 20.16 on. In another runtime use layer, over an HttpClient"
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

const send = (
  node: Modules,
  { body, headers, method, origin, path }: Request,
  agent: Http.Agent,
  timeout: number
): Effect.Effect<Response, Lost> =>
  Effect.callback<Response, Lost>((resume) => {
    let abort = (): void => {}
    let hasResponse = false
    const timer = timeout <= maxTimer
      // oxlint-disable-next-line no-restricted-globals -- A network needs real time, also under a `TestClock`.
      ? setTimeout(() => {
        resume(Effect.fail(timedOut))
        abort()
      }, timeout)
      : undefined
    const end = (result: Effect.Effect<Response, Lost>): void => {
      clearTimeout(timer)
      resume(result)
    }
    const fail = (error: unknown, response?: Lost["response"]): void => end(Effect.fail(toLost(error, response)))
    try {
      const url = new URL(origin)
      const options = { hostname: unbracket(url.hostname), port: url.port, path, method, headers, agent }
      const request = node[schemeOf(url)].request(options, (message) => {
        hasResponse = true
        const received = { status: message.statusCode ?? 0, headers: flatten(message.headers) }
        fromNode(message, maxBytes, (error, body) =>
          body === undefined
            ? fail(error, received)
            : end(Effect.succeed({ ...received, body: new TextDecoder().decode(body) })))
      })
      request.on("error", (error: TunnelError) => fail(error, error.response))
      // Node closes a response that changes the protocol (101), and reports no error.
      request.on("close", () => {
        if (!hasResponse) end(Effect.fail(connectionClosed()))
      })
      request.end(body)
      abort = () => void request.destroy()
    } catch (error) {
      // Node rejects a header such as a session token with a line break.
      fail(error)
    }
    return Effect.sync(() => {
      clearTimeout(timer)
      abort()
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
const makeTunnelAgent = (node: Modules, proxy: URL, origin: URL): Http.Agent => {
  const scheme = schemeOf(origin)
  const agent = new node[scheme].Agent({ keepAlive: true })
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
        .on("connect", ({ headers, statusCode: status = 0 }, socket) => {
          if (status === 200) {
            callback(null, scheme === "https" ? secure(Object.assign({ socket }, options)) : socket)
          } else {
            socket.destroy()
            callback(tunnelError("ERR_PROXY_TUNNEL", { status, headers: flatten(headers) }))
          }
        })
      // Not in the options, which Node prints with `NODE_DEBUG`.
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

/** The agents of one layer. Each is made at its first use. Without a proxy variable no package is loaded. */
const makeAgents = (node: Modules, env: Env) => {
  const agents = new Map<string, Http.Agent>()
  const keep = (name: string, make: () => Http.Agent): Http.Agent => {
    const agent = agents.get(name) ?? make()
    agents.set(name, agent)
    return agent
  }
  const isProxied = Object.keys(env).some((name) => /^(https?|all)_proxy$/i.test(name) && env[name] !== "")
  const direct = (origin: string): Http.Agent => {
    const scheme = origin.startsWith("https:") ? "https" : "http"
    return keep(scheme, () => new node[scheme].Agent({ keepAlive: true }))
  }
  const find = (origin: string): Effect.Effect<Http.Agent, TransportError> =>
    Effect.gen(function*() {
      const { getProxyForUrl } = yield* loadSdk("proxy-from-env", "getProxyForUrl", () => import("./sdk/proxy.js"))
      const proxy = getProxyForUrl(origin)
      if (proxy === "") return direct(origin)
      return yield* Effect.try({
        try: () => keep(origin, () => makeTunnelAgent(node, new URL(proxy), new URL(origin))),
        // The error can contain the password of the proxy.
        catch: () => new TransportError({ kind: "connection", code: "ERR_INVALID_URL" })
      })
    })
  return {
    of: (origin: string) => isProxied ? find(origin) : Effect.sync(() => direct(origin)),
    destroy: () => {
      for (const agent of agents.values()) agent.destroy()
    }
  }
}

/**
 * Sends requests by `node:http` and `node:https`, through the proxies of the environment. Connections are kept, and
 * closed with the scope.
 */
const makeTransport = (node: Modules, env: Env): Effect.Effect<Transport, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => makeAgents(node, env)), (agents) => Effect.sync(agents.destroy)),
    (agents) => (request, timeout) =>
      Effect.flatMap(agents.of(request.origin), (agent) => send(node, request, agent, timeout))
  )

// -----------------------------------------------------------------------------
// Profile
// -----------------------------------------------------------------------------

const filesOf = ({ os, path }: Modules, env: Env): NodeCredentials.Files => ({
  configFilepath: env["AWS_CONFIG_FILE"] || path.join(os.homedir(), ".aws", "config"),
  filepath: env["AWS_SHARED_CREDENTIALS_FILE"] || path.join(os.homedir(), ".aws", "credentials")
})

/** Reads the profile. */
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

// -----------------------------------------------------------------------------
// Runtime
// -----------------------------------------------------------------------------

/** `option` is the region in the layer's options. */
export const runtime = (option: string | undefined): Effect.Effect<Runtime, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const found = yield* findModules
    const { env } = globalThis.process
    const files = filesOf(found, env)
    // Lambda and containers have no files, so no package is loaded.
    const hasProfiles = Object.values(files).some((file) => found.fs.existsSync(file))
    const transport = yield* makeTransport(found, env)
    const direct = yield* makeTransport(found, {})
    const region = yield* Effect.cached(searchRegion(files))
    return {
      transport,
      hash: nodeHash(found.crypto),
      profile: hasProfiles ? yield* readProfile(env, files) : noProfile,
      region,
      credentials: Effect.gen(function*() {
        return yield* NodeCredentials.find({ env, fs: found.fs, files, hasProfiles, transport, direct }, {
          region: yield* Settings.region(option, region),
          endpoint: yield* Settings.endpoint({ option: undefined, allowInsecure: false, ...Settings.stsVariables })
        })
      })
    }
  })
