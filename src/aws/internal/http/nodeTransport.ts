/**
 * Sends requests by `node:http` and `node:https`, with connections that are kept, and through the proxies of the
 * environment.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Https from "node:https"
import { TransportError } from "../../../IdentityError.js"
import { fromNode } from "../../../internal/boundedFetch.js"
import { maxBytes } from "../failure.js"
import { loadSdk } from "../loadSdk.js"
import {
  connectionClosed,
  type Lost,
  type Request,
  type Response,
  timedOut,
  toLost,
  type Transport
} from "./transport.js"

/**
 * The modules of Node. They are not imported: a bundler for an edge runtime could not find them, and an import of
 * `node:http` loads Node's `fetch` on Node 22 and 24, which takes 20 ms.
 */
export interface Modules {
  readonly http: typeof Http
  /** Read at the first call over https. */
  readonly https: typeof Https
}

/** Node has several values of a header only where its name is `set-cookie`. */
const flatten = (headers: Http.IncomingHttpHeaders): Response["headers"] =>
  // The type of Node has lists for all names.
  headers as Response["headers"]

/** A longer timer would run at once. */
const maxTimer = 2 ** 31 - 1

const send = (
  modules: Modules,
  { body, headers, method, origin, path }: Request,
  agent: Http.Agent,
  timeout: number
): Effect.Effect<Response, Lost> =>
  Effect.callback<Response, Lost>((resume) => {
    let abort = (): void => {}
    let hasResponse = false
    const timer = timeout <= maxTimer
      // oxlint-disable-next-line no-restricted-globals -- The time of a network is real, also where `Clock` is not.
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
      const { hostname, port, protocol } = new URL(origin)
      // Node takes an IPv6 address without brackets.
      const options = { hostname: hostname.replace(/^\[|\]$/g, ""), port, path, method, headers, agent }
      const request = modules[protocol === "https:" ? "https" : "http"].request(options, (message) => {
        hasResponse = true
        const received = { status: message.statusCode ?? 0, headers: flatten(message.headers) }
        fromNode(message, maxBytes, (error, body) =>
          body === undefined
            ? fail(error, received)
            : end(Effect.succeed({ ...received, body: new TextDecoder().decode(body) })))
      })
      request.on("error", (error) => fail(error))
      // Node closes a response that changes the protocol (101), and reports no error.
      request.on("close", () => {
        if (!hasResponse) end(Effect.fail(connectionClosed()))
      })
      request.end(body)
      abort = () => void request.destroy()
    } catch (error) {
      // A header that cannot be sent, such as a session token with a line break.
      fail(error)
    }
    return Effect.sync(() => {
      clearTimeout(timer)
      abort()
    })
  })

const loadProxy = () => import("./sdk/proxy.js")

/** The agents of one layer, each made at its first use. Without a variable of a proxy, there is nothing to load. */
const makeAgents = (modules: Modules, env: Readonly<Record<string, string | undefined>>) => {
  const agents = new Map<string, Http.Agent>()
  const keep = (name: string, make: () => Http.Agent): Http.Agent => {
    const agent = agents.get(name) ?? make()
    agents.set(name, agent)
    return agent
  }
  const isProxied = Object.keys(env).some((name) => /^(https?|all)_proxy$/i.test(name) && env[name] !== "")
  const direct = (origin: string): Http.Agent => {
    const scheme = origin.startsWith("https:") ? "https" : "http"
    return keep(scheme, () => new modules[scheme].Agent({ keepAlive: true }))
  }
  const find = (origin: string): Effect.Effect<Http.Agent, TransportError> =>
    Effect.gen(function*() {
      const { HttpsProxyAgent, getProxyForUrl } = yield* loadSdk("https-proxy-agent", "HttpsProxyAgent", loadProxy)
      const proxy = getProxyForUrl(origin)
      if (proxy === "") return direct(origin)
      return yield* Effect.try({
        try: () => keep(origin, () => new HttpsProxyAgent(proxy, { keepAlive: true })),
        // The URL of a proxy can have a password in it.
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

/** Its connections are closed with the scope. */
export const make = (
  modules: Modules,
  env: Readonly<Record<string, string | undefined>>
): Effect.Effect<Transport, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => makeAgents(modules, env)), (agents) => Effect.sync(agents.destroy)),
    (agents) => (request, timeout) =>
      Effect.flatMap(agents.of(request.origin), (agent) => send(modules, request, agent, timeout))
  )
