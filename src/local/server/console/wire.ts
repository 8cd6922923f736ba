/** The answers of the control, as JSON carries them. */
import type { Plain } from "../../control/nativeValue.js"
import type * as LocalBackend from "../../LocalBackend.js"
import type * as LocalControl from "../../LocalControl.js"

type Json<A> = Plain<A, string>

export type RequestRecord = Json<LocalControl.RequestRecord>

export type Consent = Json<LocalBackend.ConsentStatus>

export type Grant = Json<LocalBackend.GrantStatus>

export type User = Json<LocalBackend.VaultUser>

export type Refusal = Json<LocalBackend.Refusal>

export type Resources = Json<LocalControl.Resources>

export type Clock = Json<LocalControl.ClockState>

export type Snapshot = Json<LocalControl.Snapshot>

export type FaultStatus = Json<Omit<LocalControl.FaultStatus, "fault">> & {
  readonly fault: Json<Omit<LocalControl.Fault, "delay">> & { readonly delay?: string | number }
}

export interface Change {
  readonly action: string
  readonly kind: string
  readonly name: string
}

export interface Server {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: ReadonlyArray<string>
  readonly operations: ReadonlyArray<string>
  readonly exceptions: ReadonlyArray<string>
}
