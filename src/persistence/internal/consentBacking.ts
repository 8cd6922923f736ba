/** A place for sealed consents that several processes share. Names are keyed digests, values are sealed. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export class BackingError extends Data.TaggedError("BackingError")<{ readonly reason: string }> {}

/** The names of one thing: the digest under the current key, then those under the previous keys. */
export type Names = readonly [current: string, ...previous: ReadonlyArray<string>]

export interface Sealed {
  /** The name that the value is sealed for. */
  readonly name: string
  readonly sealed: string
}

/** Times are in milliseconds since the epoch. */
export interface ConsentBacking {
  /** Stores a session under its current name, and under no other. A claimed session stays as it is. */
  readonly open: (session: {
    readonly names: Names
    readonly sealed: string
    readonly expiresAt: number
    /** The end of the entry. */
    readonly keptUntil: number
  }) => Effect.Effect<void, BackingError>
  /** Claims a session, in one step among all processes. */
  readonly claim: (
    names: Names,
    now: number
  ) => Effect.Effect<Sealed | "Unknown" | "AlreadyClaimed" | "Expired", BackingError>
  /** Marks a claimed session whose outcome was signalled, and drops its value. */
  readonly settle: (names: Names) => Effect.Effect<void, BackingError>
  /** The claimed sessions that are not settled: all of them, or that of the names. */
  readonly unsettled: (now: number, names?: Names) => Effect.Effect<ReadonlyArray<Sealed>, BackingError>
  readonly register: (registration: {
    readonly topic: string
    readonly execution: string
    readonly sealed: string
    readonly expiresAt: number
    readonly now: number
  }) => Effect.Effect<void, BackingError>
  readonly unregister: (topics: Names, executions: Names) => Effect.Effect<void, BackingError>
  /** All registrations of a topic, also expired ones. */
  readonly registrations: (
    topics: Names
  ) => Effect.Effect<
    ReadonlyArray<{ readonly topic: string; readonly execution: string; readonly sealed: string }>,
    BackingError
  >
  /** Sends a message to all processes. Without it, the place has no messages. */
  readonly publish?: ((message: string) => Effect.Effect<void, BackingError>) | undefined
  /** Receives messages until the scope ends. It returns at once. */
  readonly subscribe?: ((onMessage: (message: string) => void) => Effect.Effect<void, never, Scope.Scope>) | undefined
}
