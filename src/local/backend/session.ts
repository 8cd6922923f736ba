/**
 * A consent session as a state machine, without effects: from the first call that needed a user to the token, or to the end
 * without one.
 *
 * ```text
 * Pending ─ BrowserSent ─> Authorizing ─ CallbackAccepted ─> Authorized ─ CompletionClaimed ─> Completing ─ TokensStored ─> Completed
 *    └───────── Expired ────────┴── CallbackRefused, Expired ────┴────────── Expired ──────────────┴── ExchangeFailed, Expired ──> Failed
 * ```
 *
 * `Completed` and `Failed` are final. From `expiresAt` on, every session that is not final has failed.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"

/** @internal */
export type FailureReason = "Refused" | "Rejected" | "Expired" | "ExchangeFailed"

/** @internal */
export type State = Data.TaggedEnum<{
  Pending: {}
  /** The browser was sent to the authorization server. */
  Authorizing: {}
  /** The authorization server's answer is here, its code not used. */
  Authorized: { readonly callbackUrl: Redacted.Redacted }
  /** The user who asked has claimed it; the code is being exchanged. */
  Completing: {}
  Completed: { readonly grantId: string }
  Failed: { readonly reason: FailureReason }
}>

/** @internal */
export const State = Data.taggedEnum<State>()

/** @internal */
export type Event = Data.TaggedEnum<{
  BrowserSent: {}
  CallbackAccepted: { readonly callbackUrl: Redacted.Redacted }
  CallbackRefused: { readonly reason: "Refused" | "Rejected" }
  /** `artifact` names the user by the very thing that the caller showed. */
  CompletionClaimed: { readonly artifact: string }
  TokensStored: { readonly grantId: string }
  ExchangeFailed: {}
  Expired: {}
}>

/** @internal */
export const Event = Data.taggedEnum<Event>()

/**
 * Why an event changes nothing.
 *
 * - `Expired`: too late
 * - `Finished`: the session has ended otherwise
 * - `Replayed`: a second callback, or a second claim
 * - `TooEarly`: what has to come before did not come
 * - `WrongUser`: not the artifact that the session was opened with
 *
 * @internal
 */
export type Rejection = "Expired" | "Finished" | "Replayed" | "TooEarly" | "WrongUser"

/**
 * What does not change in the life of a session, as far as the machine looks at it.
 *
 * @internal
 */
export interface Terms {
  readonly artifact: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const isFinal = (state: State): boolean => state._tag === "Completed" || state._tag === "Failed"

/**
 * The state as it is now: time alone ends a session.
 *
 * @internal
 */
export const settle = (terms: Terms, state: State, now: number): State =>
  isFinal(state) || now < terms.expiresAt ? state : State.Failed({ reason: "Expired" })

const rank: Record<State["_tag"], number> = {
  Pending: 0,
  Authorizing: 1,
  Authorized: 2,
  Completing: 3,
  Completed: 4,
  Failed: 4
}

const outOfOrder = (state: State, wanted: State["_tag"]): Rejection =>
  rank[state._tag] < rank[wanted] ? "TooEarly" : "Replayed"

const unless = (condition: boolean, rejection: Rejection, next: State): Either.Either<State, Rejection> =>
  condition ? Either.right(next) : Either.left(rejection)

/**
 * The state after an event, or why there is none. Total: every event has an answer in every state.
 *
 * @internal
 */
export const transition = (terms: Terms, before: State, event: Event, now: number): Either.Either<State, Rejection> => {
  const state = settle(terms, before, now)
  if (state._tag === "Failed") return Either.left(state.reason === "Expired" ? "Expired" : "Finished")
  if (state._tag === "Completed") {
    return Either.left(
      event._tag === "CallbackAccepted" || event._tag === "CompletionClaimed" ? "Replayed" : "Finished"
    )
  }
  switch (event._tag) {
    case "BrowserSent":
      // A page that is opened again, by the user or by whatever looks at links, does not use the link up.
      return unless(rank[state._tag] <= rank.Authorizing, "Replayed", State.Authorizing())
    case "CallbackAccepted":
      return unless(
        state._tag === "Authorizing",
        outOfOrder(state, "Authorizing"),
        State.Authorized({ callbackUrl: event.callbackUrl })
      )
    case "CallbackRefused":
      return unless(
        state._tag === "Authorizing",
        outOfOrder(state, "Authorizing"),
        State.Failed({ reason: event.reason })
      )
    case "CompletionClaimed":
      // The user comes first: a stranger learns nothing of how far the session is.
      return event.artifact !== terms.artifact
        ? Either.left("WrongUser")
        : unless(state._tag === "Authorized", outOfOrder(state, "Authorized"), State.Completing())
    case "TokensStored":
      return unless(state._tag === "Completing", "TooEarly", State.Completed({ grantId: event.grantId }))
    case "ExchangeFailed":
      return unless(state._tag === "Completing", "TooEarly", State.Failed({ reason: "ExchangeFailed" }))
    case "Expired":
      return Either.right(State.Failed({ reason: "Expired" }))
  }
}
