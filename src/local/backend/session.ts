/**
 * A consent session as a pure state machine. It begins with the first call that needs a user. It ends with or without
 * a token.
 *
 * ```text
 * Pending      ─ BrowserSent ───────> Authorizing
 * Authorizing  ─ CallbackAccepted ──> Authorized
 * Authorized   ─ CompletionClaimed ─> Completing
 * Completing   ─ TokensStored ──────> Completed
 * Authorizing  ─ CallbackRejected ──> Failed
 * Completing   ─ ExchangeFailed ────> Failed
 * each of them ─ Expired ───────────> Failed
 * ```
 *
 * `Completed` and `Failed` are final. Every other state becomes `Failed` at `expiresAt`.
 */
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const FailureReason = Schema.Literals(["Denied", "Rejected", "Expired", "ExchangeFailed"])

export type FailureReason = typeof FailureReason.Type

/** The states, and how the store encodes them. */
export const StoredState = Schema.Union([
  Schema.TaggedStruct("Pending", {}),
  /** The browser was sent to the authorization server. */
  Schema.TaggedStruct("Authorizing", {}),
  /** The authorization server has sent a code. It is not used yet. */
  Schema.TaggedStruct("Authorized", { callbackUrl: Schema.RedactedFromValue(Schema.String) }),
  /** The user of the session has claimed it. The code is being exchanged. */
  Schema.TaggedStruct("Completing", {}),
  Schema.TaggedStruct("Completed", { grantId: Schema.String }),
  Schema.TaggedStruct("Failed", { reason: FailureReason })
])

export type State = typeof StoredState.Type

export const State = Data.taggedEnum<State>()

export type Event = Data.TaggedEnum<{
  BrowserSent: {}
  CallbackAccepted: { readonly callbackUrl: Redacted.Redacted }
  CallbackRejected: { readonly reason: "Denied" | "Rejected" }
  /** `artifact` is a digest of the caller's user id or JWT. */
  CompletionClaimed: { readonly artifact: string }
  TokensStored: { readonly grantId: string }
  ExchangeFailed: {}
  Expired: {}
}>

export const Event = Data.taggedEnum<Event>()

/**
 * Why an event changes nothing.
 *
 * - `Expired`: the session has expired
 * - `Finished`: the session has ended for another reason
 * - `Replayed`: a second callback, or a second claim
 * - `TooEarly`: an earlier event is missing
 * - `WrongUser`: the session was opened with another artifact
 */
export type Rejection = "Expired" | "Finished" | "Replayed" | "TooEarly" | "WrongUser"

/** The properties of a session that the state machine reads. They never change. */
export interface SessionTerms {
  readonly artifact: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const isFinal = (state: State): boolean => state._tag === "Completed" || state._tag === "Failed"

/** Returns the state at a time, because a session expires without an event. */
export const settle = (terms: SessionTerms, state: State, now: number): State =>
  isFinal(state) || now < terms.expiresAt ? state : State.Failed({ reason: "Expired" })

const rank: Record<State["_tag"], number> = {
  Pending: 0,
  Authorizing: 1,
  Authorized: 2,
  Completing: 3,
  Completed: 4,
  Failed: 4
}

const advanceFrom = (expected: State["_tag"], state: State, next: State): Result.Result<State, Rejection> =>
  state._tag === expected
    ? Result.succeed(next)
    : Result.fail(rank[state._tag] < rank[expected] ? "TooEarly" : "Replayed")

/** Returns the state after an event, or the reason for no change. Every event has a result in every state. */
export const transition = (
  terms: SessionTerms,
  before: State,
  event: Event,
  now: number
): Result.Result<State, Rejection> => {
  const state = settle(terms, before, now)
  if (state._tag === "Failed") return Result.fail(state.reason === "Expired" ? "Expired" : "Finished")
  if (state._tag === "Completed") {
    return Result.fail(
      event._tag === "CallbackAccepted" || event._tag === "CompletionClaimed" ? "Replayed" : "Finished"
    )
  }
  return Event.$match(event, {
    // The link can be opened again, by the user or by a program that previews links.
    BrowserSent: () => advanceFrom(state._tag === "Pending" ? "Pending" : "Authorizing", state, State.Authorizing()),
    CallbackAccepted: ({ callbackUrl }) => advanceFrom("Authorizing", state, State.Authorized({ callbackUrl })),
    CallbackRejected: ({ reason }) => advanceFrom("Authorizing", state, State.Failed({ reason })),
    // The user is checked first, so that a wrong user learns nothing about the state.
    CompletionClaimed: ({ artifact }) =>
      artifact === terms.artifact
        ? advanceFrom("Authorized", state, State.Completing())
        : Result.fail("WrongUser" as const),
    TokensStored: ({ grantId }) => advanceFrom("Completing", state, State.Completed({ grantId })),
    ExchangeFailed: () => advanceFrom("Completing", state, State.Failed({ reason: "ExchangeFailed" })),
    Expired: () => Result.succeed(State.Failed({ reason: "Expired" }))
  })
}
