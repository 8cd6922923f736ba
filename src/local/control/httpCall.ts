/**
 * The HTTP request that an operation runs for. The routes of the server and the planes exchange what only one of them knows.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { RequestRecord } from "./model.js"

/** @internal */
export interface CollectedReasons {
  readonly list: ReadonlyArray<string>
  readonly add: (reason: string) => void
}

/** @internal */
export interface Call {
  /** Whether a fault cuts the connection. */
  cut: boolean
  /** Why an operation fails, where its answer does not say so. */
  readonly reasons: CollectedReasons
  /** What the plane saw. It is written when the status is known. */
  record: RequestRecord | undefined
}

/**
 * Undefined for a call in this process.
 *
 * @internal
 */
export const HttpCall = Context.Reference("effect-agentcore-identity/local/HttpCall", {
  defaultValue: (): Call | undefined => undefined
})
