import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Consent from "effect-agentcore-identity/Consent"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import { ResourceNotFoundException, ValidationException } from "effect-agentcore-identity/IdentityError"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Http from "node:http"
import * as World from "../support/connectWorld.js"
import * as EndlessBody from "../support/endlessBody.js"
import * as Recorder from "../support/recorder.js"
import * as Signals from "../support/signals.js"
import * as States from "../support/states.js"
import { authorizationUrl, failures, responses, scripted, secret, sessionUri } from "../support/utils.js"

const { connect, fieldsOf, json, press, request } = World

const alice: UserIdentifier.UserIdentifier = { userId: "alice" }

const jwtOf = (claims: object) =>
  `${Buffer.from(JSON.stringify({ alg: "ES256" })).toString("base64url")}.${
    Buffer.from(JSON.stringify(claims)).toString("base64url")
  }.c2ln`

const collect = (count: number) =>
  Effect.gen(function*() {
    const connect = yield* Connect.Connect
    const ready = yield* Deferred.make<void>()
    const fiber = yield* Effect.forkChild(
      Stream.runCollect(Stream.take(connect.events, count)).pipe(Effect.tap(() => Deferred.succeed(ready, undefined)))
    )
    // The stream subscribes when its fiber starts.
    yield* Effect.yieldNow
    return Fiber.join(fiber)
  })

/** `fetch` sends no path that a URL does not have. */
const statusOf = (origin: string, method: string, path: string, body = "") =>
  Effect.callback<number | undefined>((resume) => {
    Http.request(origin, {
      method,
      path,
      headers: { cookie: "user=alice", origin, "content-length": method === "POST" ? body.length : 0 }
    }, (response) => resume(Effect.succeed(response.resume().statusCode))).end(method === "POST" ? body : undefined)
  })

describe.each(World.forms)("Connect, over real servers: %s", (form) => {
  it.live("connects, shows that it is connected, and disconnects", () =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      const events = yield* collect(3)
      // Test files share a process, and metrics are one registry.
      const disconnections = Metric.value(
        Metric.counter("agentcore.consent.events", {
          description: "Consents that were opened, completed, denied, rejected or disconnected",
          incremental: true
        }).pipe(
          Metric.withAttributes({ "agentcore.event": "Disconnected" }),
          Metric.withAttributes({ "agentcore.credential": "calendar" })
        )
      )
      const before = yield* disconnections
      const link = yield* Connect.link(calendar)
      assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/connect\/calendar$/)

      const page = yield* request(link)
      assert.strictEqual(page.status, 200)
      for (const text of ["alice", "calendar:read", "Connect Calendar"]) assert.include(page.text, text)
      assert.include(page.headers.get("content-security-policy") ?? "", "default-src 'none'")
      assert.notInclude(page.text, "<script")

      assert.include((yield* connect(link)).text, "Consent given")
      const granted = yield* request(link)
      assert.include(granted.text, "Calendar is connected")
      const old = yield* World.as(alice)(AccessToken.get(calendar))

      const listed = yield* request("/connect", { headers: json })
      const { connections, user } = JSON.parse(listed.text)
      assert.strictEqual(user, "alice")
      assert.deepStrictEqual(
        connections.map(({ name, revokeAt, state }: Connect.Connection) => [name, state, revokeAt]),
        [["calendar", "Granted", "https://myaccount.google.com/connections"], ["mail", "NotGranted", undefined]]
      )

      const disconnected = yield* press(link, "disconnect")
      assert.include(disconnected.text, "Calendar is disconnected")
      assert.include(disconnected.text, "https://myaccount.google.com/connections")
      // The cache of the agent has dropped its token too.
      const error = yield* Effect.flip(World.as(alice)(AccessToken.get(calendar)))
      assert.strictEqual(error._tag, "RequiresUserConsent")
      assert.include((yield* request(link)).text, "Connect Calendar")

      const recorded = yield* events
      assert.deepStrictEqual(
        recorded.map(({ _tag, credential, user, workload }) => [_tag, credential, user, workload]),
        ["Opened", "Completed", "Disconnected"].map((tag) => [tag, "calendar", alice, World.workload])
      )
      Recorder.assertSecretFree([JSON.stringify(recorded)], ["request_uri", Redacted.value(old)])
      assert.strictEqual((yield* disconnections).count, before.count + 1)
    }).pipe(Effect.provide(World.environment({}, form))))

  it.live("wakes the waiting agent, whichever session is completed", () =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      const shown = yield* Deferred.make<string>()
      const agent = yield* AccessToken.get(calendar, {
        consent: Connect.handler({
          user: alice,
          show: (link) => Deferred.succeed(shown, link),
          probe: Schedule.spaced("1 hour")
        })
      }).pipe(World.as(alice), Effect.forkChild)
      const link = yield* Deferred.await(shown)
      assert.notMatch(link, /alice|request_uri|\?/)
      // Another user who opens the link connects their own account.
      assert.include((yield* connect(link, { cookie: "user=bob" })).text, "Consent given")
      assert.isUndefined(agent.pollUnsafe())
      yield* connect(link)
      assert.notStrictEqual(Redacted.value(yield* Fiber.join(agent)), "")
    }).pipe(Effect.timeout("15 seconds"), Effect.provide(World.environment({}, form))))

  it.live("connects when the response of the completion is lost and AgentCore rejects the retry", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const events = yield* collect(2)
      assert.include((yield* connect("/connect/calendar")).text, "Consent given")
      assert.deepStrictEqual((yield* events).map(({ _tag }) => _tag), ["Opened", "Completed"])
    }).pipe(Effect.provide(
      World.pages({}, PendingConsents.layerMemory, form).pipe(
        Layer.provideMerge(World.losing("/identities/CompleteResourceTokenAuth")),
        Layer.provideMerge(World.servers)
      )
    )))

  it.live("rejects a user who did not press the button", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const events = yield* collect(2)
      const page = yield* connect("/connect/calendar", { returns: "user=mallory" })
      assert.strictEqual(page.status, 403)
      assert.include(page.text, "This link cannot be used")
      for (const cookie of ["user=alice", "user=mallory"]) {
        assert.include((yield* request("/connect/calendar", { cookie })).text, "Not connected")
      }
      const back = yield* request(Redacted.value(page.url), { cookie: `user=alice; ${page.kept}` })
      assert.include(back.text, "Consent given")
      assert.deepStrictEqual(
        (yield* events).map(({ _tag, credential, user }) => [_tag, credential, user]),
        [["Opened", "calendar", alice], ["Completed", "calendar", alice]]
      )
    }).pipe(Effect.provide(World.environment({}, form))))

  it.live("opens nothing for a form of another site, of another user, or without a token", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const { token = "" } = fieldsOf((yield* request("/connect/calendar")).text)
      const body = { action: "connect", token }
      const other = "https://other.example"
      for (
        const headers of [
          { origin: other },
          { origin: "null" },
          { origin: other, "sec-fetch-site": "cross-site" },
          { "sec-fetch-site": "same-site" },
          { "sec-fetch-site": "cross-site" },
          { "sec-fetch-site": "none" }
        ]
      ) {
        const { status, text } = yield* request("/connect/calendar", { body, headers })
        assert.strictEqual(status, 403, JSON.stringify(headers))
        assert.include(text, "Sent from another website")
      }
      for (
        const wrong of [
          request("/connect/calendar", { body, cookie: "user=bob" }),
          request("/connect/calendar", { body: { action: "connect" } }),
          request("/connect/calendar", {
            body: { ...body, token: token.replace(/^\d+/, (time) => `${Number(time) + 1}`) }
          }),
          request("/connect/calendar", { body: { ...body, action: "delete" } })
        ]
      ) {
        const { status, text } = yield* wrong
        assert.strictEqual(status, 403)
        assert.include(text, "This page has expired")
      }
      // The control.
      assert.include((yield* request("/connect/calendar", { body })).text, "http-equiv=\"refresh\"")
    }).pipe(Effect.provide(World.environment({}, form))))

  it.live("responds to a form that is too large with a page", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const { token = "" } = fieldsOf((yield* request("/connect/calendar")).text)
      for (const size of [16 * 1024, 1024 * 1024, 4 * 1024 * 1024]) {
        const large = yield* request("/connect/calendar", {
          body: { action: "connect", token, more: "x".repeat(size) }
        })
        assert.strictEqual(large.status, 413)
        assert.include(large.text, "Form too large")
      }
      const chunked = yield* Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
        Effect.promise(async () => {
          const origin = HttpServer.formatAddress(address)
          const response = await fetch(`${origin}/connect/calendar`, {
            method: "POST",
            headers: { cookie: "user=alice", origin, "sec-fetch-site": "same-origin" },
            body: new Blob(["x".repeat(1024 * 1024)]).stream(),
            duplex: "half"
          } as RequestInit)
          return { status: response.status, text: await response.text() }
        }))
      assert.strictEqual(chunked.status, 413)
      assert.include(chunked.text, "Form too large")
      const { status } = yield* request("/connect/calendar", {
        body: { action: "connect", token, more: "x".repeat(15 * 1024) }
      })
      assert.strictEqual(status, 200)
    }).pipe(Effect.provide(World.environment({}, form))))

  it.live("closes the connection of a form that never ends", () =>
    Effect.gen(function*() {
      const { origin } = yield* World.setUp
      const headers = [`origin: ${origin}`, "cookie: user=alice"]
      assert.isBelow(yield* EndlessBody.accepted(`${origin}/connect/calendar`, headers), EndlessBody.limit)
      assert.strictEqual((yield* request("/connect/calendar")).status, 200)
    }).pipe(Effect.timeout("30 seconds"), Effect.provide(World.environment({}, form))))

  it.live("has one spelling of each path, so that a guard of the application is not passed by", () =>
    Effect.gen(function*() {
      const { origin } = yield* World.setUp
      const token = fieldsOf((yield* request("/connect/calendar")).text)["token"]
      for (
        const path of [
          "/CONNECT",
          "/CONNECT/calendar",
          "/Connect/return",
          "/connect;x",
          "/connect;x/calendar",
          "/connect/calendar;x=1",
          // A `Request` has another path.
          ...form === "fetch"
            ? []
            : ["/connect/./calendar", "/connect/x/../calendar", "/x/%2e%2e/connect", "/\\connect"],
          "/connect//calendar",
          "//connect",
          "/%63onnect",
          "/connect/%63alendar",
          "/connect/calendar%2f",
          "/x/../connect"
        ]
      ) {
        for (const method of ["GET", "POST"]) {
          assert.strictEqual(yield* statusOf(origin, method, path, `action=connect&token=${token}`), 404, path)
        }
      }
      for (
        const path of ["/connect", "/connect/", "/connect?x=/./", "/connect/calendar", `${origin}/connect/calendar?x`]
      ) {
        assert.strictEqual(yield* statusOf(origin, "GET", path), 200, path)
      }
    }).pipe(Effect.provide(World.environment({}, form))))

  it.live("continues to an allowed address, and to no other", () =>
    Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      const link = yield* Connect.link(calendar, { continue: "/chat/42" })
      const page = yield* connect(link)
      assert.strictEqual(Redacted.value(page.url), `${origin}/chat/42`)
      for (
        const address of [
          "https://evil.example/chat/1",
          "/chat/../admin",
          "//evil.example/chat/",
          "javascript:alert(1)",
          `${origin}@evil.example/chat/`,
          "/chatter",
          "/agenda-of-mallory",
          "\\\\evil.example/chat/"
        ]
      ) {
        const rejected = yield* request(`/connect/calendar?continue=${encodeURIComponent(address)}`)
        assert.strictEqual(rejected.status, 400, address)
        assert.notInclude(rejected.text, "evil")
        assert.instanceOf(yield* Effect.flip(Connect.link(calendar, { continue: address })), ValidationException)
      }
      const { token = "" } = fieldsOf((yield* request("/connect/mail")).text)
      const posted = yield* request("/connect/mail", {
        body: { action: "connect", token, continue: "https://evil.example/" }
      })
      assert.strictEqual(posted.status, 400)
    }).pipe(Effect.provide(World.environment({}, form))))

  it.live("identifies users by any of their JWTs, and does not find their grants by user id", () =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      const claims = { iss: "https://id.example.com", sub: "alice", email: "alice@example.com" }
      const cookie = `jwt=${jwtOf({ ...claims, jti: "1" })}`
      const user = (jti: string) => ({ userToken: Redacted.make(jwtOf({ ...claims, jti })) })
      const events = yield* collect(2)
      assert.include((yield* request("/connect/calendar", { cookie })).text, "alice@example.com")

      const shown = yield* Deferred.make<string>()
      const agent = yield* AccessToken.get(calendar, {
        consent: Connect.handler({ user: user("2"), show: (link) => Deferred.succeed(shown, link) })
      }).pipe(World.as(user("2")), Effect.forkChild)
      const page = yield* connect(yield* Deferred.await(shown), {
        cookie,
        returns: `jwt=${jwtOf({ ...claims, jti: "3" })}`
      })
      assert.include(page.text, "Consent given")
      yield* Fiber.join(agent)
      assert.deepStrictEqual(
        (yield* events).map(({ _tag, user }): ReadonlyArray<unknown> => [_tag, user]),
        ["Opened", "Completed"].map((tag) => [tag, { issuer: claims.iss, subject: "alice" }])
      )

      // A user id is rejected on the page, in the return URL and in the agent, with an error that names the problem.
      for (const path of ["/connect", "/connect/calendar", "/connect/return?session_id=x"]) {
        const rejected = yield* request(path)
        assert.strictEqual(rejected.status, 500)
        assert.include(rejected.text, "a different kind of account")
      }
      const error = yield* AccessToken.get(calendar, {
        consent: Connect.handler({ user: alice, show: () => Effect.die("shown") })
      }).pipe(World.as(alice), Effect.flip)
      assert(error._tag === "OtherUserKind")
      assert.include(error.message, "Connect.handler was called with a user id, and Connect expects a JWT")
    }).pipe(Effect.timeout("15 seconds"), Effect.provide(World.environment({ users: "jwt" }, form))))

  it.live("uses the application's own pages and its signed-in user", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const own = yield* request("/connect/calendar")
      assert.strictEqual(own.text, "our page for calendar")
      assert.strictEqual(own.headers.get("x-frame-options"), "DENY")
      assert.include((yield* request("/connect")).text, "Your connections")
      assert.strictEqual((yield* request("/connect/calendar", { cookie: "" })).headers.get("location"), "/sign-in")
      assert.strictEqual((yield* request("/connect/unknown")).status, 404)
    }).pipe(Effect.provide(World.environment({
      respond: (view) =>
        Effect.succeed(
          view._tag === "Link"
            ? Option.some(HttpServerResponse.text(`our page for ${view.connection.name}`))
            : Option.none()
        )
    }, form))))
})

const { appOrigin: origin, Files } = World

/** The app of `http/Connect`, or that of `promise/Connect`, over scripted planes. */
const httpApp = (
  form: "http" | "fetch",
  options: Partial<Pick<Connect.Options<never, never>, "credentials" | "formKey">> = {}
) =>
  Effect.gen(function*() {
    const all = { path: "/connect", credentials: { files: Files }, workload: World.workload, ...options } as const
    const { respond, service } = yield* form === "http" ? ofEffect(all) : ofPromise(all)
    const send = (path: string, init: RequestInit = {}, cookie = "user=alice") =>
      Effect.flatMap(
        // A body can be read once, and a test may send a request again.
        Effect.suspend(() =>
          respond(new Request(`${origin}${path}`, { ...init, headers: { cookie, ...json, origin, ...init.headers } }))
        ),
        (response) =>
          Effect.promise(async () => ({
            status: response.status,
            kept: World.keptBy(response),
            body: JSON.parse(await response.text())
          }))
      )
    const act = (action: string) =>
      Effect.flatMap(send("/connect/files"), ({ body }) => send("/connect/files", World.formOf(action, body.token)))
    /** Whether a path is that of a page. */
    const serves = (path: string) =>
      Effect.match(respond(new Request(`${origin}${path}`)), {
        onFailure: (error) => !(HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"),
        onSuccess: ({ status }) => status !== 404
      })
    const back = Effect.suspend(() => send(`/connect/return?${States.returnParameters(sessionUri)}`))
    return { service, respond, send, act, serves, back }
  })

const ofEffect = (options: Connect.LinkOptions & Pick<Connect.Options<never, never>, "formKey">) =>
  Effect.map(
    Connect.httpApp({ ...options, currentUser: World.currentUser }),
    ({ app, service }) => ({
      service,
      respond: (request: Request) =>
        app.pipe(
          Effect.provideServiceEffect(
            HttpServerRequest.HttpServerRequest,
            Effect.sync(() => HttpServerRequest.fromWeb(request))
          ),
          Effect.scoped,
          Effect.map((response) => HttpServerResponse.toWeb(response))
        )
    })
  )

const ofPromise = (options: Connect.LinkOptions & Pick<Connect.Options<never, never>, "formKey">) =>
  Effect.gen(function*() {
    const connect = yield* World.promiseConnect(options)
    const service = yield* World.toService(connect, options)
    return { service, respond: (request: Request) => Effect.promise(() => connect.fetch(request)) }
  })

const planes = (
  script: ScriptedPlanes.Script,
  store: Layer.Layer<PendingConsents.ConsentSignals> = PendingConsents.layerMemory
) =>
  Layer.merge(
    scripted({
      getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
      getResourceOauth2Token: () => responses.consent,
      completeResourceTokenAuth: () => Effect.void,
      ...script
    }),
    store
  )

const tagsOf = (service: Connect.Connect["Service"], count: number) =>
  Effect.tap(
    Effect.forkChild(Stream.runCollect(Stream.take(Stream.map(service.events, ({ _tag }) => _tag), count))),
    () => Effect.yieldNow
  )

describe.each(["http", "fetch"] as const)("Connect, over scripted planes: %s", (form) => {
  it.effect("responds to JSON with JSON, and reports an expired consent", () =>
    Effect.gen(function*() {
      const { act, back, send, serves, service } = yield* httpApp(form)
      const events = yield* tagsOf(service, 1)
      const { body } = yield* send("/connect/files")
      assert.deepInclude(body, { user: "alice" })
      assert.deepStrictEqual(body.connection, {
        name: "files",
        provider: "files",
        scopes: [],
        link: `${origin}/connect/files`,
        state: "NotGranted"
      })
      const started = yield* act("connect")
      assert.strictEqual(started.body.authorizationUrl, authorizationUrl)
      yield* TestClock.adjust("11 minutes")
      assert.deepStrictEqual(yield* back, {
        status: 403,
        kept: [],
        body: { outcome: "NotUsable", user: "alice", continue: `${origin}/`, connectionsUrl: `${origin}/connect` }
      })
      assert.deepStrictEqual(yield* Fiber.join(events), ["Opened"])
      assert.isTrue(yield* serves("/connect"))
      assert.isFalse(yield* serves("/other"))
    }).pipe(Effect.provide(planes({}))))

  it.effect("has its own routes within a layer of a server", () =>
    Effect.gen(function*() {
      const routes = HttpRouter.use((router) =>
        Effect.gen(function*() {
          yield* router.add("GET", "/other", HttpServerResponse.text("other"))
          const { serves } = yield* httpApp(form)
          assert.isFalse(yield* serves("/other"))
        }).pipe(Effect.orDie)
      )
      yield* Layer.build(
        HttpRouter.serve(routes, { disableListenLog: true }).pipe(
          Layer.provide(NodeHttpServer.layerTest)
        )
      )
    }).pipe(Effect.provide(planes({}))))

  it.effect("reports what AgentCore does not complete, and logs no secret", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        const { act, back, service } = yield* httpApp(form)
        const events = yield* tagsOf(service, 2)
        yield* act("connect")
        // The page requests the token a few times.
        const time = Effect.forever(Effect.andThen(TestClock.adjust("1 second"), TestClock.withLive(Effect.sleep(1))))
        assert.deepStrictEqual(yield* Effect.raceFirst(back, time), {
          status: 403,
          kept: [],
          body: {
            outcome: "NotUsable",
            user: "alice",
            credential: "files",
            continue: `${origin}/`,
            link: `${origin}/connect/files`,
            connectionsUrl: `${origin}/connect`
          }
        })
        assert.deepStrictEqual(yield* Fiber.join(events), ["Opened", "Rejected"])
      }).pipe(Effect.provide(recorder.layer))
      Recorder.assertSecretFree(yield* recorder.everything, ["request_uri:session-1", "request_uri%3Asession-1"])
    }).pipe(Effect.provide(planes({ completeResourceTokenAuth: () => failures.denied }))))

  it.effect("sends no state if the program turns it off, and then compares the user and the browser", () => {
    const states: Array<unknown> = []
    return Effect.gen(function*() {
      const { act, respond } = yield* httpApp(form)
      const started = yield* act("connect")
      const returned = (...cookies: ReadonlyArray<string>) =>
        Effect.flatMap(
          respond(
            new Request(`${origin}/connect/return?session_id=${encodeURIComponent(sessionUri)}`, {
              headers: { ...json, cookie: cookies.join("; ") }
            })
          ),
          (response) => Effect.promise(async () => JSON.parse(await response.text()).outcome)
        )
      assert.strictEqual(yield* returned("user=bob", ...started.kept), "NotUsable")
      assert.strictEqual(yield* returned("user=alice"), "NotUsable")
      assert.strictEqual(yield* returned("user=alice", ...started.kept), "Completed")
      assert.deepStrictEqual(new Set(states), new Set([undefined]))
    }).pipe(
      Effect.provideService(Consent.ReturnState, false),
      Effect.provide(planes({
        getResourceOauth2Token: ({ customState }) => {
          states.push(customState)
          return responses.consent
        }
      }, Signals.layerMemory))
    )
  })

  it.effect("accepts any name of a credential, also one that objects inherit", () =>
    Effect.gen(function*() {
      const { respond } = yield* httpApp(form, {
        credentials: { constructor: Files, toString: Files } as Connect.LinkOptions["credentials"]
      })
      for (const name of ["constructor", "toString"]) {
        for (const headers of [json, { accept: "text/html" }]) {
          const page = new Request(`${origin}/connect/${name}`, { headers: { ...headers, cookie: "user=alice" } })
          const response = yield* respond(page)
          const text = yield* Effect.promise(() => response.text())
          assert.include(text, name)
          assert.notInclude(text, "native code")
          assert.notInclude(text, "Remove access")
        }
      }
    }).pipe(Effect.provide(planes({ getResourceOauth2Token: () => responses.issued() }))))

  it.effect("opens no authorization URL that is neither https nor http to this machine", () => {
    let url = ""
    return Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const { act } = yield* Effect.provide(httpApp(form), recorder.layer)
      for (url of ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "http://identity.example.com/"]) {
        for (const action of ["connect", "reconnect"]) {
          const { body, status } = yield* Effect.provide(act(action), recorder.layer)
          assert.deepInclude({ ...body, status }, { status: 502, error: "Unavailable" }, url)
          assert.notInclude(JSON.stringify(body), url)
        }
      }
      const logged = (yield* recorder.everything).join("\n")
      assert.include(logged, "The authorization URL of AgentCore is neither https nor http to this machine")
      assert.notInclude(logged, "alert(1)")
      // The control.
      url = "http://127.0.0.1:8080/authorize"
      assert.strictEqual((yield* act("connect")).body.authorizationUrl, url)
    }).pipe(Effect.provide(planes({
      getResourceOauth2Token: () =>
        Effect.sync(() =>
          new DataPlane.ConsentRequired({ authorizationUrl: secret(url), sessionUri: secret(sessionUri) })
        )
    })))
  })

  it.effect("rejects a form that was open for more than an hour", () =>
    Effect.gen(function*() {
      const { send } = yield* httpApp(form)
      const { body } = yield* send("/connect/files")
      const post = send("/connect/files", World.formOf("connect", body.token))
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual((yield* post).status, 200)
      yield* TestClock.adjust("1 minutes")
      assert.deepInclude(yield* post, { status: 403 })
    }).pipe(Effect.provide(planes({}))))

  it.effect("accepts the forms of another process with the same key", () =>
    Effect.gen(function*() {
      const formKey = (encoding: "base64" | "hex") => secret(Buffer.alloc(32, 251).toString(encoding))
      const [one, two, other] = yield* Effect.all([
        httpApp(form, { formKey: formKey("base64") }),
        httpApp(form, { formKey: formKey("hex") }),
        httpApp(form)
      ])
      const { body } = yield* one.send("/connect/files")
      const post = World.formOf("connect", body.token)
      assert.strictEqual((yield* two.send("/connect/files", post)).status, 200)
      assert.strictEqual((yield* other.send("/connect/files", post)).status, 403)
    }).pipe(Effect.provide(planes({}))))

  it.effect("reconnects with forceAuthentication, and disconnects only if AgentCore dropped the token", () =>
    Effect.gen(function*() {
      const { act } = yield* httpApp(form)
      assert.strictEqual((yield* act("reconnect")).body.authorizationUrl, authorizationUrl)
      assert.deepStrictEqual((yield* act("disconnect")).body.connection.state, "NotGranted")
      const calls = yield* Effect.flatMap(
        ScriptedPlanes.ScriptedPlanes,
        (planes) => planes.callsOf("getResourceOauth2Token")
      )
      assert.lengthOf(calls.filter(({ request }) => request.forceAuthentication === true), 2)
    }).pipe(
      Effect.provide(planes({
        getResourceOauth2Token: ({ forceAuthentication }) =>
          forceAuthentication === true ? responses.consent : responses.issued()
      }))
    ))

  it.effect("reports when AgentCore keeps the token, or does not respond", () =>
    Effect.gen(function*() {
      const { act } = yield* httpApp(form)
      assert.strictEqual((yield* act("disconnect")).body.error, "Unavailable")
    }).pipe(Effect.provide(planes({ getResourceOauth2Token: () => responses.issued() }))))

  it.effect("logs what AgentCore says about a request that failed, and not only the name of the error", () =>
    Effect.gen(function*() {
      for (const action of ["connect", "reconnect", "disconnect"]) {
        const recorder = yield* Recorder.make
        const { act } = yield* Effect.provide(httpApp(form), recorder.layer)
        assert.strictEqual((yield* Effect.provide(act(action), recorder.layer)).body.error, "Unavailable")
        assert.include((yield* recorder.everything).join("\n"), "of a user: AccessDeniedException: Not allowed", action)
      }
    }).pipe(Effect.provide(planes({ getResourceOauth2Token: () => failures.denied }))))

  it.effect("shows an unknown state, and logs why", () =>
    Effect.gen(function*() {
      const { send } = yield* httpApp(form)
      assert.strictEqual((yield* send("/connect")).body.connections[0].state, "Unknown")
    }).pipe(Effect.provide(planes({ getResourceOauth2Token: () => failures.denied }))))

  it.effect("rejects a user of another kind, and logs what to do", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const { send } = yield* Effect.provide(httpApp(form), recorder.layer)
      const jwt = jwtOf({ iss: "https://id.example.com", sub: "alice" })
      const rejected = yield* send("/connect/files", {}, `jwt=${jwt}`).pipe(Effect.provide(recorder.layer))
      assert.deepInclude(rejected.body, { error: "OtherUserKind" })
      const everything = yield* recorder.everything
      assert.include(everything.join("\n"), "set the option users to 'jwt'")
      Recorder.assertSecretFree(everything, [jwt])
    }).pipe(Effect.provide(planes({}))))
})

it.effect("Connect responds with a page if currentUser fails with NotSignedIn", () =>
  Effect.gen(function*() {
    const { app } = yield* Connect.httpApp({
      path: "/connect",
      credentials: { files: Files },
      workload: World.workload,
      currentUser: Effect.fail(new Connect.NotSignedIn())
    })
    for (const path of ["/connect", "/connect/files", "/connect/return?session_id=x"]) {
      const request = HttpServerRequest.fromWeb(
        new Request(`${origin}${path}`, { headers: { "accept-language": "de" } })
      )
      const page = yield* Effect.scoped(Effect.provideService(app, HttpServerRequest.HttpServerRequest, request))
      assert.strictEqual(page.status, 401)
      assert.strictEqual(page.headers["cache-control"], "no-store")
      assert.include(yield* Effect.promise(() => HttpServerResponse.toWeb(page).text()), "Nicht angemeldet")
    }
  }).pipe(Effect.provide(planes({}))))

it.effect("a route of the application responds with 401 if it fails with NotSignedIn", () =>
  Effect.gen(function*() {
    const response = yield* HttpServerRespondable.toResponseOrElse(
      new Connect.NotSignedIn(),
      HttpServerResponse.empty({ status: 500 })
    )
    assert.strictEqual(response.status, 401)
  }))

describe("Connect.handler, for many users", () => {
  const waitFor = (user: string, show: Effect.Effect<void>) =>
    AccessToken.get(Files, { consent: Connect.handler({ user: { userId: user }, show: () => show, wait: "7 days" }) })
      .pipe(
        World.as({ userId: user })
      )

  const environment = (
    quota: number,
    files: () => typeof responses.consent | ReturnType<typeof responses.issued> | typeof failures.throttling = () =>
      responses.consent
  ) =>
    Layer.mergeAll(
      Signals.layerMemory,
      TokenPoller.layerBudget({ pollsPerSecond: 10 }),
      Connect.layerLinks({ path: "/connect", credentials: { files: Files }, workload: World.workload }).pipe(
        Layer.provideMerge(DataPlane.layerRateLimit({ getResourceOauth2Token: quota })),
        Layer.provideMerge(ScriptedPlanes.layer({
          getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
          getResourceOauth2Token: ({ resourceCredentialProviderName }) =>
            resourceCredentialProviderName === "files" ? files() : responses.issued()
        }))
      )
    )

  const countProbes = Effect.flatMap(
    ScriptedPlanes.ScriptedPlanes,
    (planes) => Effect.map(planes.callsOf("getResourceOauth2Token"), (calls) => calls.map(({ at }) => at))
  )

  it.effect("probes within the budget of the process", () =>
    Effect.gen(function*() {
      let shown = 0
      const show = Effect.sync(() => void shown++)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 100 }),
        (_, user) => Effect.forkChild(waitFor(`user-${user}`, show))
      )
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(shown, 100)
      assert.lengthOf(yield* countProbes, 100)
      // All are due after 5 seconds. The budget spreads them.
      yield* TestClock.adjust("20 seconds")
      const probes = (yield* countProbes).slice(100)
      assert.isAtLeast(probes.length, 80)
      for (let second = 5; second < 25; second++) {
        const within = probes.filter((at) => Math.floor(at / 1000) === second)
        assert.isAtMost(within.length, 11, `second ${second}`)
      }
      yield* Fiber.interruptAll(fibers)
    }).pipe(Effect.provide(environment(200))))

  it.effect("does not delay a token for another credential", () =>
    Effect.gen(function*() {
      const fibers = yield* Effect.forEach(
        Array.from({ length: 50 }),
        (_, user) => Effect.forkChild(waitFor(`user-${user}`, Effect.void))
      )
      // The first probes take ten seconds. Then the budget has more probes than the quota allows.
      yield* TestClock.adjust("20 seconds")
      const other = yield* AccessToken.get({ provider: "calendar", flow: "M2M" }).pipe(
        World.as({ userId: "another" }),
        Effect.forkChild
      )
      yield* TestClock.adjust("0 millis")
      assert.isDefined(other.pollUnsafe())
      yield* Fiber.interruptAll(fibers)
    }).pipe(Effect.provide(environment(5))))

  it.effect("waits longer than a session lives, probes less and less often, and ends at once at the signal", () => {
    let isGranted = false
    return Effect.gen(function*() {
      const signals = yield* PendingConsents.ConsentSignals
      const topic = yield* Signals.grant({ workload: World.workload, user: alice, credential: "files" })
      const waiting = yield* Effect.forkChild(waitFor("alice", Effect.void))
      yield* TestClock.adjust("2 hours")
      const times = yield* countProbes
      const delays = times.slice(1).map((at, index) => at - (times[index] ?? 0))
      assert.deepStrictEqual(delays.slice(0, 4), [5000, 6250, 7812.5, 9765.625])
      // 18 times within the life of a session, and then every five minutes.
      assert.isAtMost(times.filter((at) => at <= 600_000).length, 18)
      assert.deepStrictEqual(new Set(delays.slice(19)), new Set([300_000]))
      isGranted = true
      yield* signals.signal(topic, "Completed")
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(Redacted.value(yield* Fiber.join(waiting)), "access-token")
      assert.lengthOf(yield* countProbes, times.length + 1)
    }).pipe(Effect.provide(environment(200, () => isGranted ? responses.issued() : responses.consent)))
  })

  it.effect("requests the token twice more after a signal if the service throttles the request", () => {
    let rejections: number | undefined
    return Effect.gen(function*() {
      const signals = yield* PendingConsents.ConsentSignals
      const topic = yield* Signals.grant({ workload: World.workload, user: alice, credential: "files" })
      for (const [throttled, after] of [[0, 0], [1, 1000], [2, 3000]] as const) {
        rejections = undefined
        const waiting = yield* Effect.forkChild(waitFor("alice", Effect.void))
        yield* TestClock.adjust("1 hour")
        const before = (yield* countProbes).length
        const now = yield* Clock.currentTimeMillis
        rejections = throttled
        yield* signals.signal(topic, "Completed")
        yield* TestClock.adjust(after)
        assert.strictEqual(Redacted.value(yield* Fiber.join(waiting)), "access-token")
        const requests = (yield* countProbes).slice(before).map((at) => at - now)
        assert.deepStrictEqual(requests, [0, 1000, 3000].slice(0, throttled + 1))
      }
    }).pipe(Effect.provide(environment(200, () =>
      rejections === undefined
        ? responses.consent
        : rejections-- > 0
        ? failures.throttling
        : responses.issued())))
  })

  it.effect("notices a signal while it shows the link, and continues if the token does not exist yet", () => {
    let isGranted = false
    return Effect.gen(function*() {
      const signals = yield* PendingConsents.ConsentSignals
      const topic = yield* Signals.grant({ workload: World.workload, user: alice, credential: "files" })
      const waiting = yield* Effect.forkChild(waitFor("alice", signals.signal(topic, "Completed")))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* countProbes, [0, 0, 1000, 3000])
      isGranted = true
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(Redacted.value(yield* Fiber.join(waiting)), "access-token")
      // One request of the probe, and one of the flow.
      assert.deepStrictEqual((yield* countProbes).slice(4), [8000, 8000])
    }).pipe(Effect.provide(environment(200, () => isGranted ? responses.issued() : responses.consent)))
  })
})

describe("options of Connect", () => {
  class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
    provider: "google",
    flow: "USER_FEDERATION",
    returnUrl: "https://app.example.com/connect/return"
  }) {}
  class Files extends AccessToken.Tag<Files>()("app/Files", {
    provider: "files",
    flow: "USER_FEDERATION",
    returnUrl: "https://files.example.com/return"
  }) {}
  class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "google", flow: "M2M" }) {}
  class Unbound extends AccessToken.Tag<Unbound>()("app/Unbound", { provider: "x", flow: "USER_FEDERATION" }) {}

  const valid = { path: "/connect", credentials: { calendar: Calendar }, workload: "my-agent" } as const

  const layerLinks = (options: Connect.LinkOptions) => Layer.provide(Connect.layerLinks(options), scripted({}))

  const links = (options: Connect.LinkOptions) => Effect.provide(Connect.link(Calendar), layerLinks(options))

  it.effect("creates links in a process without the pages", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* links(valid), "https://app.example.com/connect/calendar")
      assert.strictEqual(
        yield* links({ ...valid, origin: "https://www.example.com" }),
        "https://www.example.com/connect/calendar"
      )
      assert.instanceOf(yield* Effect.flip(links({ ...valid, credentials: { files: Files } })), ValidationException)
    }))

  describe("checkSetup", () => {
    const currentUser = Effect.succeed(alice)
    const start = (options: object = {}) =>
      Effect.scoped(Connect.httpApp({ ...valid, currentUser, checkSetup: true, ...options }))
    const times = { createdTime: DateTime.makeUnsafe(0), lastUpdatedTime: DateTime.makeUnsafe(0) }
    const setUp = (script: ScriptedPlanes.Script) =>
      planes({
        getWorkloadIdentity: ({ name }) =>
          Effect.succeed({
            name,
            workloadIdentityArn: "arn",
            ...times,
            allowedResourceOauth2ReturnUrls: ["https://app.example.com/connect/return"]
          }),
        getOauth2CredentialProvider: ({ name }) =>
          Effect.succeed({
            name,
            credentialProviderArn: "arn",
            credentialProviderVendor: "GoogleOauth2",
            status: "READY",
            ...times
          }),
        listOauth2CredentialProviders: () => Effect.succeed({ credentialProviders: [] }),
        getApiKeyCredentialProvider: () => missing,
        getPaymentCredentialProvider: () => missing,
        ...script
      })
    const missing = new ResourceNotFoundException({ operation: "Get", message: "not found" })

    it.effect("starts over AWS as the program needs it, and reads nothing by default", () =>
      Effect.gen(function*() {
        yield* start()
        const { callsOf } = yield* ScriptedPlanes.ScriptedPlanes
        assert.lengthOf(yield* callsOf("getWorkloadIdentity"), 1)
        yield* start({ checkSetup: undefined })
        assert.lengthOf(yield* callsOf("getWorkloadIdentity"), 1)
      }).pipe(Effect.provide(setUp({}))))

    it.effect("does not start otherwise, and says what doctor says", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(start({ credentials: { calendar: Calendar, files: Files }, origin }))
        assert.strictEqual(error._tag, "ValidationException")
        const [returnUrl, ...providers] = error.message.split("\n")
        assert.match(
          returnUrl ?? "",
          /^files: the return URL 'https:\S+' is not registered on the workload identity 'my-agent'/
        )
        assert.lengthOf(providers, 2)
        assert.match(
          providers[0] ?? "",
          /^calendar: there is no OAuth2 credential provider 'google'. Create it, in code/
        )
        // The layer too.
        const layer = HttpRouter.serve(Connect.layer({ ...valid, currentUser, checkSetup: true }))
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(Layer.provide(layer, NodeHttpServer.layerTest))))
        assert.include(String(exit), "calendar: there is no OAuth2 credential provider 'google'")
      }).pipe(Effect.provide(setUp({ getOauth2CredentialProvider: () => missing }))))

    it.effect("logs what the program may not read, and starts", () =>
      Effect.gen(function*() {
        const recorder = yield* Recorder.make
        yield* Effect.provide(start(), recorder.layer)
        assert.include((yield* recorder.everything).join("\n"), "'my-agent' could not be read. Check it with other AWS")
      }).pipe(Effect.provide(setUp({ getWorkloadIdentity: () => failures.denied }))))

    it.effect("fails with the error of AWS, and with an invalid option", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* Effect.flip(start()))._tag, "ThrottlingException")
        assert.include(String(yield* Effect.flip(start({ checkSetup: "yes" }))), "'checkSetup'")
      }).pipe(Effect.provide(setUp({ getWorkloadIdentity: () => failures.throttling }))))

    it.effect("needs a control plane", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(start())
        assert.match(String(error), /'checkSetup' .* have a ControlPlane: AwsIdentity.layer\(\) has one/)
      }).pipe(Effect.provide(Layer.merge(Layer.mock(DataPlane.DataPlane, {}), PendingConsents.layerMemory))))
  })

  it.effect("rejects invalid options, and names the property", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [member: string, options: unknown]> = [
        ["path", { ...valid, path: "/tenants/:tenant" }],
        ["path", { ...valid, path: "/connect/" }],
        ["path", { ...valid, path: "/connect/../x" }],
        ["path", { ...valid, path: "/./connect" }],
        ["path", { ...valid, path: "/connect/.." }],
        ["credentials", { ...valid, credentials: { return: Calendar } }],
        ["credentials", { ...valid, credentials: { "a/b": Calendar } }],
        ["origin", { ...valid, credentials: { calendar: Calendar, files: Files } }],
        ["origin", { ...valid, credentials: { unbound: Unbound } }],
        ["origin", { ...valid, origin: "https://app.example.com/path" }],
        ["continueTo", { ...valid, continueTo: ["/chat"] }],
        // Values that only a program in plain JavaScript can pass.
        ["users", { ...valid, users: "email" }],
        ["credentials.reports", { ...valid, credentials: { reports: Reports } }],
        ["credentials.reports", { ...valid, credentials: { reports: null } }],
        ["credentials.reports", { ...valid, credentials: { reports: { provider: "google" } } }]
      ]
      for (const [member, options] of wrong) {
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(layerLinks(options as never))))
        const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
        assert(reason?._tag === "Die", member)
        assert.instanceOf(reason.defect, ValidationException)
        assert.include(String(reason.defect), `'${member}'`)
      }
    }))
})
