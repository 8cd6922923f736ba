/**
 * The HTTP request that an operation runs for. The routes of the server and the planes exchange what only one of them knows.
 */
import * as Context from "effect/Context"
import type { RequestRecord } from "./contract.js"

export interface CollectedReasons {
  readonly list: ReadonlyArray<string>
  readonly add: (reason: string) => void
}

export interface Call {
  /** Whether a fault cuts the connection. */
  cut: boolean
  /** Why an operation fails, where its answer does not say so. */
  readonly reasons: CollectedReasons
  /** What the plane saw. It is written when the status is known. */
  record: RequestRecord | undefined
}

/** Undefined for a call in this process. */
export const HttpCall = Context.Reference("effect-agentcore-identity/local/HttpCall", {
  defaultValue: (): Call | undefined => undefined
})
