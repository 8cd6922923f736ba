import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Consent from "effect-agentcore-identity/Consent"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Recorder from "./support/recorder.js"
import { responses, same, secret, sessionUntil, sessionUri } from "./support/utils.js"

const alice = { userId: "alice" }

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", { provider: "calendar", flow: "USER_FEDERATION" }) {}

/** A store that shows what was stored. */
const recording = () => {
  const opened: Array<PendingConsents.PendingConsent> = []
  return {
    opened,
    layer: Layer.mock(PendingConsents.PendingConsents, {
      open: (consent) => Effect.sync(() => void opened.push(consent))
    })
  }
}

const caller = (user?: typeof alice) =>
  Effect.provideService(
    WorkloadAccessToken.WorkloadAccessToken,
    WorkloadAccessToken.make(secret("workload-token"), user)
  )

const planes = (script: ScriptedPlanes.Script = { getResourceOauth2Token: () => responses.consent }) =>
  Layer.provideMerge(Identity.layer, ScriptedPlanes.layer(script))

const statesSent = Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) =>
  Effect.map(
    planes.callsOf("getResourceOauth2Token"),
    (calls) => calls.map(({ request }) => request.customState)
  ))

const required = <E extends { readonly _tag: string }, R>(self: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.flip(self), ({ _tag }) => assert.strictEqual(_tag, "RequiresUserConsent"))

describe("a session of a program with PendingConsents", () => {
  it.effect("is stored with its user and a new random state, before the handler runs", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      yield* required(AccessToken.get(Calendar))
      const shown = AccessToken.get(Calendar, {
        consent: ({ customState }) => {
          same(opened.at(-1)?.session.customState, customState)
          assert.lengthOf(opened, 2)
          return Effect.fail({ _tag: "Shown" as const })
        }
      })
      assert.deepInclude(yield* Effect.flip(shown), { _tag: "Shown" })
      same(opened.map(({ session, user, workload }) => [session.sessionUri, user, workload]), [
        [secret(sessionUri), alice, undefined],
        [secret(sessionUri), alice, undefined]
      ])
      const states = (yield* statesSent).map((state) => Redacted.value(state ?? assert.fail("no state")))
      for (const state of states) assert.match(state, /^[0-9a-f]{32}$/)
      assert.strictEqual(new Set(states).size, 2)
      same(opened.map(({ session }) => session.customState), states.map(secret))
    }).pipe(caller(alice), Effect.provide([planes(), layer]))
  })

  it.effect("has no state, and is not stored, without the store, and in other flows", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      yield* required(AccessToken.get(Calendar))
      yield* Effect.provide(AccessToken.get({ provider: "calendar", flow: "M2M" }), layer)
      same(yield* statesSent, [undefined, undefined])
      assert.lengthOf(opened, 0)
    }).pipe(
      caller(alice),
      Effect.provide(planes({ getResourceOauth2Token: [responses.consent, responses.issued()] }))
    )
  })

  it.effect("is not stored by looks, which show it to nobody", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      const [status] = yield* Credentials.status([Calendar])
      assert.strictEqual(status?._tag, "NotGranted")
      same(yield* statesSent, [undefined])
      assert.lengthOf(opened, 0)
    }).pipe(caller(alice), Effect.provide([planes(), layer]))
  })

  it.effect("is not shown if the store fails", () => {
    const failure = new PendingConsents.ConsentStoreError({ operation: "open", reason: "ECONNREFUSED" })
    return Effect.gen(function*() {
      assert.strictEqual(yield* Effect.flip(AccessToken.get(Calendar)), failure)
      const shown = AccessToken.get(Calendar, { consent: () => Effect.die(new Error("shown")) })
      assert.strictEqual(yield* Effect.flip(shown), failure)
    }).pipe(
      caller(alice),
      Effect.provide([planes(), Layer.mock(PendingConsents.PendingConsents, { open: () => Effect.fail(failure) })])
    )
  })

  it.effect("needs the user of its caller: the log names the step", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.provide(required(AccessToken.get(Calendar)), recorder.layer)
      assert.lengthOf(opened, 0)
      assert.include((yield* recorder.everything).join("\n"), "Set it with WorkloadAccessToken.withUser")
      yield* required(AccessToken.get(Calendar).pipe(WorkloadAccessToken.withUser(alice)))
      same(opened.map(({ user }) => user), [alice])
      // A program in plain JavaScript can pass any value.
      const invalid = AccessToken.get(Calendar).pipe(WorkloadAccessToken.withUser("alice" as never))
      assert.strictEqual((yield* Effect.flip(invalid))._tag, "ValidationException")
    }).pipe(caller(), Effect.provide([planes(), layer]))
  })

  it.effect("has the program's own state, and a warning if it can be guessed", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const get = (customState: string) =>
        AccessToken.get({ provider: "calendar", flow: "USER_FEDERATION", customState: secret(customState) }).pipe(
          required,
          Effect.provide(recorder.layer)
        )
      yield* get("a-state-of-22-characters")
      assert.notInclude((yield* recorder.everything).join("\n"), "characters")
      yield* get("where-the-user-was-21")
      assert.include((yield* recorder.everything).join("\n"), "fewer than 22 characters")
      const states = ["a-state-of-22-characters", "where-the-user-was-21"].map(secret)
      same(yield* statesSent, states)
      same(opened.map(({ session }) => session.customState), states)
    }).pipe(caller(alice), Effect.provide([planes(), layer]))
  })

  it.effect("has no state where the program turns it off", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      yield* required(AccessToken.get(Calendar))
      same(yield* statesSent, [undefined])
      same(opened.map(({ session }) => session.customState), [undefined])
    }).pipe(
      Effect.provideService(Consent.ReturnState, false),
      caller(alice),
      Effect.provide([planes(), layer])
    )
  })

  it.effect("is stored again when it is resumed, unless it was started without a store", () => {
    const { layer, opened } = recording()
    const session = (customState?: string) =>
      new ConsentSession({
        ...sessionUntil(600_000),
        provider: "calendar",
        customState: customState === undefined ? undefined : secret(customState)
      })
    return Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const identity = yield* Identity.Identity
      const resume = (session: ConsentSession) =>
        Effect.provide(required(identity.resumeAccessToken(session)), recorder.layer)
      yield* resume(session("a-state-of-22-characters"))
      assert.lengthOf(opened, 1)
      assert.deepStrictEqual(
        yield* recorder.everything.pipe(Effect.map((all) => all.filter((line) => line.includes("WARN")))),
        []
      )
      yield* resume(session())
      assert.lengthOf(opened, 1)
      assert.include((yield* recorder.everything).join("\n"), "it was started without PendingConsents in context")
    }).pipe(
      caller(alice),
      Effect.provide([planes({ getResourceOauth2Token: () => responses.inProgress }), layer])
    )
  })

  it.effect("is one for ten calls at once, with the state that was sent", () =>
    Effect.gen(function*() {
      const pending = yield* PendingConsents.PendingConsents
      const sessions: Array<ConsentSession> = []
      const calls = yield* Effect.forkChild(Effect.all(
        Array.from({ length: 10 }, () =>
          AccessToken.get(Calendar, { consent: (session) => Effect.sync(() => void sessions.push(session)) })),
        { concurrency: "unbounded" }
      ))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(sessions, 10)
      const sent = (yield* statesSent).flatMap((state) =>
        state ?? []
      )
      assert.lengthOf(sent, 1)
      for (const session of sessions) same(session.customState, sent[0])
      const claim = { sessionUri: secret(sessionUri), user: alice, values: sent }
      same((yield* pending.claim(claim)).session.customState, sent[0])
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(yield* Fiber.join(calls), 10)
    }).pipe(
      caller(alice),
      Effect.provide(Layer.mergeAll(
        Identity.layer.pipe(
          Layer.provideMerge(CredentialCache.layer()),
          Layer.provideMerge(ScriptedPlanes.layer({
            getResourceOauth2Token: ({ sessionUri: uri }) =>
              uri === undefined ? Effect.delay(responses.consent, "100 millis") : responses.issued()
          }))
        ),
        PendingConsents.layerMemory
      ))
    ))

  it.effect("is never that of a look, which has no state", () => {
    const { layer, opened } = recording()
    return Effect.gen(function*() {
      const looks = yield* Effect.forkChild(Credentials.status([Calendar]))
      yield* Effect.yieldNow
      const call = yield* Effect.forkChild(required(AccessToken.get(Calendar)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(looks)
      yield* Fiber.join(call)
      assert.lengthOf(yield* statesSent, 2)
      assert.isDefined(opened[0]?.session.customState)
    }).pipe(
      caller(alice),
      Effect.provide(Layer.mergeAll(
        Identity.layer.pipe(
          Layer.provideMerge(CredentialCache.layer()),
          Layer.provideMerge(ScriptedPlanes.layer({
            getResourceOauth2Token: () => Effect.delay(responses.consent, "100 millis")
          }))
        ),
        layer
      ))
    )
  })
})
