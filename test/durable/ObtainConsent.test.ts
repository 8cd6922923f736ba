import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import { TransportError, ValidationException } from "effect-agentcore-identity/IdentityError"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Activity from "effect/workflow/Activity"
import * as DurableClock from "effect/workflow/DurableClock"
import * as Workflow from "effect/workflow/Workflow"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { setTimeout } from "node:timers/promises"
import * as Backend from "../support/localBackend.js"
import { LocalBackend } from "../support/localBackend.js"
import * as Recorder from "../support/recorder.js"
import * as Signals from "../support/signals.js"

const declare = (scope: string): Identity.AccessTokenCredential<"USER_FEDERATION"> =>
  class Declared extends AccessToken.Tag<Declared>()(`test/${scope}`, {
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes: [scope],
    returnUrl: Backend.returnUrl
  }) {}

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["calendar:read"],
  returnUrl: Backend.returnUrl
}) {}

const alice = { userId: "alice" }
const request: ObtainConsent.Request = { credential: Calendar, user: alice, episode: "1" }
const workload = "agent"
const topic = Signals.grant({ workload, user: alice, credential: "calendar" })

const day = 24 * 60 * 60_000

const baseOf = (accounts?: Connect.LinkOptions["accounts"], backend = Backend.backend()) =>
  Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload, accounts }).pipe(
    Layer.provideMerge(Identity.layer),
    Layer.provideMerge(Layer.mergeAll(backend, PendingConsents.layerMemory, WorkflowEngine.layerMemory))
  )

const base = baseOf()

const environment = (options: Parameters<typeof ObtainConsent.layer<unknown, never>>[0], services = base) =>
  ObtainConsent.layer(options).pipe(Layer.provideMerge(ObtainConsent.layerSignals), Layer.provideMerge(services))

/** Invitations, with the days on which they were sent. */
const recordInvitations = () => {
  const sent: Array<Parameters<Parameters<typeof ObtainConsent.layer>[0]["invite"]>[0] & { readonly day: number }> = []
  return {
    sent,
    invite: (invitation: Parameters<Parameters<typeof ObtainConsent.layer>[0]["invite"]>[0]) =>
      Effect.map(Clock.currentTimeMillis, (now) => void sent.push({ ...invitation, day: now / day }))
  }
}

const poll = (id: string) => Effect.map(ObtainConsent.workflow.poll(id), Option.getOrUndefined)

/** The outcome, the reason of a failure, or `Suspended`. */
const stateOf = (id: string) =>
  Effect.map(poll(id), (result) => {
    if (result?._tag !== "Complete") return result?._tag
    if (result.exit._tag === "Success") return result.exit.value
    const failure = Cause.findErrorOption(result.exit.cause)
    return Option.isSome(failure) ? failure.value.reason : assert.fail(Cause.pretty(result.exit.cause))
  })

/** Uses the real clock, also under a `TestClock`. */
const sleepReally = (millis: number) => Effect.promise((signal) => setTimeout(millis, undefined, { signal }))

/** The engine computes digests, which take real time. Awaits a condition before the test clock moves. */
const until = (condition: Effect.Effect<boolean, never, WorkflowEngine.WorkflowEngine>) =>
  Effect.repeat(Effect.tap(condition, () => sleepReally(1)), { until: Boolean }).pipe(
    Effect.raceFirst(Effect.andThen(sleepReally(30_000), Effect.die(new Error("not in time"))))
  )

const awaitState = (id: string, state: string) => until(Effect.map(stateOf(id), (current) => current === state))

const awaitLength = (list: ReadonlyArray<unknown>, length: number) => until(Effect.sync(() => list.length === length))

const asAlice = Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user: alice }))

/** Alice consents, and the process with the page is killed before it signals. */
const consent = Effect.gen(function*() {
  const error = yield* Effect.flip(AccessToken.get(Calendar))
  if (error._tag !== "RequiresUserConsent") return assert.fail(error._tag)
  const local = yield* LocalBackend.LocalBackend
  yield* local.approve(error.session.sessionUri)
}).pipe(asAlice)

/** An execution that waits for Alice. */
const suspended = Effect.tap(ObtainConsent.start(request), (id) => awaitState(id, "Suspended"))
const waiting = Effect.andThen(Backend.setup, suspended)

/** The page signals that a consent is complete. */
const signal = Effect.gen(function*() {
  const signals = yield* PendingConsents.ConsentSignals
  yield* signals.signal(yield* topic, "Completed")
})

const registrations = Effect.gen(function*() {
  const signals = yield* PendingConsents.ConsentSignals
  return yield* signals.registrations(yield* topic)
})

describe("ObtainConsent on the in-memory engine", () => {
  it.effect("invites a user who has connected another account, until it is their own", () => {
    const { invite, sent } = recordInvitations()
    let label = "mallory"
    const services = baseOf({
      calendar: {
        account: (token) => Effect.succeed({ id: Redacted.value(token), label }),
        expect: (user, account) => account.label === user.userId
      }
    })
    return Effect.gen(function*() {
      yield* Backend.setup
      yield* consent
      const id = yield* suspended
      assert.lengthOf(sent, 1)
      label = "alice"
      yield* consent
      yield* TestClock.adjust("1 day")
      yield* awaitState(id, "Granted")
    }).pipe(Effect.provide(environment({ invite }, services)))
  })

  it.effect("invites, reminds, and expires", () => {
    const { invite, sent } = recordInvitations()
    return Effect.gen(function*() {
      const id = yield* waiting
      assert.lengthOf(yield* registrations, 1)
      for (const [index, wait] of (["1 day", "2 days"] as const).entries()) {
        yield* TestClock.adjust(wait)
        yield* awaitLength(sent, index + 2)
        yield* awaitState(id, "Suspended")
      }
      assert.deepStrictEqual(sent.map(({ day, reminder }) => [reminder, Math.floor(day)]), [[0, 0], [1, 1], [2, 3]])
      for (const { credential, link, user, workload } of sent) {
        assert.deepStrictEqual(
          { credential, link, user, workload },
          { credential: "calendar", link: "https://agent.example.com/connect/calendar", user: alice, workload: "agent" }
        )
      }
      assert.strictEqual(new Set(sent.map(({ key }) => key)).size, 3)
      yield* TestClock.adjust("95 hours")
      yield* awaitState(id, "Suspended")
      yield* TestClock.adjust("1 hour")
      yield* awaitState(id, "Expired")
      assert.deepStrictEqual(yield* registrations, [])

      // An equal request is the same execution. Another episode prompts again.
      assert.strictEqual(yield* ObtainConsent.start(request), id)
      const next = yield* ObtainConsent.start({ ...request, episode: "2" })
      assert.notStrictEqual(next, id)
      yield* awaitLength(sent, 4)
    }).pipe(Effect.provide(environment({ invite })))
  })

  it.effect("does not prompt for a granted credential until it is revoked and a new episode begins", () => {
    const { invite, sent } = recordInvitations()
    return Effect.gen(function*() {
      yield* Backend.setup
      yield* consent
      const first = yield* ObtainConsent.start(request)
      yield* awaitState(first, "AlreadyGranted")
      assert.deepStrictEqual([sent, yield* registrations], [[], []])

      const local = yield* LocalBackend.LocalBackend
      for (const { id } of yield* local.grants) yield* local.forgetGrant(id)
      yield* ObtainConsent.start({ ...request, episode: "2" })
      yield* awaitLength(sent, 1)
    }).pipe(Effect.provide(environment({ invite })))
  })

  it.effect("finds a consent without a signal within an hour", () => {
    const { invite, sent } = recordInvitations()
    return Effect.gen(function*() {
      const id = yield* waiting
      yield* consent
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* stateOf(id), "Suspended")
      yield* TestClock.adjust("1 minute")
      yield* awaitState(id, "Granted")
      assert.lengthOf(sent, 1)
      assert.deepStrictEqual(yield* registrations, [])
    }).pipe(Effect.provide(environment({ invite })))
  })

  it.effect("resumes an execution whose signal was lost when its link is opened again", () => {
    const { invite, sent } = recordInvitations()
    return Effect.gen(function*() {
      const id = yield* waiting
      yield* consent
      const { app } = yield* Connect.httpApp({
        path: "/connect",
        credentials: { calendar: Calendar },
        workload,
        currentUser: Effect.succeed(alice)
      })
      const page = HttpServerRequest.fromWeb(new Request(sent[0]?.link ?? ""))
      const { status } = yield* Effect.scoped(Effect.provideService(app, HttpServerRequest.HttpServerRequest, page))
      assert.strictEqual(status, 200)
      yield* awaitState(id, "Granted")
      assert.deepStrictEqual(yield* registrations, [])
    }).pipe(Effect.provide(environment({ invite })))
  })

  it.effect("resumes all executions after one consent, and each runs its activity once, with a fresh token", () => {
    const { invite, sent } = recordInvitations()
    const tokens: Array<string> = []
    const Report = Workflow.make("test/Report", {
      payload: { name: Schema.String },
      success: Schema.Tuple([Schema.String, Schema.Literals(["Granted", "AlreadyGranted"])]),
      error: ObtainConsent.ConsentNotObtained,
      idempotencyKey: ({ name }) => name
    })
    const report = Report.toLayer(({ name }) =>
      Effect.gen(function*() {
        const text = yield* Activity.make({
          name: "read",
          success: Schema.String,
          execute: Effect.map(Calendar, (token) => {
            tokens.push(Redacted.value(token))
            return `report of ${name}`
          })
        }).pipe(ObtainConsent.orAsk(Calendar, { user: alice }))
        // The workflow body runs again after the consent.
        yield* DurableClock.sleep({ name: "a day", duration: "1 day" })
        return [text, yield* ObtainConsent.obtain({ ...request, episode: "again" })] as const
      })
    )
    return Effect.gen(function*() {
      yield* Backend.setup
      const ids = [
        yield* ObtainConsent.start(request),
        yield* ObtainConsent.start({ ...request, episode: "2" })
      ]
      const reports = yield* Effect.forEach(["one", "two"], (name) => Report.execute({ name }, { discard: true }))
      yield* awaitLength(sent, 4)
      assert.deepStrictEqual([(yield* registrations).length, tokens.length], [4, 0])
      yield* TestClock.adjust("2 hours")
      yield* consent
      yield* signal
      for (const id of ids) yield* awaitState(id, "Granted")
      yield* awaitLength(tokens, 2)
      assert.deepStrictEqual(yield* registrations, [])
      const isSuspended = (id: string) => Effect.map(Report.poll(id), Option.exists(({ _tag }) => _tag === "Suspended"))
      const isComplete = (id: string) => Effect.map(Report.poll(id), Option.exists(({ _tag }) => _tag === "Complete"))
      for (const id of reports) yield* until(isSuspended(id))
      yield* TestClock.adjust("1 day")
      for (const [index, name] of ["one", "two"].entries()) {
        const id = reports[index] ?? ""
        yield* until(isComplete(id))
        const result = Option.getOrUndefined(yield* Report.poll(id))
        assert.deepStrictEqual(
          result?._tag === "Complete" && result.exit._tag === "Success" && result.exit.value,
          [`report of ${name}`, "AlreadyGranted"]
        )
      }
      assert.deepStrictEqual([sent.length, tokens.length], [4, 2])
    }).pipe(Effect.provide(Layer.provideMerge(report, environment({ invite }))))
  })

  it.effect("orAsk passes no token of a wrong account on, whatever Identity the program has", () => {
    const { invite, sent } = recordInvitations()
    let isUsed = false
    const Read = Workflow.make("test/ReadOwn", {
      payload: {},
      error: ObtainConsent.ConsentNotObtained,
      idempotencyKey: () => "one"
    })
    const read = Read.toLayer(() =>
      Activity.make({ name: "read", execute: Effect.map(Calendar, () => void (isUsed = true)) }).pipe(
        ObtainConsent.orAsk(Calendar, { user: alice }),
        Effect.provideServiceEffect(Identity.Identity, Identity.make)
      )
    )
    const services = baseOf({
      calendar: { account: () => Effect.succeed({ id: "1", label: "mallory" }), expect: () => false }
    })
    return Effect.gen(function*() {
      yield* Backend.setup
      yield* consent
      yield* Read.execute({}, { discard: true })
      yield* until(Effect.sync(() => isUsed || sent.length > 0))
      assert.deepStrictEqual([isUsed, sent.length], [false, 1])
    }).pipe(Effect.provide(Layer.provideMerge(read, environment({ invite }, services))))
  })

  it.effect("orAsk returns a failure of the activity, repeats it in a retry, and fails when a consent has no effect", () => {
    const { invite, sent } = recordInvitations()
    class NoSuchCalendar extends Schema.TaggedError<NoSuchCalendar>()("NoSuchCalendar", {}) {}
    const Read = Workflow.make("test/Read", {
      payload: { userId: Schema.String },
      error: Schema.Union([ObtainConsent.ConsentNotObtained, NoSuchCalendar]),
      idempotencyKey: ({ userId }) => userId
    })
    const failures: Array<string> = []
    const read = Read.toLayer(({ userId }) =>
      Activity.make({
        name: "read",
        error: NoSuchCalendar,
        execute: Effect.andThen(Calendar, new NoSuchCalendar())
      }).pipe(
        ObtainConsent.orAsk(Calendar, { user: { userId } }),
        Effect.tapError((error) => Effect.sync(() => failures.push("reason" in error ? error.reason : error._tag))),
        // AgentCore does not have the provider at first.
        Effect.tapError(() => failures.length === 1 ? Effect.orDie(Backend.setup) : Effect.void),
        Activity.retry({ times: 1, while: (error) => "reason" in error && error.reason === "Unavailable" })
      )
    )
    return Effect.gen(function*() {
      const id = yield* Read.execute({ userId: "bob" }, { discard: true })
      yield* awaitLength(sent, 1)
      const signals = yield* PendingConsents.ConsentSignals
      const bob = yield* Signals.grant({ workload, user: { userId: "bob" }, credential: "calendar" })
      yield* signals.signal(bob, "Completed")
      yield* until(Effect.map(Read.poll(id), Option.exists(({ _tag }) => _tag === "Complete")))
      yield* consent
      yield* Effect.flip(Read.execute({ userId: "alice" }))
      assert.strictEqual(failures.pop(), "NoSuchCalendar")
      // The body has run twice: the wait suspends it.
      assert.deepStrictEqual(failures, ["Unavailable", "Unavailable", "StillRequired"])
    }).pipe(Effect.provide(Layer.provideMerge(read, environment({ invite }))))
  })

  it.effect("stores no message of a failure, and continues when a reminder fails", () => {
    const sentinel = "sentinel-token-of-the-mail-server"
    class MailFailed extends Data.TaggedError("MailFailed")<{ readonly text: string }> {}
    let failure: Effect.Effect<void, MailFailed> = new MailFailed({ text: sentinel })
    let attempts = 0
    return Effect.gen(function*() {
      yield* Backend.setup
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        for (const [episode, error] of [["failure", failure], ["defect", Effect.die(new Error(sentinel))]] as const) {
          failure = error
          const id = yield* ObtainConsent.start({ ...request, episode })
          yield* awaitState(id, "InvitationFailed")
          const stored = JSON.stringify(yield* poll(id))
          assert.include(stored, episode === "failure" ? "MailFailed" : "\"error\":\"Error\"")
          Recorder.assertSecretFree([stored], [sentinel])
        }
        failure = Effect.void
        const id = yield* ObtainConsent.start({ ...request, episode: "reminders" })
        yield* awaitState(id, "Suspended")
        failure = new MailFailed({ text: sentinel })
        for (const [index, wait] of (["1 day", "2 days"] as const).entries()) {
          yield* TestClock.adjust(wait)
          yield* until(Effect.sync(() => attempts === index + 4))
          yield* awaitState(id, "Suspended")
        }
        assert.lengthOf(yield* registrations, 1)
      }).pipe(Effect.provide(recorder.layer))
      Recorder.assertSecretFree(yield* recorder.everything, [sentinel])
    }).pipe(Effect.provide(environment({
      invite: () =>
        Effect.suspend(() => {
          attempts++
          return failure
        })
    })))
  })

  it.effect("ends as Unavailable when AgentCore rejects the request, or the runner lacks the credential", () =>
    Effect.gen(function*() {
      // There is no workload identity.
      const rejected = yield* ObtainConsent.start(request)
      const unknown = yield* ObtainConsent.workflow.execute(
        { workload, userId: "alice", credential: "mail", episode: "1" },
        { discard: true }
      )
      yield* awaitState(rejected, "Unavailable")
      yield* awaitState(unknown, "UnknownCredential")
      assert.include(JSON.stringify(yield* poll(rejected)), "AccessDeniedException")
      assert.deepStrictEqual(yield* registrations, [])
    }).pipe(Effect.provide(environment({ invite: () => Effect.void }))))

  it.effect("begins when AgentCore responds again, and ends as Unavailable after ten minutes", () => {
    let failures = 3
    const { invite, sent } = recordInvitations()
    const unreachable = new TransportError({ operation: "GetResourceOauth2Token", kind: "connection" })
    const plane = Layer.effect(
      DataPlane.DataPlane,
      Effect.map(DataPlane.DataPlane, (plane) => ({
        ...plane,
        getResourceOauth2Token: (request) => failures-- > 0 ? unreachable : plane.getResourceOauth2Token(request)
      }))
    )
    const services = baseOf(undefined, Layer.provideMerge(plane, Backend.backend()))
    const passTime = (id: string, step: Duration.Input, end: string) =>
      until(Effect.map(Effect.andThen(TestClock.adjust(step), stateOf(id)), (state) => state === end))
    return Effect.gen(function*() {
      yield* Backend.setup
      const id = yield* ObtainConsent.start(request)
      yield* passTime(id, "1 second", "Suspended")
      assert.lengthOf(sent, 1)
      failures = Infinity
      const other = yield* ObtainConsent.start({ ...request, episode: "2" })
      const begin = yield* Clock.currentTimeMillis
      yield* passTime(other, "1 minute", "Unavailable")
      assert.isAtLeast((yield* Clock.currentTimeMillis) - begin, 10 * 60_000)
      assert.lengthOf(sent, 1)
    }).pipe(Effect.provide(environment({ invite }, services)))
  })

  it.effect("rejects an invalid request or option, and names it", () =>
    Effect.gen(function*() {
      const build = (options: object) =>
        Layer.build(environment({ invite: () => Effect.void, ...options })).pipe(
          Effect.sandbox,
          Effect.flip,
          Effect.map((cause) => Cause.squash(cause)),
          Effect.map((error) => error instanceof ValidationException ? error.message : assert.fail(String(error)))
        )
      assert.include(yield* build({ invite: "mail" }), "invite")
      assert.include(yield* build({ patience: "soon" }), "patience")
      for (const reminders of [["2 days", "1 day"], ["8 days"], ["0 millis"]]) {
        assert.include(yield* build({ reminders }), "ascending order")
      }
      const start = (change: object) => Effect.flip(ObtainConsent.start({ ...request, ...change }))
      assert.include((yield* start({ user: { userId: "" } })).message, "userId")
      assert.include((yield* start({ user: { userToken: Redacted.make("a.b.c") } })).message, "userToken")
      assert.include((yield* start({ episode: "" })).message, "episode")
      assert.include((yield* start({ credential: declare("mail:send") })).message, "credentials of Connect")
      const jwt = Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload, users: "jwt" })
      assert.include((yield* Effect.provide(start({}), jwt)).message, "users set to 'jwt'")
    }).pipe(Effect.provide(environment({ invite: () => Effect.void }))))

  it.effect("never fails a signal, and keeps the execution registered when the engine or the store fails", () => {
    const sentinel = "sentinel-of-the-database"
    const { invite } = recordInvitations()
    return Effect.gen(function*() {
      const id = yield* waiting
      const signals = yield* PendingConsents.ConsentSignals
      const engine = yield* WorkflowEngine.WorkflowEngine
      const broken = Layer.succeed(WorkflowEngine.WorkflowEngine, {
        ...engine,
        deferredDone: () => Effect.die(new Error(sentinel))
      })
      const unreadable = Layer.succeed(PendingConsents.ConsentSignals, {
        ...signals,
        registrations: () =>
          new PendingConsents.ConsentStoreError({ operation: "registrations", reason: "ECONNREFUSED" })
      })
      const recorder = yield* Recorder.make
      const signalOver = <A>(layer: Layer.Layer<A>) =>
        signal.pipe(Effect.provide(Layer.provide(ObtainConsent.layerSignals, layer)), Effect.provide(recorder.layer))
      yield* signalOver(broken)
      yield* signalOver(unreadable)
      const lines = (yield* recorder.everything).join()
      assert.include(lines, "was not resumed")
      assert.include(lines, "ECONNREFUSED")
      Recorder.assertSecretFree([lines], [sentinel])
      assert.lengthOf(yield* registrations, 1)

      // Another program registers entries in its own format.
      const expiresAt = DateTime.makeUnsafe(day)
      yield* signals.register({ topic: yield* topic, execution: "an execution of another program", expiresAt })
      yield* Effect.provide(signal, ObtainConsent.layerSignals)
      yield* awaitState(id, "Granted")
      assert.deepStrictEqual(yield* registrations, ["an execution of another program"])
    }).pipe(Effect.provide(Layer.provideMerge(ObtainConsent.layer({ invite }), base)))
  })
})
