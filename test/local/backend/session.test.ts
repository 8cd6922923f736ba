import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as FastCheck from "fast-check"
import {
  Event,
  type Rejection,
  type SessionTerms,
  settle,
  State,
  transition
} from "../../../src/local/backend/session.js"

const terms: SessionTerms = { artifact: "alice", expiresAt: 600 }

const final = new Set(["Completed", "Failed"])

interface Step {
  readonly event: Event
  /** Milliseconds since the previous step. */
  readonly after: number
}

interface Recorded extends Step {
  readonly before: State
  readonly result: Result.Result<State, Rejection>
  readonly state: State
  readonly now: number
}

const events: FastCheck.Arbitrary<Event> = FastCheck.oneof(
  FastCheck.constant(Event.BrowserSent()),
  FastCheck.nat(99).map((n) =>
    Event.CallbackAccepted({ callbackUrl: Redacted.make(`https://callback.test/?code=${n}`) })
  ),
  FastCheck.constantFrom("Denied" as const, "Rejected" as const).map((reason) => Event.CallbackRejected({ reason })),
  FastCheck.constantFrom("alice", "alice", "mallory").map((artifact) => Event.CompletionClaimed({ artifact })),
  FastCheck.nat(99).map((n) => Event.TokensStored({ grantId: `grant-${n}` })),
  FastCheck.constant(Event.ExchangeFailed()),
  { arbitrary: FastCheck.constant(Event.Expired()), weight: 1 }
)

// Random orders rarely reach a token, so every second history starts with a prefix of a successful one.
const way: ReadonlyArray<Event> = [
  Event.BrowserSent(),
  Event.CallbackAccepted({ callbackUrl: Redacted.make("https://callback.test/?code=1") }),
  Event.CompletionClaimed({ artifact: "alice" }),
  Event.TokensStored({ grantId: "grant" })
]

const steps: FastCheck.Arbitrary<ReadonlyArray<Step>> = FastCheck.tuple(
  FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(way.length)),
  FastCheck.array(
    FastCheck.record({ event: events, after: FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(200)) }),
    {
      maxLength: 12
    }
  )
).map(([length, rest]) => [...way.slice(0, length).map((event) => ({ event, after: 1 })), ...rest])

const run = (history: ReadonlyArray<Step>): ReadonlyArray<Recorded> => {
  const records: Array<Recorded> = []
  let now = 0
  let state: State = State.Pending()
  for (const step of history) {
    now += step.after
    const before: State = state
    const result: Result.Result<State, Rejection> = transition(terms, before, step.event, now)
    state = Result.getOrElse(result, () => settle(terms, before, now))
    records.push({ ...step, before, result, state, now })
  }
  return records
}

const property = (name: string, holds: (records: ReadonlyArray<Recorded>) => void) =>
  it(name, () => {
    FastCheck.assert(FastCheck.property(steps, (history) => holds(run(history))), { numRuns: 2000 })
  })

const accepted = (records: ReadonlyArray<Recorded>, tag: Event["_tag"]) =>
  records.filter(({ event, result }) => event._tag === tag && Result.isSuccess(result))

describe("a consent session", () => {
  it("passes from the first call to the token", () => {
    assert.deepStrictEqual(
      run(way.map((event) => ({ event, after: 1 }))).map(({ state }) => state._tag),
      ["Authorizing", "Authorized", "Completing", "Completed"]
    )
  })

  it("reports why an event changes nothing", () => {
    const callback = Event.CallbackAccepted({ callbackUrl: Redacted.make("https://callback.test/?code=2") })
    const claim = Event.CompletionClaimed({ artifact: "alice" })
    const rejection = (state: State, event: Event, now = 0) => Result.flip(transition(terms, state, event, now))
    assert.deepStrictEqual(rejection(State.Pending(), callback), Result.succeed("TooEarly"))
    assert.deepStrictEqual(rejection(State.Authorizing(), claim), Result.succeed("TooEarly"))
    assert.deepStrictEqual(rejection(State.Completing(), claim), Result.succeed("Replayed"))
    assert.deepStrictEqual(rejection(State.Completing(), callback), Result.succeed("Replayed"))
    assert.deepStrictEqual(rejection(State.Completed({ grantId: "g" }), claim), Result.succeed("Replayed"))
    assert.deepStrictEqual(rejection(State.Failed({ reason: "Denied" }), callback), Result.succeed("Finished"))
    assert.deepStrictEqual(rejection(State.Authorizing(), callback, 600), Result.succeed("Expired"))
    assert.deepStrictEqual(
      rejection(State.Authorizing(), Event.CompletionClaimed({ artifact: "mallory" })),
      Result.succeed("WrongUser")
    )
  })

  property("completes at most once", (records) => {
    assert.isAtMost(accepted(records, "TokensStored").length, 1)
    assert.isAtMost(accepted(records, "CompletionClaimed").length, 1)
  })

  property("completes only after a callback, and a claim by its own user", (records) => {
    for (
      const { artifact } of accepted(records, "CompletionClaimed").map(({ event }) =>
        event as Event & { artifact: string }
      )
    ) {
      assert.strictEqual(artifact, terms.artifact)
    }
    const completed = records.findIndex(({ state }) => state._tag === "Completed")
    if (completed === -1) return
    const before = records.slice(0, completed)
    assert.lengthOf(accepted(before, "CallbackAccepted"), 1)
    assert.lengthOf(accepted(before, "CompletionClaimed"), 1)
  })

  property("never leaves Completed or Failed", (records) => {
    for (const { before, result, state } of records) {
      if (!final.has(before._tag)) continue
      assert.isTrue(Result.isFailure(result))
      assert.deepStrictEqual(state, before)
    }
  })

  property("accepts one callback, or one denial", (records) => {
    assert.isAtMost(accepted(records, "CallbackAccepted").length + accepted(records, "CallbackRejected").length, 1)
  })

  property("returns no token after it expires", (records) => {
    for (const { before, now, result, state } of records) {
      if (now < terms.expiresAt) continue
      assert.isTrue(Result.isFailure(result))
      assert.isTrue(state._tag === "Failed" || before._tag === "Completed")
    }
  })

  property("is not changed by a rejected event", (records) => {
    for (const { before, now, result, state } of records) {
      if (Result.isFailure(result)) assert.deepStrictEqual(state, settle(terms, before, now))
    }
  })
})
