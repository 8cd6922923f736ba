/**
 * What an operation of `Identity` learns about its own calls on the way: written by the flow and by the cache, read when it ends.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/** @internal */
export interface Record {
  /** Calls of the data plane that were made for the credential, the polls included. */
  attempts: number
  /** Whether a cache gave the credential. Absent where there is no cache. */
  cache: "hit" | "miss" | undefined
}

/**
 * The record of the operation that runs, if one does. It belongs to one fiber's run of one operation.
 *
 * @internal
 */
export class Observation extends Context.Reference<Observation>()("effect-agentcore-identity/internal/Observation", {
  defaultValue: (): Record | undefined => undefined
}) {}
