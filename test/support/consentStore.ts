/** Tests of every store of consents: memory, Redis, SQLite and PostgreSQL. */
import { assert, describe } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as ConsentSignals from "effect-agentcore-identity/ConsentSignals"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type { PendingConsentsError } from "effect-agentcore-identity/persistence/RedisPendingConsents"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as FastCheck from "fast-check"
import * as Sessions from "../../src/http/forwardAuth/sessions.js"
import * as ConsentCallback from "./consentCallback.js"
import { rounds } from "./rounds.js"
import type * as Tools from "./tools.js"
import { authorizationUrl, same, secret } from "./utils.js"

type Services = PendingConsents.PendingConsents | ConsentSignals.ConsentSignals

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
  readonly pending: PendingConsents.Service
  readonly signals: ConsentSignals.Service
}

/** Starts a process of the application. */
export const start = (store: Store, options: Keys = keys): Effect.Effect<Process, PendingConsentsError, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(store.layer(options))), (context) => ({
    pending: Context.get(context, PendingConsents.PendingConsents),
    signals: Context.get(context, ConsentSignals.ConsentSignals)
  }))

export const uriOf = (name: string): Redacted.Redacted => secret(`urn:ietf:params:oauth:request_uri:${name}`)

export const sessionOf = (name: string, minutes = 10): ConsentSession =>
  new ConsentSession({
    provider: "google",
    flow: "USER_FEDERATION",
    scopes: ["calendar"],
    customState: secret("where-the-user-was"),
    sessionUri: uriOf(name),
    authorizationUrl: secret(authorizationUrl),
    expiresAt: DateTime.addDuration(DateTime.nowUnsafe(), `${minutes} minutes`)
  })

const alice = { userId: "alice" }

const reasonOf = <A>(claim: Effect.Effect<A, PendingConsents.ConsentNotPending | PendingConsents.ConsentStoreError>) =>
  Effect.map(Effect.flip(claim), (error) => error._tag === "ConsentNotPending" ? error.reason : error.message)

const jwt = (claims: object) => secret(`e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`)

const subject = { iss: "https://id.example.com", sub: "alice" }

const steps = FastCheck.array(
  FastCheck.record({
    process: FastCheck.nat(1),
    session: FastCheck.nat(2),
    /** `undefined` claims. */
    user: FastCheck.option(FastCheck.constantFrom("alice", "bob"), { nil: undefined }),
    pause: FastCheck.nat(3)
  }),
  { minLength: 2, maxLength: 24 }
)

const pauseFor = (iterations: number) =>
  Effect.forEach(Array.from({ length: iterations }), () => Effect.yieldNow, { discard: true })

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
          same(yield* two.pending.claim(uriOf(`whole-${index}`)), pending)
        }
        const bare = { session: sessionOf("bare"), user: alice }
        yield* one.pending.open(bare)
        same(yield* two.pending.claim(uriOf("bare")), bare)
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
            yield* session(user, { lifetime: 0 })
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

    test("claims a session once", () =>
      Effect.gen(function*() {
        const processes = yield* startTwo(yield* make)
        yield* processes[0].pending.open({ session: sessionOf("once"), user: alice })
        const claims = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, index) => processes[index % 2]!),
          ({ pending }) => Effect.result(pending.claim(uriOf("once"))),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(claims.filter(Result.isSuccess), 1)
        for (const claim of claims.filter(Result.isFailure)) {
          assert.deepInclude(claim.failure, { _tag: "ConsentNotPending", reason: "AlreadyClaimed" })
        }
      }))

    test("claims each session once, whatever runs at the same time", () =>
      Effect.gen(function*() {
        const processes = yield* startTwo(yield* make)
        let round = 0
        const property = FastCheck.asyncProperty(steps, (steps) =>
          Effect.gen(function*() {
            const prefix = `round-${round++}`
            const claimed: Array<string> = []
            const claim = (process: number, name: string) =>
              Effect.match(processes[process]!.pending.claim(uriOf(name)), {
                onFailure: (error) => assert.strictEqual(error._tag, "ConsentNotPending"),
                onSuccess: ({ user }) => {
                  claimed.push(name)
                  assert.include(["alice", "bob"], user.userId)
                }
              })
            yield* Effect.forEach(steps, ({ pause, process, session, user }) => {
              const name = `${prefix}-${session}`
              return Effect.andThen(
                pauseFor(pause),
                user === undefined
                  ? claim(process, name)
                  : processes[process]!.pending.open({ session: sessionOf(name), user: { userId: user } })
              )
            }, { concurrency: "unbounded", discard: true })
            // Sessions that were opened and not claimed during the run are claimed at the end.
            const opened = new Set(
              steps.filter(({ user }) => user !== undefined).map(({ session }) => `${prefix}-${session}`)
            )
            yield* Effect.forEach(opened, (name) => claim(0, name))
            yield* Effect.forEach(opened, (name) => claim(1, name))
            assert.sameMembers(claimed, [...opened])
          }).pipe(Effect.runPromise))
        yield* Effect.promise(() => FastCheck.assert(property, { numRuns: rounds({ few: 10, full: 60 }) }))
      }))

    test("completes the session in one of two concurrent callbacks, and the other one reports it as used", () =>
      Effect.gen(function*() {
        const processes = yield* startTwo(yield* make)
        for (let round = 0; round < rounds({ few: 5, full: 40 }); round++) {
          const name = `race-${round}`
          yield* processes[0].pending.open({ session: sessionOf(name), user: alice })
          let completions = 0
          const identity = Layer.mock(Identity.Identity, {
            completeAuthorization: () =>
              Effect.sync(() => {
                completions++
              })
          })
          const outcomes = yield* Effect.forEach(processes, (process, index) =>
            Effect.andThen(
              pauseFor((round * (index + 1)) % 5),
              ConsentCallback.visit(uriOf(name), alice).pipe(
                Effect.provideService(PendingConsents.PendingConsents, process.pending),
                Effect.provideService(ConsentSignals.ConsentSignals, process.signals),
                Effect.provide(identity)
              )
            ), { concurrency: "unbounded" })
          assert.sameMembers(outcomes.map(({ _tag }) => _tag), ["Completed", "AlreadyUsed"])
          assert.strictEqual(completions, 1)
        }
      }))

    test("stores the user of the last opening, and never reopens a claimed session", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        yield* one.pending.open({ session: sessionOf("again"), user: { userId: "bob" } })
        yield* two.pending.open({ session: sessionOf("again"), user: alice })
        assert.deepStrictEqual((yield* one.pending.claim(uriOf("again"))).user, alice)
        yield* two.pending.open({ session: sessionOf("again"), user: alice })
        assert.strictEqual(yield* reasonOf(one.pending.claim(uriOf("again"))), "AlreadyClaimed")
        assert.strictEqual(yield* reasonOf(two.pending.claim(uriOf("again"))), "AlreadyClaimed")
      }))

    test("distinguishes unknown, expired and claimed sessions", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        assert.strictEqual(yield* reasonOf(one.pending.claim(uriOf("never"))), "Unknown")
        yield* one.pending.open({ session: sessionOf("old", -1), user: alice })
        assert.strictEqual(yield* reasonOf(two.pending.claim(uriOf("old"))), "Expired")
      }))

    test("lists claimed sessions until they are settled", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const unsettled = (uri?: Redacted.Redacted) => two.pending.unsettled?.(uri) ?? Effect.succeed([])
        const names = ["open", "claimed", "settled"] as const
        const pending = Object.fromEntries(
          names.map((
            name
          ) => [name, { session: sessionOf(name), user: alice, workload: "agent", credential: "calendar" }])
        )
        const open = (process: Process, name: string) => process.pending.open(pending[name]!)
        yield* Effect.forEach(names, (name) => open(one, name))
        yield* Effect.forEach(["claimed", "settled"], (name) => one.pending.claim(uriOf(name)))
        assert.lengthOf(yield* unsettled(), 2)
        // Only a claimed session has an outcome.
        yield* Effect.forEach(
          ["settled", "open", "unknown"],
          (name) => one.pending.settle?.(uriOf(name)) ?? Effect.void
        )
        same(yield* unsettled(), [pending["claimed"]])
        same(yield* unsettled(uriOf("claimed")), [pending["claimed"]])
        for (const name of ["open", "settled", "unknown"]) same(yield* unsettled(uriOf(name)), [])
        for (const name of ["claimed", "settled"]) {
          yield* open(two, name)
          assert.strictEqual(yield* reasonOf(two.pending.claim(uriOf(name))), "AlreadyClaimed")
        }
        same(yield* one.pending.claim(uriOf("open")), pending["open"])
      }))

    test("lists the waits for a grant until they end or expire", () =>
      Effect.gen(function*() {
        const [one, two] = yield* startTwo(yield* make)
        const grant = (user: UserIdentifier, credential = "calendar") =>
          ConsentSignals.grant({ workload: "agent", user, credential })
        const topic = yield* grant(alice)
        const inAnHour = DateTime.addDuration(DateTime.nowUnsafe(), "1 hour")
        const register = (topic: ConsentSignals.Topic, execution: string, expiresAt = inAnHour) =>
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
          const topic = yield* ConsentSignals.grant({ workload: "agent", user: alice, credential: "calendar" })
          const inAnHour = DateTime.addDuration(DateTime.nowUnsafe(), "1 hour")
          const oldOnly = yield* start(store, { key: keyOf(1) })
          yield* Effect.forEach(
            ["one", "two", "three"],
            (name) => oldOnly.pending.open({ session: sessionOf(name), user: alice })
          )
          yield* oldOnly.signals.register({ topic, execution: "old", expiresAt: inAnHour })
          yield* oldOnly.pending.claim(uriOf("three"))
          const ofRotation = yield* start(store, { key: keyOf(2), previousKeys: [keyOf(1)] })
          const [unsettled] = yield* ofRotation.pending.unsettled?.() ?? Effect.succeed([])
          same(unsettled?.session.sessionUri, uriOf("three"))
          const both = yield* start(store, { key: keyOf(2, "base64"), previousKeys: [keyOf(3), keyOf(1, "hex")] })
          assert.deepStrictEqual((yield* both.pending.claim(uriOf("one"))).user, alice)
          assert.strictEqual(yield* reasonOf(oldOnly.pending.claim(uriOf("one"))), "AlreadyClaimed")
          // A session that is opened again keeps one name.
          yield* both.pending.open({ session: sessionOf("two"), user: { userId: "bob" } })
          assert.strictEqual(yield* reasonOf(oldOnly.pending.claim(uriOf("two"))), "Unknown")
          assert.deepStrictEqual((yield* both.pending.claim(uriOf("two"))).user, { userId: "bob" })
          yield* both.pending.open({ session: sessionOf("three"), user: alice })
          assert.strictEqual(yield* reasonOf(both.pending.claim(uriOf("three"))), "AlreadyClaimed")
          yield* both.signals.register({ topic, execution: "new", expiresAt: inAnHour })
          assert.sameMembers([...yield* both.signals.registrations(topic)], ["old", "new"])
          yield* both.signals.unregister(topic, "old")
          const newOnly = yield* start(store, { key: keyOf(2) })
          assert.deepStrictEqual(yield* newOnly.signals.registrations(topic), ["new"])
          assert.deepStrictEqual(yield* oldOnly.signals.registrations(topic), [])
          assert.strictEqual(yield* reasonOf(newOnly.pending.claim(uriOf("three"))), "Unknown")
        }))

      test("claims each session once during a rotation of keys, when processes have different names for it", () =>
        Effect.gen(function*() {
          const store = yield* make
          const processes = [
            yield* start(store, { key: keyOf(1), previousKeys: [keyOf(2)] }),
            yield* start(store, { key: keyOf(2), previousKeys: [keyOf(1)] })
          ]
          const names = Array.from({ length: rounds({ few: 100, full: 400 }) }, (_, index) => `rotation-${index}`)
          const claim = ({ pending }: Process, name: string) =>
            Effect.map(Effect.result(pending.claim(uriOf(name))), (claim) => Result.isSuccess(claim) ? [name] : [])
          const claimed = yield* Effect.forEach(
            names,
            (name, index) =>
              Effect.forEach(processes, (process, iteration) =>
                pauseFor((index * (iteration + 1)) % 7).pipe(
                  Effect.andThen(process.pending.open({ session: sessionOf(name), user: alice })),
                  Effect.andThen(claim(process, name))
                ), { concurrency: "unbounded" }),
            { concurrency: 4 }
          )
          const left = yield* Effect.forEach(names, (name, index) => claim(processes[index % 2]!, name))
          assert.sameMembers([...claimed.flat(2), ...left.flat()], names)
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
    const wait = (process: Process, name: string, base: TokenPoller.Poller) =>
      ConsentSignals.poller(process.signals, base)({
        session: sessionOf(name),
        poll: Effect.succeedSome(secret(`token of ${name}`))
      })

    /** A subscription begins in the background. */
    const connected = (sender: Process, receiver: Process) =>
      Effect.gen(function*() {
        let received = false
        const topic = ConsentSignals.session(uriOf("connected"))
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
      const [kind, base] of [["the default poller", TokenPoller.defaultPoller], ["a schedule", hardlyPolls]] as const
    ) {
      test(`ends a wait of ${kind} at once, with the token or with the reason`, () =>
        Effect.gen(function*() {
          const store = yield* make
          const [waiting, callback] = [yield* start(store), yield* start(store)]
          yield* connected(callback, waiting)
          const fiber = yield* Effect.forkChild(wait(waiting, "given", base))
          yield* Effect.sleep("1 millis")
          yield* callback.signals.signal(ConsentSignals.session(uriOf("given")), "Completed")
          // The default poller polls after 5 seconds.
          const token = yield* Effect.timeout(Fiber.join(fiber), "4 seconds")
          same(token, secret("token of given"))
          for (const reason of ["WrongUser", "Denied"] as const) {
            const ended = yield* Effect.forkChild(Effect.flip(wait(waiting, reason, base)))
            yield* callback.signals.signal(ConsentSignals.session(uriOf(reason)), reason)
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
        yield* callback.signals.signal(ConsentSignals.session(uriOf("early")), "Completed")
        // Messages arrive in order, so this one arrives after the other.
        const topic = yield* ConsentSignals.grant({ workload: "agent", user: alice, credential: "calendar" })
        const granted = yield* Effect.forkChild(
          Effect.provideService(ConsentSignals.next(topic), ConsentSignals.ConsentSignals, waiting.signals)
        )
        yield* Effect.sleep("1 millis")
        yield* callback.signals.signal(topic, "Completed")
        assert.strictEqual(yield* Effect.timeout(Fiber.join(granted), "4 seconds"), "Completed")
        const token = yield* Effect.timeout(wait(waiting, "early", TokenPoller.defaultPoller), "4 seconds")
        same(token, secret("token of early"))
      }))
  })
}

// -----------------------------------------------------------------------------
// Secrets
// -----------------------------------------------------------------------------

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
      yield* pending.open({ session: session(`claimed-${index}`), user, ...more })
      yield* pending.claim(session(`claimed-${index}`).sessionUri)
      const topic = yield* ConsentSignals.grant({ ...more, user })
      const expiresAt = DateTime.addDuration(DateTime.nowUnsafe(), "1 hour")
      yield* signals.register({ topic, execution: sentinel("Execution"), expiresAt })
      yield* signals.signal(topic, "Completed")
      yield* signals.signal(ConsentSignals.session(session(`${index}`).sessionUri), "WrongUser")
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
