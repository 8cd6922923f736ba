/** The models and the error of `LocalControl`, which exports all of them. */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { VaultUser } from "../backend/backendModels.js"

/**
 * The clock of the backend. `offset` is how far it is ahead of the real clock, in milliseconds. It is negative if the
 * clock is behind.
 */
export interface ClockState {
  readonly now: DateTime.Utc
  readonly offset: number
}

/** A named copy of the backend's content. */
export interface Snapshot {
  readonly name: string
  readonly takenAt: DateTime.Utc
}

/**
 * A request of the local backend to an authorization server: to its token endpoint, for the URL of its authorization
 * page, or to its revocation endpoint.
 */
export type Endpoint = "token" | "authorization" | "revocation"

/**
 * A failure that the backend simulates. Either `operation` or `endpoint` names what fails. Without `exception`,
 * `status` and `cut`, a call is only delayed.
 */
export interface Fault {
  /** The AWS name of an operation, such as `GetResourceApiKey`, or `*` for all. */
  readonly operation?: string | undefined
  /** The request to an authorization server, or `*` for all. */
  readonly endpoint?: Endpoint | "*" | undefined
  /** With `endpoint`: the credential provider. Default: all. */
  readonly provider?: string | undefined
  /**
   * With `operation`: the name of the exception, such as `ThrottlingException`. With `endpoint`: the `error` of OAuth,
   * such as `invalid_grant`.
   */
  readonly exception?: string | undefined
  /** The HTTP status. Default: that of the exception. */
  readonly status?: number | undefined
  readonly message?: string | undefined
  /** Delays the call, or its failure. Default: none. */
  readonly delay?: Duration.Input | undefined
  /** Closes the connection without a response. A call in this process fails with a `TransportError`. */
  readonly cut?: boolean | undefined
  /** The number of calls that fail before the fault is removed. Default: no limit. */
  readonly count?: number | undefined
}

/** An active fault. `remaining` is the number of calls that it will still affect. */
export interface FaultStatus {
  readonly id: string
  readonly fault: Fault
  readonly fired: number
  readonly remaining: Option.Option<number>
}

/**
 * A request, and its response. Secrets are `<redacted>`, and long values are shortened.
 *
 * - `id`: over HTTP the request id of the response, in `x-amzn-requestid`
 * - `operation`: the AWS name, or the name of a page
 * - `status`: the HTTP status. None for a call in this process.
 * - `user`: the user of the request, or of its workload access token or session. None without a user.
 * - `request`, `response`: their members. None for a page, and for a request that reached no operation.
 * - `error`: the name of the exception. None for a success.
 * - `reasons`: what the response of the service omits: why it failed, and which members of the request have no effect
 */
export interface RequestRecord {
  readonly id: string
  readonly at: DateTime.Utc
  /** Milliseconds. */
  readonly duration: number
  readonly operation: string
  readonly status: Option.Option<number>
  readonly user: Option.Option<VaultUser>
  readonly request: Option.Option<unknown>
  readonly response: Option.Option<unknown>
  readonly error: Option.Option<{ readonly name: string; readonly message: string }>
  readonly reasons: ReadonlyArray<string>
}

/** The first items of a list, and whether there are more. */
export interface Excerpt<A> {
  readonly items: ReadonlyArray<A>
  readonly more: boolean
}

/** A workload identity, and the return URLs that its requests may have. */
export interface WorkloadIdentitySummary {
  readonly name: string
  readonly allowedResourceOauth2ReturnUrls: ReadonlyArray<string>
}

/**
 * A credential provider, without its secrets. An API key has only a name and a kind.
 *
 * - `discoveryUrl`, `issuer`: where the authorization server is. A provider has one of them.
 * - `callbackUrl`: the redirect URI to register at the authorization server
 * - `scopes`: the scopes that the client may request. None if the authorization server is not in this process.
 */
export interface CredentialProviderSummary {
  readonly name: string
  readonly kind: "OAuth2" | "API key" | "Payment"
  readonly vendor: Option.Option<string>
  readonly discoveryUrl: Option.Option<string>
  readonly issuer: Option.Option<string>
  readonly callbackUrl: Option.Option<string>
  readonly scopes: Option.Option<ReadonlyArray<string>>
}

/** The workload identities and credential providers of the backend, at most 200 of each. */
export interface Resources {
  readonly workloadIdentities: Excerpt<WorkloadIdentitySummary>
  readonly credentialProviders: Excerpt<CredentialProviderSummary>
  /** The issuer that stands in for all authorization servers on other machines, from the settings. */
  readonly offlineIssuer: string | undefined
}

/**
 * An action failed.
 *
 * - `UnknownSnapshot`, `UnknownFault`: no snapshot has the name, or no fault has the id
 * - `TooMany`: the limit of snapshots or faults is reached
 * - `InvalidFault`, `InvalidTime`, `InvalidName`: a value of the action is not valid
 * - `ForeignServer`: the authorization server of the session is not in this process, and only its user can consent
 * - `Rejected`: the authorization server rejected the consent, or did not respond
 * - `Store`: the store of the backend failed
 */
export class LocalControlError extends Schema.TaggedError<LocalControlError>()("LocalControlError", {
  reason: Schema.Literals([
    "UnknownSnapshot",
    "UnknownFault",
    "TooMany",
    "InvalidFault",
    "InvalidTime",
    "InvalidName",
    "ForeignServer",
    "Rejected",
    "Store"
  ]),
  message: Schema.String
}) {}
