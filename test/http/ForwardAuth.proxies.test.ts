/** The route behind nginx and Caddy, over the local server: what an agent gets, and what its origins get. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ForwardAuth from "effect-agentcore-identity/http/ForwardAuth"
import * as Identity from "effect-agentcore-identity/Identity"
import type * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs"
import * as Http from "node:http"
import * as Net from "node:net"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { execute } from "../aws/secureServer.js"
import * as World from "../support/connectWorld.js"
import * as Scripted from "../support/forwardAuth.js"
import { Configuration } from "../support/proxies.js"
import * as Proxies from "../support/proxies.js"
import { insufficientScope, invalidToken } from "../support/resource.js"
import * as Server from "../support/server.js"
import * as Tools from "../support/tools.js"
import { failures, responses } from "../support/utils.js"

const { pathOf } = Configuration

class Weather extends ApiKey.Tag<Weather>()("proxies/Weather", { provider: "weather" }) {}

const apiKey = "sentinel-key-of-the-weather"

const respond = (seen: Proxies.Seen, response: Http.ServerResponse, foreignUrl: string): void => {
  if (seen.path === "/early") response.writeEarlyHints({ link: "</style.css>; rel=preload" })
  if (seen.path === "/lost") response.destroy()
  else if (seen.path === "/cut") {
    response.writeHead(200, { "content-length": 10 }).write("cut")
    setImmediate(() => response.destroy())
  } else if (seen.path.startsWith("/redirect")) {
    response.writeHead(302, { location: foreignUrl, "x-accel-redirect": "/weather" }).end()
  } else {response.writeHead(200, { "set-cookie": "session=of-the-origin" }).end(
      `${seen.method} ${seen.path} ${seen.body}`
    )}
}

/**
 * Alice has connected her calendar, Bob has not. Origins: the calendar with a token, the weather with a key, and a
 * foreign one that no credential lists.
 */
const setUp = (name: Proxies.Name, host?: string) =>
  Effect.gen(function*() {
    const { calendar, origin } = yield* World.setUp
    const controlPlane = yield* ControlPlane.ControlPlane
    yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make(apiKey) })
    yield* World.connect("/connect/calendar")

    const foreign = yield* Proxies.origin((seen, response) => respond(seen, response, "https://localhost/"))
    const events = yield* Proxies.origin((seen, response) => respond(seen, response, `${foreign.url}/redirected`))
    const weather = yield* Proxies.origin((seen, response) => respond(seen, response, foreign.url))
    const entries: ForwardAuth.Options["credentials"] = [
      { credential: calendar, origins: [events.url] },
      { credential: Weather, origins: [weather.url], header: "X-Api-Key" }
    ]
    const route = HttpRouter.serve(
      ForwardAuth.layer({ path: "/forward-auth", workload: World.workload, credentials: entries }),
      { disableListenLog: true }
    ).pipe(
      Layer.provideMerge(Connect.layerLinks({ path: "/connect", workload: World.workload, credentials: { calendar } })),
      Layer.provideMerge(NodeHttpServer.layer(Http.createServer, { host: "127.0.0.1", port: 0 }))
    )
    // Its own router: the application has another one.
    const scope = yield* Scope.Scope
    const services = yield* Layer.buildWithMemoMap(route, Layer.makeMemoMapUnsafe(), scope)
    const sessions = Context.get(services, ForwardAuth.ForwardAuth)
    const forwardAuth = HttpServer.formatAddress(Context.get(services, HttpServer.HttpServer).address)
    const sessionOf = (userId: string) => Effect.map(sessions.session({ userId }), ({ token }) => Redacted.value(token))

    const proxy = yield* Proxies.make(name, { credentials: entries, forwardAuth: `${forwardAuth}/forward-auth` }, host)
    const identity = yield* Identity.Identity
    const token = Redacted.value(
      yield* World.as({ userId: "alice" })(identity.getAccessToken(calendar))
    )
    return {
      calendar: { ...events, at: `${proxy.url}${pathOf(events.url)}` },
      weather: { ...weather, at: `${proxy.url}${pathOf(weather.url)}` },
      foreign,
      forwardAuth,
      link: `${origin}/connect/calendar`,
      proxy,
      sessions,
      token,
      alice: yield* sessionOf("alice"),
      bob: yield* sessionOf("bob")
    }
  })

type Setup = Effect.Success<ReturnType<typeof setUp>>

const get = (url: string, session: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      redirect: "manual",
      ...init,
      headers: { authorization: `Bearer ${session}`, ...init.headers }
    })
    return { status: response.status, headers: response.headers, body: await response.text() }
  })

/** A proxy over scripted planes, for one origin with an access token. */
const scriptedProxy = (
  name: Proxies.Name,
  origin: string,
  getResourceOauth2Token: NonNullable<ScriptedPlanes.Script["getResourceOauth2Token"]>,
  { caller, stepUp }: {
    readonly caller?: ForwardAuth.Options<never, HttpServerRequest.HttpServerRequest>["caller"]
    readonly stepUp?: boolean
  } = {}
) =>
  Effect.gen(function*() {
    const credentials: ForwardAuth.Options["credentials"] = [
      { credential: Scripted.Calendar, origins: [origin], stepUp }
    ]
    const scope = yield* Scope.Scope
    const server = Scripted.server({ options: { credentials, caller }, script: { getResourceOauth2Token } })
    const services = yield* Layer.buildWithMemoMap(server, Layer.makeMemoMapUnsafe(), scope)
    const forwardAuth = HttpServer.formatAddress(Context.get(services, HttpServer.HttpServer).address)
    const proxy = yield* Proxies.make(name, { credentials, forwardAuth: `${forwardAuth}/forward-auth` })
    const session = yield* Effect.provideContext(Scripted.sessionOf("alice"), services)
    return { at: `${proxy.url}${pathOf(origin)}`, proxy, session }
  })

/** Sends bytes, and returns all that comes back until the proxy closes or is silent. */
const sendRaw = (world: Setup, text: string) =>
  Effect.promise(() =>
    new Promise<string>((resolve) => {
      const { hostname, port } = new URL(world.proxy.url)
      const socket = Net.connect({ host: hostname, port: Number(port) }, () => socket.write(text, "latin1"))
      let all = ""
      socket.setEncoding("latin1").on("data", (piece) => (all += piece))
      socket.setTimeout(1000, () => socket.destroy())
      socket.on("close", () => resolve(all))
      socket.on("error", () => {})
    })
  )

/** Sends a request, and returns a response with headers of any size. */
const getLarge = (url: string, session: string) =>
  Effect.callback<{ readonly status: number | undefined; readonly headers: Http.IncomingHttpHeaders }>((resume) => {
    const headers = { authorization: `Bearer ${session}` }
    Http.get(url, { headers, maxHeaderSize: 2 ** 16 }, ({ headers, statusCode: status }) => {
      resume(Effect.succeed({ status, headers }))
    })
  })

const statusOf = (response: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(response)?.[1])

const environment = Effect.provide(World.environment())

for (const name of Proxies.names) {
  const test = Tools.testWith(name)

  describe(`behind ${name}`, () => {
    test("an origin gets the credential of the session's user, and nothing that the agent sent in its place", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        const own = {
          cookie: "sentinel=mine",
          "x-api-key": "sentinel-mine",
          x_api_key: "sentinel-mine",
          "x-api_key": "sentinel-mine",
          "x_api-key": "sentinel-mine",
          "proxy-authorization": "Basic sentinel-mine"
        }
        const body = "x".repeat(100_000)
        const calendar = yield* get(`${world.calendar.at}/events?day=a%2Fb&q=%20`, world.alice, {
          headers: own,
          method: "POST",
          body
        })
        assert.deepStrictEqual([calendar.status, calendar.body], [200, `POST /events?day=a%2Fb&q=%20 ${body}`])
        const weather = yield* get(`${world.weather.at}/forecast`, world.alice, { headers: own })
        assert.deepStrictEqual([weather.status, weather.body], [200, "GET /forecast "])
        assert.isNull(weather.headers.get("set-cookie"))
        for (const { headers, rawHeaders } of [...world.calendar.seen, ...world.weather.seen]) {
          const text = rawHeaders.join("\n")
          assert.notMatch(text, /sentinel.mine/)
          assert.notInclude(text, world.alice)
          assert.isUndefined(headers.cookie)
        }
        assert.strictEqual(world.calendar.seen[0]?.headers.authorization, `Bearer ${world.token}`)
        assert.isUndefined(world.calendar.seen[0]?.headers["x-api-key"])
        assert.strictEqual(world.weather.seen[0]?.headers["x-api-key"], apiKey)
        assert.isUndefined(world.weather.seen[0]?.headers.authorization)
      }).pipe(environment))

    test("a user who has not consented gets a link, in the header and in JSON, and no other URL", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        const { body, headers, status } = yield* get(`${world.calendar.at}/events`, world.bob)
        assert.strictEqual(status, 401)
        assert.strictEqual(JSON.parse(body).error, "consent_required")
        assert.strictEqual(JSON.parse(body).link, world.link)
        assert.strictEqual(headers.get("link"), `<${world.link}>; rel="connect"`)
        assert.notMatch(JSON.stringify([body, ...headers]), /authorize|request_uri|session_id/)
        // The key needs no consent.
        assert.strictEqual((yield* get(world.weather.at + "/", world.bob)).status, 200)
        assert.lengthOf(world.calendar.seen, 0)
      }).pipe(environment))

    test("a session that is unknown, revoked or missing reaches no origin", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        yield* world.sessions.revoke(Redacted.make(world.bob))
        for (const session of [world.bob, "x".repeat(43), "", world.token]) {
          const { body, status } = yield* get(`${world.weather.at}/`, session)
          assert.deepStrictEqual([status, JSON.parse(body).error], [401, "invalid_session"], session)
        }
        assert.lengthOf(world.weather.seen, 0)
      }).pipe(environment))

    test("redirects of an origin go to the agent, and to no other origin", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        const { body, headers, status } = yield* get(`${world.calendar.at}/redirect`, world.alice)
        assert.deepStrictEqual([status, headers.get("location")], [302, `${world.foreign.url}/redirected`])
        assert.notInclude(JSON.stringify([body, ...headers]), world.token)
        assert.lengthOf(world.foreign.seen, 0)
        // nginx would follow `X-Accel-Redirect` to a path of its own.
        assert.lengthOf(world.weather.seen, 0)
      }).pipe(environment))

    test("requests that are parsed in two ways bring no credential to another origin", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        const [calendar, weather] = [pathOf(world.calendar.url), pathOf(world.weather.url)]
        const { host } = new URL(world.proxy.url)
        const foreignHost = new URL(world.foreign.url).host
        const raw = (target: string, ...headers: ReadonlyArray<string>) =>
          [
            `GET ${target} HTTP/1.1`,
            `Host: ${host}`,
            `Authorization: Bearer ${world.alice}`,
            ...headers,
            "Connection: close"
          ]
            .join("\r\n") + "\r\n\r\n"
        const attacks = [
          // Paths.
          raw(`/${foreignHost}/x`),
          raw(`//${foreignHost}/x`),
          raw(`${calendar}@${foreignHost}/x`),
          raw(`${calendar}.${foreignHost}/x`),
          raw(`${calendar}%2f..%2f${foreignHost}/x`),
          raw(`${calendar}/..%2f..${weather}/x`),
          raw(`${calendar}/../${foreignHost}/x`),
          raw(`${calendar}/..${weather}/x`),
          raw(`${weather}/..;/..${calendar}/x`),
          raw(`/x/..${calendar}/x`),
          raw(`/%6cocalhost${calendar.slice("/localhost".length)}/x`),
          raw(`${calendar.toUpperCase()}/x`),
          raw(`${calendar}./x`),
          raw(`${calendar}/x\\@${foreignHost}`),
          raw(`${calendar}/%0d%0aX-Evil:1`),
          raw(`${calendar}/x#@${foreignHost}/`),
          // Absolute targets and hosts.
          raw(`${world.foreign.url}/x`),
          raw(`http://${foreignHost}/x`),
          raw(`http://${foreignHost}${calendar}/x`),
          raw(`http://user:pass@${host}${calendar}/x`),
          raw(`http://[::1]${calendar}/x`),
          raw("*"),
          raw(`${calendar}/x`).replace(`Host: ${host}`, `Host: ${foreignHost}`),
          raw(`${calendar}/x`).replace(`Host: ${host}`, `Host: ${host}\r\nHost: ${foreignHost}`),
          raw(`${calendar}/x`).replace(`Host: ${host}`, `Host: ${host}@${foreignHost}`),
          // Headers that ForwardAuth trusts, from the agent.
          raw(`${calendar}/x`, `X-Forwarded-Host: ${foreignHost}`, "X-Forwarded-Proto: http", "X-Forwarded-Uri: /y"),
          raw(`${calendar}/x`, `X-Forwarded-Host: ${foreignHost}`, `X-Forwarded-Host: ${foreignHost}`),
          raw(`${calendar}/x`, `X_Forwarded_Host: ${foreignHost}`, `x-FORWARDED-host : ${foreignHost}`),
          raw(`${calendar}/x`, `X-Original-URL: ${world.foreign.url}/`, "X-Original-Method: GET"),
          raw(`${calendar}/x`, "Connection: X-Forwarded-Host, Authorization, X-Forwarded-Uri"),
          raw(`${weather}/x`, "Connection: X-Api-Key"),
          raw(`${calendar}/x`, `X-Rewrite-Url: ${weather}/`, `X-Accel-Redirect: ${weather}/`),
          raw(`${calendar}/x`, `Authorization: Bearer ${world.bob}`),
          raw(
            `${calendar}/x`,
            `X-Agentcore-Credential: ${"n".repeat(43)}`,
            `X-Agentcore-Rejected: 401 ${"n".repeat(43)}`
          ),
          // Splitting and smuggling.
          raw(`${calendar}/x`, "X-A: b\rX-Forwarded-Host: evil", "X-B: c\nX-Forwarded-Host: evil"),
          raw(`${calendar}/x HTTP/1.1\r\nHost: evil\r\nX: y`),
          raw(`${calendar}/x`, "Transfer-Encoding: chunked", "Content-Length: 4") + "0\r\n\r\n",
          raw(`${calendar}/x`, "Content-Length: 4", "Content-Length: 5") + "abcd",
          raw(`${calendar}/x`, "Transfer-Encoding: xchunked") + "0\r\n\r\n",
          raw(`${calendar}/x`).replace("GET", "TRACE"),
          raw(foreignHost).replace("GET", "CONNECT")
        ]
        for (const attack of attacks) {
          const response = yield* sendRaw(world, attack)
          for (const secret of [world.token, apiKey]) assert.notInclude(response, secret, attack)
          // 501 is for an encoding that the proxy does not know.
          assert.notInclude([500, 502, 503, 504], statusOf(response), attack)
        }
        assert.lengthOf(world.foreign.seen, 0)
        for (const { headers, method, path, rawHeaders } of world.calendar.seen) {
          assert.strictEqual(method, "GET")
          assert.strictEqual(headers.authorization, `Bearer ${world.token}`, path)
          assert.notInclude(rawHeaders.join("\n"), apiKey)
          assert.strictEqual(headers.host, new URL(world.calendar.url).host)
        }
        for (const { headers, rawHeaders } of world.weather.seen) {
          assert.strictEqual(headers["x-api-key"], apiKey)
          assert.notInclude(rawHeaders.join("\n"), world.token)
        }
        // Some of them are requests like any other.
        assert.isAbove(world.calendar.seen.length, 5)
      }).pipe(environment))

    test("a huge or a slow request does not stop the others", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        const { hostname: host, port } = new URL(world.proxy.url)
        const slow = yield* Effect.acquireRelease(
          Effect.sync(() =>
            Array.from({ length: 200 }, () => {
              const socket = Net.connect({ host, port: Number(port) })
              socket.on("error", () => {})
              socket.write(`POST ${pathOf(world.calendar.url)}/x HTTP/1.1\r\nHost: x\r\nAuthorization: Be`)
              return socket
            })
          ),
          (sockets) => Effect.sync(() => sockets.forEach((socket) => socket.destroy()))
        )
        assert.lengthOf(slow, 200)
        const huge = "x".repeat(2 ** 21)
        for (const init of [{ headers: { "x-huge": huge } }, { headers: { authorization: `Bearer ${huge}` } }]) {
          const status = yield* Effect.orElseSucceed(
            Effect.map(
              Effect.tryPromise(() => fetch(`${world.calendar.at}/x`, init)),
              (response) => response.status
            ),
            () => 0
          )
          assert.include([0, 400, 401, 413, 431, 494], status)
        }
        assert.strictEqual((yield* get(`${world.calendar.at}/x`, world.alice)).status, 200)
        // Nothing but the last one.
        assert.lengthOf(world.calendar.seen, 1)
      }).pipe(environment))

    test("a credential of 16,000 characters, and an origin's headers of 16 KB, pass", () =>
      Effect.gen(function*() {
        const token = "t".repeat(16_000)
        const large = "h".repeat(16_384)
        const origin = yield* Proxies.origin((_, response) => response.writeHead(200, { large }).end("events"))
        const { at, session } = yield* scriptedProxy(name, origin.url, () => responses.issued(token))
        const { headers, status } = yield* getLarge(`${at}/events`, session)
        assert.strictEqual(status, 200)
        assert.strictEqual(headers["large"], large)
        assert.strictEqual(origin.seen[0]?.headers.authorization, `Bearer ${token}`)
      }))

    test("the connections to the route stay open between requests", () =>
      Effect.gen(function*() {
        const ports = new Set<number | undefined>()
        const origin = yield* Proxies.origin((_, response) => response.end())
        const caller = () =>
          Effect.map(HttpServerRequest.HttpServerRequest, ({ source }) => {
            ports.add((source as Http.IncomingMessage).socket.remotePort)
            return Option.some({ userId: "alice" })
          })
        const { at, session } = yield* scriptedProxy(name, origin.url, () => responses.issued("token"), { caller })
        for (let request = 0; request < 50; request++) {
          assert.strictEqual((yield* get(`${at}/`, session)).status, 200)
        }
        assert.strictEqual(ports.size, 1)
      }))

    test("no log of the proxy has a credential or a session", () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        yield* get(`${world.calendar.at}/visible`, world.alice)
        yield* get(`${world.weather.at}/visible`, world.alice)
        yield* get(`${world.calendar.at}/visible`, world.bob)
        yield* get(`${world.calendar.at}/visible`, "unknown")
        for (const path of ["lost", "cut"]) {
          const headers = { authorization: `Bearer ${world.alice}` }
          yield* Effect.promise(() =>
            fetch(`${world.weather.at}/${path}`, { headers }).then((response) => response.text()).catch(() => "")
          )
        }
        const text = world.proxy.written()
        assert.include(text, "/visible")
        for (const secret of [world.token, apiKey, world.alice, world.bob]) assert.notInclude(text, secret)
      }).pipe(environment))

    test("a rejected credential is renewed once, and the request is sent again if it can be", () =>
      Effect.gen(function*() {
        const accepted = (seen: Proxies.Seen): boolean =>
          seen.path !== "/never" && /^Bearer token-[1-9]$/.test(seen.headers.authorization ?? "")
        const origin = yield* Proxies.origin((seen, response) => {
          if (accepted(seen)) response.end(`accepted ${seen.body}`)
          else response.writeHead(401, { "www-authenticate": invalidToken }).end("rejected")
        })
        const { at, proxy, session } = yield* scriptedProxy(
          name,
          origin.url,
          (_, index) => responses.issued(`token-${index}`)
        )
        const first = yield* get(`${at}/events`, session)
        assert.deepStrictEqual([first.status, first.body], [200, "accepted "])
        assert.deepStrictEqual(origin.seen.map(({ headers }) => headers.authorization), [
          "Bearer token-0",
          "Bearer token-1"
        ])
        // An origin that rejects every credential.
        const never = yield* get(`${at}/never`, session)
        assert.deepStrictEqual([never.status, never.body], [401, "rejected"])
        const post = yield* get(`${at}/never`, session, { method: "POST", body: "lunch" })
        assert.strictEqual(post.status, 401)
        // Caddy cannot send a body twice. It asks the agent to do so.
        if (name === "Caddy") assert.strictEqual(JSON.parse(post.body).error, "credential_renewed")
        assert.strictEqual(origin.seen.filter(({ method }) => method === "POST").length, name === "Caddy" ? 1 : 2)
        const seen = JSON.stringify([first, never, post].map(({ body, headers }) => [body, ...headers]))
          + proxy.written()
        assert.notMatch(seen, /token-\d|x-agentcore-credential/i)
      }))

    test("with stepUp, a 403 of the origin is that of the agent unless it asks for scopes", () =>
      Effect.gen(function*() {
        const origin = yield* Proxies.origin(({ path }, response) => {
          const asks = path === "/scopes" ? { "www-authenticate": insufficientScope("write") } : {}
          response.writeHead(403, asks).end("forbidden")
        })
        const { at, session } = yield* scriptedProxy(name, origin.url, () => responses.issued("token"), {
          stepUp: true
        })
        for (const method of ["GET", "POST"]) {
          const { body, status } = yield* get(`${at}/`, session, { method })
          assert.deepStrictEqual([status, body], [403, "forbidden"])
        }
        // Without scopes there is no other credential.
        const { body, status } = yield* get(`${at}/scopes`, session, { method: "POST" })
        assert.strictEqual(status, 403)
        assert.notInclude(body, "renewed")
      }))

    test("the route gets a report of a rejection, and not the credential", () =>
      Effect.gen(function*() {
        const asked: Array<Http.IncomingHttpHeaders> = []
        const credential = "n".repeat(43)
        const route = yield* Server.serve(({ headers }, response) => {
          asked.push(headers)
          response.writeHead(200, { credential: "sentinel-key", "x-agentcore-credential": credential }).end()
        })
        const origin = yield* Proxies.origin((_, response) => {
          response.writeHead(401, { "www-authenticate": invalidToken }).end()
        })
        const proxy = yield* Proxies.make(name, {
          credentials: [{ credential: Weather, origins: [origin.url], header: "Credential" }],
          forwardAuth: `${route}/forward-auth`
        })
        yield* get(`${proxy.url}${pathOf(origin.url)}/`, "session", {
          headers: { "X-AgentCore-Rejected": "401 mine", "X-AgentCore-Challenge": "mine" }
        })
        assert.deepStrictEqual(origin.seen.map(({ headers }) => headers["credential"]), [
          "sentinel-key",
          "sentinel-key"
        ])
        assert.deepStrictEqual(
          asked.map(({ authorization, ...headers }) => [
            authorization,
            headers["x-agentcore-rejected"],
            headers["x-agentcore-challenge"]
          ]),
          [["Bearer session", undefined, undefined], ["Bearer session", `401 ${credential}`, invalidToken]]
        )
        assert.notInclude(JSON.stringify(asked), "sentinel-key")
      }))

    test("a failure of AgentCore is not the agent's", () =>
      Effect.gen(function*() {
        const origin = yield* Proxies.origin((_, response) => response.end())
        const { at, session } = yield* scriptedProxy(name, origin.url, (_, index) =>
          index === 0 ? failures.throttling : failures.internal)
        const [throttled, failed] = [yield* get(`${at}/`, session), yield* get(`${at}/`, session)]
        // `auth_request` knows no other statuses.
        assert.deepStrictEqual([throttled.status, failed.status], name === "nginx" ? [500, 500] : [429, 503])
        if (name === "Caddy") {
          assert.strictEqual(throttled.headers.get("retry-after"), "1")
        }
        assert.lengthOf(origin.seen, 0)
      }))

    Tools.testWith(name, "network namespaces")(
      "an agent whose only peer is the proxy never has a token in its environment or memory",
      () =>
        Effect.gen(function*() {
          const network = yield* namespace
          const world = yield* setUp(name, network.host)
          const agent = yield* network.start(
            [process.execPath, fileURLToPath(new URL("./ForwardAuth.agent.mjs", import.meta.url))],
            {
              CALLS: "100",
              PROXY: world.calendar.at,
              SESSION: world.alice,
              FOREIGN: JSON.stringify([
                world.foreign.url,
                world.calendar.url,
                `http://${network.host}:${new URL(world.forwardAuth).port}/forward-auth`,
                "http://192.0.2.1/"
              ])
            }
          )
          const { foreign, results } = JSON.parse(yield* agent.line)
          assert.deepStrictEqual(results.map(({ status }: { readonly status: number }) => status), Array(100).fill(200))
          assert.strictEqual(world.calendar.seen.length, 100)
          assert.isTrue(world.calendar.seen.every(({ headers }) => headers.authorization === `Bearer ${world.token}`))
          for (const result of foreign) assert.isString(result.error)
          assert.notInclude(JSON.stringify(results), world.token)
          // The session and a response are found, so a token would be.
          const found = searchProcess(agent.pid, [world.alice, "GET /events/99", world.token])
          assert.deepStrictEqual(found, [true, true, false])
        }).pipe(environment)
    )
  })
}

describe("the proxy nginx", () => {
  const name = "nginx"
  // The recipe says so.
  Tools.testWith(name)(
    "takes 103 for the response, and logs invalid lines of headers at the level info",
    () =>
      Effect.gen(function*() {
        const world = yield* setUp(name)
        const request = (path: string, header: string) =>
          sendRaw(world, `GET ${pathOf(world.weather.url)}${path} HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`)
        const early = yield* request("/early", `Authorization: Bearer ${world.alice}`)
        assert.match(early, /^HTTP\/1.1 103 [^]*set-cookie: session=of-the-origin/)
        yield* request("/", `Session_: ${world.alice}`)
        const lines = world.proxy.written().split("\n").filter((line) => line.includes(world.alice))
        assert.lengthOf(lines, 1)
        assert.include(lines[0], "[info]")
      }).pipe(environment)
  )
})

describe("a configuration", () => {
  const key = (origin: string, header: string) => ({ credential: Weather, origins: [origin], header }) as const
  const cases: ReadonlyArray<readonly [ForwardAuth.Options["credentials"], string]> = [
    [[key("http://127.0.0.1:80", "x-api-key"), key("http://127.0.0.1", "x-key")], "the path /127.0.0.1 at the proxy"],
    [
      [{ ...key("https://localhost", "x-api-key"), origins: ["https://localhost", "http://localhost"] }],
      "the path /localhost at the proxy"
    ],
    ...[
      "Host",
      "Link",
      "content-length",
      "X-AgentCore-Credential",
      "x-agentcore-error",
      "X_AgentCore_Credential",
      // Caddy passes it on to no origin.
      "Proxy-Authorization",
      "X-Forwarded-Host",
      "X-Accel-Redirect",
      "X-a-b-c-d-e-f-g"
    ].map((header) => [[key("https://localhost", header)], "is reserved, or has more than 6 hyphens"] as const)
  ]
  it("is rejected when two origins share a path, or a header is reserved or has too many spellings", () => {
    for (const [credentials, expected] of cases) {
      for (const make of [Configuration.nginx, Configuration.caddy]) {
        assert.throws(() => make({ listen: "127.0.0.1:1", forwardAuth: "http://127.0.0.1:2/a", credentials }), expected)
      }
    }
  })

  for (const name of Proxies.names) {
    Tools.testWith(name)(`of ${name} carries a key in a header with underscores`, () =>
      Effect.gen(function*() {
        const header = "x_weather_key"
        const forwardAuth = yield* Server.serve((_, response) => {
          response.writeHead(200, { "content-length": 0, [header]: apiKey, "x-agentcore-credential": "name" }).end()
        })
        const origin = yield* Proxies.origin((_, response) => response.end("ok"))
        const credentials = [key(origin.url, header)] as const
        const proxy = yield* Proxies.make(name, { credentials, forwardAuth: `${forwardAuth}/ask` })
        const own = { headers: { "x-weather-key": "sentinel-mine", [header]: "sentinel-mine" } }
        yield* get(`${proxy.url}${pathOf(origin.url)}/`, "session", own)
        assert.deepStrictEqual(origin.seen.map(({ headers }) => [headers[header], headers["x-weather-key"]]), [
          [apiKey, undefined]
        ])
      }))
  }

  it("removes 64 spellings of a header", () => {
    const credentials = [key("https://localhost", "X-a-b-c-d-e-f")] as const
    const file = Configuration.caddy({ listen: "127.0.0.1:1", forwardAuth: "http://127.0.0.1:2/a", credentials })
    // The credential itself has one of them.
    assert.lengthOf([...file.matchAll(/request_header -X[-_]A[-_]B/g)], 63)
  })
})

/** A network namespace that is connected to this machine by two addresses. */
const namespace = Effect.gen(function*() {
  const unshare = yield* Tools.pathOf("network namespaces")
  const holder = yield* Proxies.start(unshare, ["-n", "sleep", "600"], { stdio: "ignore" })
  const networkOf = (pid: number | string) => readlinkSync(`/proc/${pid}/ns/net`)
  yield* Effect.repeat(Effect.delay(Effect.sync(() => networkOf(holder.pid ?? 0)), "5 millis"), {
    until: (network) => network !== networkOf("self")
  })
  const id = randomBytes(4).toString("hex")
  const [outside, inside] = [`aci${id}o`, `aci${id}i`]
  const subnet = `10.213.${Number.parseInt(id.slice(0, 2), 16)}`
  const inner = ["nsenter", "-t", String(holder.pid), "-n"]
  const run = (...command: ReadonlyArray<string>) => execute(command[0]!, command.slice(1))
  yield* Effect.acquireRelease(
    run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", String(holder.pid)),
    () => Effect.ignore(run("ip", "link", "delete", outside))
  )
  yield* run("ip", "addr", "add", `${subnet}.1/30`, "dev", outside)
  yield* run("ip", "link", "set", outside, "up")
  yield* run(...inner, "ip", "addr", "add", `${subnet}.2/30`, "dev", inside)
  yield* run(...inner, "ip", "link", "set", inside, "up")
  return {
    /** The address of this machine. */
    host: `${subnet}.1`,
    start: (command: ReadonlyArray<string>, env: Record<string, string>) =>
      Effect.gen(function*() {
        // `nsenter` without a fork becomes the program.
        const [program = "", ...args] = [...inner, ...command]
        const child = yield* Proxies.start(program, args, {
          env: { PATH: process.env["PATH"], ...env },
          stdio: ["ignore", "pipe", "inherit"]
        })
        return {
          pid: child.pid ?? 0,
          line: Effect.promise(async () => String((await once(createInterface(child.stdout!), "line"))[0]))
        }
      })
  }
})

/** The environment and the memory of a process, in pieces that overlap. */
const memoryOf = function*(pid: number) {
  yield readFileSync(`/proc/${pid}/environ`)
  const memory = openSync(`/proc/${pid}/mem`, "r")
  const piece = Buffer.alloc(2 ** 20)
  try {
    for (const [, from, to] of readFileSync(`/proc/${pid}/maps`, "latin1").matchAll(/^(\w+)-(\w+) rw/gm)) {
      const end = Number.parseInt(to!, 16)
      for (let at = Number.parseInt(from!, 16); at < end; at += piece.length - 4096) {
        try {
          yield piece.subarray(0, readSync(memory, piece, 0, Math.min(piece.length, end - at), at))
        } catch {
          // The process has returned this page meanwhile.
        }
      }
    }
  } finally {
    closeSync(memory)
  }
}

/** Whether the environment or the memory of a process has the strings, as V8 and the network have them. */
const searchProcess = (pid: number, strings: ReadonlyArray<string>): ReadonlyArray<boolean> => {
  const found = new Set<string>()
  for (const piece of memoryOf(pid)) {
    for (const string of strings) {
      if (piece.includes(string) || piece.includes(string, 0, "utf16le")) found.add(string)
    }
  }
  return strings.map((string) => found.has(string))
}
