import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import * as Folder from "../support/folder.js"
import * as Backend from "../support/localBackend.js"
import { LocalBackend } from "../support/localBackend.js"
import * as Signals from "../support/signals.js"
import * as Sqlite from "../support/sqlite.js"
import { Calendar, database, Mail, Meetings, Report, runner } from "./durable-consent.ts"

const alice = { userId: "alice" }

const setUp = Effect.andThen(
  Backend.createWorkload("my-agent", ["https://agent.example.com/connect/return"]),
  Backend.createProvider("calendar")
)

/** Alice connects her calendar, and the page of `Connect` signals it. */
const connect = Effect.gen(function*() {
  const local = yield* LocalBackend.LocalBackend
  const error = yield* Effect.flip(AccessToken.get(Calendar))
  if (error._tag === "RequiresUserConsent") yield* local.approve(error.session.sessionUri)
  const signals = yield* PendingConsents.ConsentSignals
  const grant = yield* Signals.grant({ workload: "my-agent", user: alice, credential: "calendar" })
  yield* signals.signal(grant, "Completed")
}).pipe(Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent", user: alice })))

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.tap(condition, () => Effect.sleep("5 millis")), { until: Boolean }).pipe(
    Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.fail("not in time") })
  )

const application = () => {
  const mails: Array<string> = []
  const tokens: Array<string> = []
  const count = (token: Redacted.Redacted) => Effect.sync(() => tokens.push(Redacted.value(token)))
  return {
    mails,
    tokens,
    layer: Layer.mergeAll(
      Layer.succeed(Mail, { send: (user, text) => Effect.sync(() => void mails.push(`${user}: ${text}`)) }),
      Layer.succeed(Meetings, { count })
    )
  }
}

const planes = Layer.provideMerge(Identity.layer, Backend.backend())

const start = Report.execute({ user: "alice", week: "2026-W48" }, { discard: true })

const stateOf = (id: string) =>
  Effect.map(Report.poll(id), (polled) => {
    const result = Option.getOrUndefined(polled)
    return result?._tag === "Complete" && result.exit._tag === "Success" ? result.exit.value : result?._tag
  })

describe("a workflow that waits for days", () => {
  it.effect("continues when the user has connected the calendar", () => {
    const { layer, mails, tokens } = application()
    const memory = ObtainConsent.layerSignals.pipe(
      Layer.provideMerge(Layer.merge(PendingConsents.layerMemory, WorkflowEngine.layerMemory))
    )
    const untilLive = flow(until, TestClock.withLive)
    return Effect.gen(function*() {
      yield* setUp
      const id = yield* start
      yield* untilLive(Effect.map(stateOf(id), (state) => state === "Suspended"))
      yield* TestClock.adjust("1 day")
      yield* untilLive(Effect.sync(() => mails.length === 2))
      assert.deepStrictEqual(mails, [
        "alice: Please connect your calendar: https://agent.example.com/connect/calendar",
        "alice: Reminder: please connect your calendar: https://agent.example.com/connect/calendar"
      ])
      yield* TestClock.adjust("1 day")
      yield* connect
      yield* untilLive(Effect.sync(() => tokens.length === 1))
      yield* untilLive(Effect.map(stateOf(id), (state) => state === "Suspended"))
      yield* TestClock.adjust("7 days")
      yield* untilLive(Effect.map(stateOf(id), (state) => state === "Meetings: 1, then 2"))
      // The token of the first week has expired by then.
      assert.notStrictEqual(tokens[0], tokens[1])
      assert.lengthOf(mails, 2)
    }).pipe(Effect.provide(runner.pipe(Layer.provideMerge(Layer.mergeAll(memory, planes, layer)))))
  })

  it.live("continues in another process, over the same database", () =>
    Effect.gen(function*() {
      const { layer, mails, tokens } = application()
      const client = Sqlite.client(yield* Folder.temporary, "app.db")
      // Each has an engine of its own.
      const startProcess = Layer.fresh(runner.pipe(Layer.provideMerge(database), Layer.provide(client))).pipe(
        Layer.provide(layer)
      )
      yield* setUp
      const id = yield* Effect.gen(function*() {
        const id = yield* start
        yield* until(Effect.map(stateOf(id), (state) => state === "Suspended" && mails.length === 1))
        return id
      }).pipe(Effect.provide(startProcess))
      yield* Effect.gen(function*() {
        yield* connect
        yield* until(Effect.sync(() => tokens.length === 1))
      }).pipe(Effect.provide(startProcess))
      assert.lengthOf(mails, 1)
      assert.isNotEmpty(id)
    }).pipe(
      Effect.provide(planes),
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({
          env: Object.fromEntries([["CONSENT_STORE_KEY", Buffer.alloc(32, 1).toString("base64url")]])
        })
      )
    ))
})
