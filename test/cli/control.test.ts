/** Every action of the control, through the service, and through the command, which is a client over HTTP. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execFileSync } from "node:child_process"
import { constants, writeFileSync } from "node:fs"
import { open, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Program from "../support/cli.js"
import { serverOverHttp } from "../support/localBackend.js"
import * as Wire from "../support/wire.js"

beforeAll(Program.build)

interface Item {
  readonly [property: string]: unknown
}

/** The actions, with the names and properties of the control over HTTP. */
interface Way {
  readonly act: (path: string, body: object) => Effect.Effect<unknown>
  readonly list: (property: string) => Effect.Effect<ReadonlyArray<Item>>
  readonly clock: Effect.Effect<Item>
  /** The first event while the effect runs. */
  readonly event: (during: Effect.Effect<unknown>) => Effect.Effect<Item>
}

interface World {
  readonly url: string
  readonly way: Way
}

const returnUrl = "http://127.0.0.1:9/consent"
const clientId = "agentcore"
const clientSecret = "a-development-secret"

const toSetup = (discoveryUrl: unknown, id: unknown = clientId, secret: unknown = clientSecret) => ({
  workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: "sentinel-weather-key" }],
  oauth2CredentialProviders: [{
    name: "calendar",
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: { oauthDiscovery: { discoveryUrl }, clientId: id, clientSecret: secret }
    }
  }]
})

const json = (value: unknown): Item => JSON.parse(JSON.stringify(value))

/** A server in this process, with an authorization server. */
const inProcess = Effect.gen(function*() {
  const server = yield* AuthorizationServer.make()
  const { workloadIdentities, ...rest } = toSetup(server.discoveryUrl)
  const context = yield* Layer.build(
    serverOverHttp({
      authorizationServer: server,
      setup: {
        workloadIdentities,
        apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("sentinel-weather-key") }],
        oauth2CredentialProviders: rest.oauth2CredentialProviders.map((provider) => ({
          name: provider.name,
          credentialProviderVendor: "CustomOauth2" as const,
          oauth2ProviderConfigInput: {
            customOauth2ProviderConfig: {
              oauthDiscovery: { discoveryUrl: server.discoveryUrl },
              clientId,
              clientSecret: Redacted.make(clientSecret)
            }
          }
        }))
      }
    })
  )
  const local = Context.get(context, LocalIdentity.LocalServer)
  yield* server.registerClient({
    clientId,
    clientSecret: Redacted.make(clientSecret),
    redirectUris: [`${local.url}/identities/oauth2/callback/*`],
    scopes: ["profile:read"]
  })
  return { local, control: Context.get(context, LocalControl.LocalControl) }
})

const service: Effect.Effect<World, unknown, Scope.Scope> = Effect.map(inProcess, ({ control, local }) => {
  const text = (body: object, name: string) => String(Reflect.get(body, name))
  const actions: Record<string, (body: object) => Effect.Effect<unknown, unknown>> = {
    reset: () => control.reset,
    seed: () =>
      control.seed({ apiKeyCredentialProviders: [{ name: "news", apiKey: Redacted.make("sentinel-news-key") }] }),
    snapshot: (body) => control.snapshot(text(body, "name")),
    restore: (body) => control.restore(text(body, "name")),
    clock: (body) =>
      "advance" in body
        ? control.clock.advance("61 minutes")
        : "set" in body
        ? control.clock.set(DateTime.makeUnsafe(text(body, "set")))
        : control.clock.reset,
    faults: (body) => control.faults.add(body),
    "faults/remove": (body) => control.faults.remove(text(body, "id")),
    "faults/clear": () => control.faults.clear,
    "consents/approve": (body) => control.consents.approve(text(body, "id"), { userName: text(body, "userName") }),
    "consents/deny": (body) => control.consents.deny(text(body, "id")),
    "consents/expire": (body) => control.consents.expire(text(body, "id")),
    "grants/expire": (body) => control.grants.expire(text(body, "id")),
    "grants/revoke": (body) => control.grants.revoke(text(body, "id")),
    "grants/forget": (body) => control.grants.forget(text(body, "id"))
  }
  const lists: Record<string, Effect.Effect<ReadonlyArray<unknown>, unknown>> = {
    snapshots: control.snapshots,
    faults: control.faults.list,
    requests: control.requests,
    consents: control.consents.list,
    grants: control.grants.list
  }
  return {
    url: local.url,
    way: {
      act: (path, body) => Effect.orDie(actions[path]?.(body) ?? Effect.die(new Error(path))),
      list: (property) =>
        Effect.map(Effect.orDie(lists[property] ?? Effect.die(new Error(property))), (items) => items.map(json)),
      clock: Effect.map(control.clock.state, json),
      event: (during) =>
        Effect.gen(function*() {
          const event = yield* Effect.forkChild(Stream.runCollect(Stream.take(control.events, 1)))
          yield* Effect.yieldNow
          yield* during
          return json((yield* Fiber.join(event))[0])
        })
    }
  }
})

const command: Effect.Effect<World, unknown, Scope.Scope> = Effect.gen(function*() {
  const folder = yield* Program.temporary
  const file = (name: string, value: object) => {
    writeFileSync(join(folder, name), JSON.stringify(value))
    return join(folder, name)
  }
  const $env = (name: string) => ({ $env: `AGENTCORE_LOCAL_OAUTH_${name}` })
  const config = file("setup.json", toSetup($env("DISCOVERY_URL"), $env("CLIENT_ID"), $env("CLIENT_SECRET")))
  // The commands find the server by its state file alone.
  const env = { XDG_RUNTIME_DIR: folder }
  const running = yield* Program.local(["--authorization-server", "--config", config], env)
  const run = (...args: ReadonlyArray<string>) => Program.inProcess(["local", ...args], env)
  const flags = (body: object) =>
    Object.entries(body).flatMap(([name, value]) => value === true ? [`--${name}`] : [`--${name}`, String(value)])
  return {
    url: running.variables["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] ?? "",
    way: {
      act: (path, body) => {
        const { advance, id, name, reset, set, userName, ...rest } = body as Record<string, string>
        switch (path) {
          case "seed":
            return run("seed", file("seed.json", body))
          case "snapshot":
          case "restore":
            return run(path, name ?? "")
          case "clock":
            return reset === undefined
              ? run("clock", ...flags(advance === undefined ? { set } : { advance }))
              : run("clock", "--reset")
          case "faults":
            return Effect.map(run("fault", ...flags(rest)), (id) => ({ id: id.trim() }))
          case "faults/remove":
            return run("fault", "--remove", id ?? "")
          case "faults/clear":
            return run("fault", "--clear")
          default:
            return run(
              ...path.split("/"),
              ...(id === undefined ? [] : [id]),
              ...(userName === undefined ? [] : ["--user", userName])
            )
        }
      },
      list: (property) => {
        const name = { faults: "fault", snapshots: "snapshot" }[property] ?? property
        return Effect.map(run(name, "--json"), (text) => JSON.parse(text))
      },
      clock: Effect.map(run("clock"), (text) => {
        const [, now, seconds] = /^(\S+) \((\S+) s\)\n$/.exec(text) ?? assert.fail(text)
        return { now, offset: Number(seconds) * 1000 }
      }),
      event: (during) =>
        Effect.gen(function*() {
          const line = yield* Deferred.make<string>()
          const events = yield* Effect.forkChild(
            Program.inProcess(["local", "events"], env, (text) => Deferred.doneUnsafe(line, Effect.succeed(text)))
          )
          // It subscribes when it is connected: the operation is repeated until then.
          yield* Effect.forkChild(Effect.repeat(Effect.andThen(during, Effect.sleep("20 millis")), { times: 500 }))
          const event = JSON.parse(yield* Deferred.await(line))
          yield* Fiber.interrupt(events)
          return event
        })
    }
  }
})

const call = ({ url }: Pick<World, "url">, operation: string, input: unknown) =>
  Wire.operation(url, `/identities/${operation}`, input)

const callOperation = (world: Pick<World, "url">, operation: string, input: unknown) =>
  Effect.map(call(world, operation, input), ({ text }): Item => JSON.parse(text))

const tokenFor = (world: Pick<World, "url">) =>
  Effect.map(
    callOperation(world, "GetWorkloadAccessTokenForUserId", { workloadName: "agent", userId: "alice" }),
    ({ workloadAccessToken }) => String(workloadAccessToken)
  )

const ask = (world: Pick<World, "url">, workloadIdentityToken: string, more: object = {}) =>
  callOperation(world, "oauth2/token", {
    workloadIdentityToken,
    resourceCredentialProviderName: "calendar",
    scopes: ["openid", "profile:read", "offline_access"],
    oauth2Flow: "USER_FEDERATION",
    resourceOauth2ReturnUrl: returnUrl,
    ...more
  })

const keyOf = (world: World, workloadIdentityToken: string, name = "weather") =>
  Effect.map(
    call(world, "api-key", { workloadIdentityToken, resourceCredentialProviderName: name }),
    ({ headers, status }) => status === 200 ? "key" : headers["x-amzn-errortype"]
  )

const idOf = (items: ReadonlyArray<Item>) => ({ id: String(items[0]?.["id"]) })

/** The user consents at the authorization server, and the session is completed. */
const consent = (world: World, token: string, userName = "alice", more: object = {}) =>
  Effect.gen(function*() {
    yield* ask(world, token, more)
    yield* world.way.act("consents/approve", { ...idOf(yield* world.way.list("consents")), userName })
    const { accessToken } = yield* ask(world, token, more)
    return String(accessToken)
  })

const subjectOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sub

const actions: Record<string, (world: World) => Effect.Effect<void>> = {
  reset: (world) =>
    Effect.gen(function*() {
      const token = yield* tokenFor(world)
      yield* consent(world, token)
      yield* call(world, "CreateWorkloadIdentity", { name: "other" })
      yield* world.way.act("clock", { advance: "1 minute" })
      yield* world.way.act("faults", { operation: "*", status: 503 })
      yield* world.way.act("reset", {})
      for (const list of ["requests", "faults", "consents", "grants"]) {
        assert.deepStrictEqual(yield* world.way.list(list), [])
      }
      assert.strictEqual((yield* world.way.clock)["offset"], 0)
      const { workloadIdentities } = yield* callOperation(world, "ListWorkloadIdentities", {})
      assert.deepStrictEqual((workloadIdentities as ReadonlyArray<Item>).map(({ name }) => name), ["agent"])
      assert.strictEqual(yield* keyOf(world, token), "UnauthorizedException")
      const later = yield* tokenFor(world)
      assert.strictEqual(yield* keyOf(world, later), "key")
      assert.isString((yield* ask(world, later))["authorizationUrl"])
    }),

  seed: (world) =>
    Effect.gen(function*() {
      const token = yield* tokenFor(world)
      yield* world.way.act("seed", { apiKeyCredentialProviders: [{ name: "news", apiKey: "sentinel-news-key" }] })
      assert.strictEqual(yield* keyOf(world, token, "news"), "key")
      assert.strictEqual(yield* keyOf(world, token), "key")
    }),

  "snapshot and restore": (world) =>
    Effect.gen(function*() {
      yield* world.way.act("clock", { advance: "61 minutes" })
      const token = yield* tokenFor(world)
      const issued = yield* consent(world, token)
      const { offset } = yield* world.way.clock
      yield* world.way.act("snapshot", { name: "consented" })
      yield* world.way.act("clock", { advance: "2 days" })
      yield* world.way.act("reset", {})
      assert.strictEqual((yield* ask(world, token))["accessToken"], undefined)
      assert.include((yield* world.way.list("snapshots")).map(({ name }) => name), "consented")
      yield* world.way.act("restore", { name: "consented" })
      assert.strictEqual((yield* world.way.clock)["offset"], offset)
      assert.strictEqual((yield* ask(world, token))["accessToken"], issued)
      // The authorization server has the refresh token again.
      yield* world.way.act("grants/expire", idOf(yield* world.way.list("grants")))
      assert.isString((yield* ask(world, token))["accessToken"])
    }),

  clock: (world) =>
    Effect.gen(function*() {
      const token = yield* tokenFor(world)
      const first = yield* consent(world, token)
      yield* world.way.act("clock", { advance: "61 minutes" })
      assert.strictEqual((yield* world.way.clock)["offset"], 61 * 60_000)
      assert.strictEqual(yield* keyOf(world, token), "UnauthorizedException")
      // The access token has expired. The refresh token, of one day, has not.
      const second = (yield* ask(world, yield* tokenFor(world)))["accessToken"]
      assert.isString(second)
      assert.notStrictEqual(second, first)
      yield* world.way.act("clock", { set: new Date(Date.now() + 3 * 24 * 60 * 60_000).toISOString() })
      // The authorization server does not accept the refresh token any more.
      assert.isString((yield* ask(world, yield* tokenFor(world)))["authorizationUrl"])
      yield* world.way.act("clock", { reset: true })
      assert.strictEqual((yield* world.way.clock)["offset"], 0)
    }),

  fault: (world) =>
    Effect.gen(function*() {
      const token = yield* tokenFor(world)
      yield* world.way.act("faults", { operation: "GetResourceApiKey", exception: "ThrottlingException", count: 2 })
      assert.strictEqual((yield* world.way.list("faults"))[0]?.["fired"], 0)
      const responses = yield* Effect.replicateEffect(keyOf(world, token), 3)
      assert.deepStrictEqual(responses, ["ThrottlingException", "ThrottlingException", "key"])
      const { id } = (yield* world.way.act("faults", { operation: "*", status: 503 })) as Item
      assert.strictEqual((yield* call(world, "ListWorkloadIdentities", {})).status, 503)
      yield* world.way.act("faults/remove", { id: String(id) })
      yield* world.way.act("faults", { operation: "*", cut: true })
      const cut = yield* Effect.promise(() => Effect.runPromiseExit(call(world, "ListWorkloadIdentities", {})))
      assert.isTrue(Exit.isFailure(cut))
      yield* world.way.act("faults/clear", {})
      assert.deepStrictEqual(yield* world.way.list("faults"), [])
      assert.strictEqual(yield* keyOf(world, token), "key")
    }),

  requests: (world) =>
    Effect.gen(function*() {
      yield* call(world, "GetWorkloadAccessToken", { workloadName: "agnt" })
      yield* keyOf(world, yield* tokenFor(world))
      const [key, , unknown] = yield* world.way.list("requests")
      assert.strictEqual(key?.["operation"], "GetResourceApiKey")
      assert.include(JSON.stringify(unknown?.["reasons"]), "There is no workload identity 'agnt'")
      assert.notInclude(JSON.stringify(yield* world.way.list("requests")), "sentinel")
    }),

  events: (world) =>
    Effect.gen(function*() {
      const event = yield* world.way.event(call(world, "ListWorkloadIdentities", {}))
      assert.strictEqual(event["operation"], "ListWorkloadIdentities")
    }),

  consents: (world) =>
    Effect.gen(function*() {
      const token = yield* tokenFor(world)
      // The user of the agent, and the user of the authorization server.
      assert.strictEqual(subjectOf(yield* consent(world, token, "alice@example.com")), "alice@example.com")
      for (const action of ["deny", "expire"]) {
        const { sessionUri } = yield* ask(world, token, { forceAuthentication: true })
        yield* world.way.act(`consents/${action}`, idOf(yield* world.way.list("consents")))
        assert.strictEqual((yield* ask(world, token, { sessionUri }))["sessionStatus"], "FAILED")
      }
      // No id looks like a flag to the command.
      for (const { id } of yield* world.way.list("consents")) assert.match(String(id), /^[0-9a-f]{32}$/)
      const states = (yield* world.way.list("consents")).map(({ state }) => state)
      assert.deepStrictEqual(states, ["Expired", "Denied", "Completed"])
    }),

  grants: (world) =>
    Effect.gen(function*() {
      const token = yield* tokenFor(world)
      const first = yield* consent(world, token)
      const isRevoked = Effect.map(world.way.list("grants"), (grants) => grants.map(({ revoked }) => revoked))
      const [granted] = yield* world.way.list("grants")
      assert.deepInclude(granted, { provider: "calendar", workload: "agent", user: { userId: "alice" } })
      assert.deepInclude(granted, { refreshable: true, revoked: false })
      const grant = { id: String(granted?.["id"]) }
      yield* world.way.act("grants/expire", grant)
      const second = (yield* ask(world, token))["accessToken"]
      assert.notStrictEqual(second, first)
      yield* world.way.act("grants/revoke", grant)
      // The vault has not seen the withdrawal yet.
      assert.strictEqual((yield* ask(world, token))["accessToken"], second)
      yield* world.way.act("grants/expire", grant)
      assert.deepStrictEqual(yield* isRevoked, [true])
      assert.isString((yield* ask(world, token))["authorizationUrl"])
      yield* consent(world, token)
      assert.deepStrictEqual(yield* isRevoked, [false])
      yield* world.way.act("grants/forget", idOf(yield* world.way.list("grants")))
      assert.isString((yield* ask(world, token))["authorizationUrl"])
      assert.deepStrictEqual(yield* world.way.list("grants"), [])

      // The authorization server revokes no access token alone.
      const withoutRefresh = { scopes: ["profile:read"] }
      yield* consent(world, token, "alice", withoutRefresh)
      const revoked = yield* world.way.act("grants/revoke", idOf(yield* world.way.list("grants")))
      assert.include(JSON.stringify(revoked), "forgotten")
      assert.isString((yield* ask(world, token, withoutRefresh))["authorizationUrl"])
      assert.deepStrictEqual(yield* world.way.list("grants"), [])
    })
}

describe.each([["the service", service], ["the command", command]] as const)(
  "the control, through %s",
  (_, start) => {
    const scope = Effect.runSync(Scope.make())
    let world: World

    beforeAll(async () => {
      world = await Effect.runPromise(Scope.provide(start, scope))
    })

    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

    it.live.each(Object.keys(actions))(
      "%s",
      (name) => Effect.andThen(world.way.act("reset", {}), actions[name]?.(world) ?? Effect.die(new Error(name)))
    )
  }
)

/** The variables of a server in this process, for the command. */
const environmentOf = (local: Effect.Success<typeof inProcess>["local"]) => ({
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: local.url,
  AGENTCORE_LOCAL_TOKEN: Redacted.value(local.controlToken)
})

const environmentOfServer = Effect.map(inProcess, ({ local }) => environmentOf(local))

describe("local fault and clock", () => {
  it.live("fail with the reason of the server", () =>
    Effect.gen(function*() {
      const env = yield* environmentOfServer
      const failure = (...args: ReadonlyArray<string>) => Program.failure(["local", ...args], env)
      const operation = ["fault", "--operation", "GetResourceApiKey"]
      assert.strictEqual(yield* failure(...operation), "a fault has `exception`, `status`, `cut` or `delay`")
      assert.match(yield* failure(...operation, "--delay", "soon"), /^delay is a duration/)
      assert.match(yield* failure("clock", "--advance", "soon"), /^advance is a duration/)
      assert.match(yield* failure("clock", "--set", "soon"), /^set is a time/)
    }))
})

describe("local restore", () => {
  it.live("lists the snapshots if none has the name", () =>
    Effect.gen(function*() {
      const env = yield* environmentOfServer
      const attempt = Program.failure(["local", "restore", "nope"], env)
      assert.include(yield* attempt, "There is no snapshot with this name. There are none")
      yield* Program.inProcess(["local", "snapshot", "one"], env)
      yield* Program.inProcess(["local", "snapshot", "two"], env)
      assert.include(yield* attempt, "There is no snapshot with this name. There are: one, two")
    }))
})

describe("local consents and grants", () => {
  it.live("act on the only one without an id, and list the ids of several", () =>
    Effect.gen(function*() {
      const { control, local } = yield* inProcess
      const env = environmentOf(local)
      const run = (...args: ReadonlyArray<string>) => Program.inProcess(["local", ...args], env)
      const approve = Program.failure(["local", "consents", "approve"], env)
      assert.strictEqual(yield* approve, "There are no consents")
      const token = yield* tokenFor(local)
      yield* ask(local, token)
      yield* ask(local, token, { scopes: ["openid"] })
      const [other] = yield* control.consents.list
      assert.match(yield* approve, /^There are several consents, give an id: \w+ \(calendar, \S*alice\S*\), \w+ \(cal/)
      yield* run("consents", "deny", other?.id ?? "")
      // Two sessions of the same request. The older one ends with the newer one.
      yield* ask(local, token, { forceAuthentication: true })
      assert.strictEqual(yield* run("consents", "approve"), "alice has consented to calendar.\n")
      assert.strictEqual(yield* approve, "There are no consents")
      assert.strictEqual(yield* run("grants", "expire"), "The access token has expired.\n")
    }))
})

describe("local requests", () => {
  const list = Effect.gen(function*() {
    const env = yield* environmentOfServer
    const world = { url: env.AWS_ENDPOINT_URL_BEDROCK_AGENTCORE }
    yield* call(world, "api-key", {
      workloadIdentityToken: "no token",
      resourceCredentialProviderName: "weather"
    })
    yield* call(world, "GetWorkloadAccessToken", { workloadName: "agnt" })
    return env
  })

  it.live("has columns, and errors and reasons below a row", () =>
    Effect.gen(function*() {
      const [heading, first, ...others] = (yield* Program.inProcess(["local", "requests"], yield* list)).split("\n")
      assert.match(heading ?? "", /^time +status +ms +operation +provider +user$/)
      assert.match(first ?? "", /^\d\d:\d\d:\d\d +403 +\d+ +GetWorkloadAccessToken +- +-$/)
      assert.match(others[0] ?? "", /^ {10}AccessDeniedException: /)
      assert.match(others[1] ?? "", /^ {10}There is no workload identity 'agnt'/)
      assert.match(others[2] ?? "", /GetResourceApiKey +weather +-$/)
    }))

  // `script` gives the command a terminal.
  it.live.skipIf(process.platform !== "linux")("is no wider than the terminal", () =>
    Effect.gen(function*() {
      const env = yield* list
      const { ended } = yield* Program.launch(["local", "requests"], env, { terminal: true, columns: 50 })
      const lines = (yield* Effect.promise(() => ended)).stdout.split("\r\n")
      for (const line of lines) assert.isAtMost(line.length, 50, line)
      assert.include(lines[0], "operation")
      // No word of a reason is lost.
      assert.include(lines.map((line) => line.trim()).join(" "), "no workload identity 'agnt'")
    }))
})

describe("local seed", () => {
  it.live.skipIf(process.platform === "win32")(
    "reads a pipe, and stops waiting for the writer when it gets a signal",
    () =>
      Effect.gen(function*() {
        const env = yield* environmentOfServer
        const folder = yield* Program.temporary
        const pipe = join(folder, "setup.json")
        execFileSync("mkfifo", [pipe])
        const seed = ["local", "seed", pipe]
        const written = yield* Effect.all([
          Program.inProcess(seed, env),
          Effect.promise(() => writeFile(pipe, JSON.stringify({ workloadIdentities: [{ name: "piped" }] })))
        ], { concurrency: 2 })
        assert.include(written[0], "piped")

        for (const signal of ["SIGTERM", "SIGINT"] as const) {
          const started = yield* Program.launch(seed, env)
          // The pipe opens for writing without waiting when the command has opened it for reading.
          yield* Effect.acquireRelease(
            Effect.retry(
              Effect.tryPromise(() => open(pipe, constants.O_WRONLY | constants.O_NONBLOCK)),
              Schedule.spaced("20 millis")
            ),
            (file) => Effect.promise(() => file.close())
          )
          started.child.kill(signal)
          yield* Effect.promise(() => started.ended)
        }
      })
  )
})
