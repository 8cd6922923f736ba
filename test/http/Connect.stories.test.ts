/**
 * Consents at the pages of `Connect` as each person walks them, over one process and three, with a store and without:
 * the user, another user, an attacker, a browser that is not signed in, a user who is late or denies.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as PromiseConnect from "effect-agentcore-identity/promise/Connect"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import type * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import * as Http from "node:http"
import * as Calendar from "../support/calendar.js"
import * as World from "../support/connectWorld.js"
import * as Server from "../support/server.js"
import * as Tools from "../support/tools.js"

interface Setting {
  readonly form: "http" | "node"
  readonly processes: 1 | 3
  readonly store: boolean
  readonly users?: "userId" | "jwt"
}

/** One origin with the sign-in of the application. Requests alternate between the processes. */
const balance = (ports: ReadonlyArray<number>) => {
  let turn = 0
  return Server.serve((request, response) => {
    const cookie = /^\/sign-in\/([^/?]+)/.exec(request.url ?? "")?.[1]
    if (cookie !== undefined) {
      return void response.writeHead(200, { "set-cookie": `${decodeURIComponent(cookie)}; Path=/` }).end("Welcome")
    }
    const { headers, method, url: path } = request
    const forwarded = Http.request({ host: "127.0.0.1", port: ports[turn++ % ports.length], path, method, headers })
    forwarded.on("response", (received) => {
      response.writeHead(received.statusCode ?? 500, received.headers)
      received.pipe(response)
    })
    request.pipe(forwarded)
  })
}

type Services = Identity.Identity | DataPlane.DataPlane

/** Starts the pages of a process, with a memory of its own, and returns its port. */
const startPages = (
  form: Setting["form"],
  options: World.Options & Connect.LinkOptions,
  services: Context.Context<Services>
) =>
  Effect.gen(function*() {
    if (form === "node") {
      const connect = yield* Effect.acquireRelease(
        Effect.sync(() => PromiseConnect.make({ ...World.toPromiseOptions(options), runtime: services })),
        (connect) => Effect.promise(connect.dispose)
      )
      return yield* Server.listen(Http.createServer((request, response) => connect.node(request, response)))
    }
    const server = HttpRouter.serve(Connect.layer({ currentUser: World.currentUser, ...options }), {
      disableListenLog: true,
      disableLogger: true
    }).pipe(
      Layer.provide(Connect.layerRedaction("/connect")),
      Layer.provideMerge(NodeHttpServer.layer(Http.createServer, { host: "127.0.0.1", port: 0 })),
      Layer.provide(Layer.succeedContext(services))
    )
    const built = yield* Layer.buildWithMemoMap(server, Layer.makeMemoMapUnsafe(), yield* Effect.scope)
    return Number(new URL(HttpServer.formatAddress(Context.get(built, HttpServer.HttpServer).address)).port)
  })

const makeWorld = ({ form, processes, store, users = "userId" }: Setting) =>
  Effect.gen(function*() {
    const servers = yield* Layer.build(World.servers)
    const ports: Array<number> = []
    const origin = yield* balance(ports)
    class Events extends AccessToken.Tag<Events>()("stories/Events", {
      provider: "calendar",
      flow: "USER_FEDERATION",
      scopes: ["openid", "calendar:read"],
      returnUrl: `${origin}/connect/return`
    }) {}
    class Mail extends AccessToken.Tag<Mail>()("stories/Mail", {
      provider: "calendar",
      flow: "USER_FEDERATION",
      scopes: ["openid", "mail:send"],
      returnUrl: `${origin}/connect/return`
    }) {}
    const { context, services, counts } = yield* Effect.gen(function*() {
      yield* Calendar.setUp({
        clientId: "connect-client",
        workloads: [World.workload],
        returnUrls: [`${origin}/connect/return`],
        scopes: ["calendar:read", "mail:send"]
      })
      const counts = { completions: 0 }
      const counted = DataPlane.decorate((operation, call) =>
        Effect.suspend(() => {
          if (operation === "completeResourceTokenAuth") counts.completions++
          return call
        })
      )
      const services = yield* Layer.build(Layer.provideMerge(Layer.fresh(Identity.layer), Layer.fresh(counted)))
      const stores = yield* Layer.build(store ? PendingConsents.layerMemory : Layer.empty)
      return {
        context: yield* Effect.context<Layer.Success<typeof World.servers>>(),
        services: Context.merge(services, stores),
        counts
      }
    }).pipe(Effect.provideContext(servers))
    const links = {
      path: "/connect",
      credentials: { calendar: Events, mail: Mail },
      workload: World.workload,
      continueTo: [`${origin}/chat/`],
      users
    } as const
    const formKey = Redacted.make(randomBytes(32).toString("base64"))
    const start = (key = formKey) => startPages(form, { ...links, formKey: key }, services)
    for (let count = 0; count < processes; count++) ports.push(yield* start())
    // The helpers of `World` read its address only.
    const server = HttpServer.make({
      serve: () => Effect.void,
      address: Result.getOrThrow(NetAddress.inetAddressFromIpString("127.0.0.1", Number(new URL(origin).port)))
    })
    return {
      origin,
      Events,
      links,
      ports,
      start,
      counts,
      services,
      context: Context.add(context, HttpServer.HttpServer, server)
    }
  })

type Shared = Effect.Success<ReturnType<typeof makeWorld>>

/** Opens the link in a browser, and presses its button: what the browser keeps, and AgentCore's own link. */
const begin = (cookie: string, path = "/connect/calendar") =>
  Effect.gen(function*() {
    const started = yield* World.press(path, "connect", cookie)
    assert.strictEqual(started.status, 200, started.text)
    const url = World.refreshOf(started)
    return {
      kept: World.keptBy(started).join("; "),
      url,
      session: new URL(url).searchParams.get("request_uri") ?? assert.fail(url)
    }
  })

/** Comes back with a session, and more parameters. */
const comeBack = (cookie: string, session: string, more = "") =>
  Effect.map(
    World.request(`/connect/return?session_id=${encodeURIComponent(session)}${more}`, { cookie, headers: World.json }),
    ({ text }): Readonly<Record<string, string | undefined>> => JSON.parse(text)
  )

const outcomeOf = (cookie: string, session: string, more = "") =>
  Effect.map(comeBack(cookie, session, more), ({ outcome }) => outcome)

/** A browser that is signed in at the application, and at the vendor. */
const signedIn = (cookie: string, vendor = "someone@example.com") =>
  Effect.gen(function*() {
    const browser = yield* TestUser.make(vendor)
    const signIn = Effect.fnUntraced(function*(cookie: string) {
      const origin = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
      yield* browser.opens(`${origin}/sign-in/${encodeURIComponent(cookie)}`)
    })
    yield* signIn(cookie)
    return { ...browser, signIn }
  })

/** Consents in a browser of nobody who has to do with the session, and returns the state that AgentCore adds. */
const consentFor = (url: string) =>
  Effect.gen(function*() {
    const page = yield* (yield* signedIn("user=harvester")).approves(url)
    return `&state=${new URL(Redacted.value(page.url)).searchParams.get("state")}`
  })

const tokenOf = ({ Events, services }: Shared, user: UserIdentifier.UserIdentifier) =>
  AccessToken.get(Events).pipe(
    Effect.match({ onSuccess: () => "token", onFailure: ({ _tag }) => _tag }),
    World.as(user),
    Effect.provideContext(services)
  )

/** An agent in a process of its own. `show` is what the user gets to see. */
const agentOf = (
  { Events, links, services }: Shared,
  userId: string,
  kind: "link of Connect" | "link of AgentCore"
) =>
  Effect.gen(function*() {
    const shown = yield* Deferred.make<string>()
    const show = (link: string) => Deferred.succeed(shown, link)
    const options: Identity.ConsentOptions<unknown, Connect.Connect | WorkloadAccessToken.WorkloadAccessToken> =
      kind === "link of Connect"
        ? { consent: Connect.handler({ user: { userId }, show, probe: Schedule.spaced("200 millis") }) }
        : {
          consent: ({ authorizationUrl }) => show(Redacted.value(authorizationUrl)),
          poll: Schedule.spaced("200 millis")
        }
    const token = yield* AccessToken.get(Events, options).pipe(
      World.as({ userId }),
      Effect.provide(Connect.layerLinks(links)),
      Effect.provideContext(services),
      Effect.forkChild
    )
    return { link: yield* Deferred.await(shown), token: Fiber.join(token) }
  })

const settings: ReadonlyArray<Setting> = [
  { form: "http", processes: 1, store: false },
  { form: "node", processes: 3, store: false },
  { form: "http", processes: 3, store: true },
  { form: "node", processes: 1, store: true }
]

type Servers = Layer.Success<typeof World.servers>

describe.each(settings)("over $processes process(es), form $form, with a store: $store", (setting) => {
  let world: Shared
  Tools.beforeAllWith()(Effect.map(makeWorld(setting), (made) => {
    world = made
  }))

  const story = (
    name: string,
    run: (world: Shared) => Effect.Effect<void, unknown, Servers | HttpServer.HttpServer | Scope.Scope>
  ) => it.live(name, () => Effect.suspend(() => run(world)).pipe(Effect.provideContext(world.context)), 30_000)

  /** Without a store, only the browser that pressed the button can come back. */
  const onlyWithStore = setting.store ? "Completed" : "NotUsable"

  story("the user consents once, and reloads the page", (world) =>
    Effect.gen(function*() {
      const alice = yield* signedIn("user=alice")
      const before = world.counts.completions
      const page = yield* alice.approves(`${world.origin}/connect/calendar`)
      assert.include(page.text, "Consent given")
      for (let count = 0; count < 4; count++) assert.include((yield* alice.opens(page.url)).text, "Consent given")
      assert.strictEqual(world.counts.completions - before, 1)
      assert.strictEqual(yield* tokenOf(world, { userId: "alice" }), "token")
    }))

  for (
    const [title, isSignedIn] of [
      ["an attacker forwards AgentCore's link to a victim who is signed in", true],
      ["an attacker forwards AgentCore's link to a victim who is not signed in", false]
    ] as const
  ) {
    story(
      title,
      (world) =>
        Effect.gen(function*() {
          const cookie = `user=mallory${isSignedIn}`
          const before = world.counts.completions
          const { kept, session, url } = yield* begin(cookie)
          const victim = yield* TestUser.make("victim@example.com")
          if (isSignedIn) yield* victim.opens(`${world.origin}/sign-in/${encodeURIComponent("user=victim")}`)
          const page = yield* victim.approves(url)
          assert.notInclude(page.text, "Consent given")
          if (isSignedIn) assert.strictEqual(page.status, 403)

          // He knows the session. He can also consent to another one of his own, for a state that is valid for it.
          const other = yield* begin(cookie)
          const state = yield* consentFor(other.url)
          const renamed = `${kept.split("=")[0]}=${other.kept.split("=")[1]}`
          const tries = [
            ["", ""],
            [kept, ""],
            [kept, "&state=guess"],
            [kept, "&state="],
            [kept, state],
            [other.kept, state],
            [renamed, state],
            [`${kept}; ${other.kept}`, state],
            [kept, `${state}&error=access_denied`]
          ] as const
          for (const [kept, more] of tries) {
            assert.strictEqual(yield* outcomeOf(`${cookie}; ${kept}`, session, more), "NotUsable", `${kept} ${more}`)
          }
          assert.strictEqual(world.counts.completions, before)
          assert.strictEqual(yield* tokenOf(world, { userId: `mallory${isSignedIn}` }), "RequiresUserConsent")
          assert.strictEqual(yield* tokenOf(world, { userId: "victim" }), "RequiresUserConsent")
        })
    )
  }

  story(
    "another user signs in in the same browser meanwhile, and then the first one again",
    (world) =>
      Effect.gen(function*() {
        const browser = yield* signedIn("user=carol")
        const before = world.counts.completions
        const page = yield* browser.returnsAfter(browser.signIn("user=dave"))(`${world.origin}/connect/calendar`)
        assert.strictEqual(page.status, 403)
        assert.strictEqual(world.counts.completions, before)
        yield* browser.signIn("user=carol")
        assert.include((yield* browser.opens(page.url)).text, "Consent given")
        assert.strictEqual(yield* tokenOf(world, { userId: "carol" }), "token")
        assert.strictEqual(yield* tokenOf(world, { userId: "dave" }), "RequiresUserConsent")
      })
  )

  story("a user has several sessions in several tabs, and none has the state of another", () =>
    Effect.gen(function*() {
      const first = yield* begin("user=erin")
      const second = yield* begin(`user=erin; ${first.kept}`)
      const mail = yield* begin(`user=erin; ${first.kept}; ${second.kept}`, "/connect/mail")
      const cookie = `user=erin; ${first.kept}; ${second.kept}; ${mail.kept}`
      const states = [yield* consentFor(first.url), yield* consentFor(second.url), yield* consentFor(mail.url)]
      assert.strictEqual(new Set(states).size, 3)
      assert.strictEqual(yield* outcomeOf(cookie, first.session, states[1]), "NotUsable")
      assert.strictEqual(yield* outcomeOf(cookie, mail.session, states[0]), "NotUsable")
      for (const [index, { session }] of [first, second, mail].entries()) {
        assert.strictEqual(yield* outcomeOf(cookie, session, states[index]), "Completed")
      }
    }))

  story("a thief has the cookie and the whole URL, and signs in as themselves", (world) =>
    Effect.gen(function*() {
      const { kept, session, url } = yield* begin("user=frank")
      const state = yield* consentFor(url)
      const before = world.counts.completions
      assert.strictEqual(yield* outcomeOf(`user=thief; ${kept}`, session, state), "NotUsable")
      assert.strictEqual(world.counts.completions, before)
      assert.strictEqual(yield* outcomeOf(`user=frank; ${kept}`, session, state), "Completed")
      // A replay by the thief, and by the same user.
      const after = world.counts.completions
      assert.strictEqual(yield* outcomeOf(`user=thief; ${kept}`, session, state), "NotUsable")
      assert.strictEqual(world.counts.completions, after)
      assert.strictEqual(yield* outcomeOf(`user=frank; ${kept}`, session, state), "Completed")
    }))

  story("a sibling domain plants cookies", () =>
    Effect.gen(function*() {
      const { kept, session, url } = yield* begin("user=grace")
      const [name = ""] = kept.split("=")
      const planted = `${name}=${(yield* begin("user=mallory")).kept.split("=")[1]}`
      const state = yield* consentFor(url)
      assert.strictEqual(yield* outcomeOf(`user=grace; ${planted}`, session, state), onlyWithStore)
      // More than the pages keep. A browser stores them, and a response can have no such name.
      const odd = Array.from({ length: 9 }, (_, index) => `agentcore-consent-(${index}=x`).join("; ")
      const cookies = `user=grace; ${name}=x; ${odd}; ${planted}; ${kept}`
      assert.strictEqual(yield* outcomeOf(cookies, session, state), "Completed")
      yield* begin(cookies, "/connect/mail")
    }))

  story("a process has another formKey", (world) =>
    Effect.gen(function*() {
      const port = yield* world.start(Redacted.make(randomBytes(32).toString("base64")))
      const { kept, session, url } = yield* begin("user=heidi")
      const state = yield* consentFor(url)
      const send = (path: string, init: RequestInit = {}) =>
        Effect.promise(async () => {
          const headers = { ...World.json, ...init.headers, cookie: `user=heidi; ${kept}` }
          return (await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers })).json()
        })
      const { text } = yield* World.request("/connect/calendar", { cookie: "user=heidi" })
      const form = World.formOf("connect", World.fieldsOf(text)["token"] ?? "")
      const posted = yield* send("/connect/calendar", { ...form, headers: { ...form.headers, origin: world.origin } })
      assert.strictEqual(posted.error, "StaleForm")
      const returned = yield* send(`/connect/return?session_id=${encodeURIComponent(session)}${state}`)
      assert.strictEqual(returned.outcome, onlyWithStore)
    }))

  story("AgentCore fails, and the user reloads the page", () =>
    Effect.gen(function*() {
      const { faults } = yield* LocalControl.LocalControl
      const { kept, session, url } = yield* begin("user=ivan")
      const state = yield* consentFor(url)
      yield* faults.add({ operation: "CompleteResourceTokenAuth", exception: "InternalServerException", count: 1 })
      assert.strictEqual(yield* outcomeOf(`user=ivan; ${kept}`, session, state), "Failed")
      assert.strictEqual(yield* outcomeOf(`user=ivan; ${kept}`, session, state), "Completed")
    }))

  story("the browser comes back twelve times at once", (world) =>
    Effect.gen(function*() {
      const { kept, session, url } = yield* begin("user=judy")
      const state = yield* consentFor(url)
      const before = world.counts.completions
      const outcomes = yield* Effect.all(
        Array.from({ length: 12 }, () => outcomeOf(`user=judy; ${kept}`, session, state)),
        { concurrency: 12 }
      )
      assert.deepStrictEqual([...new Set(outcomes)], ["Completed"])
      assert.isAtMost(world.counts.completions - before, setting.processes)
    }))

  story("a preview of the return URL changes nothing", (world) =>
    Effect.gen(function*() {
      const { kept, session, url } = yield* begin("user=kim")
      const state = yield* consentFor(url)
      const before = world.counts.completions
      const address = `${world.origin}/connect/return?session_id=${encodeURIComponent(session)}${state}`
      const statuses = yield* Effect.promise(() =>
        Promise.all(
          ["HEAD", "GET"].map(async (method) => (await fetch(address, { method, redirect: "manual" })).status)
        )
      )
      assert.deepStrictEqual(statuses, [405, 302])
      assert.strictEqual(world.counts.completions, before)
      assert.strictEqual(yield* outcomeOf(`user=kim; ${kept}`, session, state), "Completed")
    }))

  story("a stranger reports a denial, and then the user does, and reloads the page", (world) =>
    Effect.gen(function*() {
      const { kept, session, url } = yield* begin("user=lena")
      const state = yield* consentFor(url)
      const denied = "&error=access_denied"
      const agent = yield* agentOf(world, "lena", "link of Connect")
      for (const cookie of ["user=mallory", `user=mallory; ${kept}`, "user=lena", `user=lena; ${kept}`]) {
        assert.strictEqual(yield* outcomeOf(cookie, session, denied), "NotUsable")
      }
      assert.strictEqual(yield* outcomeOf(`user=mallory; ${kept}`, session, `${state}${denied}`), "NotUsable")
      // The session is as it was.
      assert.strictEqual(yield* outcomeOf(`user=lena; ${kept}`, session, state), "Completed")
      yield* agent.token

      const again = yield* begin("user=lena", "/connect/mail")
      const page = yield* comeBack(
        `user=lena; ${again.kept}`,
        again.session,
        `${yield* consentFor(again.url)}${denied}`
      )
      assert.deepInclude(page, { outcome: "Denied", link: `${world.origin}/connect/mail` })
    }))

  story(
    "the operator's policy lacks the completion, another user tries the link, and the operator mends it",
    (world) =>
      Effect.gen(function*() {
        const { faults } = yield* LocalControl.LocalControl
        const { kept, session, url } = yield* begin("user=olga")
        const state = yield* consentFor(url)
        const ofOlga = yield* Effect.forkChild(Effect.flatMap(
          agentOf(world, "olga", "link of Connect"),
          ({ token }) => Effect.flip(token)
        ))
        const denied = yield* faults.add({
          operation: "CompleteResourceTokenAuth",
          exception: "AccessDeniedException",
          message: "User: arn:aws:sts::123456789012:assumed-role/agent/agent is not authorized to perform: "
            + "bedrock-agentcore:CompleteResourceTokenAuth"
        })
        assert.strictEqual(yield* outcomeOf("user=mallory", session, state), "NotUsable")
        assert.strictEqual(yield* outcomeOf(`user=mallory; ${kept}`, session, state), "NotUsable")
        assert.isUndefined(ofOlga.pollUnsafe())
        const page = yield* World.request(`/connect/return?session_id=${encodeURIComponent(session)}${state}`, {
          cookie: `user=olga; ${kept}`
        })
        assert.strictEqual(page.status, 502)
        assert.include(page.text, "There is a problem on our side")
        // The wait is in this process. Signals reach it with a store.
        if (setting.store) {
          assert.deepInclude(yield* Fiber.join(ofOlga), { _tag: "AuthorizationFailed", reason: "NotCompleted" })
        } else yield* Fiber.interrupt(ofOlga)
        yield* faults.remove(denied.id)
        assert.strictEqual(yield* outcomeOf(`user=olga; ${kept}`, session, state), "Completed")
        assert.strictEqual(yield* tokenOf(world, { userId: "olga" }), "token")
      })
  )

  story("the user is late", (world) =>
    Effect.gen(function*() {
      const { clock } = yield* LocalControl.LocalControl
      const { kept, session, url } = yield* begin("user=mike")
      const state = yield* consentFor(url)
      yield* clock.advance("11 minutes")
      const page = yield* comeBack(`user=mike; ${kept}`, session, state)
      yield* clock.reset
      assert.deepInclude(page, { outcome: "NotUsable", link: `${world.origin}/connect/calendar` })
    }))

  story("the user comes back in another browser", (world) =>
    Effect.gen(function*() {
      const { session, url } = yield* begin("user=nina")
      const state = yield* consentFor(url)
      assert.strictEqual(yield* outcomeOf("user=nina", session), "NotUsable")
      const page = yield* comeBack("user=nina", session, state)
      assert.strictEqual(page["outcome"], onlyWithStore)
      if (setting.store) return
      assert.deepInclude(page, { connectionsUrl: `${world.origin}/connect`, continue: `${world.origin}/chat/` })
      const nina = yield* signedIn("user=nina")
      assert.include((yield* nina.approves(`${world.origin}/connect/calendar`)).text, "Consent given")
    }))

  story("the agent is another process, and shows the link of Connect", (world) =>
    Effect.gen(function*() {
      const agent = yield* agentOf(world, "oscar", "link of Connect")
      assert.strictEqual(agent.link, `${world.origin}/connect/calendar`)
      assert.include((yield* (yield* signedIn("user=oscar")).approves(agent.link)).text, "Consent given")
      yield* agent.token
    }))

  story("the agent is another process, and shows the link of AgentCore", (world) =>
    Effect.gen(function*() {
      const agent = yield* agentOf(world, "peggy", "link of AgentCore")
      const peggy = yield* signedIn("user=peggy")
      const page = yield* peggy.approves(agent.link)
      // With a store in the agent's context, `Identity` has stored the session.
      if (setting.store) assert.include(page.text, "Consent given")
      else {
        assert.strictEqual(page.status, 403)
        // The way that the page offers ends the same wait.
        assert.include((yield* peggy.approves(`${world.origin}/connect/calendar`)).text, "Consent given")
      }
      yield* agent.token
    }))

  story("the process is killed between the completion and the signal", (world) =>
    Effect.gen(function*() {
      const agent = yield* agentOf(world, "quinn", "link of Connect")
      const { kept, session, url } = yield* begin("user=quinn")
      const state = yield* consentFor(url)
      const identity = Context.get(world.services, Identity.Identity)
      yield* identity.completeAuthorization({ sessionUri: Redacted.make(session), user: { userId: "quinn" } })
      // The wait ends at its next poll. The browser gets the page when the user reloads it.
      yield* agent.token
      assert.strictEqual(yield* outcomeOf(`user=quinn; ${kept}`, session, state), "Completed")
    }))
})

const jwtOf = (sub: string, salt: string) => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${encode({ alg: "ES256" })}.${encode({ iss: "https://idp.example.com", sub, salt })}.c2lnbmF0dXJl`
}

describe.each<Setting>([
  { form: "http", processes: 1, store: false, users: "jwt" },
  { form: "node", processes: 3, store: true, users: "jwt" }
])("users with JWTs, over $processes process(es), with a store: $store", (setting) => {
  let world: Shared
  Tools.beforeAllWith()(Effect.map(makeWorld(setting), (made) => {
    world = made
  }))

  it.live.each([
    { name: "the same", size: 10, isRefreshed: false, expected: "Completed" },
    { name: "a refreshed one", size: 10, isRefreshed: true, expected: "Completed" },
    { name: "the same large one", size: 4000, isRefreshed: false, expected: "Completed" },
    // A cookie has no room for it, and AgentCore accepts no other one.
    {
      name: "a refreshed large one",
      size: 4000,
      isRefreshed: true,
      expected: setting.store ? "Completed" : "NotUsable"
    }
  ])("come back with $name", ({ expected, isRefreshed, name, size }) =>
    Effect.gen(function*() {
      const first = jwtOf(name, "1".repeat(size))
      const second = isRefreshed ? jwtOf(name, "2".repeat(size)) : first
      const { kept, session, url } = yield* begin(`jwt=${first}`)
      assert.isBelow(kept.length, 2500)
      const state = yield* consentFor(url)
      assert.strictEqual(yield* outcomeOf(`jwt=${jwtOf("mallory", "1")}; ${kept}`, session, state), "NotUsable")
      const page = yield* comeBack(`jwt=${second}; ${kept}`, session, state)
      assert.deepInclude(page, { outcome: expected, link: `${world.origin}/connect/calendar` })
      assert.strictEqual(yield* outcomeOf(`jwt=${second}; ${kept}`, session, state), expected)
    }).pipe((test) => Effect.suspend(() => Effect.provideContext(test, world.context))))
})
