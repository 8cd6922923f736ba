/** The parts of the shape of `LocalControl`, by name. */
import type * as Effect from "effect/Effect"
import type { LocalControl } from "../LocalControl.js"

type Service = LocalControl["Service"]

export type ClockState = Effect.Success<Service["clock"]["state"]>

export type Snapshot = Effect.Success<Service["snapshots"]>[number]

export type Fault = Parameters<Service["faults"]["add"]>[0]

export type FaultStatus = Effect.Success<Service["faults"]["list"]>[number]

export type Endpoint = Exclude<Fault["endpoint"], "*" | undefined>

export type Resources = Effect.Success<Service["resources"]>

export type CredentialProviderSummary = Resources["credentialProviders"]["items"][number]

/** The `id` of a consent session, or its URI. */
export type Consent = Parameters<Service["consents"]["approve"]>[0]

export type SeedError = Effect.Error<ReturnType<Service["seed"]>>
