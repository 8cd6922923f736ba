import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Denials from "../../src/http/connect/denials.js"
import { returnUrlOf } from "../support/connectPages.js"
import * as World from "../support/connectWorld.js"
import { keyOf } from "../support/consentStore.js"
import { jwtOf } from "../support/gatewayWorld.js"
import { withRandomYields } from "../support/randomYields.js"
import * as Redis from "../support/redis.js"
import * as States from "../support/states.js"
import { responses, secret } from "../support/utils.js"

const { Files, press, refreshOf } = World

const alice = { userId: "alice" }

/** The events from now on. */
const record = Effect.gen(function*() {
  const seen: Array<string> = []
  const { events } = yield* Connect.Connect
  yield* Effect.forkScoped(Stream.runForEach(events, ({ _tag }) => Effect.sync(() => seen.push(_tag))))
  yield* Effect.yieldNow
  return seen
})

/** An agent that has shown its link, and waits. */
const waitFor = (
  credential: Parameters<typeof AccessToken.get>[0],
  options: Partial<Parameters<typeof Connect.handler<never, never>>[0]> = {}
) =>
  Effect.gen(function*() {
    const shown = yield* Deferred.make<void>()
    const agent = yield* AccessToken.get(credential as never, {
      consent: Connect.handler({ user: alice, show: () => Deferred.succeed(shown, undefined), ...options })
    }).pipe(World.as(options.user ?? alice), Effect.forkChild)
    yield* Deferred.await(shown)
    return agent
  })

describe.each(World.forms)("a denial, over real servers: %s", (form) => {
  it.live("at the vendor ends the wait, is one event, and the next link works", () =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      const events = yield* record
      const agent = yield* waitFor(calendar)
      const browser = yield* TestUser.make("someone@example.com")
      const page = yield* browser.denies(refreshOf(yield* press("/connect/calendar", "connect")))
      assert.include(page.text, "Back to the application")
      const back = yield* World.request(`${calendar.request.returnUrl}?error=access_denied`)
      assert.include(back.text, "You did not allow access")
      assert.include(back.text, "Your connections")
      const error = yield* Effect.flip(Fiber.join(agent))
      assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: "Failed", provider: "calendar" })
      // The event follows the signal.
      yield* Effect.repeat(Effect.yieldNow, { until: () => events.length >= 2 })
      assert.deepStrictEqual(events, ["Opened", "Denied"])
      const next = yield* waitFor(calendar)
      yield* World.connect("/connect/calendar")
      yield* Fiber.join(next)
      yield* Effect.repeat(Effect.yieldNow, { until: () => events.length >= 4 })
      assert.deepStrictEqual(events, ["Opened", "Denied", "Opened", "Completed"])
    }).pipe(Effect.scoped, Effect.timeout("20 seconds"), Effect.provide(World.environment({}, form))))
})

Redis.redisTest("a denial ends the wait of another process, which shares the store", () =>
  Effect.gen(function*() {
    const server = yield* Redis.make()
    yield* server.start
    const store = ConsentStore.layerRedis({ url: Redacted.make(`redis://127.0.0.1:${server.port}`), key: keyOf(1) })
    yield* Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      const other = yield* Layer.build(Layer.fresh(store))
      const links = { path: "/connect", credentials: { calendar }, workload: World.workload, origin } as const
      const agent = yield* waitFor(calendar).pipe(
        Effect.provide(Connect.layerLinks(links)),
        Effect.provideContext(other)
      )
      const browser = yield* TestUser.make("someone@example.com")
      yield* browser.denies(refreshOf(yield* press("/connect/calendar", "connect")))
      assert.deepInclude(yield* Effect.flip(Fiber.join(agent)), { _tag: "AuthorizationFailed", reason: "Failed" })
    }).pipe(Effect.provide(World.pages({}, Layer.orDie(store)).pipe(Layer.provideMerge(World.servers))))
  }).pipe(Effect.scoped, Effect.timeout("20 seconds")))

const urlOf = (sessionUri: string) =>
  `https://identity.example.com/identities/oauth2/authorize?request_uri=${encodeURIComponent(sessionUri)}`

/** The pages over a scripted AgentCore with a session for each request. `failed` and `granted` have users. */
const scripted = ({ onListen = () => {}, users }: {
  readonly users?: "jwt"
  /** Runs when a session begins to be polled. */
  readonly onListen?: () => void
} = {}) => {
  const failed = new Set<string>()
  const granted = new Set<string>()
  const polls: Array<{ readonly user: string; readonly at: number; readonly session: string }> = []
  let sessions = 0
  const plane = ScriptedPlanes.layer({
    getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
    getWorkloadAccessTokenForJwt: () => Effect.succeed({ workloadAccessToken: secret("a-user-with-a-jwt") }),
    completeResourceTokenAuth: ({ userIdentifier }) =>
      Effect.sync(() => void granted.add(String(userIdentifier.userId))),
    getResourceOauth2Token: ({ sessionUri, workloadIdentityToken }) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        const user = Redacted.value(workloadIdentityToken)
        if (sessionUri !== undefined) {
          polls.push({ user, at, session: Redacted.value(sessionUri).replace(/.*:/, "") })
        }
        if (granted.has(user)) return responses.issued()
        if (sessionUri !== undefined) return failed.has(user) ? responses.failed : responses.inProgress
        const uri = `urn:ietf:params:oauth:request_uri:${user}-${sessions++}`
        return Effect.succeed(
          new DataPlane.ConsentRequired({ authorizationUrl: secret(urlOf(uri)), sessionUri: secret(uri) })
        )
      })
  })
  const make = Effect.gen(function*() {
    const { app, service } = yield* Connect.httpApp({
      path: "/connect",
      credentials: { files: Files },
      workload: World.workload,
      users,
      currentUser: World.currentUser
    })
    const send = (path: string, cookie: string, init: RequestInit = {}) =>
      Effect.flatMap(
        World.sendTo(app)(path, { ...init, headers: { ...init.headers, ...World.json, cookie } }),
        (response) => Effect.promise(() => response.json())
      )
    const cookie = users === undefined ? "user" : "jwt"
    const open = (user: string) =>
      Effect.flatMap(
        send("/connect/files", `${cookie}=${user}`),
        ({ token }) => send("/connect/files", `${cookie}=${user}`, World.formOf("connect", token))
      )
    const comeBack = (started: { readonly authorizationUrl: string }, more = "") =>
      send(returnUrlOf(started.authorizationUrl, more), "user=alice")
    return { service, open, comeBack }
  }).pipe(Effect.updateService(PendingConsents.ConsentSignals, (signals) => ({
    ...signals,
    listen: (...args: Parameters<typeof signals.listen>) => {
      onListen()
      return signals.listen(...args)
    }
  })))
  const services = PendingConsents.layerMemory.pipe(
    Layer.provideMerge(Layer.provideMerge(Identity.layer, Layer.provideMerge(States.layer, plane)))
  )
  const run = <A, E>(
    self: (app: Effect.Success<typeof make>) => Effect.Effect<
      A,
      E,
      Layer.Success<typeof services> | Connect.Connect | Scope.Scope
    >
  ) =>
    Effect.flatMap(make, (app) => Effect.provideService(self(app), Connect.Connect, app.service)).pipe(
      Effect.scoped,
      Effect.provide(services)
    )
  return { failed, granted, polls, run }
}

describe("a session that the pages opened", () => {
  it.effect("is polled every 5 seconds, until the user comes back", () => {
    const { polls, run } = scripted()
    return run(({ comeBack, open }) =>
      Effect.gen(function*() {
        const events = yield* record
        const started = yield* open("alice")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          polls.map(({ at }) => at / 1000),
          Array.from({ length: 12 }, (_, index) => 5 + 5 * index)
        )
        yield* comeBack(started)
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(polls, 12)
        assert.deepStrictEqual(events, ["Opened", "Completed"])
      })
    )
  })

  it.effect("is polled if it is one of the last three of its user and credential", () => {
    const { polls, run } = scripted()
    return run(({ open }) =>
      Effect.gen(function*() {
        for (let session = 0; session < 100; session++) yield* open("alice")
        yield* open("bob")
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(
          [...new Set(polls.map(({ session }) => session))].sort(),
          // The page has opened a session too.
          ["alice-195", "alice-197", "alice-199", "bob-201"]
        )
        assert.lengthOf(polls, 4 * 6)
        // After the sessions have expired.
        yield* TestClock.adjust("10 minutes")
        polls.length = 0
        yield* open("alice")
        yield* TestClock.adjust("5 seconds")
        assert.lengthOf(polls, 1)
      })
    )
  })

  it.effect("is one of the last three, also if its request is interrupted when the polling begins", () => {
    let request: Fiber.Fiber<unknown, unknown> | undefined
    const { polls, run } = scripted({ users: "jwt", onListen: () => request?.interruptUnsafe() })
    return run(({ open }) =>
      Effect.gen(function*() {
        for (let session = 0; session < 30; session++) {
          request = yield* Effect.forkChild(open(jwtOf("alice")))
          yield* Fiber.await(request)
        }
        yield* TestClock.adjust("5 seconds")
        assert.isAtMost(polls.length, 3)
      })
    ).pipe(withRandomYields)
  })

  it.effect("has expired, and was not denied, if it fails at its end", () => {
    const { failed, run } = scripted()
    return run(({ open }) =>
      Effect.gen(function*() {
        const events = yield* record
        yield* open("alice")
        yield* TestClock.adjust(592_000)
        failed.add("alice")
        const agent = yield* waitFor(Files)
        yield* TestClock.adjust("1 minute")
        assert.isUndefined(agent.pollUnsafe())
        assert.deepStrictEqual(events, ["Opened"])
        yield* Fiber.interrupt(agent)
      })
    )
  })

  it.effect("ends only the waits of its user", () => {
    const { failed, run } = scripted()
    return run(({ open }) =>
      Effect.gen(function*() {
        const agents = [yield* waitFor(Files), yield* waitFor(Files)]
        const other = yield* waitFor(Files, { user: { userId: "bob" } })
        yield* open("alice")
        yield* open("bob")
        failed.add("alice")
        yield* TestClock.adjust("5 seconds")
        for (const agent of agents) {
          assert.deepInclude(yield* Effect.flip(Fiber.join(agent)), { _tag: "AuthorizationFailed", reason: "Failed" })
        }
        assert.isUndefined(other.pollUnsafe())
        yield* Fiber.interrupt(other)
      })
    )
  })

  it.effect("came back with the denial: the wait ends at once, and says so", () => {
    const { polls, run } = scripted()
    return run(({ comeBack, open }) =>
      Effect.gen(function*() {
        const events = yield* record
        const agent = yield* waitFor(Files)
        yield* comeBack(yield* open("alice"), "&error=access_denied")
        assert.deepInclude(yield* Effect.flip(Fiber.join(agent)), { _tag: "AuthorizationFailed", reason: "Denied" })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(events, ["Opened", "Denied"])
        assert.lengthOf(polls, 0)
      })
    )
  })

  it.effect("can be denied, and the wait goes on until the user changes their mind", () => {
    const { failed, run } = scripted()
    return run(({ comeBack, open }) =>
      Effect.gen(function*() {
        const events = yield* record
        const agent = yield* waitFor(Files, { onDenial: "wait" })
        yield* comeBack(yield* open("alice"), "&error=access_denied")
        yield* open("alice")
        failed.add("alice")
        yield* TestClock.adjust("6 seconds")
        assert.isUndefined(agent.pollUnsafe())
        yield* comeBack(yield* open("alice"))
        assert.strictEqual(Redacted.value(yield* Fiber.join(agent)), "access-token")
        assert.deepStrictEqual(events, ["Opened", "Denied", "Opened", "Denied", "Opened", "Completed"])
      })
    )
  })

  it.effect("is denied while the link is shown", () => {
    const { run } = scripted()
    return run(({ comeBack, open }) =>
      Effect.gen(function*() {
        const show = () =>
          Effect.orDie(Effect.flatMap(open("alice"), (started) => comeBack(started, "&error=access_denied")))
        const error = yield* Effect.flip(
          AccessToken.get(Files, { consent: Connect.handler({ user: alice, show }) }).pipe(World.as(alice))
        )
        assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: "Denied" })
      })
    )
  })

  it.effect("is denied long after the first question, and the next call knows it once", () => {
    const { run } = scripted()
    return run(({ comeBack, open, service }) =>
      Effect.gen(function*() {
        const takeDenial = yield* Denials.make(service)
        const ask = AccessToken.get(Files).pipe(
          World.as(alice),
          Effect.catchTag("RequiresUserConsent", ({ session }) => takeDenial(session, alice))
        )
        assert.deepStrictEqual(yield* ask, Option.none())
        yield* TestClock.adjust("9 minutes")
        assert.deepStrictEqual(yield* ask, Option.none())
        yield* TestClock.adjust("9 minutes")
        yield* comeBack(yield* open("alice"), "&error=access_denied")
        assert.deepStrictEqual(yield* ask, Option.some("Denied"))
        assert.deepStrictEqual(yield* ask, Option.none())
        // A user who is asked no more is forgotten.
        yield* TestClock.adjust("30 minutes")
        yield* comeBack(yield* open("alice"), "&error=access_denied")
        assert.deepStrictEqual(yield* ask, Option.none())
      })
    )
  })

  it.effect("is one of many, which share the budget, the oldest first", () => {
    const { polls, run } = scripted()
    return run(({ open }) =>
      Effect.gen(function*() {
        const users = Array.from({ length: 100 }, (_, index) => `user-${index}`)
        yield* Effect.forEach(users, open)
        yield* TestClock.adjust("1 minute")
        for (let second = 0; second < 60; second++) {
          const within = polls.filter(({ at }) => Math.floor(at / 1000) === second)
          assert.isAtMost(within.length, 11, `second ${second}`)
        }
        assert.isAtLeast(polls.length, 500)
        assert.deepStrictEqual(polls.slice(0, 100).map(({ user }) => user), users)
      })
    ).pipe(Effect.provide(TokenPoller.layerBudget({ pollsPerSecond: 10 })))
  })
})
