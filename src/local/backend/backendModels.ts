/** The responses to browsers, and the consents, grants and errors of a backend. `LocalBackend` exports them. */
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { JSONWebKeySet } from "jose"

/**
 * The response to a browser that opens an authorization URL, or returns from the authorization server.
 *
 * - `Redirect`: the browser is redirected to `url`
 * - `Denied`: the user denied consent. `returnUrl` is that of the session, with the error and without the session.
 * - `Rejected`: the authorization server sent another error. `returnUrl` is as with `Denied`.
 * - `Unavailable`: the authorization server cannot be reached or used. The session continues, and the page can be
 *   opened again.
 * - `Expired`: the session has expired
 * - `Replayed`: the session has already passed this step, or has ended
 * - `Unknown`: there is no such session, or it belongs to another callback
 */
export type BrowserResponse = Data.TaggedEnum<{
  Redirect: { readonly url: Redacted.Redacted }
  Denied: { readonly provider: string; readonly returnUrl: string }
  Rejected: { readonly provider: string; readonly returnUrl: string }
  Unavailable: { readonly provider: string }
  Expired: {}
  Replayed: {}
  Unknown: {}
}>

export const BrowserResponse: Data.TaggedEnum.Constructor<BrowserResponse> = Data.taggedEnum<BrowserResponse>()

/**
 * A part of a request for a user's token. A grant serves requests with the same scopes, resources and audiences, in any
 * order, and with the same custom parameters.
 */
export type RequestPart = "scopes" | "resources" | "audiences" | "customParameters"

/** The user of a session or grant: a user id, or the issuer and subject of a user's JWT. */
export type VaultUser = { readonly userId: string } | { readonly issuer: string; readonly subject: string }

/** The state of a consent session, without its secrets. Actions use its `id`, which is a digest and not a secret. */
export interface ConsentStatus {
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
   * again. Empty if there was no grant, or if the request had `forceAuthentication`.
   */
  readonly otherGrant: ReadonlyArray<RequestPart>
}

/**
 * A user's grant in the vault, without its tokens.
 *
 * - `expiresAt`: when the access token expires. None if the authorization server did not report it.
 * - `refreshable`: whether there is a refresh token
 * - `revoked`: whether `revokeGrant` has revoked the token. The vault keeps the grant, as AWS does, until its next
 *   refresh fails.
 */
export interface GrantStatus {
  readonly id: string
  readonly provider: string
  readonly workload: string
  readonly user: VaultUser
  readonly scopes: ReadonlyArray<string>
  readonly expiresAt: Option.Option<DateTime.Utc>
  readonly refreshable: boolean
  readonly revoked: boolean
}

/**
 * What `revokeGrant` has done:
 *
 * - `revoked`: the authorization server has revoked the token
 * - `forgotten`: the grant has no refresh token, and the server revokes no access tokens (`unsupported_token_type`). So
 *   the vault has removed the grant. The access token stays valid until it expires.
 */
export type RevocationOutcome = "revoked" | "forgotten"

/** The issuer of the JWTs of `SecurityTokenService`, in place of AWS. */
export interface Issuer {
  /** The OpenID Connect discovery document. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** The public keys. */
  readonly keySet: Effect.Effect<JSONWebKeySet>
}

const explanations = {
  Unknown: "there is no such session",
  Finished: "it has already ended",
  Expired: "it has expired",
  Failed: "the authorization server issued no code, or no token for it"
}

/** A session could not be approved, denied, expired or completed. */
export class SessionError extends Schema.TaggedError<SessionError>()(
  "SessionError",
  {
    action: Schema.Literals(["open", "approve", "deny", "expire", "complete"]),
    reason: Schema.Literals(Struct.keys(explanations))
  }
) {
  override get message(): string {
    return `Cannot ${this.action} the session: ${explanations[this.reason]}`
  }
}

const grantExplanations = {
  Unknown: "there is no such grant",
  Unsupported: "its authorization server publishes no revocation endpoint",
  Failed: "the authorization server, or the configuration of the provider, cannot be used",
  Store: "the store of the backend failed"
}

/** A grant could not be expired, revoked or forgotten. */
export class GrantError extends Schema.TaggedError<GrantError>()(
  "GrantError",
  { action: Schema.Literals(["expire", "revoke", "forget"]), reason: Schema.Literals(Struct.keys(grantExplanations)) }
) {
  override get message(): string {
    return `Cannot ${this.action} the grant: ${grantExplanations[this.reason]}`
  }
}
