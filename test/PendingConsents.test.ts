import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { contract } from "./support/consentStore.js"
import * as Recorder from "./support/recorder.js"
import * as Tools from "./support/tools.js"
import { cpuTime, same, secret, sessionUntil, sessionUri } from "./support/utils.js"

const session = sessionUntil(10 * 60_000)

const alice = { userId: "alice" }

const own = { sessionUri: secret(sessionUri), user: alice, values: [] }

const claim = Effect.flatMap(PendingConsents.PendingConsents, (pending) => pending.claim(own))

const open = (user: { readonly userId: string }) =>
  Effect.flatMap(PendingConsents.PendingConsents, (pending) => pending.open({ session, user }))

const reason = Effect.map(Effect.flip(claim), (error) => error.reason)

describe("PendingConsents", () => {
  contract(Tools.testWith(), Effect.succeed({ layer: () => PendingConsents.layerMemory }), { shared: false })

  it.effect("distinguishes unknown and expired sessions, and forgets expired ones later", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* reason, "Unknown")
      yield* open(alice)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* reason, "Expired")
      yield* TestClock.adjust("10 minutes")
      yield* Effect.flatMap(PendingConsents.PendingConsents, (pending) =>
        pending.open({
          user: alice,
          session: new ConsentSession({ ...session, sessionUri: secret(`${sessionUri}-other`) })
        }))
      assert.strictEqual(yield* reason, "Unknown")
    }).pipe(Effect.provide(PendingConsents.layerMemory)))

  it.effect("does not take longer when more sessions are stored", () =>
    Effect.gen(function*() {
      const pending = yield* PendingConsents.PendingConsents
      let number = 0
      const openMany = (count: number) =>
        Effect.forEach(Array.from({ length: count }), () => {
          // The checks of the constructor would take most of the time.
          const other = Object.create(session, { sessionUri: { value: secret(`${sessionUri}-${number++}`) } })
          return pending.open({ user: alice, session: other })
        }, { discard: true })
      // Uses the test clock. In real time, earlier sessions would have expired, and would be removed.
      const time = (count: number) =>
        Effect.suspend(() => {
          const start = cpuTime()
          return Effect.map(openMany(count), () => cpuTime() - start)
        })
      yield* openMany(2_000)
      const few = yield* time(1_000)
      yield* openMany(30_000)
      // A collection of garbage, which takes longer with more sessions, is in one of them at most.
      const many = Math.min(yield* time(1_000), yield* time(1_000), yield* time(1_000))
      // It took 30 times as long when each opening read all sessions.
      assert.isBelow(many, 6 * few + 20)
    }).pipe(Effect.provide(PendingConsents.layerMemory)))

  it("encodes everything that a store keeps, and quotes nothing that it cannot decode", () => {
    const pending: PendingConsents.PendingConsent = {
      session,
      user: { userToken: secret("header.payload.signature") },
      workload: "agent",
      credential: "calendar",
      continue: "/chat"
    }
    const json = Schema.encodeSync(Schema.fromJsonString(PendingConsents.PendingConsent))(pending)
    same(Schema.decodeSync(Schema.fromJsonString(PendingConsents.PendingConsent))(json), pending)
    const unescaped = json.replace("header.payload.signature", "header.payload.signature\" ")
    for (const damaged of [json.slice(1), unescaped, json.replace("\"google\"", "7"), "{}", "null"]) {
      const error = Result.flip(Schema.decodeResult(Schema.fromJsonString(PendingConsents.PendingConsent))(damaged))
      assert(Result.isSuccess(error))
      Recorder.assertSecretFree(Recorder.faces(error.success), [sessionUri, "header.payload.signature"])
    }
  })
})
