import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import { readFileSync, writeFileSync } from "node:fs"
import type { IncomingHttpHeaders } from "node:http"
import { join } from "node:path"
import * as Calendar from "../support/calendar.js"
import * as Program from "../support/cli.js"
import * as Project from "../support/project.js"
import * as Proxies from "../support/proxies.js"
import * as Server from "../support/server.js"
import * as Tools from "../support/tools.js"

let project: Project.Project

beforeAll(async () => {
  await Program.build()
  project = await Project.makeProject(["effect"])
}, 60_000)

afterAll(() => project.remove())

const key = "sentinel-key-77d0c1aa"

const world = Layer.effectDiscard(Effect.gen(function*() {
  yield* Calendar.setUp({ workloads: ["my-agent"] })
  yield* ControlPlane.ControlPlane.use((plane) =>
    plane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make(key) })
  )
})).pipe(Layer.provideMerge(Layer.merge(LocalIdentity.layer(), AuthorizationServer.layer())))

const environment = Effect.map(LocalIdentity.LocalServer, ({ environment }): Program.Environment => environment)

const writeModule = (name: string, body: string): string => {
  const file = join(project.folder, name)
  writeFileSync(file, body)
  return file
}

const writeCredentials = (calendar: string, weather: string) =>
  writeModule(
    "credentials.mjs",
    `import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"

class Calendar extends AccessToken.Tag()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["profile:read"],
  returnUrl: "https://app.example.com/connect/return"
}) {}

class Weather extends ApiKey.Tag()("app/Weather", { provider: "weather" }) {}

export const forwardAuth = [
  { credential: Calendar, origins: ["${calendar}"] },
  { credential: Weather, origins: ["${weather}"], header: "x-api-key" }
]
`
  )

/** An origin on this machine that records the headers of requests. */
const origin = Effect.gen(function*() {
  const seen: Array<IncomingHttpHeaders> = []
  const url = yield* Server.serve((request, response) => {
    seen.push(request.headers)
    response.end(request.url)
  })
  return { seen, url, path: `/${new URL(url).host}` }
})

/** The files that the command prints. */
const split = (stdout: string) => {
  const [, caddy = "", nginx = ""] = /^# Caddy.*\n([^]*)\n# nginx.*\n([^]*)$/.exec(stdout) ?? []
  return { Caddy: caddy, nginx }
}

describe("agentcore-identity authorize", () => {
  Tools.testWith("nginx", "Caddy")(
    "prints configurations with which Caddy and nginx add a user's credentials",
    () =>
      Effect.gen(function*() {
        const calendar = yield* origin
        const weather = yield* origin
        const module = writeCredentials(calendar.url, weather.url)
        const [port, listen] = [yield* Server.freePort, yield* Server.freePort]
        const started = yield* Program.launch([
          "authorize",
          module,
          "--user",
          "alice",
          "--port",
          String(port),
          "--listen",
          `127.0.0.1:${listen}`,
          "--register"
        ], yield* environment)
        const session = yield* Program.seen(started, /Authorization: Bearer (\S+)/)
        const signIn = yield* Program.seen(started, /^ {2}(http:\S+\/sign-in\?code=\S+)$/m)
        const { stderr, stdout } = started.output
        assert.include(stderr, `${calendar.url}  http://127.0.0.1:${listen}${calendar.path}`)
        assert.notInclude(stdout, session)
        const configurations = split(stdout)

        const send = (path: string, bearer = session) =>
          Effect.promise(async () => {
            const response = await fetch(`http://127.0.0.1:${listen}${path}`, {
              headers: { authorization: `Bearer ${bearer}`, "x-api-key": "mine", cookie: "a=b" }
            })
            return { status: response.status, text: await response.text() }
          })
        const user = yield* TestUser.make("alice")
        for (const [index, name] of Proxies.names.entries()) {
          yield* Effect.gen(function*() {
            yield* Proxies.run(name, configurations[name], { port: listen })
            assert.strictEqual((yield* send(`${calendar.path}/events`, "other")).status, 401)
            if (index === 0) {
              const asked = yield* send(`${calendar.path}/events`)
              assert.strictEqual(asked.status, 401)
              const { link } = JSON.parse(asked.text)
              assert.strictEqual(link, `http://127.0.0.1:${port}/connect/calendar`)
              // Only the browser that the command has signed in can connect an account.
              const stranger = yield* TestUser.make("mallory")
              const early = yield* stranger.opens(Redacted.make(link))
              assert.strictEqual(early.status, 401)
              assert.include(early.text, "First open the address that the command printed")
              const ahead = yield* Effect.promise(() => fetch(signIn, { headers: { "sec-purpose": "prefetch" } }))
              assert.strictEqual(ahead.status, 403)
              yield* user.opens(Redacted.make(signIn))
              assert.strictEqual((yield* stranger.opens(Redacted.make(signIn))).status, 403)
              yield* user.approves(Redacted.make(link))
            }
            assert.deepStrictEqual(yield* send(`${calendar.path}/events?day=1`), { status: 200, text: "/events?day=1" })
            assert.deepStrictEqual(yield* send(`${weather.path}/today`), { status: 200, text: "/today" })
            assert.strictEqual((yield* send("/other.example.com/")).status, 404)
          }).pipe(Effect.scoped)
        }
        for (const headers of calendar.seen) {
          assert.strictEqual(decodeJwt(String(headers.authorization).replace("Bearer ", "")).sub, "alice")
          assert.isUndefined(headers["x-api-key"])
          assert.isUndefined(headers.cookie)
        }
        for (const headers of weather.seen) {
          assert.strictEqual(headers["x-api-key"], key)
          assert.isUndefined(headers.authorization)
        }
        assert.lengthOf([...calendar.seen, ...weather.seen], 4)
        started.child.kill("SIGTERM")
        const { code, stderr: all } = yield* Effect.promise(() => started.ended)
        assert.strictEqual(code, 0, all)
        for (const secret of [key, "eyJ", "request_uri=urn"]) assert.notInclude(`${stdout}${all}`, secret)
      }).pipe(Effect.provide(world))
  )

  it.live("returns no token a minute after the user has disconnected in another process", () =>
    Effect.gen(function*() {
      const port = yield* Server.freePort
      const module = writeCredentials("https://calendar.example.com", "https://api.example.com")
      // A signal moves the clock of the command.
      const clock = "const now = Date.now; process.on('SIGUSR2', () => { Date.now = () => now() + 61000 })"
      const started = yield* Program.launch(
        ["authorize", module, "--user", "alice", "--port", String(port), "--register", "--proxy", "nginx"],
        { ...yield* environment, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(clock)}` }
      )
      const signIn = yield* Program.seen(started, /^ {2}(http:\S+\/sign-in\?code=\S+)$/m)
      const session = yield* Program.seen(started, /Authorization: Bearer (\S+)/)
      const [, path = ""] = /agentcore_forward_auth(\/forward-auth\/[\w-]{43});/.exec(started.output.stdout) ?? []
      const headers = {
        authorization: `Bearer ${session}`,
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "calendar.example.com",
        "x-forwarded-uri": "/"
      }
      const status = Effect.promise(async () => (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status)
      const user = yield* TestUser.make("alice")
      yield* user.opens(Redacted.make(signIn))
      yield* user.approves(Redacted.make(`http://127.0.0.1:${port}/connect/calendar`))
      assert.strictEqual(yield* status, 200)
      const { grants } = yield* LocalControl.LocalControl
      for (const { id } of yield* grants.list) yield* grants.forget(id)
      assert.strictEqual(yield* status, 200)
      started.child.kill("SIGUSR2")
      const isGone = Effect.map(status, (status) => status === 401)
      yield* Effect.repeat(isGone, { until: (isGone) => isGone, times: 100 })
      assert.isTrue(yield* isGone)
    }).pipe(Effect.provide(world)))

  it.live("prints the file of one proxy, and says what is wrong with a module or a port", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const port = yield* Server.freePort
      const authorize = (module: string, ...args: ReadonlyArray<string>) =>
        Program.run(["authorize", module, "--port", String(port), ...args], env)
      const recipe = new URL("../examples/forward-auth/credentials.ts", import.meta.url)
      const module = writeModule("credentials.ts", readFileSync(recipe, "utf8"))
      const started = yield* Program.launch(
        ["authorize", module, "--user", "alice", "--port", String(port), "--proxy", "caddy"],
        env
      )
      yield* Program.seen(started, /sign-in/)
      yield* Program.seen(started, /respond 404\n\}\n$/)
      assert.match(started.output.stdout, /^\{\n\tadmin off\n/)
      assert.include(started.output.stdout, "reverse_proxy https://www.googleapis.com {")
      const session = yield* Program.seen(started, /Authorization: Bearer (\S+)/)
      const fetchText = (url: string, init: RequestInit = {}) =>
        Effect.promise(async () => {
          const { headers, status } = await fetch(url, { redirect: "manual", ...init })
          return { status, cookie: headers.get("set-cookie") ?? "" }
        })
      // Only the configuration has the path of the route.
      const headers = {
        authorization: `Bearer ${session}`,
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "other.example.com",
        "x-forwarded-uri": "/"
      }
      const statusOf = (path: string) =>
        Effect.map(fetchText(`http://127.0.0.1:${port}${path}`, { headers }), ({ status }) => status)
      const [, path = ""] = /uri (\/forward-auth\/[\w-]{43})$/m.exec(started.output.stdout) ?? []
      assert.deepStrictEqual([yield* statusOf(path), yield* statusOf("/forward-auth")], [403, 404])
      // Two commands have two cookies. Looking at the address does not use it up.
      const signIn = yield* Program.seen(started, /^ {2}(http:\S+\/sign-in\?code=\S+)$/m)
      assert.strictEqual((yield* fetchText(signIn, { method: "HEAD" })).status, 403)
      const signedIn = yield* fetchText(signIn)
      assert.strictEqual(signedIn.status, 302)
      assert.isTrue(signedIn.cookie.startsWith(`agentcore-identity-${port}=`))
      for (const listen of ["8080", "127.0.0.1", "127.0.0.1:0", ":8080", "127.0.0.1:1; include x", "a {\n}:80"]) {
        assert.include((yield* authorize(module, "--listen", listen)).stderr, "An address is a host and a port")
      }
      assert.include((yield* authorize(module, "--user", "bob")).stderr, `Another program listens on port ${port}`)
      assert.include((yield* authorize(module)).stderr, "no user is named")
      assert.include((yield* authorize(module, "--port", "0")).stderr, "The return URL contains the port")
      const declared = writeModule("declared.mjs", "export const forwardAuth = []\n")
      assert.include((yield* authorize(declared, "--user", "alice")).stderr, "exports no credential with its origins")
      started.child.kill("SIGTERM")
      yield* Effect.promise(() => started.ended)
      const insecure = writeCredentials("http://calendar.example.com", "https://api.example.com")
      const { code, stderr } = yield* authorize(insecure, "--user", "alice")
      assert.strictEqual(code, 1)
      assert.match(stderr, /origins\[0\] is plain http/)
      assert.notInclude(stderr, "    at ")
      const shared = writeCredentials("https://localhost", "http://localhost")
      const rejected = yield* authorize(shared, "--user", "alice")
      assert.strictEqual(rejected.code, 1)
      assert.include(rejected.stderr, "Two origins have the path /localhost at the proxy: list one of them")
      assert.strictEqual(rejected.stdout, "")
    }).pipe(Effect.provide(world)))
})
