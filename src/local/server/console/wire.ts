/**
 * The answers of the control, as JSON carries them.
 *
 * @since 0.1.0
 */
import type { Plain } from "../../control/plain.js"
import type * as LocalBackend from "../../LocalBackend.js"
import type * as LocalControl from "../../LocalControl.js"

type Json<A> = Plain<A, string>

/** @internal */
export type RequestRecord = Json<LocalControl.RequestRecord>

/** @internal */
export type Consent = Json<LocalBackend.ConsentStatus>

/** @internal */
export type Grant = Json<LocalBackend.GrantStatus>

/** @internal */
export type User = Json<LocalBackend.VaultUser>

/** @internal */
export type Refusal = Json<LocalBackend.Refusal>

/** @internal */
export type Resources = Json<LocalControl.Resources>

/** @internal */
export type Clock = Json<LocalControl.ClockState>

/** @internal */
export type Snapshot = Json<LocalControl.Snapshot>

/** @internal */
export type FaultStatus = Json<Omit<LocalControl.FaultStatus, "fault">> & {
  readonly fault: Json<Omit<LocalControl.Fault, "delay">> & { readonly delay?: string | number }
}

/** @internal */
export interface Change {
  readonly action: string
  readonly kind: string
  readonly name: string
}

/** @internal */
export interface Server {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: ReadonlyArray<string>
  readonly operations: ReadonlyArray<string>
  readonly exceptions: ReadonlyArray<string>
}
