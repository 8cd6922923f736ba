/** Tests of every store of consents: memory, Redis, SQLite and PostgreSQL. */
import { assert, describe } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type { PendingConsentsError } from "effect-agentcore-identity/persistence/ConsentStore"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Sessions from "../../src/http/forwardAuth/sessions.js"
import * as ConsentCallback from "./consentCallback.js"
import * as Signals from "./signals.js"
import type * as Tools from "./tools.js"
import { authorizationUrl, same, secret } from "./utils.js"

type Services = PendingConsents.PendingConsents | PendingConsents.ConsentSignals

interface Keys {
  readonly key: Redacted.Redacted
  readonly previousKeys?: ReadonlyArray<Redacted.Redacted>
}

/** A store that is empty at the beginning of a test. */
export interface Store {
  /** The layer of one process. */
  readonly layer: (keys: Keys) => Layer.Layer<Services, PendingConsentsError>
}

export const keyOf = (fill: number, encoding: "base64" | "base64url" | "hex" = "base64url"): Redacted.Redacted =>
  secret(Buffer.alloc(32, fill).toString(encoding))

const keys = { key: keyOf(1) }

interface Process {
  readonly pending: PendingConsents.PendingConsents["Service"]
  readonly signals: PendingConsents.ConsentSignals["Service"]
}

/** Starts a process of the application. */
export const start = (store: Store, options: Keys = keys): Effect.Effect<Process, PendingConsentsError, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(store.layer(options))), (context) => ({
    pending: Context.get(context, PendingConsents.PendingConsents),
    signals: Context.get(context, PendingConsents.ConsentSignals)
  }))

export const uriOf = (name: string): Redacted.Redacted => secret(`urn:ietf:params:oauth:request_uri:${name}`)

export const stateOf = (name: string): Redacted.Redacted => secret(`the state of ${name}`)

export const sessionOf = (name: string, minutes = 10): ConsentSession =>
  new ConsentSession({
    provider: "google",
    flow: "USER_FEDERATION",
    scopes: ["calendar"],
    customState: stateOf(name),
    sessionUri: uriOf(name),
    authorizationUrl: secret(authorizationUrl),
    expiresAt: DateTime.addDuration(DateTime.nowUnsafe(), `${minutes} minutes`)
  })

const alice = { userId: "alice" }

/** What the own user of a session brings, from the browser that consented. */
export const claimOf = (name: string, user: UserIdentifier = alice): PendingConsents.Claim => ({
  sessionUri: uriOf(name),
  user,
  values: [secret("another value"), stateOf(name)]
})

const reasonOf = <A>(claim: Effect.Effect<A, PendingConsents.ConsentNotPending | PendingConsents.ConsentStoreError>) =>
  Effect.map(Effect.flip(claim), (error) => error._tag === "ConsentNotPending" ? error.reason : error.message)

const jwt = (claims: object) => secret(`e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`)

const subject = { iss: "https://id.example.com", sub: "alice" }

/**
 * `test` is the `it` of the store. `make` creates the store of a test. Stores in memory have one process and no keys.
 */
export const contract = (
  test: ReturnType<typeof Tools.testWith>,
  make: Effect.Effect<Store, never, Scope.Scope | Tools.Tools>,
  { shared }: { readonly shared: boolean }
): void => {
  // Without a shared store, both are the same process.
  const startTwo = (store: Store) =>
    Effect.flatMap(
      start(store),
      (one) => Effect.map(shared ? start(store) : Effect.succeed(one), (two) => [one, two] as const)
    )

  describe("a store of consents", () => {
    test("returns what was stored, to another process", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const users: ReadonlyArray<UserIdentifier> = [alice, { userToken: jwt(subject) }]
        for (const [index, user] of users.entries()) {
          const pending = {
            session: sessionOf(`whole-${index}`),
            user,
            workload: "agent",
            credential: "calendar",
            continue: "/chat/1"
          }
          yield* one.pending.open(pending)
          same(yield* two.pending.claim(claimOf(`whole-${index}`, user)), pending)
        }
        const bare = { session: sessionOf("bare"), user: alice }
        yield* one.pending.open(bare)
        same(yield* two.pending.claim(claimOf("bare")), bare)
      }))

    test("keeps the users of sandboxes for every process, until their sessions end", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const users: ReadonlyArray<UserIdentifier> = [alice, { userToken: jwt(subject) }]
        for (const user of users) {
          const { session } = Sessions.make(one.signals)
          const [revoked, kept, expired] = [
            yield* session(user),
            yield* session(user),
            // One that began in 1970.
            yield* Effect.provide(session(user), TestClock.layer())
          ]
          same(yield* Sessions.userOf(two.signals, revoked.token), Option.some(user))
          yield* Sessions.make(two.signals).revoke(revoked.token)
          for (const { signals } of [one, two]) {
            assert.isTrue(Option.isNone(yield* Sessions.userOf(signals, revoked.token)))
            assert.isTrue(Option.isNone(yield* Sessions.userOf(signals, expired.token)))
            same(yield* Sessions.userOf(signals, kept.token), Option.some(user))
          }
        }
      }))

    test("returns a session to its own user with its state, again and again, and to no other claim", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const consent = { session: sessionOf("own"), user: { userToken: jwt({ ...subject, iat: 1 }) } }
        const own = claimOf("own", { userToken: jwt({ ...subject, iat: 2 }) })
        yield* one.pending.open(consent)
        yield* one.pending.open({ session: sessionOf("other"), user: alice })
        const claims = [
          [{ ...own, user: { userToken: jwt({ ...subject, sub: "bob" }) } }, "WrongUser"],
          [{ ...own, user: { userToken: jwt({ ...subject, iss: "https://other.example.com" }) } }, "WrongUser"],
          [{ ...own, user: alice }, "WrongUser"],
          [{ ...own, user: alice, values: [] }, "WrongUser"],
          [{ ...own, values: [] }, "WrongState"],
          [{ ...own, values: [secret("")] }, "WrongState"],
          [{ ...own, values: claimOf("other").values }, "WrongState"],
          [{ ...own, values: [secret(Redacted.value(stateOf("own")).slice(0, -1))] }, "WrongState"],
          [{ ...own, values: [secret(`${Redacted.value(stateOf("own"))} `)] }, "WrongState"],
          [{ ...own, sessionUri: uriOf("never") }, "Unknown"]
        ] as const
        for (let round = 0; round < 2; round++) {
          for (const [claim, reason] of claims) assert.strictEqual(yield* reasonOf(two.pending.claim(claim)), reason)
          same(yield* one.pending.claim(own), consent)
          same(yield* two.pending.claim(own), consent)
        }
      }))

    test("compares the user alone for a session without a state", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const session = new ConsentSession({ ...sessionOf("gateway"), customState: undefined })
        yield* one.pending.open({ session, user: alice })
        const claim = { sessionUri: uriOf("gateway"), user: alice, values: [] }
        assert.deepStrictEqual((yield* two.pending.claim(claim)).user, alice)
        assert.strictEqual(yield* reasonOf(two.pending.claim({ ...claim, user: { userId: "bob" } })), "WrongUser")
      }))

    test("calls AgentCore once for the visits of a session in one process, and completes it in each process", () =>
      Effect.gen(function*() {
        const processes = yield* startTwo(yield* make)
        yield* processes[0].pending.open({ session: sessionOf("race"), user: alice })
        let completions = 0
        const identity = Layer.mock(Identity.Identity, {
          completeAuthorization: () =>
            Effect.andThen(
              Effect.yieldNow,
              Effect.sync(() => {
                completions++
              })
            )
        })
        const outcomes = yield* Effect.forEach(
          processes,
          (process) =>
            ConsentCallback.visits([claimOf("race"), claimOf("race"), claimOf("race", { userId: "bob" })]).pipe(
              Effect.provideService(PendingConsents.PendingConsents, process.pending),
              Effect.provideService(PendingConsents.ConsentSignals, process.signals),
              Effect.provide(identity)
            ),
          { concurrency: "unbounded" }
        )
        const tags = outcomes.map((visits) => visits.map(({ _tag }) => _tag))
        assert.deepStrictEqual(tags, processes.map(() => ["Completed", "Completed", "NotUsable"]))
        assert.strictEqual(completions, 2)
      }))

    test("stores the user of the last opening", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        yield* one.pending.open({ session: sessionOf("again"), user: { userId: "bob" } })
        yield* two.pending.open({ session: sessionOf("again"), user: alice })
        assert.deepStrictEqual((yield* one.pending.claim(claimOf("again"))).user, alice)
        assert.strictEqual(yield* reasonOf(two.pending.claim(claimOf("again", { userId: "bob" }))), "WrongUser")
      }))

    test("tells expired sessions to their own users only", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        yield* one.pending.open({ session: sessionOf("old", -1), user: alice })
        assert.strictEqual(yield* reasonOf(two.pending.claim(claimOf("old"))), "Expired")
        assert.strictEqual(yield* reasonOf(two.pending.claim(claimOf("old", { userId: "bob" }))), "WrongUser")
        assert.strictEqual(yield* reasonOf(two.pending.claim({ ...claimOf("old"), values: [] })), "WrongState")
      }))

    test("lists the waits for a grant until they end or expire", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const grant = (user: UserIdentifier, credential = "calendar") =>
          Signals.grant({ workload: "agent", user, credential })
        const topic = yield* grant(alice)
        const inAnHour = DateTime.addDuration(DateTime.nowUnsafe(), "1 hour")
        const register = (topic: Signals.Topic, execution: string, expiresAt = inAnHour) =>
          one.signals.register({ topic, execution, expiresAt })
        yield* Effect.forEach(["first", "second", "first"], (execution) => register(topic, execution))
        yield* register(topic, "expired", DateTime.makeUnsafe(1))
        yield* register(yield* grant(alice, "mail"), "mail")
        yield* register(yield* grant({ userToken: jwt({ ...subject, iat: 1 }) }), "by JWT")
        assert.sameMembers([...yield* two.signals.registrations(topic)], ["first", "second"])
        // A user id and a JWT are separate namespaces at AWS. A user who signs in again has a new JWT.
        const newJwt = yield* grant({ userToken: jwt({ ...subject, iat: 2 }) })
        assert.deepStrictEqual(yield* two.signals.registrations(newJwt), ["by JWT"])
        assert.isTrue(yield* two.signals.unregister(topic, "first"))
        assert.isFalse(yield* one.signals.unregister(topic, "first"))
        assert.isFalse(yield* one.signals.unregister(yield* grant({ userId: "bob" }), "second"))
        assert.deepStrictEqual(yield* one.signals.registrations(topic), ["second"])
        const removed = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, index) => index % 2 === 0 ? one : two),
          ({ signals }) => signals.unregister(topic, "second"),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(removed.filter(Boolean), 1)
        assert.deepStrictEqual(yield* one.signals.registrations(topic), [])
        assert.deepStrictEqual(yield* one.signals.registrations(yield* grant({ userId: "bob" })), [])
      }))

    if (shared) {
      test("writes with the first key, and finds and opens with all keys, in any spelling", () =>
        Effect.gen(function*() {
          const store = yield* make
          const topic = yield* Signals.grant({ workload: "agent", user: alice, credential: "calendar" })
          const inAnHour = DateTime.addDuration(DateTime.nowUnsafe(), "1 hour")
          const oldOnly = yield* start(store, { key: keyOf(1) })
          yield* Effect.forEach(
            ["one", "two", "three"],
            (name) => oldOnly.pending.open({ session: sessionOf(name), user: alice })
          )
          yield* oldOnly.signals.register({ topic, execution: "old", expiresAt: inAnHour })
          const both = yield* start(store, { key: keyOf(2, "base64"), previousKeys: [keyOf(3), keyOf(1, "hex")] })
          assert.deepStrictEqual((yield* both.pending.claim(claimOf("one"))).user, alice)
          // A session that is opened again keeps one name.
          yield* both.pending.open({ session: sessionOf("two"), user: { userId: "bob" } })
          assert.strictEqual(yield* reasonOf(oldOnly.pending.claim(claimOf("two"))), "Unknown")
          const bob = { userId: "bob" }
          assert.deepStrictEqual((yield* both.pending.claim(claimOf("two", bob))).user, bob)
          yield* both.signals.register({ topic, execution: "new", expiresAt: inAnHour })
          assert.sameMembers([...yield* both.signals.registrations(topic)], ["old", "new"])
          yield* both.signals.unregister(topic, "old")
          const newOnly = yield* start(store, { key: keyOf(2) })
          assert.deepStrictEqual(yield* newOnly.signals.registrations(topic), ["new"])
          assert.deepStrictEqual(yield* oldOnly.signals.registrations(topic), [])
          assert.strictEqual(yield* reasonOf(newOnly.pending.claim(claimOf("three"))), "Unknown")
        }))
    }
  })
}

/** Only a signal ends this wait. */
const hardlyPolls = TokenPoller.schedule(Schedule.spaced("1 hour"))

/** A wait in one process, and the callback in another one. */
export const wakesAcrossProcesses = (
  test: ReturnType<typeof Tools.testWith>,
  make: Effect.Effect<Store, never, Scope.Scope | Tools.Tools>
): void => {
  describe("a signal to other processes", () => {
    const wait = (process: Process, name: string, base: TokenPoller.TokenPoller) =>
      Signals.poller(process.signals, base)({
        session: sessionOf(name),
        poll: Effect.succeedSome(secret(`token of ${name}`))
      })

    /** A subscription begins in the background. */
    const connected = (sender: Process, receiver: Process) =>
      Effect.gen(function*() {
        let received = false
        const topic = Signals.session(uriOf("connected"))
        const stop = receiver.signals.listen(topic, () => {
          received = true
        })
        yield* Effect.repeat(sender.signals.signal(topic, "Completed"), {
          until: () => received,
          schedule: Schedule.spaced("10 millis")
        })
        stop()
      })

    for (
      const [kind, base] of [["the default poller", TokenPoller.TokenPoller.defaultValue()], [
        "a schedule",
        hardlyPolls
      ]] as const
    ) {
      test(`ends a wait of ${kind} at once, with the token or with the reason`, () =>
        Effect.gen(function*() {
          const store = yield* make
          const [waiting, callback] = [yield* start(store), yield* start(store)]
          yield* connected(callback, waiting)
          const fiber = yield* Effect.forkChild(wait(waiting, "given", base))
          yield* Effect.sleep("1 millis")
          yield* callback.signals.signal(Signals.session(uriOf("given")), "Completed")
          // The default poller polls after 5 seconds.
          const token = yield* Effect.timeout(Fiber.join(fiber), "4 seconds")
          same(token, secret("token of given"))
          for (const reason of ["Failed", "Denied"] as const) {
            const ended = yield* Effect.forkChild(Effect.flip(wait(waiting, reason, base)))
            yield* callback.signals.signal(Signals.session(uriOf(reason)), reason)
            const error = yield* Effect.timeout(Fiber.join(ended), "4 seconds")
            assert.deepInclude(error, { _tag: "AuthorizationFailed", reason })
          }
        }))
    }

    test("is remembered for a wait that begins later, also across a rotation of keys", () =>
      Effect.gen(function*() {
        const store = yield* make
        const waiting = yield* start(store, { key: keyOf(1), previousKeys: [keyOf(2)] })
        const callback = yield* start(store, { key: keyOf(2), previousKeys: [keyOf(1)] })
        yield* connected(callback, waiting)
        yield* callback.signals.signal(Signals.session(uriOf("early")), "Completed")
        // Messages arrive in order, so this one arrives after the other.
        const topic = yield* Signals.grant({ workload: "agent", user: alice, credential: "calendar" })
        const granted = yield* Effect.forkChild(Signals.next(waiting.signals, topic))
        yield* Effect.sleep("1 millis")
        yield* callback.signals.signal(topic, "Completed")
        assert.strictEqual(yield* Effect.timeout(Fiber.join(granted), "4 seconds"), "Completed")
        const token = yield* Effect.timeout(wait(waiting, "early", TokenPoller.TokenPoller.defaultValue()), "4 seconds")
        same(token, secret("token of early"))
      }))
  })
}

/** Column names and error texts are not compared. */
const sentinel = (name: string): string => `S3nt1nel0f${[...name].join("7")}x7Kq2Vw9`

/** Stores a secret in every possible place, and returns the secrets. */
export const plant = ({ pending, signals }: Process): Effect.Effect<ReadonlyArray<string>, unknown> =>
  Effect.gen(function*() {
    const session = (name: string) =>
      new ConsentSession({
        provider: sentinel("Provider"),
        flow: "USER_FEDERATION",
        scopes: [sentinel("Scope")],
        returnUrl: `https://${sentinel("Return")}.example.com`,
        customState: secret(sentinel("State")),
        customParameters: { [sentinel("Parameter")]: sentinel("Value") },
        sessionUri: uriOf(`${sentinel("Session")}${name}`),
        authorizationUrl: secret(`https://example.com/${sentinel("Url")}`),
        expiresAt: DateTime.addDuration(DateTime.nowUnsafe(), "10 minutes")
      })
    const users = [{ userId: sentinel("User") }, {
      userToken: jwt({ iss: sentinel("Issuer"), sub: sentinel("Subject") })
    }]
    const sandboxes = yield* Effect.forEach(users, (user) => Sessions.make(signals).session(user))
    for (const [index, user] of users.entries()) {
      const more = {
        workload: sentinel("Workload"),
        credential: sentinel("Credential"),
        continue: sentinel("Continue")
      }
      yield* pending.open({ session: session(`${index}`), user, ...more })
      const { customState: state = secret(""), sessionUri } = session(`${index}`)
      yield* pending.claim({ sessionUri, user, values: [state] })
      const topic = yield* Signals.grant({ ...more, user })
      const expiresAt = DateTime.addDuration(DateTime.nowUnsafe(), "1 hour")
      yield* signals.register({ topic, execution: sentinel("Execution"), expiresAt })
      yield* signals.signal(topic, "Completed")
      yield* signals.signal(Signals.session(sessionUri), "Denied")
    }
    const [, payload = ""] = Redacted.value(users[1]!.userToken!).split(".")
    return [
      ...["Provider", "Scope", "Return", "State", "Parameter", "Value", "Session", "Url", "User", "Issuer", "Subject"]
        .map(
          sentinel
        ),
      ...["Workload", "Credential", "Continue", "Execution"].map(sentinel),
      payload,
      ...sandboxes.map(({ token }) => Redacted.value(token)),
      Redacted.value(keys.key)
    ]
  })
