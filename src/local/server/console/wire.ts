/**
 * The answers of the control, as JSON carries them.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"
import type * as LocalBackend from "../../LocalBackend.js"
import type * as LocalControl from "../../LocalControl.js"

/** An option without a value is a missing member, and a time is a string in ISO 8601. */
type Json<A> = unknown extends A ? unknown
  : A extends Option.Option<infer B> ? Json<B> | undefined
  : A extends DateTime.DateTime ? string
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<Json<B>>
  : A extends object ? { readonly [K in keyof A]: Json<A[K]> }
  : A

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
