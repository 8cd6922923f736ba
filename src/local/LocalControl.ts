/**
 * Controls a local server while programs use it: empties it, fills it, moves its clock, makes it fail, watches it, and
 * acts for its users.
 *
 * All layers of `LocalIdentity` provide it, and a local server has it at `/_local/`, where the command
 * `npx agentcore-identity local` calls it.
 *
 * The control can read every secret of the server. Keep it away from the programs that the server serves.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type * as IdentitySetup from "../IdentitySetup.js"
import type { AuthorizationServerError } from "./AuthorizationServer.js"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * An action failed.
 *
 * - `UnknownSnapshot`, `UnknownFault`: no snapshot has the name, or no fault has the id
 * - `TooMany`: the limit of snapshots or faults is reached
 * - `InvalidFault`, `InvalidTime`, `InvalidName`: a value of the action is not valid
 * - `ForeignServer`: the authorization server of the session is not in this process, and only its user can consent
 * - `Rejected`: the authorization server rejected the consent, or did not respond
 * - `Store`: the store of the server failed
 *
 * @since 0.2.0
 * @category errors
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

const sessionExplanations = {
  Unknown: "there is no such session",
  Finished: "it has already ended",
  Expired: "it has expired",
  Failed: "the authorization server issued no code, or no token for it"
}

/**
 * A session could not be approved, denied, expired or completed.
 *
 * @since 0.2.0
 * @category errors
 */
export class SessionError extends Schema.TaggedError<SessionError>()("SessionError", {
  action: Schema.Literals(["open", "approve", "deny", "expire", "complete"]),
  reason: Schema.Literals(Struct.keys(sessionExplanations))
}) {
  override get message(): string {
    return `Cannot ${this.action} the session: ${sessionExplanations[this.reason]}`
  }
}

const grantExplanations = {
  Unknown: "there is no such grant",
  Unsupported: "its authorization server publishes no revocation endpoint",
  Failed: "the authorization server, or the configuration of the provider, cannot be used",
  Store: "the store of the backend failed"
}

/**
 * A grant could not be expired, revoked or forgotten.
 *
 * @since 0.2.0
 * @category errors
 */
export class GrantError extends Schema.TaggedError<GrantError>()("GrantError", {
  action: Schema.Literals(["expire", "revoke", "forget"]),
  reason: Schema.Literals(Struct.keys(grantExplanations))
}) {
  override get message(): string {
    return `Cannot ${this.action} the grant: ${grantExplanations[this.reason]}`
  }
}

type SeedError = IdentitySetup.ApplyError | AuthorizationServerError

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/** The user of a session or grant: a user id, or the issuer and subject of a user's JWT. */
type VaultUser = { readonly userId: string } | { readonly issuer: string; readonly subject: string }

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
 *
 * @since 0.2.0
 * @category models
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

/** `offset` is how far the clock is ahead of the real one, in milliseconds. It is negative if the clock is behind. */
type ClockState = { readonly now: DateTime.Utc; readonly offset: number }

/** @inline */
type Fault = {
  /** The AWS name of an operation, such as `GetResourceApiKey`, or `*` for all. */
  readonly operation?: string | undefined
  /**
   * The request of the server to an authorization server: to its token endpoint, for the URL of its authorization page,
   * or to its revocation endpoint. `*` is all of them.
   */
  readonly endpoint?: "token" | "authorization" | "revocation" | "*" | undefined
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

/** `remaining` is the number of calls that the fault will still affect. */
type FaultStatus = {
  readonly id: string
  readonly fault: Fault
  readonly fired: number
  readonly remaining: Option.Option<number>
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * The control of a running server: `reset`, `seed`, `clock`, `faults`, `requests`, `consents` and more.
 *
 * @since 0.2.0
 * @category services
 * @example
 * import * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
 * import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * // The second of two calls is throttled. An hour later the token of the caller has expired.
 * const program = Effect.gen(function*() {
 *   const control = yield* LocalControl.LocalControl
 *   const dataPlane = yield* DataPlane.DataPlane
 *   const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "my-agent" })
 *   const apiKey = Effect.result(dataPlane.getResourceApiKey({
 *     workloadIdentityToken: workloadAccessToken,
 *     resourceCredentialProviderName: "weather"
 *   }))
 *   const first = yield* apiKey
 *   yield* control.faults.add({ operation: "GetResourceApiKey", exception: "ThrottlingException", count: 1 })
 *   const second = yield* apiKey
 *   yield* control.clock.advance("1 hour")
 *   return [first, second, yield* apiKey]
 * })
 *
 * const local = LocalIdentity.layerTest({
 *   setup: {
 *     workloadIdentities: [{ name: "my-agent" }],
 *     apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("for development") }]
 *   }
 * })
 *
 * Effect.runPromise(Effect.provide(program, local)).then(console.log)
 */
export class LocalControl extends Context.Service<LocalControl, {
  /**
   * Returns to the start. The server and its authorization server are empty, the setup is applied, the clock shows the
   * real time, and there are no faults and no requests. Snapshots stay.
   */
  readonly reset: Effect.Effect<void, LocalControlError | SeedError>
  /** Adds a setup. The settings in its section `local` are used until the next `reset`. */
  readonly seed: (setup: IdentitySetup.IdentitySetup) => Effect.Effect<ReadonlyArray<IdentitySetup.Change>, SeedError>
  /**
   * Copies the content of the server and of its authorization server, and the offset of the clock, under a name. It
   * replaces a snapshot with the same name. At most 32 snapshots are kept, in memory.
   */
  readonly snapshot: (name: string) => Effect.Effect<void, LocalControlError>
  readonly snapshots: Effect.Effect<ReadonlyArray<{ readonly name: string; readonly takenAt: DateTime.Utc }>>
  /** Replaces the content by a snapshot. It changes nothing if it cannot read all of it. */
  readonly restore: (name: string) => Effect.Effect<void, LocalControlError>
  readonly clock: {
    readonly state: Effect.Effect<ClockState>
    /** Moves the clock forward, at most to the year 9999: by milliseconds or a string such as `"61 minutes"`. */
    readonly advance: (duration: Duration.Input) => Effect.Effect<ClockState, LocalControlError>
    /** Sets the time, from 1970 to 9999. The clock continues from there. */
    readonly set: (time: DateTime.Utc) => Effect.Effect<ClockState, LocalControlError>
    /** Returns to the real time. */
    readonly reset: Effect.Effect<ClockState>
  }
  /** Failures that the server simulates. */
  readonly faults: {
    readonly list: Effect.Effect<ReadonlyArray<FaultStatus>>
    /**
     * Either `operation` or `endpoint` names what fails. Without `exception`, `status` and `cut`, a call is only
     * delayed.
     */
    readonly add: (fault: Fault) => Effect.Effect<FaultStatus, LocalControlError>
    readonly remove: (id: string) => Effect.Effect<void, LocalControlError>
    readonly clear: Effect.Effect<void>
  }
  /** The last 500 requests, the newest first, with the reasons of errors. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** The requests from now on. A slow reader misses the oldest ones. */
  readonly events: Stream.Stream<RequestRecord>
  /**
   * The workload identities and credential providers, at most 200 of each; `more` is true if there are others.
   * Reading them is not recorded as a request, and meets no faults.
   */
  readonly resources: Effect.Effect<{
    readonly workloadIdentities: {
      readonly items: ReadonlyArray<{
        readonly name: string
        readonly allowedResourceOauth2ReturnUrls: ReadonlyArray<string>
      }>
      readonly more: boolean
    }
    readonly credentialProviders: {
      /** Without secrets. An API key has only a name and a kind. */
      readonly items: ReadonlyArray<{
        readonly name: string
        readonly kind: "OAuth2" | "API key" | "Payment"
        readonly vendor: Option.Option<string>
        /** Where the authorization server is. A provider has this or the `issuer`. */
        readonly discoveryUrl: Option.Option<string>
        readonly issuer: Option.Option<string>
        /** The redirect URI to register at the authorization server. */
        readonly callbackUrl: Option.Option<string>
        /** The scopes that the client may request. None if the authorization server is not in this process. */
        readonly scopes: Option.Option<ReadonlyArray<string>>
      }>
      readonly more: boolean
    }
    /** The issuer that stands in for all authorization servers on other machines, from the settings. */
    readonly offlineIssuer: string | undefined
  }, LocalControlError>
  /** The consents of users. A function takes the `id` of a session, or its URI. */
  readonly consents: {
    /** The newest first, without secrets. An ended session is listed until a day after its expiry. */
    readonly list: Effect.Effect<
      ReadonlyArray<{
        /** A digest, not a secret. */
        readonly id: string
        readonly provider: string
        readonly workload: string
        readonly user: VaultUser
        readonly scopes: ReadonlyArray<string>
        readonly state:
          | "Pending"
          | "Authorizing"
          | "Authorized"
          | "Completing"
          | "Completed"
          | "Denied"
          | "Rejected"
          | "Expired"
          | "ExchangeFailed"
        readonly openedAt: DateTime.Utc
        readonly expiresAt: DateTime.Utc
        /**
         * The parts in which the closest grant differs from the request of the session, so that the user has to consent
         * again. A grant serves requests with the same scopes, resources and audiences, in any order, and with the same
         * custom parameters. Empty if there was no grant, or if the request had `forceAuthentication`.
         */
        readonly otherGrant: ReadonlyArray<"scopes" | "resources" | "audiences" | "customParameters">
      }>
    >
    /** Returns the authorization URL of a session, by its `id`. Anyone who has it can consent in the user's place. */
    readonly authorizationUrl: (id: string) => Effect.Effect<Redacted.Redacted, SessionError>
    /**
     * Consents in place of a user, and completes the session for the user who opened it. With `LocalIdentity.layerTest`
     * there is no sign-in. Fails with `ForeignServer` for any other authorization server. Returns the URL to which the
     * browser of the user returns, with the session, if they signed in.
     */
    readonly approve: (
      consent: string | Redacted.Redacted,
      options?: {
        /** Who signs in. Default: the user id of the session, or the subject of its JWT. */
        readonly userName?: string | undefined
        /** `false` leaves it to the application, which has to get the URL. Default: true. */
        readonly complete?: boolean | undefined
      }
    ) => Effect.Effect<Option.Option<Redacted.Redacted>, LocalControlError | SessionError>
    /** Denies consent in place of the user. The next poll returns `Failed`. */
    readonly deny: (consent: string | Redacted.Redacted) => Effect.Effect<void, SessionError>
    /** Ends the session as expired. */
    readonly expire: (consent: string | Redacted.Redacted) => Effect.Effect<void, SessionError>
  }
  /** The grants of users in the vault, without their tokens. */
  readonly grants: {
    readonly list: Effect.Effect<
      ReadonlyArray<{
        readonly id: string
        readonly provider: string
        readonly workload: string
        readonly user: VaultUser
        readonly scopes: ReadonlyArray<string>
        /** When the access token expires. None if the authorization server did not report it. */
        readonly expiresAt: Option.Option<DateTime.Utc>
        /** Whether there is a refresh token. */
        readonly refreshable: boolean
        /** Whether `revoke` has revoked the token. */
        readonly revoked: boolean
      }>,
      LocalControlError
    >
    /** Makes the access token expire now. The next request refreshes it, or requires the user's consent. */
    readonly expire: (id: string) => Effect.Effect<void, GrantError>
    /**
     * Revokes the refresh token at the authorization server, or the access token if there is no refresh token.
     *
     * - `revoked`: the vault keeps the grant, as AWS does, until its next refresh fails
     * - `forgotten`: the grant has no refresh token, and the server revokes no access tokens
     *   (`unsupported_token_type`). So the vault has removed the grant. The access token stays valid until it expires.
     */
    readonly revoke: (id: string) => Effect.Effect<"revoked" | "forgotten", GrantError>
    /** Removes the grant from the vault. The next request requires the user's consent. */
    readonly forget: (id: string) => Effect.Effect<void, GrantError>
  }
}>()("effect-agentcore-identity/local/LocalControl") {}
