/** Servers that record their requests, and clients for them. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Http from "node:http"
import * as Server from "./server.js"

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
  /** All requests as one string, to search. */
  readonly text: string
}

export const reject = (response: Http.ServerResponse, status: number, authenticate?: string, body = "no"): void =>
  void response
    .writeHead(status, authenticate === undefined ? {} : { "www-authenticate": authenticate })
    .end(body)

export const invalidToken = `Bearer realm="api", error="invalid_token"`

export const insufficientScope = (scope: string): string => `Bearer error="insufficient_scope", scope="${scope}"`

/** A resource on its own port: `seen` lists its requests, `sockets` its connections. */
export const resource = (respond: (seen: Seen, response: Http.ServerResponse, index: number) => unknown) =>
  Effect.gen(function*() {
    const seen: Array<Seen> = []
    const sockets = new Set<unknown>()
    const url = yield* Server.serve((request, response) => {
      sockets.add(request.socket)
      let body = ""
      request.setEncoding("utf8")
      request.on("data", (piece) => (body += piece))
      request.on("end", () => {
        const { headers, method = "", rawHeaders, url: path = "" } = request
        const one = { method, path, headers, body, text: [path, ...rawHeaders, body].join("\n") }
        seen.push(one)
        respond(one, response, seen.length - 1)
      })
    })
    return { url, seen, sockets }
  })

/** Clients that differ in redirects and in the reuse of connections. */
export const clients: ReadonlyArray<readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
]

/** A dispatcher of undici that follows redirects, with all headers but `authorization` and cookies. */
export const redirecting: typeof NodeHttpClient.makeDispatcher = Effect.acquireRelease(
  Effect.sync(() => new Undici.Agent().compose(Undici.interceptors.redirect({ maxRedirections: 3 }))),
  (agent) => Effect.promise(() => agent.destroy())
)

export const layerRedirecting = NodeHttpClient.layerUndiciNoDispatcher.pipe(
  Layer.provide(Layer.effect(NodeHttpClient.Dispatcher, redirecting))
)
