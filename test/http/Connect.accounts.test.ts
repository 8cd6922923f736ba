import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as PublicForwardAuth from "effect-agentcore-identity/http/ForwardAuth"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { decodeJwt } from "jose"
import * as World from "../support/connectWorld.js"
import * as FaultyServer from "../support/faultyServer.js"
import * as ForwardAuth from "../support/forwardAuth.js"
import * as Recorder from "../support/recorder.js"
import * as Resource from "../support/resource.js"
import * as Server from "../support/server.js"
import { responses, scripted, secret, sessionUntil, settleAndAdjust } from "../support/utils.js"

const { connect, fieldsOf, Files, json, press, request } = World

const alice = { userId: "alice" }

const subjectOf = (token: Redacted.Redacted) => decodeJwt(Redacted.value(token)).sub

/** The events from now on. */
const record = Effect.gen(function*() {
  const seen: Array<Connect.Event> = []
  yield* Effect.forkScoped(Stream.runForEach(Connect.events, (event) => Effect.sync(() => seen.push(event))))
  yield* Effect.yieldNow
  const until = (count: number) => Effect.repeat(Effect.yieldNow, { until: () => seen.length >= count })
  return {
    /** The first events, without what all of them have. */
    first: (count: number) =>
      Effect.map(until(count), () => seen.map(({ _tag, account, atVendor }) => ({ _tag, account, atVendor }))),
    seen
  }
})

const event = (_tag: Connect.Event["_tag"], more: Partial<Connect.Event> = {}) => ({
  _tag,
  account: undefined,
  atVendor: undefined,
  ...more
})

/** An agent that has shown its link, and waits. */
const waitFor = (
  credential: World.Declared["calendar"],
  probe: Schedule.Schedule<unknown> = Schedule.spaced("1 hour")
) =>
  Effect.gen(function*() {
    const shown = yield* Deferred.make<string>()
    const agent = yield* AccessToken.get(credential, {
      consent: Connect.handler({ user: alice, probe, show: (link) => Deferred.succeed(shown, link) })
    }).pipe(World.as(alice), Effect.forkChild)
    yield* Deferred.await(shown)
    return agent
  })

/** A vendor that knows the accounts of the local authorization server, and does as it is told. */
class Vendor {
  state: "ok" | "other" | 401 | 503 | FaultyServer.Fault = "ok"
  label = (subject: string): string => subject
  readonly asked: Array<string> = []
  readonly revoked: Array<string> = []
  url = ""
  readonly start = Effect.map(
    Server.serve((incoming, response) => {
      const token = incoming.headers.authorization?.replace("Bearer ", "") ?? ""
      this.asked.push(incoming.url ?? "")
      if (typeof this.state === "number") return response.writeHead(this.state).end(`{"id":"1","token":"${token}"}`)
      if (this.state !== "ok" && this.state !== "other") return FaultyServer.fail(this.state, response)
      if (incoming.url === "/redirect") return response.writeHead(302, { location: "/me" }).end()
      if (incoming.url === "/revoke") {
        this.revoked.push(token)
        return response.writeHead(200).end("{}")
      }
      const subject = this.state === "other" || token === "" ? "another" : decodeJwt(token).sub ?? ""
      response.writeHead(200, { "content-type": "application/json" })
      return response.end(JSON.stringify({ id: `id of ${subject}`, login: this.label(subject) }))
    }),
    (url) => {
      this.url = url
    }
  )
  readonly account = (token: Redacted.Redacted) =>
    VendorAccount.make({ url: `${this.url}/me`, id: "id", label: "login" }).account(token)
  readonly revoke = (token: Redacted.Redacted) =>
    HttpClient.execute(HttpClientRequest.bearerToken(HttpClientRequest.get(`${this.url}/revoke`), token)).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk)
    )
}

/** The application, with accounts of `calendar` that the vendor names. */
type Services = Layer.Success<ReturnType<typeof World.environment>> | Scope.Scope

const withVendor = (
  form: World.Form,
  accounts: (vendor: Vendor) => World.AccountOptions,
  run: (
    vendor: Vendor,
    declared: World.Declared
  ) => Generator<Effect.Effect<unknown, unknown, Services>, void, never>
) => {
  const vendor = new Vendor()
  return Effect.gen(function*() {
    yield* vendor.start
    const declared = yield* World.setUp
    return yield* Effect.gen(() => run(vendor, declared))
  }).pipe(
    Effect.scoped,
    Effect.timeout("25 seconds"),
    Effect.provide(World.environment({ accounts: { calendar: accounts(vendor) } }, form))
  )
}

const isOwn = (user: { readonly userId?: string | undefined }, account: Connect.Account) =>
  account.label === `${user.userId}@example.com`

describe.each(World.forms)("the account behind a connection: %s", (form) => {
  const issuer: { discoveryUrl: string } = { discoveryUrl: "" }
  const ofIssuer: World.AccountOptions = {
    account: (token) => VendorAccount.openId(issuer).account(token),
    expect: (user, account) => Effect.succeed(isOwn(user, account))
  }

  it.live("is the one that the user may connect: another one is dropped, and reaches no agent", () =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      issuer.discoveryUrl = (yield* AuthorizationServer.AuthorizationServer).discoveryUrl
      const events = yield* record
      const agent = yield* waitFor(calendar)

      const wrong = yield* connect("/connect/calendar", { account: "mallory@example.com" })
      assert.strictEqual(wrong.status, 403)
      for (const text of ["This is a different account", "alice", "mallory@example.com", "Connect another account"]) {
        assert.include(wrong.text, text)
      }
      assert.isUndefined(agent.pollUnsafe())
      const refused = yield* Effect.flip(World.as(alice)(AccessToken.get(calendar)))
      assert.strictEqual(refused._tag, "RequiresUserConsent")
      assert.include((yield* request("/connect/calendar")).text, "A different account was connected")

      const right = yield* connect("/connect/calendar", { account: "alice@example.com" })
      assert.include(right.text, "Connected as alice@example.com")
      assert.strictEqual(subjectOf(yield* Fiber.join(agent)), "alice@example.com")
      // In the browser of another user, with another account.
      const bob = yield* connect("/connect/calendar", { cookie: "user=bob", account: "bob@example.com" })
      assert.include(bob.text, "Connected as bob@example.com")
      assert.strictEqual(subjectOf(yield* World.as(alice)(AccessToken.get(calendar))), "alice@example.com")

      const { connections } = JSON.parse((yield* request("/connect", { headers: json })).text)
      assert.deepStrictEqual(
        connections.map(({ account, name, state }: Connect.Connection) => [name, state, account]),
        [
          ["calendar", "Granted", { id: "alice@example.com", label: "alice@example.com" }],
          ["mail", "NotGranted", undefined]
        ]
      )
      const accountOf = (name: string) => ({ account: { id: `${name}@example.com`, label: `${name}@example.com` } })
      assert.deepStrictEqual(yield* events.first(6), [
        event("Opened"),
        event("WrongAccount", accountOf("mallory")),
        event("Opened"),
        event("Completed", accountOf("alice")),
        event("Opened"),
        event("Completed", accountOf("bob"))
      ])
    }).pipe(
      Effect.scoped,
      Effect.timeout("25 seconds"),
      Effect.provide(World.environment({ accounts: { calendar: ofIssuer } }, form))
    ))

  it.live("continues a wait when the vendor responds again", () =>
    withVendor(form, ({ account }) => ({ account, expect: isOwn }), function*(vendor, { calendar }) {
      const events = yield* record
      const agent = yield* waitFor(calendar, Schedule.spaced("20 millis"))
      vendor.state = 503
      yield* connect("/connect/calendar", { account: "alice@example.com" })
      const asked = vendor.asked.length
      for (let view = 0; view < 10; view++) yield* request("/connect/calendar")
      assert.isUndefined(agent.pollUnsafe())
      // Neither views nor polls ask the vendor each time.
      assert.isAtMost(vendor.asked.length, asked + 1)
      vendor.state = "ok"
      // Another request of the agent finds that the vendor responds.
      const { identity } = yield* Connect.Connect
      yield* World.as(alice)(identity.getAccessToken(calendar))
      assert.strictEqual(subjectOf(yield* Fiber.join(agent)), "alice@example.com")
      assert.deepStrictEqual(yield* events.first(2), [event("Opened"), event("AccountUnknown")])
    }))

  it.live("may be unknown, and the page says so, if any account is allowed", () =>
    withVendor(form, ({ account }) => ({ account }), function*(vendor, { calendar }) {
      const quick = ["large", "larger than it says", "bomb"] as const
      // Each of the first two waits for the time limit. The request to the vendor is the same for all forms.
      const faults = form === "http" ? ["silent", "dripping", ...quick] as const : quick
      vendor.state = 503
      assert.include((yield* connect("/connect/calendar")).text, "did not say which account")
      for (const fault of faults) {
        vendor.state = fault
        const asked = vendor.asked.length
        const [took, page] = yield* Effect.timed(press("/connect/calendar", "check"))
        assert.include(page.text, "did not say which account", fault)
        assert.isBelow(Duration.toSeconds(took), 7, fault)
        // The next views do not wait for the vendor.
        for (const path of ["/connect/calendar", "/connect"]) {
          const [took, page] = yield* Effect.timed(request(path))
          assert.include(page.text, "did not say which account", fault)
          assert.isBelow(Duration.toSeconds(took), 3, fault)
        }
        assert.strictEqual(vendor.asked.length, asked + 1, fault)
      }
      yield* World.as(alice)(AccessToken.get(calendar))
      vendor.state = "ok"
      assert.include((yield* press("/connect/calendar", "check")).text, "Connected as someone@example.com")
    }))

  it.live("is asked for without a redirect, which would carry the token elsewhere", () =>
    withVendor(form, (vendor) => ({
      account: (token) => VendorAccount.make({ url: `${vendor.url}/redirect`, id: "id", label: "login" }).account(token)
    }), function*(vendor) {
      assert.include((yield* connect("/connect/calendar")).text, "did not say which account")
      assert.deepStrictEqual([...new Set(vendor.asked)], ["/redirect"])
    }))

  it.live("has any label, which is text", () =>
    withVendor(form, ({ account }) => ({ account }), function*(vendor) {
      // It begins with a character that turns around what follows it.
      vendor.label = () => `\u202e<img src=x onerror=alert(1)>{user}"'${"x".repeat(1000)}`
      const page = yield* connect("/connect/calendar")
      // What a browser shows.
      assert.include(page.text, `<img src=x onerror=alert(1)>{user}"'`)
      assert.notInclude(page.text, "x".repeat(200))
      assert.notInclude(page.text, "\u202e")
      const { text } = yield* request("/connect")
      assert.include(text, "&lt;img src=x onerror=alert(1)&gt;{user}")
      assert.notInclude(text, "<img")
    }))

  it.live("is checked when the user asks, and a rejected token is a revocation", () =>
    withVendor(form, ({ account }) => ({ account }), function*(vendor) {
      yield* connect("/connect/calendar")
      const events = yield* record
      assert.include((yield* press("/connect/calendar", "check")).text, "Connected as someone@example.com")
      vendor.state = 401
      // It is remembered.
      assert.include((yield* request("/connect/calendar")).text, "Connected as someone@example.com")
      const revoked = yield* press("/connect/calendar", "check")
      assert.include(revoked.text, "Access was removed at the provider")
      assert.notInclude(revoked.text, "calendar is connected")
      assert.include(revoked.text, "Reconnect: Calendar")
      const [connection] = JSON.parse((yield* request("/connect", { headers: json })).text).connections
      assert.deepInclude(connection, { name: "calendar", state: "RevokedAtVendor" })
      assert.deepStrictEqual(yield* events.first(1), [event("RevokedAtVendor")])
      vendor.state = "ok"
      assert.include(
        (yield* connect("/connect/calendar", { action: "reconnect" })).text,
        "Connected as someone@example.com"
      )
    }))

  it.live("is checked and disconnected by no other site", () =>
    withVendor(form, ({ account, revoke }) => ({ account, revoke }), function*(vendor) {
      yield* connect("/connect/calendar")
      const { token = "" } = fieldsOf((yield* request("/connect/calendar")).text)
      const asked = vendor.asked.length
      for (const action of ["check", "disconnect"]) {
        const body = { action, token }
        for (const headers of [{ origin: "https://other.example" }, { "sec-fetch-site": "cross-site" }]) {
          assert.strictEqual((yield* request("/connect/calendar", { body, headers })).status, 403, action)
        }
        assert.strictEqual((yield* request("/connect/calendar", { body: { action } })).status, 403, action)
        assert.strictEqual((yield* request("/connect/calendar", { body, cookie: "user=bob" })).status, 403, action)
        assert.strictEqual((yield* request(`/connect/calendar?action=${action}&token=${token}`)).status, 200, action)
      }
      assert.deepStrictEqual(vendor.revoked, [])
      assert.strictEqual(vendor.asked.length, asked)
      assert.include((yield* request("/connect/calendar")).text, "Connected as someone@example.com")
    }))

  it.live("is told when the user disconnects, and its failure keeps no token", () =>
    withVendor(form, ({ account, revoke }) => ({ account, revoke }), function*(vendor, { calendar }) {
      const events = yield* record
      yield* connect("/connect/calendar")
      const token = Redacted.value(yield* World.as(alice)(AccessToken.get(calendar)))
      assert.include((yield* press("/connect/calendar", "disconnect")).text, "has ended the access too")
      assert.deepStrictEqual(vendor.revoked, [token])

      yield* connect("/connect/calendar")
      vendor.state = 503
      const failed = yield* press("/connect/calendar", "disconnect")
      assert.include(failed.text, "could not end it")
      assert.include(failed.text, "https://myaccount.google.com/connections")
      yield* connect("/connect/mail")
      assert.include((yield* press("/connect/mail", "disconnect")).text, "may still list it")
      for (const path of ["/connect/calendar", "/connect/mail"]) {
        assert.include((yield* request(path)).text, "Not connected")
      }
      const seen = yield* events.first(9)
      assert.deepStrictEqual(seen.filter(({ _tag }) => _tag === "Disconnected"), [
        event("Disconnected", { atVendor: "Revoked" }),
        event("Disconnected", { atVendor: "Failed" }),
        event("Disconnected", { atVendor: "NotSupported" })
      ])
      Recorder.assertSecretFree([JSON.stringify(events.seen)], [token])
    }))

  it.live("is another one if the vendor names another user", () =>
    withVendor(form, ({ account }) => ({ account, expect: isOwn }), function*(vendor) {
      vendor.state = "other"
      const page = yield* connect("/connect/calendar", { account: "alice@example.com" })
      assert.strictEqual(page.status, 403)
      assert.include(page.text, "another")
      vendor.state = "ok"
      assert.include((yield* request("/connect/calendar")).text, "A different account was connected")
    }))
})

/** The links of a program without the pages, for its credential `files`. */
const linksOf = (
  credential: Identity.AccessTokenCredential<"USER_FEDERATION">,
  account: World.AccountOptions
) =>
  Connect.layerLinks({
    path: "/connect",
    workload: World.workload,
    credentials: { files: credential },
    accounts: { files: account }
  })

const wrongAccount = { account: () => Effect.succeed({ id: "1", label: "mallory" }), expect: () => false }

const tokenOfAlice = Effect.provideService(
  WorkloadAccessToken.WorkloadAccessToken,
  WorkloadAccessToken.make(secret("token"), alice)
)

describe("programs", () => {
  it.live("get no token of a wrong account, also if they are the first to see it, and without a wait", () =>
    withVendor("http", ({ account }) => ({ account, expect: isOwn }), function*(vendor, { calendar }) {
      // The vendor does not respond to the page, so the token stays.
      vendor.state = 503
      const unknown = yield* connect("/connect/calendar", { account: "mallory@example.com" })
      assert.strictEqual(unknown.status, 502)
      assert.include(unknown.text, "The account could not be checked")
      assert.include((yield* request("/connect/calendar")).text, "did not say which account")
      const kept = yield* Effect.flip(World.as(alice)(AccessToken.get(calendar)))
      assert.deepInclude(kept, { _tag: "AuthorizationFailed", reason: "AccountUnknown" })
      vendor.state = "ok"
      const dropped = yield* Effect.flip(World.as(alice)(AccessToken.get(calendar)))
      assert.strictEqual(dropped._tag, "RequiresUserConsent")
      // Until the user does something, the page says why.
      const [connection] = yield* Connect.connections(alice)
      assert.deepInclude(connection, {
        state: "WrongAccount",
        account: { id: "id of mallory@example.com", label: "mallory@example.com" }
      })
      assert.include((yield* request("/connect/calendar")).text, "A different account was connected")
      yield* press("/connect/calendar", "disconnect")
      assert.include((yield* request("/connect/calendar")).text, "Not connected")
    }))

  it.live("keep a token whose account is known while the vendor does not respond", () =>
    withVendor("http", ({ account }) => ({ account, expect: isOwn }), function*(vendor, { calendar }) {
      yield* connect("/connect/calendar", { account: "alice@example.com" })
      vendor.state = 503
      assert.include((yield* press("/connect/calendar", "check")).text, "did not say which account")
      assert.strictEqual(subjectOf(yield* World.as(alice)(AccessToken.get(calendar))), "alice@example.com")
      // The API rejects it, and the vendor does not say why.
      const use = AccessToken.use(calendar, () => Effect.fail("401"), { rejected: () => true })
      assert.strictEqual(yield* Effect.flip(World.as(alice)(use)), "401")
      vendor.state = "ok"
      assert.include((yield* press("/connect/calendar", "check")).text, "Connected as alice@example.com")
    }))

  it.live("ask the user again when the vendor has revoked the grant", () =>
    withVendor("http", ({ account }) => ({ account, expect: isOwn }), function*(vendor, { calendar, origin }) {
      const events = yield* record
      yield* connect("/connect/calendar", { account: "alice@example.com" })
      const revoked = yield* World.as(alice)(AccessToken.get(calendar))
      vendor.state = 401
      // The page only shows it.
      assert.include((yield* press("/connect/calendar", "check")).text, "Access was removed at the provider")
      assert.include((yield* request("/connect")).text, "Access was removed at the provider")
      const probe = Schedule.spaced("20 millis")
      const consent = Connect.handler({ user: alice, probe, show: (link) => Deferred.succeed(shown, link) })
      const shown = yield* Deferred.make<string>()
      const agent = yield* Effect.forkChild(World.as(alice)(AccessToken.get(calendar, { consent })))
      assert.strictEqual(yield* Deferred.await(shown), `${origin}/connect/calendar`)
      const asked = yield* Effect.flip(World.as(alice)(AccessToken.get(calendar)))
      assert.strictEqual(asked._tag, "RequiresUserConsent")
      assert.include((yield* request("/connect/calendar")).text, "Access was removed at the provider")
      // The drop has its event already.
      yield* press("/connect/calendar", "check")

      // The vendor does not know the new token yet: the wait keeps it.
      const late = yield* connect("/connect/calendar", { account: "alice@example.com" })
      assert.include(late.text, "The account could not be checked")
      assert.isUndefined(agent.pollUnsafe())
      vendor.state = "ok"
      yield* press("/connect/calendar", "check")
      const token = yield* Fiber.join(agent)
      assert.strictEqual(subjectOf(token), "alice@example.com")
      assert.notStrictEqual(Redacted.value(token), Redacted.value(revoked))

      // The API is the first to reject the token.
      vendor.state = 401
      const use = AccessToken.use(calendar, () => Effect.fail("401"), { rejected: () => true })
      assert.deepInclude(yield* Effect.flip(World.as(alice)(use)), { _tag: "RequiresUserConsent" })
      assert.deepStrictEqual((yield* events.first(7)).map(({ _tag }) => _tag), [
        "Opened",
        "Completed",
        "RevokedAtVendor",
        "RevokedAtVendor",
        "Opened",
        "AccountUnknown",
        "RevokedAtVendor"
      ])
    }))

  it.live("check a connection, and disconnect a user from everything", () =>
    withVendor("http", ({ account, revoke }) => ({ account, revoke }), function*(vendor, { calendar, mail }) {
      yield* connect("/connect/calendar", { account: "alice@example.com" })
      const checked = yield* Connect.check(alice, calendar)
      assert.deepInclude(checked, { name: "calendar", state: "Granted" })
      assert.deepStrictEqual(checked.account, { id: "id of alice@example.com", label: "alice@example.com" })
      assert.deepInclude(yield* Connect.check(alice, "mail"), { state: "NotGranted", account: undefined })
      const unknown = yield* Effect.flip(Connect.check(alice, "other"))
      assert.strictEqual(unknown._tag, "ValidationException")
      const jwt = { userToken: Redacted.make("a.b.c") }
      assert.strictEqual((yield* Effect.flip(Connect.check(jwt, calendar)))._tag, "OtherUserKind")
      assert.strictEqual((yield* Effect.flip(Connect.disconnectAll(jwt)))._tag, "OtherUserKind")

      yield* connect("/connect/calendar", { cookie: "user=bob" })
      assert.deepStrictEqual(yield* Connect.disconnectAll(alice), [
        { name: "calendar", outcome: "Disconnected", atVendor: "Revoked" },
        { name: "mail", outcome: "NotConnected", atVendor: "NotSupported" }
      ])
      assert.lengthOf(vendor.revoked, 1)
      for (const credential of [calendar, mail]) {
        const error = yield* Effect.flip(World.as(alice)(AccessToken.get(credential)))
        assert.strictEqual(error._tag, "RequiresUserConsent")
      }
      // Another user stays connected.
      yield* World.as({ userId: "bob" })(AccessToken.get(calendar))
    }))

  it.live("disconnect although the provider has no revocation endpoint", () =>
    withVendor("http", (vendor) => ({
      revoke: (token) => VendorAccount.openId({ discoveryUrl: `${vendor.url}/me` }).revoke(token)
    }), function*() {
      yield* connect("/connect/calendar")
      assert.include((yield* press("/connect/calendar", "disconnect")).text, "may still list it")
    }))

  it.effect("ask the vendor with their own HttpClient", () => {
    const asked: Array<string> = []
    const client = HttpClient.make((request) =>
      Effect.sync(() => {
        asked.push(`${request.url} ${request.headers["authorization"]}`)
        return HttpClientResponse.fromWeb(request, Response.json({ sub: "1", email: "alice@gmail.com" }))
      })
    )
    const links = linksOf(Files, VendorAccount.google).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client)))
    const plane = scripted({
      getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
      getResourceOauth2Token: () => responses.issued()
    })
    return Effect.gen(function*() {
      const [connection] = yield* Connect.connections(alice)
      assert.deepStrictEqual(connection?.account, { id: "1", label: "alice@gmail.com", verified: false })
      // The account of a token does not change.
      yield* Connect.connections(alice)
      assert.deepStrictEqual(asked, ["https://openidconnect.googleapis.com/v1/userinfo Bearer access-token"])
    }).pipe(Effect.provide(Layer.provideMerge(links, plane)))
  })

  it.effect("see that another process has disconnected a user", () => {
    let isGranted = true
    const plane = scripted({
      getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
      getResourceOauth2Token: () => isGranted ? responses.issued() : responses.consent
    })
    const links = linksOf(Files, { account: () => Effect.succeed({ id: "1", label: "alice" }) })
    return Effect.gen(function*() {
      const connection = Effect.map(Connect.connections(alice), ([connection]) => connection)
      assert.deepInclude(yield* connection, { state: "Granted", account: { id: "1", label: "alice" } })
      isGranted = false
      assert.deepInclude(yield* connection, { state: "NotGranted", account: undefined })
    }).pipe(Effect.provide(Layer.provideMerge(links, plane)))
  })

  it.effect("get no token of a wrong account from Connect and ForwardAuth, whatever Identity they have themselves", () => {
    const plane = scripted({
      getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
      getResourceOauth2Token: ({ forceAuthentication }) =>
        forceAuthentication === true ? responses.consent : responses.issued()
    })
    // The last layer provides the `Identity` of the program, which knows no accounts.
    const services = Layer.mergeAll(linksOf(Files, wrongAccount), Identity.layer, PendingConsents.layerMemory).pipe(
      Layer.provideMerge(plane)
    )
    return Effect.gen(function*() {
      assert.deepInclude(yield* Connect.check(alice, Files), { state: "WrongAccount" })
      assert.strictEqual(Redacted.value(yield* AccessToken.get(Files)), "access-token")
      const route = PublicForwardAuth.layer({
        path: "/forward-auth",
        workload: World.workload,
        credentials: [{ credential: Files, origins: ["https://api.example.com"] }],
        caller: () => Effect.succeedSome(alice)
      }).pipe(Layer.provide(Layer.succeedContext(yield* Effect.context<Layer.Success<typeof services>>())))
      const { dispose, handler } = HttpRouter.toWebHandler(route, { disableLogger: true })
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const headers = {
        ...Object.fromEntries(ForwardAuth.forwarded({ "X-Forwarded-Host": "api.example.com" })),
        authorization: "Bearer sandbox"
      }
      const response = yield* Effect.promise(() =>
        handler(new Request("https://app.example.com/forward-auth", { headers }))
      )
      const { error } = yield* Effect.promise(async () => (await response.json()) as { readonly error: string })
      assert.deepStrictEqual([response.status, error], [401, "consent_required"])
    }).pipe(tokenOfAlice, Effect.provide(services))
  })

  it.effect("get the token of their own, which is nobody's account", () => {
    const plane = scripted({ getResourceOauth2Token: () => responses.issued() })
    const links = linksOf(Files, wrongAccount)
    return Effect.gen(function*() {
      const token = yield* AccessToken.get({ provider: "files", flow: "M2M" })
      assert.strictEqual(Redacted.value(token), "access-token")
    }).pipe(
      Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, WorkloadAccessToken.make(secret("token"))),
      Effect.provide(Layer.provideMerge(links, plane))
    )
  })

  it.effect("get no token of a wrong account by another spelling of its request", () => {
    const plane = scripted({
      getResourceOauth2Token: ({ forceAuthentication }) =>
        forceAuthentication === true ? responses.consent : responses.issued()
    })
    class Read extends AccessToken.Tag<Read>()("app/Read", {
      provider: "files",
      flow: "USER_FEDERATION",
      scopes: ["read", "write"],
      returnUrl: "https://app.example.com/connect/return"
    }) {}
    const links = linksOf(Read, wrongAccount)
    const { flow, provider, returnUrl } = Read.request
    const spellings = [
      { scopes: ["write", "read"], returnUrl },
      { scopes: ["read", "write", "read"], returnUrl },
      { scopes: ["read", "write"], resources: [], audiences: [], customParameters: {} },
      { scopes: ["read", "write"], returnUrl: "https://app.example.com/other" }
    ]
    return Effect.gen(function*() {
      for (const spelling of spellings) {
        const error = yield* Effect.flip(AccessToken.get({ provider, flow, ...spelling }))
        assert.strictEqual(error._tag, "RequiresUserConsent", JSON.stringify(spelling))
      }
    }).pipe(
      tokenOfAlice,
      Effect.provide(Layer.provideMerge(links, plane))
    )
  })

  it.effect("keep a token that the vendor does not know yet, while the user is being asked", () => {
    const requests: Array<boolean | undefined> = []
    const plane = scripted({
      getResourceOauth2Token: ({ forceAuthentication }) =>
        requests.push(forceAuthentication) === 1 || forceAuthentication === true
          ? responses.consent
          : responses.issued()
    })
    let asked = 0
    const links = linksOf(Files, {
      account: () => ++asked < 3 ? Effect.fail({ status: 401 }) : Effect.succeed({ id: "1", label: "alice" }),
      expect: () => true
    })
    return Effect.gen(function*() {
      const agent = yield* Effect.forkChild(AccessToken.get(Files, { consent: () => Effect.void }))
      yield* settleAndAdjust("1 minute")
      yield* settleAndAdjust("1 minute")
      assert.strictEqual(Redacted.value(yield* Fiber.join(agent)), "access-token")
      assert.notInclude(requests, true)
    }).pipe(tokenOfAlice, Effect.provide(Layer.provideMerge(links, plane)))
  })

  it.effect("get no token, and drop none, while expect fails", () => {
    const forced: Array<boolean | undefined> = []
    const plane = scripted({
      getResourceOauth2Token: ({ forceAuthentication }) => {
        forced.push(forceAuthentication)
        return responses.issued()
      }
    })
    const expects: ReadonlyArray<() => unknown> = [
      () => {
        throw new Error("the directory of users is down")
      },
      () => Effect.die("the directory of users is down"),
      () => "yes"
    ]
    return Effect.forEach(expects, (expect) => {
      const links = linksOf(Files, {
        account: () => Effect.succeed({ id: "1", label: "alice" }),
        // A program in plain JavaScript can return anything.
        expect: expect as () => boolean
      })
      return Effect.gen(function*() {
        const error = yield* Effect.flip(AccessToken.get(Files))
        assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: "AccountUnknown" })
        assert.notInclude(forced, true)
      }).pipe(tokenOfAlice, Effect.provide(Layer.provideMerge(links, plane)))
    })
  })

  it.live("get no token of a wrong account by a step-up", () => {
    class Read extends AccessToken.Tag<Read>()("app/StepUp", {
      provider: "files",
      flow: "USER_FEDERATION",
      scopes: ["read"],
      returnUrl: "https://app.example.com/connect/return"
    }) {}
    const links = linksOf(Read, {
      account: (token) => Effect.succeed({ id: "1", label: Redacted.value(token) }),
      expect: ({ userId }, { label }) => label === userId
    })
    // Other scopes are another grant, which the user gives in a browser that is signed in to another account.
    const plane = scripted({
      getResourceOauth2Token: ({ forceAuthentication, scopes }) =>
        scopes.length === 1
          ? responses.issued("alice")
          : forceAuthentication === true
          ? responses.consent
          : responses.issued("mallory")
    })
    return Effect.gen(function*() {
      const { seen, url } = yield* Resource.resource((_, response) =>
        Resource.reject(response, 403, Resource.insufficientScope("write"))
      )
      const client = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Read, {
        origins: [url],
        stepUp: true
      })
      assert.strictEqual((yield* Effect.flip(client.get(url)))._tag, "RequiresUserConsent")
      assert.deepStrictEqual(seen.map(({ headers }) => headers.authorization), ["Bearer alice"])
    }).pipe(
      Effect.scoped,
      tokenOfAlice,
      Effect.provide([Layer.provideMerge(links, plane), FetchHttpClient.layer])
    )
  })

  it.effect("get no token of a wrong account from a session that they resume", () => {
    const requests: Array<object> = []
    const plane = scripted({
      getResourceOauth2Token: ({ forceAuthentication, sessionUri }) => {
        requests.push({ forceAuthentication, isPoll: sessionUri !== undefined })
        return forceAuthentication === true || requests.length > 3 ? responses.consent : responses.issued()
      }
    })
    const links = linksOf(Files, wrongAccount)
    const session = new ConsentSession({
      ...sessionUntil(600_000),
      provider: "files",
      returnUrl: "https://app.example.com/connect/return"
    })
    return Effect.gen(function*() {
      const identity = yield* Identity.Identity
      const error = yield* Effect.flip(identity.resumeAccessToken(session))
      assert.strictEqual(error._tag, "RequiresUserConsent")
      assert.deepStrictEqual(requests, [
        { forceAuthentication: undefined, isPoll: true },
        { forceAuthentication: false, isPoll: false },
        { forceAuthentication: true, isPoll: false }
      ])
    }).pipe(
      tokenOfAlice,
      Effect.provide(Layer.provideMerge(links, plane))
    )
  })

  it.live("show the pages of their own with the account", () =>
    Effect.gen(function*() {
      yield* World.setUp
      assert.deepStrictEqual(
        JSON.parse((yield* connect("/connect/calendar")).text),
        { outcome: "Completed", account: { id: "7", label: "the label" } }
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(World.environment({
        accounts: { calendar: { account: () => Effect.succeed({ id: "7", label: "the label" }) } },
        respond: (view) =>
          Effect.succeed(
            view._tag === "Returned"
              ? Option.some(HttpServerResponse.jsonUnsafe({ outcome: view.outcome, account: view.account }))
              : Option.none()
          )
      }))
    ))
})
