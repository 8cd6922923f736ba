/** The route of `http/ForwardAuth` on a port of its own, and requests as proxies send them. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ForwardAuth from "effect-agentcore-identity/http/ForwardAuth"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import { responses, scripted, secret } from "./utils.js"

export class Calendar extends AccessToken.Tag<Calendar>()("forwardAuth/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["read"],
  returnUrl: "https://app.example.com/connect/return"
}) {}

export class Weather extends ApiKey.Tag<Weather>()("forwardAuth/Weather", { provider: "weather" }) {}

export const calendarOrigin = "https://calendar.example.com"

export const weatherOrigin = "https://weather.example.com:8443"

/** The token of a user names the user. */
export const tokenOf = (userId: string): string => `token-of-${userId}`

export const script: ScriptedPlanes.Script = {
  getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
  getResourceOauth2Token: ({ workloadIdentityToken }) =>
    responses.issued(tokenOf(Redacted.value(workloadIdentityToken))),
  getResourceApiKey: ({ workloadIdentityToken }) =>
    Effect.succeed({ apiKey: secret(`key-of-${Redacted.value(workloadIdentityToken)}`) })
}

export const makeConnect = (accounts?: Connect.LinkOptions["accounts"]) =>
  Connect.layerLinks({
    path: "/connect",
    workload: "agent",
    origin: "https://app.example.com",
    credentials: { calendar: Calendar },
    accounts
  })

const connect = makeConnect()

const entries: ForwardAuth.Options["credentials"] = [
  { credential: Calendar, origins: [calendarOrigin] },
  { credential: Weather, origins: [weatherOrigin, "https://[2001:db8::1]"], header: "X-Weather-Key", prefix: "Key " }
]

/** A server with the route, over scripted planes. */
export const server = <E = never, R = never>(
  { links = connect, options, script: given }: {
    readonly links?: typeof connect
    readonly options?: Partial<ForwardAuth.Options<E, R>>
    readonly script?: ScriptedPlanes.Script
  } = {}
) =>
  HttpRouter.serve(
    Layer.provide(
      ForwardAuth.layer({ path: "/forward-auth", workload: "agent", credentials: entries, ...options }),
      links
    ),
    { disableListenLog: true }
  ).pipe(
    Layer.provideMerge(Layer.mergeAll(
      PendingConsents.layerMemory,
      scripted({ ...script, ...given }),
      NodeHttpServer.layer(Http.createServer, { host: "127.0.0.1", port: 0 })
    ))
  )

/** A session's secret. */
export const sessionOf = (userId: string) =>
  Effect.map(ForwardAuth.ForwardAuth.use(({ session }) => session({ userId })), ({ token }) => Redacted.value(token))

export interface Response {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** Sends headers as they are, also repeated ones. */
export const send = (
  url: string,
  headers: ReadonlyArray<readonly [name: string, value: string]>
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { host, pathname, port } = new URL(url)
    const all = [["host", host] as const, ...headers].flat()
    const request = Http.request({ host: "127.0.0.1", port, path: pathname, headers: all }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (piece) => (text += piece))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    request.on("error", reject)
    request.end()
  })

export type Headers = ReadonlyArray<readonly [name: string, value: string]>

/** The headers of a request for the calendar, as Caddy sends them. */
export const forwarded = (changes: { readonly [name: string]: string | undefined } = {}): Headers =>
  Object.entries({
    "X-Forwarded-Method": "GET",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "calendar.example.com",
    "X-Forwarded-Uri": "/events?day=today",
    ...changes
  }).flatMap(([name, value]) => value === undefined ? [] : [[name, value] as const])

/** Asks the route, with the secret of a session. */
export const ask = (session: string, headers: Headers = forwarded()) =>
  Effect.flatMap(
    HttpServer.HttpServer,
    ({ address }) =>
      Effect.promise(() =>
        send(`${HttpServer.formatAddress(address)}/forward-auth`, [["Authorization", `Bearer ${session}`], ...headers])
      )
  )
